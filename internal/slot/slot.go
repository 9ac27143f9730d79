// Package slot is the seam between whoever has a card and whoever uses one.
//
// The emulator, a peer behind a vpcd connection, a CCID reader of ours and a
// real reader behind PC/SC are all a [Slot]. Bytes cross it, not parsed
// commands, because malformed commands must travel too. A status word is an
// answer; an error means that the link failed and no answer came.
package slot

import (
	"context"
	"errors"
)

// Slot is a card in its reader.
//
// A slot has one owner at a time: callers don't overlap their calls unless an
// implementation says that it serialises them. Every method gives way when
// ctx ends and then returns an error that wraps ctx.Err().
type Slot interface {
	// PowerOn is a cold start: it returns the answer to reset, and all
	// volatile state of the card is gone.
	PowerOn(ctx context.Context) (atr []byte, err error)

	// Reset is a warm reset: it returns the answer to reset. What it clears
	// is the card profile's matter.
	Reset(ctx context.Context) (atr []byte, err error)

	// PowerOff ends the session. Powering off twice is no error.
	PowerOff(ctx context.Context) error

	// ATR is the answer to reset of the card that is present, powered or
	// not; nil when the slot is empty.
	ATR() []byte

	// Transmit sends one command APDU and returns the response APDU, at
	// least two bytes. The response belongs to the caller.
	Transmit(ctx context.Context, command []byte) (response []byte, err error)
}

// Errors that every Slot uses for the ways in which a link fails. They are
// wrapped with what was going on; test with errors.Is.
var (
	// ErrNoCard says that there is no card in the slot.
	ErrNoCard = errors.New("no card in the slot")
	// ErrNotPowered says that the card was not powered on.
	ErrNotPowered = errors.New("card not powered")
	// ErrCardGone says that the card left while it was being used.
	ErrCardGone = errors.New("card gone")
	// ErrMute says that the card gave no answer in time.
	ErrMute = errors.New("card gave no answer")
)

// Presence tells that a card came or went.
type Presence struct {
	// Number counts insertions in this slot from 1; 0 when the slot is
	// empty. A new number makes every handle to the old card invalid.
	Number int
	// ATR of the card that is there, nil when the slot is empty.
	ATR []byte
}

// Watcher is a Slot that can see cards come and go. The channel first tells
// what is there now, then each change, and closes when ctx ends.
type Watcher interface {
	Watch(ctx context.Context) <-chan Presence
}
