package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"kazasu/internal/pcscd"
	"kazasu/internal/realparts"
)

// TestMain makes this binary the kazasu that scripts run.
func TestMain(m *testing.M) {
	if handled, exit := pcscd.Helper(os.Args); handled {
		os.Exit(exit)
	}
	testscript.Main(m, map[string]func(){
		"kazasu": func() { os.Exit(Main(os.Args[1:], Process())) },
	})
}

// TestScripts runs testdata/*.txtar. Beside testscript's own commands they
// have these:
//
//	await FILE PATTERN   waits until the file has what fits
//	exits CODE COMMAND…  runs a command that must end with this exit code
//	gone                 waits until no process that the script started is left
//	busy NAME [PORT]     holds a port of 127.0.0.1, a free one or this, its
//	                     number in $NAME; if somebody else has it, that will do
//
// and these conditions:
//
//	has:PROGRAM   it is installed
//	there:PATH    there is such a file
func TestScripts(t *testing.T) { testscript.Run(t, params("testdata")) }

// TestScriptsWithOpenSSL runs those that have OpenSSL verify something.
func TestScriptsWithOpenSSL(t *testing.T) {
	realparts.Need(t, "openssl", "openssl")
	testscript.Run(t, params("testdata/openssl"))
}

// TestScriptsWithPcscd runs those in which OpenSC reads the card through a
// private pcscd.
func TestScriptsWithPcscd(t *testing.T) {
	realparts.Need(t, "pcscd", "pcscd")
	realparts.Need(t, "opensc", "opensc-tool")
	testscript.Run(t, params("testdata/pcscd"))
}

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv(markName, env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await, "exits": exits, "gone": gone, "busy": busy,
		},
		Condition: condition,
	}
}

// condition tells scripts what the machine has.
func condition(name string) (bool, error) {
	if program, ok := strings.CutPrefix(name, "has:"); ok {
		_, err := exec.LookPath(program)
		return err == nil, nil
	}
	if path, ok := strings.CutPrefix(name, "there:"); ok {
		_, err := os.Stat(path)
		return err == nil, nil
	}
	return false, fmt.Errorf("no condition %q", name)
}

// awaitMax is how long a script waits for something to happen.
const awaitMax = 60 * time.Second

// until asks again and again whether something holds.
func until(holds func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(awaitMax); time.Now().Before(end); <-tick.C {
		if holds() {
			return true
		}
	}
	return false
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE PATTERN")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	file := ts.MkAbs(args[0])
	var content []byte
	if !until(func() bool {
		content, _ = os.ReadFile(file)
		return pattern.Match(content)
	}) {
		ts.Fatalf("%s never had %s; it has: %s", args[0], args[1], content)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s ended with %d, want %d\n%s%s", strings.Join(args[1:], " "), got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// markName is the variable by which a script's processes are known.
const markName = "KAZASU_SCRIPT"

// gone fails when a process that has the script's mark outlives awaitMax.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	mark := []byte(markName + "=" + ts.Getenv(markName) + "\x00")
	var left []string
	if !until(func() bool {
		left = marked(mark)
		return len(left) == 0
	}) {
		ts.Fatalf("still running: %s", strings.Join(left, "; "))
	}
}

// marked are the processes whose environment has the mark.
func marked(mark []byte) (found []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		environment, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !bytes.Contains(environment, mark) {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		found = append(found, filepath.Base(dir)+" "+string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
	}
	return found
}

func busy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: busy NAME [PORT]")
	}
	port := "0"
	if len(args) == 2 {
		port = args[1]
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if errors.Is(err, syscall.EADDRINUSE) {
		ts.Setenv(args[0], port)
		return
	}
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// TestExamplesAreRun wants every command to have an example, and every example
// to be run by a script.
func TestExamplesAreRun(t *testing.T) {
	scripts := ""
	err := filepath.WalkDir("testdata", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		scripts += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	each(newRoot(World{}), func(c *cobra.Command) {
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			line = strings.TrimSpace(line)
			if !strings.Contains(scripts, line) {
				t.Errorf("%s: no script runs its example: %s", c.CommandPath(), line)
			}
		}
	})
}

func each(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		each(sub, visit)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"insert", "remove", "show", "pin", "fault", "ls"}
	for word, want := range map[string]string{
		"isnert": "insert", "rem": "remove", "fualt": "fault", "shows": "show",
		"": "", "xyzzy": "", "p": "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{
		"abc": 3, "花子": 4, "\x1b[31mred\x1b[0m": 3, "山田　花子": 10, "": 0,
	} {
		if got := columns(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
}

// TestColour wants colour only where a person looks and didn't refuse it.
func TestColour(t *testing.T) {
	looks := func(w World) bool { return newConsole(w, nil).colour }
	someone := World{Terminal: func(io.Writer) bool { return true }}
	if !looks(someone) {
		t.Error("no colour on a terminal")
	}
	someone.Getenv = func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }
	if looks(someone) {
		t.Error("colour in spite of NO_COLOR")
	}
	if looks(World{}) {
		t.Error("colour where nobody looks")
	}
}
