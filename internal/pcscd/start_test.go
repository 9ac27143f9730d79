//go:build linux

package pcscd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
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

func TestReaders(t *testing.T) {
	for _, c := range []struct {
		slots int
		want  []string
	}{
		{0, []string{"Kazasu 00 00", "Kazasu 00 01"}},
		{3, []string{"Kazasu 00 00", "Kazasu 00 01", "Kazasu 2 00 00", "Kazasu 2 00 01"}},
	} {
		d := start(t, pcscd.Config{Slots: c.slots})
		if got := d.Readers(); !slices.Equal(got, c.want) {
			t.Errorf("%d slots: readers %q, want %q", c.slots, got, c.want)
		}
		if _, err := d.Dial(t.Context(), len(c.want)); err == nil {
			t.Errorf("%d slots: slot %d could be dialled", c.slots, len(c.want))
		}
	}
	if _, err := pcscd.Start(t.Context(), pcscd.Config{Dir: t.TempDir(), Slots: 17}); err == nil {
		t.Error("17 slots were given")
	}
}

// TestHostIsUntouched: the driver's port stays free outside.
func TestHostIsUntouched(t *testing.T) {
	if l, err := net.Listen("tcp4", ":35963"); err != nil {
		t.Skip("the port of the system's vpcd is in use")
	} else {
		l.Close()
	}
	start(t, pcscd.Config{})
	l, err := net.Listen("tcp4", ":35963")
	if err != nil {
		t.Fatalf("something of ours listens on the host: %v", err)
	}
	l.Close()
}

// TestHidesRealReaders: the drivers of USB readers are out of its sight, so
// it takes none from the system's pcscd.
func TestHidesRealReaders(t *testing.T) {
	start(t, pcscd.Config{})
	looked := 0
	for _, pid := range descendants(t, os.Getpid()) {
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(name) != "pcscd\n" {
			continue // the helper, or a process of an earlier test that is ending
		}
		looked++
		inside := fmt.Sprintf("/proc/%d/root/usr/lib/pcsc/drivers", pid)
		if drivers, err := os.ReadDir(inside); err != nil || len(drivers) > 0 {
			t.Errorf("pcscd, process %d, sees %v, %v, want no drivers", pid, drivers, err)
		}
	}
	if looked == 0 {
		t.Error("no pcscd was found to look at")
	}
}

// TestOpenSCSeesCard: another program's list of readers, and a command to the
// card, in the right slot.
func TestOpenSCSeesCard(t *testing.T) {
	realparts.Need(t, "opensc", "opensc-tool")
	d := start(t, pcscd.Config{})
	remove := insert(t, d, 1, tinyCard{transmit: func(_ context.Context, command []byte) ([]byte, error) {
		if fmt.Sprintf("%X", command) == "00A4040C" {
			return []byte{0x90, 0x00}, nil
		}
		return []byte{0x6A, 0x82}, nil
	}}, vsmartcard.Options{})
	run(t, d, "opensc-tool", "--wait", "--reader", "Kazasu 00 01", "--atr")
	list := run(t, d, "opensc-tool", "--list-readers")
	if !hasLine(list, "No", "Kazasu 00 00") || !hasLine(list, "Yes", "Kazasu 00 01") {
		t.Errorf("opensc-tool lists\n%s", list)
	}
	answer := run(t, d, "opensc-tool", "--reader", "Kazasu 00 01", "--send-apdu", "00:A4:04:0C", "--send-apdu", "00:A4:02:0C")
	if !strings.Contains(answer, "SW1=0x90, SW2=0x00") || !strings.Contains(answer, "SW1=0x6A, SW2=0x82") {
		t.Errorf("opensc-tool got\n%s", answer)
	}
	remove()
	if output, err := try(t, d, "opensc-tool", "--reader", "Kazasu 00 01", "--send-apdu", "00:A4:04:0C"); err == nil {
		t.Errorf("opensc-tool talks to a card that was taken out:\n%s", output)
	}
}

// hasLine says whether a line has both words.
func hasLine(text, first, second string) bool {
	return slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
		return strings.Contains(line, first) && strings.Contains(line, second)
	})
}

// TestTwoAtOnce: two daemons side by side, each with its own card.
func TestTwoAtOnce(t *testing.T) {
	realparts.Need(t, "opensc", "opensc-tool")
	for i, status := range []byte{0x11, 0x22} {
		d := start(t, pcscd.Config{})
		insert(t, d, 0, tinyCard{transmit: func(context.Context, []byte) ([]byte, error) { return []byte{0x6A, status}, nil }}, vsmartcard.Options{})
		answer := run(t, d, "opensc-tool", "--wait", "--reader", "Kazasu 00 00", "--send-apdu", "00:A4:04:0C")
		if want := fmt.Sprintf("SW1=0x6A, SW2=0x%02X", status); !strings.Contains(answer, want) {
			t.Errorf("daemon %d: opensc-tool got\n%s\nwant %s", i, answer, want)
		}
	}
}

// TestLongFolder: the socket's path is kept short enough for its clients.
func TestLongFolder(t *testing.T) {
	realparts.Need(t, "opensc", "opensc-tool")
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 30))
	d := start(t, pcscd.Config{Dir: dir})
	if len(d.Socket()) > 107 {
		t.Errorf("the socket's path has %d bytes: %s", len(d.Socket()), d.Socket())
	}
	if list := run(t, d, "opensc-tool", "--list-readers"); !strings.Contains(list, "Kazasu 00 00") {
		t.Errorf("opensc-tool lists\n%s", list)
	}
	info, err := os.Stat(filepath.Dir(filepath.Dir(d.Socket())))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the short folder: %v, %v, want it private", info.Mode(), err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Dir(filepath.Dir(d.Socket()))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the short folder after Close: %v, want it gone", err)
	}
}

// TestFolderInUse: one daemon a folder, and the folder is free again after it.
func TestFolderInUse(t *testing.T) {
	dir := t.TempDir()
	d := start(t, pcscd.Config{Dir: dir})
	_, err := pcscd.Start(t.Context(), pcscd.Config{Dir: dir})
	want := fmt.Sprintf("in use by another pcscd, of process %d", os.Getpid())
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("second daemon: %v, want %q", err, want)
	}
	if err := errors.Join(d.Close(), d.Close()); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "pcscd", "*")); len(left) != 1 || filepath.Base(left[0]) != "lock" {
		t.Errorf("left in the folder: %q, want the lock alone", left)
	}
	if d.Err() != nil {
		t.Errorf("Err after Close: %v", d.Err())
	}
	start(t, pcscd.Config{Dir: dir})
}

// TestNotices: pcscd dies, and the daemon says so with pcscd's last words.
func TestNotices(t *testing.T) {
	d := start(t, pcscd.Config{})
	killed := 0
	for _, pid := range descendants(t, os.Getpid()) {
		if program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); strings.HasSuffix(program, "/usr/sbin/pcscd") {
			if err := syscall.Kill(pid, syscall.SIGABRT); err != nil {
				t.Fatal(err)
			}
			killed++
		}
	}
	if killed == 0 {
		t.Fatal("no pcscd was found to kill")
	}
	select {
	case <-d.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("nobody noticed that pcscd died")
	}
	var exit *pcscd.ExitError
	if err := d.Err(); !errors.As(err, &exit) || !strings.Contains(err.Error(), "signal: aborted") {
		t.Errorf("Err: %v, want an ExitError that says aborted", err)
	}
	if _, err := d.Dial(t.Context(), 0); err == nil {
		t.Error("a dead pcscd could be dialled")
	}
}

// benchChild starts a daemon in a folder, says so, and closes it at a signal.
func benchChild(arguments []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	d, err := pcscd.Start(ctx, pcscd.Config{Dir: arguments[0], Log: os.Stderr})
	if err != nil {
		return err
	}
	fmt.Println(d.Socket())
	<-ctx.Done()
	return d.Close()
}

// TestKilled: kill -9 of the bench ends everything that it started, and the
// next one starts in the same folder.
func TestKilled(t *testing.T) {
	needPcscd(t)
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 30))
	cmd := child(t.Context(), "bench", dir)
	socket, awaitEnds := startChild(t, cmd)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	for _, awaitEnd := range awaitEnds {
		awaitEnd()
	}
	if _, err := os.Lstat(socket); err != nil {
		t.Errorf("the killed run left no socket behind (%v); the next lines test nothing", err)
	}
	start(t, pcscd.Config{Dir: dir})
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the killed run's short path: %v, want it cleared", err)
	}
}

// TestInterrupted: Ctrl-C reaches a whole process group; pcscd stays until
// the bench closes it.
func TestInterrupted(t *testing.T) {
	needPcscd(t)
	dir := t.TempDir()
	cmd := child(t.Context(), "bench", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	_, awaitEnds := startChild(t, cmd)
	for _, pid := range descendants(t, cmd.Process.Pid) {
		if group, err := syscall.Getpgid(pid); err != nil || group == cmd.Process.Pid {
			t.Errorf("process %d is in the bench's group %d (%v): Ctrl-C ends it", pid, group, err)
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the bench after Ctrl-C: %v, want a clean end", err)
	}
	for _, awaitEnd := range awaitEnds {
		awaitEnd()
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "pcscd", "*")); len(left) != 1 {
		t.Errorf("left in the folder: %q, want the lock alone", left)
	}
}

// startChild starts a bench and returns its socket, and for each process that
// it started how to wait for its end: the helper and pcscd.
func startChild(t *testing.T, cmd *exec.Cmd) (socket string, awaitEnds []func()) {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	socket = lines(t, stdout)()
	below := descendants(t, cmd.Process.Pid)
	if len(below) < 2 {
		t.Fatalf("the bench started processes %v, want a helper and pcscd: %s", below, socket)
	}
	t.Logf("bench %d, helper and pcscd %v", cmd.Process.Pid, below)
	for _, pid := range below {
		awaitEnds = append(awaitEnds, watch(t, pid))
	}
	return socket, awaitEnds
}
