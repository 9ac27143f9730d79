package pcscd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// folder is where a private pcscd meets the outside, below Config.Dir:
//
//	pcscd/lock   locked while a daemon uses the folder; holds its process id
//	pcscd/run    what is /run/pcscd inside: pcscd's socket and its pid file
//	pcscd/short  the path of a short link to run, when one had to be made
//
// Only the user can enter it, so only the user can reach the socket.
type folder struct {
	path string
	lock *os.File
	link string // folder of the short link, "" without
}

const (
	socketName = "pcscd.comm"
	// A socket's path has 108 bytes with the zero at its end (unix(7)).
	socketPathMax = 107
)

// openFolder locks the folder, making it if needed, and clears what a killed
// run left there.
func openFolder(dir string) (*folder, error) {
	f := &folder{path: filepath.Join(dir, "pcscd")}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return nil, fmt.Errorf("making pcscd's folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(f.path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking pcscd's folder: %w", err)
	}
	f.lock = lock
	if err := f.take(); err != nil {
		lock.Close()
		return nil, err
	}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// take gets the lock, which the kernel frees when its process ends, however
// it ends.
func (f *folder) take() error {
	err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := os.ReadFile(f.lock.Name())
		return fmt.Errorf("%s is in use by another pcscd, of process %s", f.path, strings.TrimSpace(string(holder)))
	}
	if err != nil {
		return fmt.Errorf("locking %s: %w", f.path, err)
	}
	if err := f.lock.Truncate(0); err != nil {
		return fmt.Errorf("locking %s: %w", f.path, err)
	}
	_, err = fmt.Fprintf(f.lock, "%d\n", os.Getpid())
	return err
}

// prepare clears what is left of an earlier run and makes the run folder.
func (f *folder) prepare() error {
	if err := f.clear(); err != nil {
		return err
	}
	if err := os.Mkdir(f.run(), 0o700); err != nil {
		return fmt.Errorf("making pcscd's folder: %w", err)
	}
	if len(filepath.Join(f.run(), socketName)) > socketPathMax {
		return f.shorten()
	}
	return nil
}

// renew clears what a pcscd left that ended; the socket's path stays.
func (f *folder) renew() error {
	err := os.RemoveAll(f.run())
	if err == nil {
		err = os.Mkdir(f.run(), 0o700)
	}
	if err != nil {
		return fmt.Errorf("clearing pcscd's run folder: %w", err)
	}
	return nil
}

// shorten makes a link with a path that fits a socket's address, in a folder
// that only the user can enter.
func (f *folder) shorten() error {
	link, err := os.MkdirTemp("/tmp", "kazasu-")
	if err != nil {
		return fmt.Errorf("%s is too long for a socket's path, and a shorter one: %w", f.run(), err)
	}
	f.link = link
	if err := os.WriteFile(f.shortFile(), []byte(link), 0o600); err != nil {
		return fmt.Errorf("noting the short path of pcscd's socket: %w", err)
	}
	return os.Symlink(f.run(), filepath.Join(link, "run"))
}

func (f *folder) run() string       { return filepath.Join(f.path, "run") }
func (f *folder) shortFile() string { return filepath.Join(f.path, "short") }

// socket is the path by which clients reach pcscd.
func (f *folder) socket() string {
	if f.link != "" {
		return filepath.Join(f.link, "run", socketName)
	}
	return filepath.Join(f.run(), socketName)
}

// clear removes all that a run leaves. A short link is removed only if it is
// one of ours.
func (f *folder) clear() error {
	if link, err := os.ReadFile(f.shortFile()); err == nil && strings.HasPrefix(string(link), "/tmp/kazasu-") {
		target, err := os.Readlink(filepath.Join(string(link), "run"))
		if err == nil && target == f.run() {
			os.Remove(filepath.Join(string(link), "run"))
			os.Remove(string(link))
		}
	}
	err := errors.Join(os.RemoveAll(f.shortFile()), os.RemoveAll(f.run()))
	if err != nil {
		return fmt.Errorf("clearing pcscd's folder: %w", err)
	}
	return nil
}

// close clears the folder and frees the lock. The lock's file stays: removing
// it would let two daemons hold a lock on two files of one name.
func (f *folder) close() error {
	return errors.Join(f.clear(), f.lock.Close())
}
