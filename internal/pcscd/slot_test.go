//go:build linux

package pcscd_test

import (
	"context"
	"net"
	"testing"

	"kazasu/internal/apdu/apdutest"
	"kazasu/internal/slot"
	"kazasu/vsmartcard"
)

// TestSlotOverTCP: the emulated card, presented by us to a reader of ours,
// passes the suite that any slot passes.
func TestSlotOverTCP(t *testing.T) {
	l, err := vsmartcard.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	apdutest.TestSlot(t, func(t *testing.T) slot.Slot {
		_, _, card := issue(t, "hanako")
		return presented(t, l, card)
	})
}

// presented is a reader of ours with a card in it.
func presented(t testing.TB, l *vsmartcard.Listener, card vsmartcard.Card) *vsmartcard.Reader {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	go func() {
		defer close(done)
		vsmartcard.Present(ctx, dial, card, vsmartcard.Options{})
	}()
	t.Cleanup(func() { cancel(); <-done })
	r, err := l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}
