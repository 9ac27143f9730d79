package pcsc

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"kazasu/internal/slot"
)

// TestTurn: a call that doesn't return frees its caller, keeps the turn, and
// gives it back when it returns.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, stuck := newTurn(), make(chan struct{})
		within := func(d time.Duration, call func()) bool {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return turns.do(ctx, call)
		}
		start := time.Now()
		if within(time.Second, func() { <-stuck }) {
			t.Error("a call that hangs has returned")
		}
		if within(time.Second, func() { t.Error("two calls at once") }) {
			t.Error("a call ran while another was stuck")
		}
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("callers were freed after %v, want 1s each", waited)
		}
		close(stuck)
		ran := false
		if !within(time.Second, func() { ran = true }) || !ran {
			t.Error("the turn was not given back")
		}
	})
}

func TestStuckError(t *testing.T) {
	err := error(&StuckError{Reader: "Kazasu 00 00", Call: "SCardTransmit", Cause: context.DeadlineExceeded})
	if want := `reader "Kazasu 00 00" is stuck in SCardTransmit: context deadline exceeded`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if !errors.Is(err, slot.ErrMute) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error("a StuckError is a mute card and a context's end")
	}
}
