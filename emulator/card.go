package emulator

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"kazasu/internal/apdu"
	"kazasu/internal/slot"
)

// Clock gives the timers for delays. A bench passes its own.
type Clock interface {
	Now() time.Time
	NewTimer(d time.Duration) *time.Timer
}

// State keeps what the card must not forget: one blob. Load returns nil, nil
// when nothing was saved yet. Save must be atomic: after a crash Load returns
// the old blob or the new one.
type State interface {
	Load() ([]byte, error)
	Save(blob []byte) error
}

// Options are what a card needs from outside. The zero value forgets its PIN
// tries with the process and takes time and randomness from the system.
type Options struct {
	State State     // nil: counters live in memory only
	Clock Clock     // nil: the system's
	Rand  io.Reader // nil: crypto/rand; for GET CHALLENGE and PSS salts
}

// Card is one card in its slot: the five methods of a slot, and what an
// administrator does to it. Commands run one at a time; every method may be
// called from any goroutine.
type Card struct {
	profile Profile
	state   State
	clock   Clock
	rand    io.Reader

	mu      sync.Mutex
	powered bool
	gone    chan struct{} // closed when power goes or a reset comes
	session session
	memory  memory
	faults  Faults
}

// New makes a card of this profile, not powered, with the PIN tries that its
// State remembers. A State that holds something else than this card's blob is
// an error.
func New(p Profile, o Options) (*Card, error) {
	if p.issue == nil {
		return nil, errors.New("making card: the profile is empty, Build makes one")
	}
	c := &Card{profile: p, state: o.State, clock: o.Clock, rand: o.Rand}
	c.profile.ATR = bytes.Clone(p.ATR)
	if c.clock == nil {
		c.clock = systemClock{}
	}
	if c.rand == nil {
		c.rand = rand.Reader
	}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("loading state of card %s: %w", p.serial, err)
	}
	return c, nil
}

// String names profile and serial; a Card never prints what is inside.
func (c *Card) String() string { return c.profile.String() }

// Format prints String for every verb.
func (c *Card) Format(s fmt.State, _ rune) { fmt.Fprint(s, c.String()) }

// PowerOn is a cold start: it returns the answer to reset, and the session is
// new.
func (c *Card) PowerOn(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("powering on: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupt()
	c.session = session{}
	c.powered, c.gone = true, make(chan struct{})
	return c.ATR(), nil
}

// Reset is a warm reset: it returns the answer to reset. Nothing is selected
// afterwards. PIN status stays, as measured on real cards (card's profile
// "strict-reset": it goes, as ISO/IEC 7816-4 has it).
func (c *Card) Reset(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("resetting: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.powered {
		return nil, fmt.Errorf("resetting: %w", slot.ErrNotPowered)
	}
	c.interrupt()
	c.gone = make(chan struct{})
	c.session = c.session.afterWarmReset(c.profile.strictReset)
	return c.ATR(), nil
}

// PowerOff ends the session. In the middle of a command it is the tear: who
// waits for an answer gets none. Powering off twice is no error.
func (c *Card) PowerOff(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupt()
	c.powered, c.session = false, session{}
	return nil
}

// interrupt wakes whoever waits for an answer that won't come.
func (c *Card) interrupt() {
	if c.gone != nil {
		close(c.gone)
		c.gone = nil
	}
}

// ATR is the answer to reset, powered or not.
func (c *Card) ATR() []byte { return bytes.Clone(c.profile.ATR) }

// Transmit runs one command APDU and returns the response APDU. An error
// means that there was no answer: power off, a mute card, ctx ended, or a
// State that can't be written.
func (c *Card) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sending command: %w", err)
	}
	c.mu.Lock()
	if !c.powered {
		c.mu.Unlock()
		return nil, fmt.Errorf("sending command: %w", slot.ErrNotPowered)
	}
	if c.faults.Mute {
		gone := c.gone
		c.mu.Unlock()
		return nil, hang(ctx, gone)
	}
	response, err := c.run(command)
	delay, gone := c.faults.Slow, c.gone
	c.mu.Unlock()
	if delay > 0 && err == nil {
		err = c.wait(ctx, gone, delay)
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}

// run does one command while the lock is held.
func (c *Card) run(raw []byte) ([]byte, error) {
	command, err := apdu.Parse(raw)
	if err != nil {
		return answer(nil, apdu.WrongLength), nil
	}
	if c.session.secure != nil && (command.CLA == classSecured || command.CLA == classWrapped) {
		response, err := c.runSecured(command)
		if err != nil {
			return nil, fmt.Errorf("running secured command %02X: %w", command.INS, err)
		}
		return answer(response.Data, response.Status), nil
	}
	row, refusal := lookUp(command.CLA, command.INS)
	if row == nil {
		return answer(nil, refusal), nil
	}
	response, err := row.run(c, command)
	if err != nil {
		return nil, fmt.Errorf("running %s: %w", row.name, err)
	}
	return answer(response.Data, response.Status), nil
}

// answer writes a response APDU in one allocation.
func answer(data []byte, status apdu.Status) []byte {
	return apdu.Response{Data: data, Status: status}.Append(make([]byte, 0, len(data)+2))
}

// status is a response without data.
func status(s apdu.Status) apdu.Response { return apdu.Response{Status: s} }

// systemClock is the machine's clock.
type systemClock struct{}

func (systemClock) Now() time.Time                       { return time.Now() }
func (systemClock) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }
