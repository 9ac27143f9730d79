package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func completionCommand(w World) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script for bash, zsh, fish or powershell",
		Example: `  kazasu completion bash > kazasu.bash
  source kazasu.bash`,
		ValidArgs: shells,
		Args:      exactArgs("a shell"),
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return usage("one of: "+strings.Join(shells, " "), "no completion for %q", args[0])
			}
			return printCompletion(c.Root(), args[0], w)
		},
	}
}

func printCompletion(root *cobra.Command, shell string, w World) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w.Stdout, true)
	case "zsh":
		return root.GenZshCompletion(w.Stdout)
	case "fish":
		return root.GenFishCompletion(w.Stdout, true)
	}
	return root.GenPowerShellCompletionWithDesc(w.Stdout)
}
