// Package pcsc is a slot over PC/SC: any reader that the machine's PC/SC
// service, or a private pcscd, lists by name.
//
// It is thin. PowerOn connects, shared, and starts the card cold; Reset is a
// warm reset; Transmit is SCardTransmit. There are two ways to a reader.
//
// [Open] goes through the system's own library, on any system. A call into it
// can't be taken back, so each runs on its own: when its time is over the
// caller is freed with a [StuckError], and the reader is unusable until the
// call returns. It needs cgo and libpcsclite's headers, so it is built in with
// the tag pcsc only; without it Open and Readers return [ErrNotBuilt].
//
// [Dial] speaks pcscd's own protocol on its socket, as the library does. It
// needs nothing to be built, can give up a call, and takes two thirds of the
// time, since a call changes no thread and a response has no buffer of 64 kB.
// The private pcscd of a bench is reached this way.
package pcsc

import (
	"errors"
	"fmt"
	"io"
	"time"

	"kazasu/internal/slot"
)

// Slot is an open reader. It serialises its calls. ATR is what the card last
// answered when it was powered on or reset, or when Open found it there.
type Slot interface {
	slot.Slot
	io.Closer
}

// ErrReset says that another program reset the card: its session is gone.
// PowerOn or Reset starts a new one.
var ErrReset = errors.New("another program reset the card")

// StuckError says that a call into PC/SC didn't return in time. It is a
// [slot.ErrMute] and the context's error.
type StuckError struct {
	Reader string
	Call   string // "SCardTransmit"
	Cause  error  // the context's error
}

func (e *StuckError) Error() string {
	return fmt.Sprintf("reader %q is stuck in %s: %v", e.Reader, e.Call, e.Cause)
}

func (e *StuckError) Unwrap() []error { return []error{slot.ErrMute, e.Cause} }

// notBuilt is the type of ErrNotBuilt.
type notBuilt struct{}

func (notBuilt) Error() string { return "built without PC/SC" }

// Hint is what to do about it.
func (notBuilt) Hint() string {
	return "install libpcsclite-dev and build with: go build -tags pcsc (make does it where the headers are)"
}

// ErrNotBuilt says that this binary was built without PC/SC.
var ErrNotBuilt error = notBuilt{}

// callMax is how long any call may take, whatever the caller's context says.
// Readers with a contactless card are known to wait 201 s for a dead one.
const callMax = 4 * time.Minute
