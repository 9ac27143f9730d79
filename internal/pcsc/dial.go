package pcsc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"kazasu/internal/apdu"
	"kazasu/internal/slot"
)

// Dial opens a reader by name at the pcscd behind socket, in pcscd's own
// protocol: no cgo, no headers, and a call can be given up. Where ctx ends in
// the middle of one, the connection is closed, pcscd lets go of the card by
// itself, and the slot is of no further use.
func Dial(ctx context.Context, socket, reader string) (Slot, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("opening reader %q: %w", reader, err)
	}
	d := &dialled{name: reader, client: newClient(conn)}
	if err := d.call(ctx, fmt.Sprintf("opening reader %q", reader), "SCardEstablishContext", d.establish); err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

// List is the names of the readers of the pcscd behind socket, asked in its own
// protocol.
func List(ctx context.Context, socket string) ([]string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	c := newClient(conn)
	if err := c.version(); err != nil {
		return nil, fmt.Errorf("asking pcscd for its protocol: %w", err)
	}
	states, err := c.readers()
	if err != nil {
		return nil, fmt.Errorf("asking pcscd for its readers: %w", err)
	}
	names := make([]string, 0, len(states))
	for _, s := range states {
		names = append(names, s.name)
	}
	return names, nil
}

// dialled is one reader at one pcscd, on a connection of its own.
type dialled struct {
	name string

	mu      sync.Mutex // one call at a time
	client  *client
	context uint32
	handle  uint32 // 0 while not connected
	proto   uint32
	broken  error // why the connection is of no further use

	atrMu sync.Mutex
	atr   []byte
}

// establish agrees on a protocol and looks what is in the reader.
func (d *dialled) establish() error {
	if err := d.client.version(); err != nil {
		return err
	}
	var err error
	if d.context, err = d.client.establish(); err != nil {
		return err
	}
	return d.look()
}

// look reads the ATR out of pcscd's list of readers.
func (d *dialled) look() error {
	states, err := d.client.readers()
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.name == d.name {
			d.setATR(s.atr)
			return nil
		}
	}
	return errors.New("pcscd has no such reader")
}

// PowerOn connects if need be, and starts the card cold.
func (d *dialled) PowerOn(ctx context.Context) ([]byte, error) {
	if err := d.call(ctx, "powering on", "SCardReconnect", func() error { return d.restart(unpowerCard) }); err != nil {
		return nil, err
	}
	return d.ATR(), nil
}

// Reset resets the card warm.
func (d *dialled) Reset(ctx context.Context) ([]byte, error) {
	err := d.call(ctx, "resetting", "SCardReconnect", func() error {
		if d.handle == 0 {
			return slot.ErrNotPowered
		}
		return d.restart(resetCard)
	})
	if err != nil {
		return nil, err
	}
	return d.ATR(), nil
}

// restart reconnects. A handle whose card was taken out is of no use any more;
// a cold start then takes a new one.
func (d *dialled) restart(how uint32) (err error) {
	if d.handle != 0 {
		err = d.reconnect(how)
		if errors.Is(err, errRemoved) && how == unpowerCard {
			_ = d.client.disconnect(d.handle, leaveCard) // it is no good
			d.handle = 0
		}
	}
	if d.handle == 0 {
		if d.handle, d.proto, err = d.client.connect(d.context, d.name); err != nil {
			d.handle = 0
			return err
		}
		err = d.reconnect(how)
	}
	if err != nil {
		return err
	}
	return d.look()
}

func (d *dialled) reconnect(how uint32) (err error) {
	proto, err := d.client.reconnect(d.handle, how)
	if err == nil {
		d.proto = proto
	}
	return err
}

// PowerOff disconnects and takes the power away.
func (d *dialled) PowerOff(ctx context.Context) error {
	return d.call(ctx, "powering off", "SCardDisconnect", func() error {
		if d.handle != 0 {
			_ = d.client.disconnect(d.handle, unpowerCard) // an error tells that the handle is no good, which is what we wanted
			d.handle = 0
		}
		return nil
	})
}

// Transmit sends a command APDU. An empty response is what pcscd makes of a
// card that left in mid-command.
func (d *dialled) Transmit(ctx context.Context, command []byte) (response []byte, err error) {
	if len(command) == 0 {
		return nil, errors.New("transmitting: no command")
	}
	err = d.call(ctx, "transmitting", "SCardTransmit", func() error {
		if d.handle == 0 {
			return slot.ErrNotPowered
		}
		response, err = d.client.transmit(d.handle, d.proto, command)
		return err
	})
	if err != nil {
		return nil, err
	}
	switch len(response) {
	case 0:
		d.setATR(nil)
		return nil, fmt.Errorf("transmitting: empty answer: %w", slot.ErrCardGone)
	case 1:
		return nil, fmt.Errorf("transmitting: %w", apdu.ErrShortResponse)
	}
	return response, nil
}

// ATR is what the card last answered.
func (d *dialled) ATR() []byte {
	d.atrMu.Lock()
	defer d.atrMu.Unlock()
	return bytes.Clone(d.atr)
}

func (d *dialled) setATR(atr []byte) {
	d.atrMu.Lock()
	defer d.atrMu.Unlock()
	d.atr = bytes.Clone(atr)
}

// Close leaves the card as it is and the reader to others; twice is no error.
// A call under way is given up.
func (d *dialled) Close() error {
	d.client.conn.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken == nil {
		d.broken = errClosed
	}
	return nil
}

var errClosed = errors.New("reader closed")

// call runs one exchange with pcscd, the PC/SC call of that name, until ctx
// ends but no longer than callMax.
func (d *dialled) call(ctx context.Context, what, name string, exchange func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return fmt.Errorf("%s: %w", what, d.broken)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		d.client.conn.SetDeadline(time.Unix(1, 0))
		close(fired)
	})
	err := exchange()
	if !stop() {
		<-fired
		d.client.conn.SetDeadline(time.Time{})
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, d.translate(ctx, name, err))
}

// translate gives pcscd's errors the names that all slots use. What is none of
// pcscd's return values broke the connection.
func (d *dialled) translate(ctx context.Context, call string, err error) error {
	var code returnValue
	switch {
	case errors.Is(err, slot.ErrNotPowered):
		return err
	case ctx.Err() != nil:
		d.broken = &StuckError{Reader: d.name, Call: call, Cause: ctx.Err()}
		d.client.conn.Close()
		return d.broken
	case !errors.As(err, &code):
		d.broken = fmt.Errorf("lost pcscd: %w", err)
		d.client.conn.Close()
		return d.broken
	}
	switch code {
	case errNoCard:
		d.setATR(nil)
		return fmt.Errorf("%w: %w", slot.ErrNoCard, err)
	case errRemoved, errUnavailable:
		d.setATR(nil)
		return fmt.Errorf("%w: %w", slot.ErrCardGone, err)
	case errUnresponsive:
		return fmt.Errorf("%w: %w", slot.ErrMute, err)
	case errReset:
		return fmt.Errorf("%w: %w", ErrReset, err)
	}
	return err
}
