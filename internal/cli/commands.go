package cli

import "github.com/spf13/cobra"

// commands is the table of all commands, in the order in which help names them.
func commands(w World) []*cobra.Command {
	return []*cobra.Command{
		demoCommand(w),
		upCommand(w),
		runCommand(w),
		listCommand(w),
		stepsCommand(w),
		cardCommand(w),
		caCommand(w),
		rigCommand(w),
		doctorCommand(w),
		versionCommand(w),
		completionCommand(w),
	}
}

// Commands are the names of all commands, in the order of help.
func Commands() (names []string) {
	for _, c := range commands(World{}) {
		names = append(names, c.Name())
	}
	return names
}
