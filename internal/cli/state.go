package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kazasu/rigs"
)

// defaultRig is what stands on the bench when nobody says.
const defaultRig = "virtual"

// stateFlag adds --state.
func stateFlag(c *cobra.Command, state *string) {
	c.Flags().StringVar(state, "state", "", "state folder (default $XDG_STATE_HOME/kazasu or ~/.local/state/kazasu)")
}

// rigFlag adds --rig, completed from the shipped ones.
func rigFlag(c *cobra.Command, rig *string) {
	c.Flags().StringVar(rig, "rig", defaultRig, "rig by name (kazasu rig ls) or a YAML file")
	c.RegisterFlagCompletionFunc("rig", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return rigs.Shipped(), cobra.ShellCompDirectiveDefault
	})
}

// What --ports can be.
const (
	portsFixed = "fixed" // the rig's
	portsAuto  = "auto"  // free ones
)

// portsFlag adds --ports.
func portsFlag(c *cobra.Command, ports *string, preset string) {
	c.Flags().StringVar(ports, "ports", preset, "fixed: the rig's; auto: free ones, which the state folder remembers")
	c.RegisterFlagCompletionFunc("ports", cobra.FixedCompletions([]string{portsFixed, portsAuto}, cobra.ShellCompDirectiveNoFileComp))
}

func checkPorts(ports string) error {
	if ports != portsFixed && ports != portsAuto {
		return usage("one of: fixed auto", "--ports can't be %q", ports)
	}
	return nil
}

// loadRig reads a rig; what is wrong with it is the user's to mend.
func loadRig(name string) (rigs.Rig, error) {
	rig, err := rigs.Load(name)
	return rig, userFile(err)
}

// stateFolder is where a bench keeps what must stay the same: the flag's
// folder, else the user's own.
func (w World) stateFolder(flag string) (string, error) {
	if flag != "" {
		return filepath.Abs(flag)
	}
	if base := w.getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "kazasu"), nil
	}
	home := w.getenv("HOME")
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil {
			return "", usage("name a folder with --state", "there is no home folder to keep state in")
		}
	}
	return filepath.Join(home, ".local", "state", "kazasu"), nil
}

// scratchState is a state folder for one run, or the flag's; remove deletes
// it if it was made here.
func scratchState(flag string) (folder string, remove func(), err error) {
	if flag != "" {
		folder, err = filepath.Abs(flag)
		return folder, func() {}, err
	}
	folder, err = os.MkdirTemp("", "kazasu-")
	return folder, func() { os.RemoveAll(folder) }, err
}
