//go:build linux

package pcscd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kazasu/internal/pcscd"
	"kazasu/internal/realparts"
	"kazasu/vsmartcard"
)

// hint is the cure of an error, "" for none.
func hint(err error) string {
	var cured interface{ Hint() string }
	if errors.As(err, &cured) {
		return cured.Hint()
	}
	return ""
}

// script writes a program that stands in for pcscd.
func script(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "pcscd")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n[ \"$1\" = --help ] && exit\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMissingParts(t *testing.T) {
	for _, c := range []struct {
		name   string
		config pcscd.Config
		want   error
		hint   string
	}{
		{"no pcscd", pcscd.Config{Pcscd: "/nowhere/pcscd"}, pcscd.ErrNoPcscd, "apt-get install pcscd"},
		{"no driver", pcscd.Config{Pcscd: "/bin/sh", Driver: "/nowhere/libifdvpcd.so"}, pcscd.ErrNoDriver, "apt-get install vsmartcard-vpcd"},
	} {
		c.config.Dir = t.TempDir()
		_, err := pcscd.Start(t.Context(), c.config)
		if !errors.Is(err, c.want) || !strings.Contains(hint(err), c.hint) {
			t.Errorf("%s: %v, hint %q, want %v", c.name, err, hint(err), c.want)
		}
		if err != nil && !strings.Contains(err.Error(), "/nowhere/") {
			t.Errorf("%s: %v doesn't say where it looked", c.name, err)
		}
	}
}

// TestBadPcscd: a pcscd that ends, one that never opens its socket, and one
// whose driver can't be loaded. Nothing stays behind.
func TestBadPcscd(t *testing.T) {
	needPcscd(t)
	broken := filepath.Join(t.TempDir(), "broken.so")
	if err := os.WriteFile(broken, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		config pcscd.Config
		within time.Duration
		want   string
	}{
		{"ends", pcscd.Config{Pcscd: script(t, "echo no luck today; exit 3")}, 10 * time.Second, "no luck today"},
		{"is silent", pcscd.Config{Pcscd: script(t, "exec sleep 1000")}, 200 * time.Millisecond, "it has 0 of 2"},
		{"has a broken driver", pcscd.Config{Driver: broken}, 500 * time.Millisecond, "vpcd-0.so: file too short"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.within)
			defer cancel()
			c.config.Dir = t.TempDir()
			_, err := pcscd.Start(ctx, c.config)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Start: %v, want %q in it", err, c.want)
			}
			if below := descendants(t, os.Getpid()); len(below) > 0 {
				t.Errorf("processes %v still run", below)
			}
			if left, _ := filepath.Glob(filepath.Join(c.config.Dir, "pcscd", "*")); len(left) != 1 {
				t.Errorf("left in the folder: %q, want the lock alone", left)
			}
		})
	}
}

// deniedChild is in a user namespace that may have no namespaces below it.
func deniedChild(arguments []string) error {
	if err := os.WriteFile("/proc/sys/user/"+arguments[1], []byte("0"), 0); err != nil {
		return fmt.Errorf("setting the limit: %w", err)
	}
	_, err := pcscd.Start(context.Background(), pcscd.Config{Dir: arguments[0]})
	if !errors.Is(err, pcscd.ErrNoNamespace) {
		return fmt.Errorf("Start: %v, want %v", err, pcscd.ErrNoNamespace)
	}
	fmt.Println(err)
	fmt.Println(hint(err))
	return nil
}

// TestNoNamespace: the kernel itself refuses, as in a container.
func TestNoNamespace(t *testing.T) {
	needPcscd(t)
	for _, limit := range []string{"max_net_namespaces", "max_mnt_namespaces", "max_pid_namespaces"} {
		cmd := child(t.Context(), "denied", t.TempDir(), limit)
		inUserNamespace(cmd, 0)
		output, err := cmd.Output()
		if errors.As(err, new(*os.PathError)) {
			t.Skip("this machine gives no user namespace to try it in:", err)
		}
		if err != nil {
			t.Fatalf("%s: %v: %s", limit, err, output)
		}
		for _, want := range []string{"no namespace for a private pcscd", "no space left on device", "user.max_user_namespaces", "--cap-add SYS_ADMIN", "the system's pcscd"} {
			if !strings.Contains(string(output), want) {
				t.Errorf("%s = 0: got\n%s\nwant %q in it", limit, output, want)
			}
		}
	}
}

// inUserNamespace makes the command root of a namespace of its own.
func inUserNamespace(cmd *exec.Cmd, more uintptr) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | more,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// TestUnprivileged: nobody in particular starts a daemon, too.
func TestUnprivileged(t *testing.T) {
	needPcscd(t)
	if os.Geteuid() != 0 {
		t.Skip("every other test ran without privileges")
	}
	const nobody = 65534
	try := exec.Command("/bin/true")
	inUserNamespace(try, 0)
	if err := try.Run(); errors.As(err, new(*os.PathError)) {
		t.Skip("this machine gives no user namespace, so nobody but root can have a private pcscd:", err)
	}
	dir, err := os.MkdirTemp("/tmp", "pcscd-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := child(t.Context(), "bench", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	socket, awaitEnds := startChild(t, cmd)
	if _, err := os.Stat(socket); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, awaitEnd := range awaitEnds {
		awaitEnd()
	}
}

// systemChild is alone in its namespaces and runs pcscd as Debian has it set
// up, as the machine's own.
func systemChild([]string) error {
	if _, err := pcscd.Start(context.Background(), pcscd.Config{System: true}); err == nil {
		return errors.New("there is a system's pcscd already")
	}
	if err := ownMachine(); err != nil {
		return err
	}
	_, err := pcscd.Start(context.Background(), pcscd.Config{System: true})
	if !errors.Is(err, pcscd.ErrNoPcscd) || !strings.Contains(hint(err), "systemctl start pcscd") {
		return fmt.Errorf("without a pcscd: %v, hint %q", err, hint(err))
	}
	system := exec.Command("/usr/sbin/pcscd", "--foreground")
	system.Stdout, system.Stderr = os.Stderr, os.Stderr
	if err := system.Start(); err != nil {
		return err
	}
	defer func() { system.Process.Kill(); system.Wait() }()
	return useSystem()
}

// ownMachine hides the machine's /run behind an empty one and switches
// loopback on.
func ownMachine() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return errors.Join(unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request), os.Mkdir("/run/pcscd", 0o755))
}

// useSystem puts a card into the system's reader and has OpenSC find it.
func useSystem() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	d, err := startSystem(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	fmt.Println(d.Socket(), strings.Join(d.Readers(), ","))
	go vsmartcard.Present(ctx, func(ctx context.Context) (net.Conn, error) { return d.Dial(ctx, 0) }, tinyCard{}, vsmartcard.Options{})
	output, err := exec.CommandContext(ctx, "opensc-tool", "--wait", "--reader", "Virtual PCD 00 00", "--send-apdu", "00:A4:04:0C").CombinedOutput()
	fmt.Println(string(output))
	return err
}

// startSystem asks until the system's pcscd is up.
func startSystem(ctx context.Context) (*pcscd.Daemon, error) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		d, err := pcscd.Start(ctx, pcscd.Config{System: true})
		if err == nil {
			return d, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

func TestSystem(t *testing.T) {
	needPcscd(t)
	realparts.Need(t, "opensc", "opensc-tool")
	cmd := child(t.Context(), "system")
	inUserNamespace(cmd, syscall.CLONE_NEWNS|syscall.CLONE_NEWNET|syscall.CLONE_NEWPID)
	output, err := cmd.Output()
	if errors.As(err, new(*os.PathError)) {
		t.Skip("this machine gives no user namespace to run a system's pcscd in:", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, want := range []string{"/run/pcscd/pcscd.comm Virtual PCD 00 00,Virtual PCD 00 01", "SW1=0x90, SW2=0x00"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("got\n%s\nwant %q in it", output, want)
		}
	}
}
