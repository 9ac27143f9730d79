package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuildNamesRevision builds as the Makefile does, twice, and wants the
// binary to say which source it is of, and to be the same both times.
func TestBuildNamesRevision(t *testing.T) {
	if testing.Short() {
		t.Skip("it links the whole program")
	}
	recipe, err := exec.Command("make", "--no-print-directory", "-n", "build").Output()
	if err != nil {
		t.Skipf("no make: %v", err)
	}
	line := ""
	for l := range strings.Lines(string(recipe)) {
		if strings.HasPrefix(l, "go build ") {
			line = strings.TrimSpace(l)
		}
	}
	if !strings.Contains(line, "-o bin/kazasu") {
		t.Fatalf("make build doesn't build bin/kazasu:\n%s", recipe)
	}
	first, second := buildInto(t, line), buildInto(t, line)
	if read(t, first) != read(t, second) {
		t.Error("built twice, it isn't the same")
	}
	want := "unknown"
	if revision, err := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output(); err == nil {
		want = strings.TrimSpace(string(revision))
	}
	said, err := exec.Command(first, "version").Output()
	if err != nil || !strings.Contains(string(said), " revision "+want+", ") {
		t.Errorf("of revision %s it says %q, %v", want, said, err)
	}
}

// buildInto runs a line of the Makefile with another place for the binary.
func buildInto(t *testing.T, line string) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "kazasu")
	c := exec.Command("sh", "-c", strings.Replace(line, "-o bin/kazasu", "-o '"+binary+"'", 1))
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, said)
	}
	return binary
}
