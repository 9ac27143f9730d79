package vsmartcard

import (
	"context"
	"fmt"
	"net"
	"time"
)

// How long Present waits before it dials again.
const (
	// A driver looks every 400 ms whether its card is still there
	// (PCSCLITE_STATUS_POLL_RATE); coming back sooner would go unnoticed,
	// and the reader's clients would go on with a card that was reset.
	pauseAfterCard = 500 * time.Millisecond
	// Dialling where nobody listens: from pauseMin, doubled each time.
	pauseMin = 50 * time.Millisecond
	pauseMax = 2 * time.Second
)

// Present keeps the card in a reader: it dials, serves the card, and when the
// connection ends dials again with back-off, until ctx ends; it returns
// ctx.Err() then. Ending ctx takes the card out of the reader.
func Present(ctx context.Context, dial func(ctx context.Context) (net.Conn, error), card Card, o Options) error {
	o = o.withDefaults()
	p := presenter{Options: o, dial: dial, card: card}
	for ctx.Err() == nil {
		p.once(ctx)
		if err := pauseFor(ctx, o.Clock, p.pause); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// presenter remembers between two connections how long to wait and what was
// already said.
type presenter struct {
	Options
	dial  func(ctx context.Context) (net.Conn, error)
	card  Card
	pause time.Duration // before the next dial
	said  string        // the last trouble told to Log
}

// once dials and serves, and sets the pause that follows.
func (p *presenter) once(ctx context.Context) {
	conn, err := p.dial(ctx)
	if err != nil {
		p.trouble(ctx, fmt.Sprintf("reaching the reader: %v", err))
		p.pause = min(max(2*p.pause, pauseMin), pauseMax)
		return
	}
	p.Log("card in the reader at %v", conn.RemoteAddr())
	p.said = ""
	if err := Serve(ctx, conn, p.card, p.Options); err != nil {
		p.trouble(ctx, fmt.Sprintf("card out of the reader: %v", err))
	} else {
		p.trouble(ctx, "card out of the reader: the reader closed the connection")
	}
	p.pause = pauseAfterCard
}

// trouble tells Log once, not at each of a hundred attempts; an ending
// context is no trouble.
func (p *presenter) trouble(ctx context.Context, text string) {
	if ctx.Err() == nil && text != p.said {
		p.Log("%s", text)
	}
	p.said = text
}

// pauseFor waits d, or until ctx ends.
func pauseFor(ctx context.Context, clock Clock, d time.Duration) error {
	timer := clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
