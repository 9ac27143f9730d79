package cli

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"kazasu/internal/trace"
)

// narrator prints what the recorder sees, a line for each event, with the time
// since it began. What comes in rows, blocks read of one file and checks that
// pass, becomes one line.
type narrator struct {
	c     console
	began time.Time

	row  string        // what the pending events have in common, "" for none
	at   time.Duration // of the first of them
	of   trace.Event   // the first of them
	more []string      // what each of them adds
}

// tell prints an event, or holds it back for the row that it belongs to.
func (n *narrator) tell(e trace.Event) {
	row, part := rowOf(e)
	if row == "" || row != n.row {
		n.flush()
	}
	if row == "" {
		n.line(e, e.Time.Sub(n.began), e.Text)
		return
	}
	if n.row == "" {
		n.row, n.of, n.at = row, e, e.Time.Sub(n.began)
	}
	n.more = append(n.more, part)
}

// flush prints the row that was held back.
func (n *narrator) flush() {
	if n.row == "" {
		return
	}
	text := n.of.Text
	switch {
	case n.of.Kind == "proof-check" && len(n.more) == 1:
		text = "proof: " + text
	case n.of.Kind == "proof-check":
		text = fmt.Sprintf("proof: %d checks passed: %s", len(n.more), strings.Join(n.more, ", "))
	case len(n.more) > 1:
		text = fmt.Sprintf("%s … %s (%d blocks)", n.of.Text, n.more[len(n.more)-1], len(n.more))
	}
	n.line(n.of, n.at, text)
	n.row, n.more = "", nil
}

// rowOf is what an event has in common with others like it, and what it adds;
// "" for one that stands alone.
func rowOf(e trace.Event) (row, part string) {
	if e.Kind == "proof-check" {
		name, outcome, _ := strings.Cut(e.Text, " ")
		if outcome == "passed" {
			return "proof", name
		}
		return "", ""
	}
	file, offset, ok := strings.Cut(e.Text, " @")
	if e.Player == "card" && ok && strings.HasPrefix(file, "READ BINARY") {
		return file + e.Status, "@" + offset
	}
	return "", ""
}

// line is when, who, what, and how it was answered.
func (n *narrator) line(e trace.Event, at time.Duration, text string) {
	who := fmt.Sprintf("%-8s", e.Player)
	switch e.Player {
	case "browser", "phone":
		who = n.c.cyan(who)
	case "card":
		who = n.c.green(who)
	default:
		who = n.c.yellow(who)
	}
	answer := ""
	if e.Status != "" {
		answer = n.c.dim(" → " + e.Status)
	}
	text = strings.ReplaceAll(shortQuery(text), "\n", " ")
	n.c.printf("  %7.1f ms  %s %s%s\n", float64(at.Microseconds())/1000, who, wrapped(text, 96, 23), answer)
}

// shortQuery leaves of "GET /path?query" the names in the query, which can be
// wrapped.
func shortQuery(text string) string {
	path, query, ok := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if !ok || err != nil || strings.Contains(path, "? ") {
		return text
	}
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	if len(names) != len(values) {
		return text
	}
	return path + " ?" + strings.Join(names, " ")
}

// wrapped breaks a text at spaces into lines of so many columns, all but the
// first indented.
func wrapped(text string, width, indent int) string {
	var b strings.Builder
	used := 0
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
		case used+1+columns(word) > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += columns(word)
	}
	return b.String()
}
