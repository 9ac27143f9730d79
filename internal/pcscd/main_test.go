//go:build linux

package pcscd_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kazasu/internal/pcscd"
	"kazasu/internal/realparts"
	"kazasu/vsmartcard"
)

// children are the programs that this test binary can be instead of a test:
// its arguments are "child", one of these, and the rest.
var children = map[string]func(arguments []string) error{
	"bench":  benchChild,
	"denied": deniedChild,
	"system": systemChild,
}

func TestMain(m *testing.M) {
	if handled, exit := pcscd.Helper(os.Args); handled {
		os.Exit(exit)
	}
	if len(os.Args) > 2 && os.Args[1] == "child" {
		if err := children[os.Args[2]](os.Args[3:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is a command that runs one of the children.
func child(ctx context.Context, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append([]string{"child"}, arguments...)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// needPcscd skips the test where there is no pcscd with its vpcd driver, or
// no namespace to run it in.
func needPcscd(t testing.TB) {
	t.Helper()
	realparts.Need(t, "pcscd", "pcscd")
	realparts.Need(t, "vpcd", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
	if err := namespaces(); err != nil {
		realparts.Skip(t, "pcscd", err.Error())
	}
}

// namespaces is why this machine gives us none, nil if it does; asked once.
var namespaces = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "pcscd-test-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d, err := pcscd.Start(context.Background(), pcscd.Config{Dir: dir})
	switch {
	case errors.Is(err, pcscd.ErrNoNamespace):
		return err
	case err != nil:
		return nil // the test itself will tell
	}
	return d.Close()
})

// start starts a private pcscd that ends with the test.
func start(t testing.TB, c pcscd.Config) *pcscd.Daemon {
	t.Helper()
	needPcscd(t)
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	d, err := pcscd.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing pcscd: %v", err)
		}
	})
	return d
}

// insert puts a card into a slot until remove is called or the test ends.
func insert(t testing.TB, d *pcscd.Daemon, slot int, card vsmartcard.Card, o vsmartcard.Options) (remove func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	dial := func(ctx context.Context) (net.Conn, error) { return d.Dial(ctx, slot) }
	go func() {
		defer close(done)
		vsmartcard.Present(ctx, dial, card, o)
	}()
	remove = func() { cancel(); <-done }
	t.Cleanup(remove)
	return remove
}

// tinyCard answers every command with 9000, or with what transmit says.
type tinyCard struct {
	transmit func(ctx context.Context, command []byte) ([]byte, error)
}

func (tinyCard) PowerOn(context.Context) ([]byte, error) { return tinyCard{}.ATR(), nil }
func (tinyCard) Reset(context.Context) ([]byte, error)   { return tinyCard{}.ATR(), nil }
func (tinyCard) PowerOff(context.Context) error          { return nil }
func (tinyCard) ATR() []byte                             { return []byte{0x3B, 0x80, 0x80, 0x01, 0x01} }

func (c tinyCard) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if c.transmit != nil {
		return c.transmit(ctx, command)
	}
	return []byte{0x90, 0x00}, nil
}

// run runs a PC/SC program against the daemon and returns what it printed.
func run(t testing.TB, d *pcscd.Daemon, name string, arguments ...string) string {
	t.Helper()
	output, err := try(t, d, name, arguments...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
	return output
}

// try is run for a program that may fail.
func try(t testing.TB, d *pcscd.Daemon, name string, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Env = append(os.Environ(), "PCSCLITE_CSOCK_NAME="+d.Socket())
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	return output.String(), err
}

// descendants are the processes below pid, by /proc.
func descendants(t *testing.T, pid int) (below []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	parents := map[int]int{}
	for _, name := range files {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		fields := strings.Fields(string(rest))
		self, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		parents[self], _ = strconv.Atoi(fields[1])
	}
	for self := range parents {
		for above := parents[self]; above > 1; above = parents[above] {
			if above == pid {
				below = append(below, self)
				break
			}
		}
	}
	return below
}

// watch opens a handle to a process, to wait for its end.
func watch(t *testing.T, pid int) (awaitEnd func()) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("watching process %d: %v", pid, err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return func() {
		t.Helper()
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(poll, 10_000); n != 1 {
			t.Errorf("process %d still runs after 10 s (%v)", pid, err)
		}
	}
}

// lines reads the lines of a child as they come.
func lines(t *testing.T, r io.Reader) func() string {
	scanner := bufio.NewScanner(r)
	return func() string {
		t.Helper()
		if !scanner.Scan() {
			t.Fatalf("the child said no more: %v", scanner.Err())
		}
		return scanner.Text()
	}
}
