// Package realparts is for tests that need other people's software: it skips
// a test whose part isn't installed, and keeps a record of which parts really
// ran, so that a run which skipped one can't pass for a whole one.
//
// A test says [Need] first:
//
//	realparts.Need(t, "opensc", "opensc-tool", "pkcs15-tool")
//
// and is skipped when a program is missing. When the run is over, the program
// in table prints each part, whether it ran or was skipped, and why; it fails
// unless every part of [Expected] ran or ALLOW_SKIP names it. Records go to the
// folder that KAZASU_PARTS names, one JSON object a line, a file for each test
// binary; without that variable nothing is recorded. These two variables are
// read here and nowhere else.
package realparts

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Expected are the parts that a whole run has used.
var Expected = [...]string{"pcscd", "vpcd", "opensc", "openssl", "chromium", "promtool", "go-oidc"}

// Variables of the environment.
const (
	folderVariable = "KAZASU_PARTS" // folder for records
	allowVariable  = "ALLOW_SKIP"   // parts that may be skipped, with commas or spaces
)

// Record is what one test found.
type Record struct {
	Part string `json:"part"`
	Ran  bool   `json:"ran"` // else it was skipped
	Why  string `json:"why"` // it was skipped
	Test string `json:"test"`
}

// Need skips the test unless all programs are there, in PATH or in the folders
// of root's programs; a name with a slash is a file that must exist. If they
// are, the part is recorded as run when the test has passed.
func Need(t testing.TB, part string, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if !there(program) {
			Skip(t, part, program+" is not installed")
		}
	}
	t.Cleanup(func() {
		if !t.Failed() && !t.Skipped() {
			write(t, Record{Part: part, Ran: true, Test: t.Name()})
		}
	})
}

// Skip skips the test, because the part can't run for another reason than a
// missing program.
func Skip(t testing.TB, part, why string) {
	t.Helper()
	write(t, Record{Part: part, Why: why, Test: t.Name()})
	t.Skipf("%s: %s", part, why)
}

// there says whether a program can be started, or a file exists.
func there(program string) bool {
	if strings.Contains(program, "/") {
		_, err := os.Stat(program)
		return err == nil
	}
	if _, err := exec.LookPath(program); err == nil {
		return true
	}
	for _, folder := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err == nil {
			return true
		}
	}
	return false
}

// write appends a record. One that can't be written is the run's failure: the
// table would be wrong.
func write(t testing.TB, r Record) {
	t.Helper()
	folder := os.Getenv(folderVariable)
	if folder == "" {
		return
	}
	if err := appendRecord(folder, r); err != nil {
		t.Errorf("recording real part %s: %v", r.Part, err)
	}
}

func appendRecord(folder string, r Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	name := filepath.Join(folder, fmt.Sprintf("%d.json", os.Getpid()))
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
