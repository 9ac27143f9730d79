package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"kazasu/conformance"
	"kazasu/internal/bench"
	"kazasu/internal/faults"
)

// listing is the object of list --json.
type listing struct {
	Schema string             `json:"schema"`
	Checks []conformance.Info `json:"checks"`
}

// faultListing is the object of list --faults --json.
type faultListing struct {
	Schema string      `json:"schema"`
	Faults []faultInfo `json:"faults"`
}

type faultInfo struct {
	ID string `json:"id"`
	faults.Fault
	NoticedBy string `json:"noticed_by"` // the check that must fail when it is on
}

func listCommand(w World) *cobra.Command {
	var asJSON, faultsToo bool
	var tags string
	c := &cobra.Command{
		Use:   "list [ID|GROUP|PATH…]",
		Short: "List the checks, or the faults, without touching any hardware",
		Example: `  kazasu list
  kazasu list CA --json
  kazasu list --faults`,
		RunE: func(_ *cobra.Command, args []string) error {
			if faultsToo {
				return listFaults(w, asJSON)
			}
			return listChecks(w, args, tags, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	c.Flags().BoolVar(&faultsToo, "faults", false, "every way in which a player can lie, with its sentence")
	c.Flags().StringVar(&tags, "tags", "", "tag expression, such as '@must and not @needs-reader'")
	return c
}

func listChecks(w World, selectors []string, tags string, asJSON bool) error {
	checks, err := conformance.List(selectors, tags)
	if err != nil {
		return suiteError(err)
	}
	if asJSON {
		return json.NewEncoder(w.Stdout).Encode(listing{"kazasu.list/1", checks})
	}
	var t table
	for _, c := range checks {
		t.add(c.ID, string(c.Level), c.Title)
	}
	t.writeTo(w.Stdout)
	newConsole(w, w.Stderr).printf("%d checks; with --json: clause, needs and faults of each\n", len(checks))
	return nil
}

func listFaults(w World, asJSON bool) error {
	noticed := map[string]string{}
	for _, n := range conformance.Notices() {
		noticed[n.Fault] = n.Check
	}
	var all []faultInfo
	for _, f := range bench.Faults() {
		all = append(all, faultInfo{f.ID(), f, noticed[f.ID()]})
	}
	if asJSON {
		return json.NewEncoder(w.Stdout).Encode(faultListing{"kazasu.faults/1", all})
	}
	var t table
	for _, f := range all {
		takes := ""
		if f.Takes == "duration" {
			takes = "=200ms"
		}
		t.add(f.ID+takes, f.Sentence, f.NoticedBy)
	}
	t.writeTo(w.Stdout)
	newConsole(w, w.Stderr).printf("switch one on with --fault ID; the last column is the check that must notice it\n")
	return nil
}

// suiteError gives an error of the suite our manner of exit code and hint.
func suiteError(err error) error {
	var wrong *conformance.UsageError
	if errors.As(err, &wrong) {
		return usage(wrong.Hint, "%s", wrong.Message)
	}
	if err != nil {
		return fmt.Errorf("suite: %w", err)
	}
	return nil
}
