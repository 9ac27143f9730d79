package bench

import (
	"context"
	"fmt"
	"net"
	"time"

	"kazasu/internal/pcscd"
)

// How often a pcscd that ended by itself is started again: the pause before it
// doubles each time. One that stayed up for revivedTime has begun anew.
const (
	revivalsMax = 5
	revivalMin  = 100 * time.Millisecond
	revivedTime = 30 * time.Second
)

// watch starts pcscd again whenever it ends by itself, in the same folder and
// at the same socket, until ctx ends or it won't stay up. The cards go back
// into their readers by themselves, as they do after a broken link.
func (r *rack) watch(ctx context.Context) {
	revivals := 0
	for daemon := r.daemon; daemon != nil; {
		since := r.bench.clock.Now()
		select {
		case <-daemon.Done():
		case <-ctx.Done():
			return
		}
		why := daemon.Err()
		if why == nil {
			return // it was closed
		}
		if r.bench.clock.Now().Sub(since) > revivedTime {
			revivals = 0
		}
		daemon = r.revive(ctx, daemon, why, &revivals)
	}
}

// revive is the next pcscd; nil when ctx ended or when it gave up.
func (r *rack) revive(ctx context.Context, dead *pcscd.Daemon, why error, revivals *int) *pcscd.Daemon {
	for ; *revivals < revivalsMax; *revivals++ {
		r.bench.log("%v; starting it again (%d of %d)", why, *revivals+1, revivalsMax)
		if r.bench.pause(ctx, revivalMin<<*revivals) != nil {
			return nil
		}
		next, err := dead.Restart(ctx)
		if err == nil {
			*revivals++
			r.set(next, nil)
			r.bench.log("pcscd runs again; the cards go back into their readers")
			return next
		}
		if ctx.Err() != nil {
			return nil
		}
		why = err
	}
	lost := &Error{
		Problem: fmt.Sprintf("pcscd doesn't stay up; it was started again %d times in a row", revivalsMax), Cause: why,
		Cure: "kazasu doctor looks at what a reader needs; then end this bench and start another",
	}
	r.set(dead, lost)
	r.bench.log("%v; %s", lost, lost.Hint())
	return nil
}

// set tells all who wait for pcscd.
func (r *rack) set(daemon *pcscd.Daemon, lost error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.daemon, r.lost = daemon, lost
	close(r.change)
	r.change = make(chan struct{})
}

// running is the pcscd that runs. While one is started again it waits; an
// error is ctx's, or says that none comes back.
func (r *rack) running(ctx context.Context) (*pcscd.Daemon, error) {
	for {
		r.mu.Lock()
		daemon, lost, change := r.daemon, r.lost, r.change
		r.mu.Unlock()
		if lost != nil {
			return nil, lost
		}
		select {
		case <-daemon.Done():
		default:
			return daemon, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for pcscd to run again: %w", ctx.Err())
		}
	}
}

// dial puts a card into a seat. Where no pcscd comes back it waits for the end
// of ctx, as a card does that lies beside its reader.
func (r *rack) dial(ctx context.Context, seat int) (net.Conn, error) {
	daemon, err := r.running(ctx)
	if err != nil {
		<-ctx.Done()
		return nil, err
	}
	return daemon.Dial(ctx, seat)
}

// close ends pcscd; watch has ended.
func (r *rack) close() error {
	r.mu.Lock()
	daemon := r.daemon
	r.mu.Unlock()
	return daemon.Close()
}
