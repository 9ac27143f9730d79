//go:build pcsc && cgo

package pcsc

import (
	"fmt"
	"os"
	"syscall"

	"github.com/ebfe/scard"
	"golang.org/x/sys/unix"
)

const (
	socketVariable = "PCSCLITE_CSOCK_NAME"
	systemSocket   = "/run/pcscd/pcscd.comm"
)

// door is a file descriptor that stands for the socket of the pcscd we mean.
// libpcsclite reads the socket's path from its environment once, and keeps it
// for the life of the process. So the path that it reads is /proc/self/fd/N,
// and N is pointed at one socket or another before a context is made; a
// context keeps the connection that it made. Guarded by library.
var door = -1

// establish makes a context with the pcscd behind socket, "" for the system's.
// The variable is put back afterwards: what /proc/self is differs in a child.
func establish(socket string) (*scard.Context, error) {
	if socket == "" {
		socket = systemSocket
	}
	if err := point(socket); err != nil {
		return nil, err
	}
	before, had := os.LookupEnv(socketVariable)
	os.Setenv(socketVariable, fmt.Sprintf("/proc/self/fd/%d", door))
	defer func() {
		if had {
			os.Setenv(socketVariable, before)
		} else {
			os.Unsetenv(socketVariable)
		}
	}()
	return scard.EstablishContext()
}

// point makes door stand for socket.
func point(socket string) error {
	fd, err := unix.Open(socket, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("pcscd's socket %s: %w", socket, err)
	}
	if door < 0 {
		door = fd
		return nil
	}
	defer unix.Close(fd)
	return unix.Dup3(fd, door, syscall.O_CLOEXEC)
}
