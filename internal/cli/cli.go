// Package cli is the command line: one file for each command, and here what
// they share.
//
// A command's result goes to stdout, what it has to say on the way to stderr.
// Errors read "kazasu: error: …" and, where a cure is known, "kazasu: hint: …".
// The exit code is 0 when all is well, 1 when checks failed, 2 when the command
// line or a file of the user's is wrong, 3 when a run was inconclusive, 4 when
// the harness itself broke, and 130 when somebody interrupted it before there
// was a result.
//
// Below this package nothing reads the environment, and nothing prints.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// World is what a command sees of the process it runs in.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Getenv reads the environment.
	Getenv func(string) string

	// Terminal says that a person looks at the stream; nil means nobody does.
	Terminal func(io.Writer) bool

	// Context ends when the command should; nil means on SIGINT or SIGTERM.
	Context context.Context
}

// Process is the World of the running process.
func Process() World {
	return World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv:   os.Getenv,
		Terminal: isTerminal,
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Main runs the command that args (without the program's name) asks for and
// returns the exit code.
func Main(args []string, w World) int {
	ctx := w.Context
	if ctx == nil {
		var stop context.CancelFunc
		ctx, stop = untilSignal()
		defer stop()
	}
	root := newRoot(w)
	root.SetArgs(args)
	return conclude(ctx, w, root.ExecuteContext(ctx))
}

// untilSignal is a context that ends when the process is asked to end, so that
// it can clean up: Ctrl-C, a closed terminal, or nobody left who reads stdout.
// A second Ctrl-C ends it at once.
func untilSignal() (context.Context, context.CancelFunc) {
	unread, stopUnread := signal.NotifyContext(context.Background(), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(unread, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	return ctx, func() {
		stop()
		stopUnread()
	}
}

// newRoot is the whole tree of commands.
func newRoot(w World) *cobra.Command {
	root := &cobra.Command{
		Use:   "kazasu",
		Short: "Test a My Number Card login, from the button to the chip",
		Long: `Kazasu puts a relying party, an identity provider, a phone, a reader and a
My Number Card on one bench, on this machine, and tests the login between them.
Everything is for tests: its certificates are worthless elsewhere, its people
are fictional. It is not affiliated with デジタル庁 or J-LIS.`,
		Example:       "  kazasu demo --out out/demo",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(commands(w)...)
	group(root)
	return root
}

// group makes a command that only has commands below it: alone it prints its
// help, and a word it doesn't know is a usage error with the nearest proposed.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		return unknownCommand(c, args[0])
	}
	return c
}
