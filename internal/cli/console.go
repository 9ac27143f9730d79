package cli

import (
	"fmt"
	"io"
)

// console writes to a stream for people: with colours when a person looks at
// it and NO_COLOR (no-color.org) isn't set.
type console struct {
	out    io.Writer
	colour bool
}

func newConsole(w World, out io.Writer) console {
	colour := w.Terminal != nil && w.Terminal(out) && w.getenv("NO_COLOR") == "" && w.getenv("TERM") != "dumb"
	return console{out, colour}
}

func (w World) getenv(name string) string {
	if w.Getenv == nil {
		return ""
	}
	return w.Getenv(name)
}

func (c console) printf(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }

func (c console) paint(code, s string) string {
	if !c.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (c console) red(s string) string    { return c.paint("31", s) }
func (c console) green(s string) string  { return c.paint("32", s) }
func (c console) yellow(s string) string { return c.paint("33", s) }
func (c console) cyan(s string) string   { return c.paint("36", s) }
func (c console) bold(s string) string   { return c.paint("1", s) }
func (c console) dim(s string) string    { return c.paint("2", s) }
