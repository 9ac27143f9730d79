package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// printed is how each command with --json is made to print.
var printed = map[string][]string{
	"kazasu run":         {"run", "CA-01"},
	"kazasu list":        {"list", "CA"},
	"kazasu steps":       {"steps"},
	"kazasu rig ls":      {"rig", "ls"},
	"kazasu doctor":      {"doctor"},
	"kazasu version":     {"version"},
	"kazasu card ls":     {"card", "ls"},
	"kazasu card show":   {"card", "show"},
	"kazasu ca status":   {"ca", "status"},
	"kazasu up":          nil, // the bench that the others ask
	"kazasu list faults": {"list", "--faults"},
}

// TestJSONBeginsWithSchema wants every command that prints JSON to say first
// which form it has.
func TestJSONBeginsWithSchema(t *testing.T) {
	state := t.TempDir()
	line := up(t, "\n", "--json", "--ports", "auto", "--state", state)
	if err := beginsWithSchema([]byte(line)); err != nil {
		t.Errorf("kazasu up: %v", err)
	}
	each(newRoot(World{}), func(c *cobra.Command) {
		if _, known := printed[c.CommandPath()]; c.Flags().Lookup("json") != nil && !known {
			t.Errorf("%s isn't looked at", c.CommandPath())
		}
	})
	for command, args := range printed {
		if args == nil {
			continue
		}
		args = append(args, "--json")
		if args[0] == "card" || args[0] == "ca" {
			args = append(args, "--state", state)
		}
		var out bytes.Buffer
		// the doctor may find something on this machine; what it says is JSON still
		Main(args, World{Stdout: &out, Stderr: io.Discard, Context: t.Context()})
		if err := beginsWithSchema(out.Bytes()); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
}

// up brings a bench up until the test ends and returns what it prints, to the
// end of the line that has the word last.
func up(t *testing.T, last string, args ...string) (said string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan int)
	go func() {
		code := Main(append([]string{"up"}, args...), World{Stdout: writer, Stderr: io.Discard, Context: ctx})
		writer.Close()
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != exitOK {
			t.Errorf("up ended with %d", code)
		}
	})
	lines := bufio.NewReader(reader)
	for {
		line, err := lines.ReadString('\n')
		said += line
		if err != nil {
			t.Fatalf("up printed no line with %q: %v\n%s", last, err, said)
		}
		if strings.Contains(line, last) {
			return said
		}
	}
}

var schemaName = regexp.MustCompile(`^kazasu\.[a-z]+/[0-9]+$`)

// beginsWithSchema says what is wrong with the first member of an object.
func beginsWithSchema(object []byte) error {
	d := json.NewDecoder(bytes.NewReader(object))
	var got [3]json.Token
	for i := range got {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("%.80q: %w", object, err)
		}
		got[i] = token
	}
	name, _ := got[2].(string)
	if got[0] != json.Delim('{') || got[1] != "schema" || !schemaName.MatchString(name) {
		return fmt.Errorf("begins with %v", got)
	}
	if !json.Valid(object) {
		return fmt.Errorf("%.80q is no one value", object)
	}
	return nil
}

func TestBeginsWithSchema(t *testing.T) {
	for object, good := range map[string]bool{
		`{"schema":"kazasu.up/1","rig":"virtual"}`: true,
		`{"rig":"virtual","schema":"kazasu.up/1"}`: false,
		`{"schema":"up"}`:                          false,
		`["schema","kazasu.up/1"]`:                 false,
		`{"schema":"kazasu.up/1"`:                  false,
		``:                                         false,
	} {
		if err := beginsWithSchema([]byte(object)); (err == nil) != good {
			t.Errorf("%s: %v", object, err)
		}
	}
}

// TestSystemCure tells apart a pcscd that isn't there and one that doesn't run.
func TestSystemCure(t *testing.T) {
	for program, want := range map[string]string{
		"":                "pcscd is not installed: apt-get install pcscd vsmartcard-vpcd",
		"/usr/sbin/pcscd": "/usr/sbin/pcscd is installed, but not running: systemctl start pcscd, or as root: /usr/sbin/pcscd",
	} {
		if got := systemCure(program); got != want {
			t.Errorf("of %q: %q, want %q", program, got, want)
		}
	}
}
