package vsmartcard

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"kazasu/internal/slot"
)

// Reader is the reader's end of a connection to a card: a slot with that card
// in it. Its methods are those of a slot and may be called by several
// goroutines, one at a time. When ctx ends in mid-command the connection is
// closed, because a late answer would be taken for the next one's: the card is
// gone then.
type Reader struct {
	conn     net.Conn
	in       *bufio.Reader
	quickAck func()

	mu      sync.Mutex // held for an exchange
	powered bool
	gone    error // why the card is gone, nil while it's there

	atrMu sync.Mutex
	atr   []byte
}

// NewReader is the reader for the card at the other end of conn. It doesn't
// speak yet: ATR is nil until [Reader.Probe] or PowerOn asked for it.
func NewReader(conn net.Conn) *Reader {
	r := &Reader{conn: conn, in: bufio.NewReaderSize(conn, readBuffer)}
	var err error
	if r.quickAck, err = quickAck(conn); err != nil {
		r.leave(err)
	}
	return r
}

// Probe asks for the ATR without powering the card: it tells whether a card
// is there at all.
func (r *Reader) Probe(ctx context.Context) (atr []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ask(ctx, "asking for the ATR", controlATR)
}

// PowerOn starts the card cold and returns its answer to reset.
func (r *Reader) PowerOn(ctx context.Context) (atr []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	atr, err = r.ask(ctx, "powering on", controlPowerOff, controlPowerOn, controlATR)
	r.powered = err == nil
	return atr, err
}

// Reset resets the card warm and returns its answer to reset. A card that
// isn't powered is an error.
func (r *Reader) Reset(ctx context.Context) (atr []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone == nil && !r.powered {
		return nil, fmt.Errorf("resetting: %w", slot.ErrNotPowered)
	}
	return r.ask(ctx, "resetting", controlReset, controlATR)
}

// PowerOff ends the session.
func (r *Reader) PowerOff(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.powered = false
	if r.gone != nil {
		return nil // a card that is gone has no power
	}
	return r.exchange(ctx, "powering off", func() error { return r.send(controlPowerOff) })
}

// ATR is what the card last answered, nil when it was never asked or is gone.
func (r *Reader) ATR() []byte {
	r.atrMu.Lock()
	defer r.atrMu.Unlock()
	return bytes.Clone(r.atr)
}

// Transmit sends a command APDU, 2 to MaxFrame bytes, and returns the
// response. The protocol can't carry a command of one byte: it would be an
// order to the slot.
func (r *Reader) Transmit(ctx context.Context, command []byte) (response []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.gone == nil && !r.powered:
		return nil, fmt.Errorf("transmitting: %w", slot.ErrNotPowered)
	case len(command) == 1:
		return nil, fmt.Errorf("transmitting: %w", ErrOneByte)
	}
	frame, err := AppendFrame(nil, command)
	if err != nil {
		return nil, fmt.Errorf("transmitting: %w", err)
	}
	err = r.exchange(ctx, "transmitting", func() error {
		if _, err := r.conn.Write(frame); err != nil {
			return err
		}
		response, err = r.receive()
		return err
	})
	return response, err
}

// ErrOneByte says that a command has one byte, which a frame can't carry.
var ErrOneByte = errors.New("a command of one byte can't be framed")

// Close takes the card away and closes the connection; twice is no error.
func (r *Reader) Close() error {
	r.conn.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leave(net.ErrClosed)
	return nil
}

// ask sends control bytes, the last of which is controlATR, in one write, and
// returns the ATR. The caller holds mu.
func (r *Reader) ask(ctx context.Context, what string, orders ...byte) (atr []byte, err error) {
	err = r.exchange(ctx, what, func() error {
		if err := r.send(orders...); err != nil {
			return err
		}
		atr, err = r.receive()
		return err
	})
	if err != nil {
		return nil, err
	}
	r.setATR(bytes.Clone(atr))
	return atr, nil
}

// send writes one frame for each order, all in one write.
func (r *Reader) send(orders ...byte) error {
	var out []byte
	for _, order := range orders {
		out = append(out, 0x00, 0x01, order)
	}
	_, err := r.conn.Write(out)
	return err
}

// receive reads one answer.
func (r *Reader) receive() ([]byte, error) {
	return readFrame(r.in, func(length int) {
		if r.in.Buffered() < length {
			r.quickAck()
		}
	})
}

// exchange talks to the card and gives way when ctx ends. The caller holds mu.
func (r *Reader) exchange(ctx context.Context, what string, talk func() error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if r.gone != nil {
		return fmt.Errorf("%s: %w", what, r.gone)
	}
	stop := context.AfterFunc(ctx, func() { r.conn.SetDeadline(longAgo) })
	err := talk()
	if stop() && err == nil {
		return nil
	}
	if ctx.Err() != nil {
		r.leave(ctx.Err())
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	r.leave(err)
	return fmt.Errorf("%s: %w", what, r.gone)
}

// longAgo as a deadline ends a read or write that is waiting.
var longAgo = time.Unix(1, 0)

// leave notes that the card is gone and why. The caller holds mu.
func (r *Reader) leave(why error) {
	r.conn.Close()
	r.powered = false
	r.setATR(nil)
	if r.gone == nil {
		r.gone = gone(why)
	}
}

// gone is the error for a card that left.
func gone(why error) error {
	if errors.Is(why, io.EOF) || errors.Is(why, net.ErrClosed) {
		return slot.ErrCardGone
	}
	return fmt.Errorf("%w: %w", slot.ErrCardGone, why)
}

func (r *Reader) setATR(atr []byte) {
	r.atrMu.Lock()
	defer r.atrMu.Unlock()
	r.atr = atr
}
