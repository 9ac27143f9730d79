package vsmartcard

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// Listener waits for cards that connect to us: the remote-reader app on a
// phone, jCardSim, another machine's Present.
type Listener struct {
	tcp       *net.TCPListener
	closeOnce sync.Once
	closeErr  error
}

// Listen listens on a TCP address such as "127.0.0.1:0". The protocol has no
// authentication: an address that isn't loopback lets anybody be the card.
func Listen(ctx context.Context, address string) (*Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for a card: %w", err)
	}
	return &Listener{tcp: l.(*net.TCPListener)}, nil
}

// Addr is where cards connect to.
func (l *Listener) Addr() net.Addr { return l.tcp.Addr() }

// Accept waits for the next card and returns it with its ATR known. It is
// called by one goroutine at a time.
func (l *Listener) Accept(ctx context.Context) (*Reader, error) {
	if err := l.tcp.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("waiting for a card: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { l.tcp.SetDeadline(longAgo) })
	conn, err := l.tcp.Accept()
	stop()
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("waiting for a card: %w", err)
	}
	r := NewReader(conn)
	if _, err := r.Probe(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close stops listening; cards already accepted stay. Twice is no error.
func (l *Listener) Close() error {
	l.closeOnce.Do(func() { l.closeErr = l.tcp.Close() })
	return l.closeErr
}
