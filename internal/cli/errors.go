package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kazasu/internal/bench"
	"kazasu/rigs"
)

// The exit codes.
const (
	exitOK           = 0
	exitFailed       = 1 // some check failed
	exitUsage        = 2 // the command line, or a file of the user's, is wrong
	exitInconclusive = 3
	exitBroken       = 4   // the harness broke
	exitInterrupted  = 130 // 128 + SIGINT: the user gave up before there was a result
)

// hinter is an error that knows its cure.
type hinter interface{ Hint() string }

// coder is an error of this package that knows kazasu's exit code. The method
// isn't called ExitCode, which *exec.ExitError has: what became of another
// program is not what becomes of this one.
type coder interface{ code() int }

// usageError says that what the user typed can't be done.
type usageError struct {
	text, hint string
	cause      error
}

func (e *usageError) Error() string { return e.text }
func (e *usageError) Hint() string  { return e.hint }
func (e *usageError) code() int     { return exitUsage }
func (e *usageError) Unwrap() error { return e.cause }

func usage(hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &usageError{text: err.Error(), hint: hint, cause: errors.Unwrap(err)}
}

// userFile marks err as the fault of a file the user wrote.
func userFile(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{text: err.Error(), hint: hintOf(err), cause: err}
}

// hintOf is the cure that an error knows, "" when it knows none.
func hintOf(err error) string {
	var h hinter
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// withHint adds a cure to an error that has none.
func withHint(err error, hint string) error {
	if err == nil || hintOf(err) != "" {
		return err
	}
	return &hinted{err, hint}
}

type hinted struct {
	error
	hint string
}

func (e *hinted) Hint() string  { return e.hint }
func (e *hinted) Unwrap() error { return e.error }

// exit ends a command with a code and no further word: all is said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }
func (e exit) code() int     { return int(e) }

// afterwards is an error of closing down, which an interrupt doesn't excuse.
type afterwards struct{ error }

func (e afterwards) code() int     { return exitBroken }
func (e afterwards) Unwrap() error { return e.error }

// conclude says what went wrong in a command that ran until ctx ended, and
// returns the exit code.
func conclude(ctx context.Context, w World, err error) int {
	var silent exit
	if err == nil {
		return exitOK
	}
	if errors.As(err, &silent) {
		return int(silent)
	}
	c := newConsole(w, w.Stderr)
	if interrupted(ctx, err) {
		c.printf("kazasu: %s\n", c.yellow("interrupted"))
		return exitInterrupted
	}
	c.printf("kazasu: %s %s\n", c.red("error:"), err)
	if hint := hintOf(err); hint != "" {
		c.printf("kazasu: %s %s\n", c.yellow("hint:"), hint)
	}
	return exitCode(err)
}

// interrupted says that err is what an interrupt left, whatever it reads: a
// program that was killed with the context, a connection that was cut. On a
// terminal Ctrl-C goes to such a program as well, which may end before we hear
// of it.
func interrupted(ctx context.Context, err error) bool {
	var own coder
	if errors.As(err, &own) {
		return false
	}
	var program *exec.ExitError
	return ctx.Err() != nil || errors.As(err, &program) && bySignal(program.ProcessState, os.Interrupt)
}

// bySignal says that a process was ended by s.
func bySignal(p *os.ProcessState, s os.Signal) bool {
	status, ok := p.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}

// exitCode is that of an error. A bench or a rig that knows what is wrong with
// what it was asked for blames the set-up, not itself.
func exitCode(err error) int {
	var own coder
	var refused *bench.Error
	var file *rigs.Error
	switch {
	case errors.As(err, &own):
		return own.code()
	case errors.As(err, &refused), errors.As(err, &file):
		return exitUsage
	}
	return exitBroken
}

// flagError turns a parse error of the flags into a usage error, with the
// nearest flag proposed.
func flagError(c *cobra.Command, err error) error {
	hint := fmt.Sprintf("%s --help lists the flags", c.CommandPath())
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if near := nearestFlag(c, unknown.GetSpecifiedName()); near != "" {
			hint = fmt.Sprintf("did you mean --%s? %s", near, hint)
		}
		return usage(hint, "%s has no flag %s", c.CommandPath(), flagSpelling(unknown.GetSpecifiedName()))
	}
	if own := hintOf(err); own != "" {
		hint = own
	}
	return usage(hint, "%w", err)
}

func flagSpelling(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func nearestFlag(c *cobra.Command, name string) string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return nearest(name, names)
}

func unknownCommand(c *cobra.Command, word string) error {
	hint := fmt.Sprintf("%s --help lists the commands", c.CommandPath())
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	if near := nearest(word, names); near != "" {
		hint = fmt.Sprintf("did you mean %s %s? %s", c.CommandPath(), near, hint)
	}
	return usage(hint, "%s has no command %q", c.CommandPath(), word)
}

// nearest is the name that is fewest edits away from word, or begins with it;
// "" when none is near.
func nearest(word string, names []string) string {
	best, least := "", 1+len(word)/3
	for _, name := range names {
		d := edits(word, name)
		if len(word) > 1 && strings.HasPrefix(name, word) {
			d = 0
		}
		if d <= least && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best
}

// edits is the Levenshtein distance of two words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// noArgs and the others are cobra's, with our errors.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Sprintf("%s --help shows how", c.CommandPath()), "%s takes no argument, not %q", c.CommandPath(), args[0])
	}
	return nil
}

func exactArgs(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usage(fmt.Sprintf("for example:%s", strings.TrimPrefix(firstLine(c.Example), " ")),
				"%s takes %s", c.CommandPath(), strings.Join(names, " and "))
		}
		return nil
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
