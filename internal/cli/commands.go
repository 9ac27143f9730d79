package cli

import "github.com/spf13/cobra"

// commands is the table of all commands, in the order in which help names them.
func commands(w World) []*cobra.Command {
	return []*cobra.Command{
		versionCommand(w),
		completionCommand(w),
	}
}
