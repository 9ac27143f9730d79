package bench

import (
	"context"
	"fmt"
	"net"
	"sync"

	"kazasu/internal/slot"
	"kazasu/vsmartcard"
)

// LinkedCard is a fresh card of a holder behind a link of its own: presented
// over TCP on loopback, with a reader of ours at the other end, whatever the
// rig's path is. The card's control has the link's faults. When the link
// breaks, the card comes back by itself, and the next PowerOn takes it.
func (b *Bench) LinkedCard(ctx context.Context, holder, profile string) (card slot.Slot, control CardControl, release func(), err error) {
	c, err := b.freshCard(holder, profile)
	if err != nil {
		return nil, nil, nil, err
	}
	forget := func() { b.lies.forget(c.control) }
	listener, err := vsmartcard.Listen(ctx, loopback+":0")
	if err != nil {
		forget()
		return nil, nil, nil, fmt.Errorf("linking %s's card: %w", holder, err)
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
	}
	presenting, cancel := context.WithCancel(b.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		// it ends with its context and no other error
		_ = vsmartcard.Present(presenting, dial, c.slot, b.linkOptions(c.control))
	}()
	linked := &linkedSlot{listener: listener}
	return linked, c.control, sync.OnceFunc(func() {
		cancel()
		<-done
		linked.close()
		if err := listener.Close(); err != nil {
			b.log("closing link: %v", err)
		}
		forget()
	}), nil
}

// linkedSlot is a reader that takes the card again after the link broke.
type linkedSlot struct {
	listener *vsmartcard.Listener

	mu     sync.Mutex
	reader *vsmartcard.Reader // nil while there is no card
}

// PowerOn waits for the card if need be, and starts it cold.
func (l *linkedSlot) PowerOn(ctx context.Context) ([]byte, error) {
	reader := l.current()
	if reader != nil {
		atr, err := reader.PowerOn(ctx)
		if err == nil {
			return atr, nil
		}
		l.drop(reader)
	}
	reader, err := l.listener.Accept(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", slot.ErrNoCard, err)
	}
	l.mu.Lock()
	l.reader = reader
	l.mu.Unlock()
	return reader.PowerOn(ctx)
}

// Reset is a warm reset.
func (l *linkedSlot) Reset(ctx context.Context) ([]byte, error) {
	if reader := l.current(); reader != nil {
		return reader.Reset(ctx)
	}
	return nil, slot.ErrNoCard
}

// PowerOff ends the session.
func (l *linkedSlot) PowerOff(ctx context.Context) error {
	if reader := l.current(); reader != nil {
		return reader.PowerOff(ctx)
	}
	return nil
}

// ATR is what the card last answered.
func (l *linkedSlot) ATR() []byte {
	if reader := l.current(); reader != nil {
		return reader.ATR()
	}
	return nil
}

// Transmit sends one command.
func (l *linkedSlot) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if reader := l.current(); reader != nil {
		return reader.Transmit(ctx, command)
	}
	return nil, slot.ErrNoCard
}

func (l *linkedSlot) current() *vsmartcard.Reader {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reader
}

func (l *linkedSlot) drop(reader *vsmartcard.Reader) {
	reader.Close()
	l.mu.Lock()
	if l.reader == reader {
		l.reader = nil
	}
	l.mu.Unlock()
}

func (l *linkedSlot) close() {
	if reader := l.current(); reader != nil {
		l.drop(reader)
	}
}
