package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"kazasu/internal/pcsc"
	"kazasu/internal/pcscd"
	"kazasu/internal/slot"
	"kazasu/vsmartcard"
)

// rack is a pcscd with its vpcd readers, of a rig whose reader is vpcd: seat 0
// is the rig's own slot, the others are for cards that come and go. A pcscd
// that ends by itself is started again: revive.go.
type rack struct {
	bench   *Bench
	socket  string
	readers []string // by seat
	free    chan int // seats that nobody has

	mu     sync.Mutex
	daemon *pcscd.Daemon
	lost   error         // why no pcscd comes back
	change chan struct{} // closed when daemon or lost changes
}

// rackSeats is how many readers a private pcscd gets.
const rackSeats = 4

// newRack starts pcscd.
func newRack(ctx context.Context, b *Bench, system bool) (*rack, error) {
	daemon, err := pcscd.Start(ctx, pcscd.Config{Dir: b.folder.path, Slots: rackSeats, System: system})
	if err != nil {
		return nil, fmt.Errorf("starting pcscd: %w", err)
	}
	r := &rack{
		bench: b, socket: daemon.Socket(), readers: daemon.Readers(),
		free:   make(chan int, len(daemon.Readers())),
		daemon: daemon, change: make(chan struct{}),
	}
	for seat := range r.readers {
		if seat != traySeat {
			r.free <- seat
		}
	}
	b.work.start(func() { r.watch(b.ctx) })
	return r, nil
}

// put presents a card to the reader of a seat until stop, which waits until
// the card is out.
func (r *rack) put(seat int, card held) (stop func()) {
	ctx, cancel := context.WithCancel(r.bench.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		dial := func(ctx context.Context) (net.Conn, error) { return r.dial(ctx, seat) }
		// it ends with ctx and no other error
		_ = vsmartcard.Present(ctx, dial, card.slot, r.bench.linkOptions(card.control))
	}()
	return func() {
		cancel()
		<-done
	}
}

func (b *Bench) linkOptions(c *control) vsmartcard.Options {
	return vsmartcard.Options{Link: c.link, Clock: b.clock, Log: b.log}
}

// Times of waiting for pcscd to see that a card came: it looks every 400 ms.
// While one card takes another's place, its errors come and go.
const (
	seatPause = 20 * time.Millisecond
	seatTime  = 5 * time.Second
)

// open is the reader of a seat, as any PC/SC program has it. It returns when
// the card there has answered, or its time is over.
func (r *rack) open(ctx context.Context, seat int) (slot.Slot, func(), error) {
	name := r.readers[seat]
	if _, err := r.running(ctx); err != nil {
		return nil, nil, err
	}
	s, err := pcsc.Dial(ctx, r.socket, name)
	if err != nil {
		return nil, nil, err
	}
	closeSlot := sync.OnceFunc(func() {
		r.bench.powerOff(s)
		if err := s.Close(); err != nil {
			r.bench.log("closing reader %s: %v", name, err)
		}
	})
	ctx, cancel := context.WithTimeout(ctx, seatTime)
	defer cancel()
	for {
		_, err := s.PowerOn(ctx)
		if err == nil {
			return s, closeSlot, nil
		}
		if r.bench.pause(ctx, seatPause) != nil {
			closeSlot()
			return nil, nil, fmt.Errorf("waiting for the card in reader %s: %w", name, err)
		}
	}
}

// seen waits until pcscd tells that a card is in the reader of a seat, or that
// none is: a program that asks it then finds what we put there.
func (r *rack) seen(ctx context.Context, seat int, there bool) error {
	ctx, cancel := context.WithTimeout(ctx, seatTime)
	defer cancel()
	for {
		s, err := pcsc.Dial(ctx, r.socket, r.readers[seat])
		if err == nil {
			present := s.ATR() != nil
			if err = s.Close(); err == nil && present == there {
				return nil
			}
		}
		if r.bench.pause(ctx, seatPause) != nil {
			return fmt.Errorf("waiting for pcscd to look into reader %s: %w", r.readers[seat], errors.Join(err, ctx.Err()))
		}
	}
}

// hold puts a card into a free seat and opens the seat's reader; it waits for
// a seat until ctx ends. leave takes the card out and frees the seat.
func (r *rack) hold(ctx context.Context, card held) (s slot.Slot, leave func(), err error) {
	var seat int
	select {
	case seat = <-r.free:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("waiting for a free reader: %w", ctx.Err())
	}
	stop := r.put(seat, card)
	s, closeSlot, err := r.open(ctx, seat)
	if err != nil {
		stop()
		r.free <- seat
		return nil, nil, err
	}
	return s, func() {
		closeSlot()
		stop()
		r.free <- seat
	}, nil
}

// pause waits, by the bench's clock.
func (b *Bench) pause(ctx context.Context, d time.Duration) error {
	timer := b.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
