package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version of this tree; CHANGELOG.md tells what changed.
const Version = "0.1.0"

// Revision of the source, "-dirty" when it was changed since: the linker sets it
// (see the Makefile), nothing else does. Where it is empty, what the go command
// knows of the repository is used.
var Revision string

type versionInfo struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Revision string `json:"revision"` // of the source, "unknown" where nobody said
	Go       string `json:"go"`
	Platform string `json:"platform"`
	PCSC     bool   `json:"pcsc"` // built with real readers
}

func versionCommand(w World) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Say which kazasu this is",
		Example: "  kazasu version --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := version()
			if asJSON {
				return json.NewEncoder(w.Stdout).Encode(v)
			}
			readers := "without real readers"
			if v.PCSC {
				readers = "with real readers (PC/SC)"
			}
			fmt.Fprintf(w.Stdout, "kazasu %s revision %s, %s %s, %s\n", v.Version, v.Revision, v.Go, v.Platform, readers)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

func version() versionInfo {
	return versionInfo{
		Schema: "kazasu.version/1", Version: Version, Revision: cmp.Or(Revision, stamped(debug.ReadBuildInfo()), "unknown"),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, PCSC: builtWithPCSC,
	}
}

// stamped is the revision that the go command wrote into the binary, "" when
// it wrote none.
func stamped(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return ""
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if settings["vcs.modified"] == "true" {
		return revision[:min(7, len(revision))] + "-dirty"
	}
	return revision[:min(7, len(revision))]
}
