package vsmartcard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestPresentBacksOff: nobody listens for a minute.
func TestPresentBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var dialled []time.Duration
		start := time.Now()
		dial := func(context.Context) (net.Conn, error) {
			dialled = append(dialled, time.Since(start))
			return nil, errors.New("connection refused")
		}
		var said []string
		log := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
		err := Present(ctx, dial, &fakeCard{}, Options{Log: log})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Present: %v, want the context's error", err)
		}
		want := []time.Duration{0, 50, 150, 350, 750, 1550, 3150, 5150, 7150}
		for i := range want {
			if i < len(dialled) && dialled[i] != want[i]*time.Millisecond {
				t.Errorf("dial %d at %v, want %v", i+1, dialled[i], want[i]*time.Millisecond)
			}
		}
		if len(dialled) < 30 || len(dialled) > 40 {
			t.Errorf("%d dials in a minute, want about 35", len(dialled))
		}
		if len(said) != 1 {
			t.Errorf("said %q, want the same trouble told once", said)
		}
	})
}

// TestPresentComesBack: the driver restarts, and then one that listens but
// hangs up at once: never a busy loop.
func TestPresentComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		readers := make(chan net.Conn)
		dials := 0
		dial := func(ctx context.Context) (net.Conn, error) {
			dials++
			ours, theirs := net.Pipe()
			readers <- ours
			return theirs, nil
		}
		var said []string
		log := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
		card := &fakeCard{response: []byte{0x90, 0}}
		result := make(chan error, 1)
		go func() { result <- Present(ctx, dial, card, Options{Log: log}) }()

		start := time.Now()
		for range 3 {
			conn := <-readers
			write(t, conn, "0001 01 0004 00A40000")
			expect(t, conn, "0002 9000")
			conn.Close()
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("three sessions took %v, want two pauses of 500ms", waited)
		}
		for range 20 {
			(<-readers).Close()
		}
		if waited := time.Since(start); waited != 11*time.Second {
			t.Errorf("after %v, want a pause of 500ms before each dial", waited)
		}
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("Present: %v, want %v", err, context.Canceled)
		}
		if dials != 23 {
			t.Errorf("%d dials, want 23", dials)
		}
		if want := "on 00A40000 off on 00A40000 off on 00A40000 off"; !strings.HasPrefix(card.read(), want) {
			t.Errorf("card saw %q, want %q first", card.read(), want)
		}
		if !strings.Contains(strings.Join(said, "\n"), "the reader closed the connection") {
			t.Errorf("said %q, want the reason for leaving", said)
		}
	})
}

// TestPresentTakesOut: ending the context takes the card out of the reader in
// the middle of a command.
func TestPresentTakesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ours, theirs := net.Pipe()
		dial := func(context.Context) (net.Conn, error) { return theirs, nil }
		result := make(chan error, 1)
		go func() { result <- Present(ctx, dial, &fakeCard{transmit: mute}, Options{}) }()
		write(t, ours, "0004 00A40000")
		cancel()
		expectClosed(t, ours)
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("Present: %v, want %v", err, context.Canceled)
		}
	})
}
