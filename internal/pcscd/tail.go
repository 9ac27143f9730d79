package pcscd

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"
)

// tailLines is how much of pcscd's log an error quotes.
const tailLines = 10

// stamp is the time that pcscd writes before a line, in microseconds since the
// last.
var stamp = regexp.MustCompile(`^[0-9]{8} `)

// tail passes a log on and remembers its last lines, each once in a row:
// what a driver says every 400 ms would leave room for nothing else.
type tail struct {
	next io.Writer

	mu   sync.Mutex
	part []byte // a line without its end yet
	last []string
}

// Write never fails: a log that can't be written must not stop pcscd.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.next.Write(b)
	t.part = append(t.part, b...)
	for {
		line, rest, ok := bytes.Cut(t.part, []byte{'\n'})
		if !ok {
			return len(b), nil
		}
		t.keep(string(line))
		t.part = append([]byte(nil), rest...)
	}
}

func (t *tail) keep(line string) {
	line = strings.TrimSpace(stamp.ReplaceAllString(line, ""))
	if line == "" || len(t.last) > 0 && line == t.last[len(t.last)-1] {
		return
	}
	t.last = append(t.last, line)
	if len(t.last) > tailLines {
		t.last = t.last[1:]
	}
}

func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := append([]string(nil), t.last...)
	if rest := strings.TrimSpace(string(t.part)); rest != "" {
		lines = append(lines, rest)
	}
	return lines
}
