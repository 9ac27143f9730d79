package pcscd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"sync"
)

// Config says which daemon to start. Dir is needed unless System is set.
type Config struct {
	// Dir is the state folder; the daemon uses the folder pcscd below it,
	// one daemon at a time.
	Dir string
	// Slots is the number of readers, default and at least 2, at most 16;
	// it is rounded up to an even number, as the driver has two slots.
	Slots int
	// Log gets what pcscd says; nil drops all but the last lines, which an
	// error quotes.
	Log io.Writer
	// System uses the machine's own pcscd and starts none.
	System bool
	// Pcscd and Driver are the program and the vpcd driver, where they
	// aren't in one of the usual places.
	Pcscd, Driver string
}

// vpcd's numbers (vsmartcard 3.3): it listens on portFirst plus the slot, and
// one copy of the driver has slotsPerDriver slots.
const (
	portFirst      = 35963
	slotsPerDriver = 2
	slotsMax       = 16 // PCSCLITE_MAX_READERS_CONTEXTS up to pcsc-lite 2.4
)

// slots is Config.Slots made good.
func (c Config) slots() (int, error) {
	switch {
	case c.Slots > slotsMax:
		return 0, fmt.Errorf("%d slots: a pcscd has at most %d", c.Slots, slotsMax)
	case c.Slots < slotsPerDriver:
		return slotsPerDriver, nil
	}
	return (c.Slots + slotsPerDriver - 1) / slotsPerDriver * slotsPerDriver, nil
}

// Daemon is a pcscd that is running.
type Daemon struct {
	socket  string
	readers []string // by slot
	dial    func(ctx context.Context, port int) (net.Conn, error)

	done chan struct{} // closed when pcscd ended
	mu   sync.Mutex
	err  error // why it ended, nil when we asked it to

	life     sync.Mutex
	closed   bool // or succeeded by another
	closeErr error
	stop     func() error
	again    func(ctx context.Context) (*Daemon, error) // nil for the system's
}

// Start starts a pcscd and returns when its readers are there. Cancelling ctx
// afterwards does nothing: the daemon runs until Close.
func Start(ctx context.Context, c Config) (*Daemon, error) {
	slots, err := c.slots()
	if err != nil {
		return nil, err
	}
	if c.System {
		return startSystem(ctx, systemSocket)
	}
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return nil, fmt.Errorf("finding the state folder: %w", err)
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	return startPrivate(ctx, c, slots)
}

// Socket is the value of PCSCLITE_CSOCK_NAME for clients of this daemon.
func (d *Daemon) Socket() string { return d.socket }

// Readers are the PC/SC names of the readers, by slot.
func (d *Daemon) Readers() []string { return append([]string(nil), d.readers...) }

// Dial connects to the driver as the card in a slot, from 0. The card is in
// the reader while the connection lasts; the reader's clients notice within
// 400 ms, as often as pcscd looks. A second card in one slot is connected, but
// hears nothing until the first has left.
func (d *Daemon) Dial(ctx context.Context, slot int) (net.Conn, error) {
	if slot < 0 || slot >= len(d.readers) {
		return nil, fmt.Errorf("slot %d: this pcscd has slots 0 to %d", slot, len(d.readers)-1)
	}
	conn, err := d.dial(ctx, portFirst+slot)
	if err != nil && errors.As(err, new(*ExitError)) {
		return nil, err // which slot is no matter then
	}
	if err != nil {
		return nil, fmt.Errorf("inserting a card into slot %d: %w", slot, err)
	}
	return conn, nil
}

// Done is closed when pcscd ended, by Close or by itself; Err tells which.
func (d *Daemon) Done() <-chan struct{} { return d.done }

// Err is nil while pcscd runs and after Close, else an [*ExitError].
func (d *Daemon) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Restart starts pcscd anew after it ended by itself: in the same folder, at
// the same socket, with the same readers. The new daemon is then the one to
// close. After an error this one still is, and Restart may be tried again.
func (d *Daemon) Restart(ctx context.Context) (*Daemon, error) {
	d.life.Lock()
	defer d.life.Unlock()
	if d.closed || d.Err() == nil {
		return nil, errors.New("restarting pcscd: it did not end by itself")
	}
	next, err := d.again(ctx)
	if err != nil {
		return nil, fmt.Errorf("restarting pcscd: %w", err)
	}
	d.closed = true
	return next, nil
}

// Close ends pcscd and clears its files; twice is no error.
func (d *Daemon) Close() error {
	d.life.Lock()
	defer d.life.Unlock()
	if !d.closed {
		d.closed, d.closeErr = true, d.stop()
	}
	return d.closeErr
}

// loopback is the driver's address for a port.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
