package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kazasu/rigs"
)

func rigCommand(w World) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "rig",
		Short:   "Rigs: what can stand on the bench",
		Example: "  kazasu rig ls",
	})
	c.AddCommand(rigLsCommand(w), rigCheckCommand(w), rigSchemaCommand(w))
	return c
}

// rigListing is the object of rig ls --json.
type rigListing struct {
	Schema string    `json:"schema"`
	Rigs   []rigInfo `json:"rigs"`
}

// rigInfo is one rig of rig ls --json.
type rigInfo struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Card   string   `json:"card"`
	Reader string   `json:"reader"`
	Shows  []string `json:"shows"`
}

func rigLsCommand(w World) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "ls",
		Short:   "List the rigs that come along",
		Example: "  kazasu rig ls --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			var all []rigInfo
			for _, name := range rigs.Shipped() {
				r, err := rigs.Load(name)
				if err != nil {
					return err
				}
				all = append(all, rigInfo{r.Name, r.Title, r.Card.Kind, r.Reader.Kind, r.Shows()})
			}
			if asJSON {
				return json.NewEncoder(w.Stdout).Encode(rigListing{"kazasu.rigs/1", all})
			}
			var t table
			for _, r := range all {
				t.add(r.Name, "card "+r.Card, "reader "+r.Reader, r.Title)
			}
			t.writeTo(w.Stdout)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

func rigCheckCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use:     "check RIG",
		Short:   "Read a rig by name or a YAML file, and say what it can show",
		Example: "  kazasu rig check virtual",
		Args:    exactArgs("a rig"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := loadRig(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(w.Stdout, "%s is a good rig; it shows: %s\n", r.Name, strings.Join(r.Shows(), ", "))
			if r.Reader.Kind != "direct" {
				w.talk("whether this machine has what it needs: kazasu doctor --rig %s", shellWord(args[0]))
			}
			return nil
		},
	}
}

func rigSchemaCommand(w World) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of a rig file, for editors",
		Example: "  kazasu rig schema > rig.schema.json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := w.Stdout.Write(append([]byte(strings.TrimSpace(string(rigs.Schema()))), '\n'))
			return err
		},
	}
}
