package pcscd

import (
	"context"
	"fmt"
	"net"
	"sort"
	"strings"

	"kazasu/internal/pcsc"
)

// systemSocket is where pcsc-lite's clients look by default.
const systemSocket = "/run/pcscd/pcscd.comm"

// systemReader is how Debian's /etc/reader.conf.d/vpcd names its readers.
const systemReader = "Virtual PCD"

// startSystem finds the vpcd readers of the pcscd behind socket. Connecting
// wakes a pcscd that systemd starts on demand.
func startSystem(ctx context.Context, socket string) (*Daemon, error) {
	names, err := pcsc.List(ctx, socket)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoPcscd, err)
	}
	var readers []string
	for _, name := range names {
		if strings.HasPrefix(name, systemReader+" ") {
			readers = append(readers, name)
		}
	}
	if len(readers) == 0 {
		return nil, fmt.Errorf("%w: the system's pcscd has no reader named %q", ErrNoDriver, systemReader)
	}
	sort.Strings(readers)
	d := &Daemon{socket: socket, readers: readers, done: make(chan struct{})}
	d.dial = func(ctx context.Context, port int) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp4", loopback(port))
	}
	d.stop = func() error { close(d.done); return nil }
	return d, nil
}
