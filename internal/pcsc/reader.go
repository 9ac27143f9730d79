//go:build pcsc && (cgo || windows)

package pcsc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ebfe/scard"

	"kazasu/internal/apdu"
	"kazasu/internal/slot"
)

// reader is one reader of one pcscd.
type reader struct {
	name    string
	context *scard.Context
	turn    turn
	card    *scard.Card // nil while not connected; of whoever has the turn

	mu     sync.Mutex
	atr    []byte
	busy   string // the call that has the turn
	closed bool
}

// Open opens a reader by name, whether or not a card is in it. socket is a
// value for PCSCLITE_CSOCK_NAME, or "" for the system's pcscd.
func Open(ctx context.Context, socket, name string) (Slot, error) {
	c, err := newContext(ctx, socket)
	if err != nil {
		return nil, fmt.Errorf("opening reader %q: %w", name, err)
	}
	r := &reader{name: name, context: c, turn: newTurn()}
	if err := r.look(ctx); err != nil {
		r.Close()
		return nil, fmt.Errorf("opening reader %q: %w", name, err)
	}
	return r, nil
}

// look asks pcscd what is in the reader.
func (r *reader) look(ctx context.Context) error {
	return r.call(ctx, "SCardGetStatusChange", func() error {
		states := []scard.ReaderState{{Reader: r.name, CurrentState: scard.StateUnaware}}
		if err := r.context.GetStatusChange(states, 0); err != nil {
			return err
		}
		if states[0].EventState&(scard.StateUnknown|scard.StateIgnore) != 0 {
			return scard.ErrUnknownReader
		}
		if states[0].EventState&scard.StatePresent != 0 {
			r.setATR(states[0].Atr)
		}
		return nil
	})
}

// PowerOn connects if need be, and starts the card cold.
func (r *reader) PowerOn(ctx context.Context) (atr []byte, err error) {
	return r.restart(ctx, "powering on", scard.UnpowerCard)
}

// Reset resets the card warm.
func (r *reader) Reset(ctx context.Context) (atr []byte, err error) {
	return r.restart(ctx, "resetting", scard.ResetCard)
}

func (r *reader) restart(ctx context.Context, what string, how scard.Disposition) ([]byte, error) {
	results := make(chan []byte, 1)
	err := r.call(ctx, "SCardReconnect", func() error {
		if how == scard.ResetCard && r.card == nil {
			return slot.ErrNotPowered
		}
		atr, err := r.reconnect(how)
		results <- atr
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return <-results, nil
}

// reconnect has the turn. A handle whose card was taken out is of no use any
// more; a cold start then takes a new one.
func (r *reader) reconnect(how scard.Disposition) (atr []byte, err error) {
	if r.card != nil {
		err = r.card.Reconnect(scard.ShareShared, scard.ProtocolAny, how)
		if errors.Is(err, scard.ErrRemovedCard) && how == scard.UnpowerCard {
			r.disconnect(scard.LeaveCard)
		}
	}
	if r.card == nil {
		if err = r.connect(); err == nil {
			err = r.card.Reconnect(scard.ShareShared, scard.ProtocolAny, how)
		}
	}
	if err != nil {
		return nil, err
	}
	status, err := r.card.Status()
	if err != nil {
		return nil, err
	}
	r.setATR(status.Atr)
	return status.Atr, nil
}

func (r *reader) connect() (err error) {
	r.card, err = r.context.Connect(r.name, scard.ShareShared, scard.ProtocolAny)
	return err
}

// disconnect has the turn. An error tells that the handle is no good, which
// is what we wanted.
func (r *reader) disconnect(how scard.Disposition) {
	if r.card != nil {
		_ = r.card.Disconnect(how)
		r.card = nil
	}
}

// PowerOff disconnects and takes the power away.
func (r *reader) PowerOff(ctx context.Context) error {
	err := r.call(ctx, "SCardDisconnect", func() error {
		r.disconnect(scard.UnpowerCard)
		return nil
	})
	if err != nil {
		return fmt.Errorf("powering off: %w", err)
	}
	return nil
}

// ATR is what the card last answered.
func (r *reader) ATR() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.atr)
}

func (r *reader) setATR(atr []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.atr = bytes.Clone(atr)
}

// Transmit sends a command APDU. An empty response is what pcscd makes of a
// card that left in mid-command.
func (r *reader) Transmit(ctx context.Context, command []byte) (response []byte, err error) {
	if len(command) == 0 {
		return nil, errors.New("transmitting: no command")
	}
	command = bytes.Clone(command) // ours until the call returns
	results := make(chan []byte, 1)
	err = r.call(ctx, "SCardTransmit", func() error {
		if r.card == nil {
			return slot.ErrNotPowered
		}
		response, err := r.card.Transmit(command)
		results <- response
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("transmitting: %w", err)
	}
	switch response = <-results; len(response) {
	case 0:
		r.setATR(nil)
		return nil, fmt.Errorf("transmitting: empty answer: %w", slot.ErrCardGone)
	case 1:
		return nil, fmt.Errorf("transmitting: %w", apdu.ErrShortResponse)
	}
	return bytes.Clone(response), nil // out of a buffer of 64 kB
}

// closeMax is how long Close waits for a reader that is stuck; it is released
// later then, when it comes back.
const closeMax = time.Second

// Close leaves the card as it is and the reader to others; twice is no error.
func (r *reader) Close() error {
	if r.closeOnce() {
		return nil
	}
	released := make(chan struct{})
	go func() {
		r.turn <- struct{}{}
		r.disconnect(scard.LeaveCard)
		r.context.Release()
		<-r.turn
		close(released)
	}()
	timer := time.NewTimer(closeMax)
	defer timer.Stop()
	select {
	case <-released:
		return nil
	case <-timer.C:
		return &StuckError{Reader: r.name, Call: r.isBusy(), Cause: context.DeadlineExceeded}
	}
}

// closeOnce closes the door for new calls, and says whether it was closed.
func (r *reader) closeOnce() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.closed
	r.closed = true
	return before
}

// call runs one call into PC/SC in its turn and within its time.
func (r *reader) call(ctx context.Context, name string, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !r.isOpen() {
		return errors.New("reader closed")
	}
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	errs := make(chan error, 1)
	if !r.turn.do(ctx, func() { r.setBusy(name); errs <- f() }) {
		return &StuckError{Reader: r.name, Call: r.isBusy(), Cause: ctx.Err()}
	}
	return r.translate(<-errs)
}

func (r *reader) isOpen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.closed
}

func (r *reader) setBusy(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = call
}

func (r *reader) isBusy() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busy
}

// translate gives PC/SC's errors the names that all slots use.
func (r *reader) translate(err error) error {
	var code scard.Error
	if !errors.As(err, &code) {
		return err
	}
	switch code {
	case scard.ErrNoSmartcard:
		r.setATR(nil)
		return fmt.Errorf("%w: %w", slot.ErrNoCard, err)
	case scard.ErrRemovedCard, scard.ErrReaderUnavailable:
		r.setATR(nil)
		return fmt.Errorf("%w: %w", slot.ErrCardGone, err)
	case scard.ErrUnresponsiveCard:
		return fmt.Errorf("%w: %w", slot.ErrMute, err)
	case scard.ErrResetCard:
		return fmt.Errorf("%w: %w", ErrReset, err)
	}
	return err
}
