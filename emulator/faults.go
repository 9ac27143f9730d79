package emulator

import (
	"context"
	"fmt"
	"time"

	"kazasu/internal/slot"
)

// Faults are the lies of the card's inside. The zero value is honest.
type Faults struct {
	WrongSignature        bool          `fault:"answers every signature with one bit flipped"`
	SwappedCertificate    bool          `fault:"hands out an auth certificate that is not of its key"`
	CounterNotDecremented bool          `fault:"takes no try off when a PIN is wrong"`
	Mute                  bool          `fault:"takes every command and answers none"`
	Slow                  time.Duration `fault:"answers every command late"`
}

// SetFaults replaces the faults; they act from the next command on.
func (c *Card) SetFaults(f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = f
}

// Faults are those that are on.
func (c *Card) Faults() Faults {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults
}

// hang is a mute card: the command was taken and never runs. It ends with
// ctx, or when somebody cuts the power or resets.
func hang(ctx context.Context, gone <-chan struct{}) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("waiting for the answer: %w: %w", slot.ErrMute, ctx.Err())
	case <-gone:
		return fmt.Errorf("waiting for the answer: %w", slot.ErrCardGone)
	}
}

// wait holds an answer back for d.
func (c *Card) wait(ctx context.Context, gone <-chan struct{}, d time.Duration) error {
	timer := c.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the answer: %w", ctx.Err())
	case <-gone:
		return fmt.Errorf("waiting for the answer: %w", slot.ErrCardGone)
	}
}
