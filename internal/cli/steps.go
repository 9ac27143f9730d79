package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"kazasu/conformance/steps"
)

// stepListing is the object of steps --json.
type stepListing struct {
	Schema string          `json:"schema"`
	Lang   string          `json:"lang"`
	Steps  []steps.StepDoc `json:"steps"`
}

func stepsCommand(w World) *cobra.Command {
	var lang string
	var asJSON bool
	c := &cobra.Command{
		Use:   "steps",
		Short: "List the sentences that a feature file can say",
		Example: `  kazasu steps --lang ja
  kazasu steps --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if lang != "en" && lang != "ja" {
				return usage("one of: en ja", "no steps in language %q", lang)
			}
			all := steps.Vocabulary(lang)
			if asJSON {
				return json.NewEncoder(w.Stdout).Encode(stepListing{"kazasu.steps/1", lang, all})
			}
			printSteps(w, all)
			return nil
		},
	}
	c.Flags().StringVar(&lang, "lang", "en", "language of the sentences: en or ja")
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

func printSteps(w World, all []steps.StepDoc) {
	c := newConsole(w, w.Stdout)
	player := ""
	for _, s := range all {
		if s.Player != player {
			player = s.Player
			fmt.Fprintf(w.Stdout, "%s\n", c.bold(player))
		}
		fmt.Fprintf(w.Stdout, "  %s\n      %s\n", s.Pattern, c.dim(s.Sentence))
	}
}
