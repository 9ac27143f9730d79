//go:build linux

package pcscd_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kazasu/internal/pcscd"
	"kazasu/internal/realparts"
	"kazasu/vsmartcard"
)

// killPcscd ends the only pcscd below this process, and waits until its daemon
// knows.
func killPcscd(t *testing.T, d *pcscd.Daemon, signal syscall.Signal) {
	t.Helper()
	for _, pid := range descendants(t, os.Getpid()) {
		if program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); filepath.Base(program) == "pcscd" {
			if err := syscall.Kill(pid, signal); err != nil {
				t.Fatal(err)
			}
		}
	}
	select {
	case <-d.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("nobody noticed that pcscd died")
	}
}

// TestRestart: a pcscd that was killed comes back where its clients look.
func TestRestart(t *testing.T) {
	realparts.Need(t, "opensc", "opensc-tool")
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 30)) // so that there is a short link
	first := start(t, pcscd.Config{Dir: dir})
	if _, err := first.Restart(t.Context()); err == nil {
		t.Error("a pcscd that runs was restarted")
	}
	killPcscd(t, first, syscall.SIGKILL)
	const want = "pcscd ended: signal: killed"
	if err := first.Err(); err == nil || err.Error() != want {
		t.Errorf("Err: %v, want %q", err, want)
	}
	if _, err := first.Dial(t.Context(), 0); err == nil || err.Error() != want {
		t.Errorf("Dial: %v, want %q", err, want)
	}
	second, err := first.Restart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if second.Socket() != first.Socket() || !slices.Equal(second.Readers(), first.Readers()) {
		t.Errorf("it came back as %s %q, not %s %q", second.Socket(), second.Readers(), first.Socket(), first.Readers())
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	insert(t, second, 0, tinyCard{}, vsmartcard.Options{})
	answer := run(t, second, "opensc-tool", "--wait", "--reader", "Kazasu 00 00", "--send-apdu", "00:A4:04:0C")
	if !strings.Contains(answer, "SW1=0x90, SW2=0x00") {
		t.Errorf("opensc-tool got\n%s", answer)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "pcscd", "*")); len(left) != 1 {
		t.Errorf("left in the folder: %q, want the lock alone", left)
	}
	if _, err := second.Restart(t.Context()); err == nil {
		t.Error("a pcscd that was closed was restarted")
	}
}

// TestRestartAgain: a restart that goes wrong leaves the folder as it was, so
// that another can go right.
func TestRestartAgain(t *testing.T) {
	switched := filepath.Join(t.TempDir(), "pcscd")
	use := func(program string) {
		t.Helper()
		if err := errors.Join(os.RemoveAll(switched), os.Symlink(program, switched)); err != nil {
			t.Fatal(err)
		}
	}
	use("/usr/sbin/pcscd")
	dir := t.TempDir()
	d := start(t, pcscd.Config{Dir: dir, Pcscd: switched})
	killPcscd(t, d, syscall.SIGTERM)
	if err := d.Err(); err == nil || !strings.HasPrefix(err.Error(), "pcscd ended: ") {
		t.Errorf("Err: %v", err)
	}
	use(script(t, "echo no luck today; exit 3"))
	const want = "restarting pcscd: pcscd ended: exit status 3; it said: no luck today"
	if _, err := d.Restart(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("Restart: %v, want %q", err, want)
	}
	use("/usr/sbin/pcscd")
	next, err := d.Restart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}
