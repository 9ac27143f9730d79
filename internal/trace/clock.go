package trace

import (
	"sync/atomic"
	"time"
)

// Clock is the one clock of a bench: waiting times, expiry and delays all go
// through it, so that a bench can travel in time. Use [System], or a
// [Traveller] where a test moves it.
type Clock interface {
	Now() time.Time
	NewTimer(d time.Duration) *time.Timer
}

// System is the machine's own clock.
type System struct{}

func (System) Now() time.Time                       { return time.Now() }
func (System) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

// Traveller is the machine's clock, moved by an offset. Timers run in real
// time: travelling changes what the date is, not how long a second lasts.
// The zero value stands at the present.
type Traveller struct{ offset atomic.Int64 }

func (t *Traveller) Now() time.Time                       { return time.Now().Add(t.Offset()) }
func (t *Traveller) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

// Travel moves the clock by d, forwards or back.
func (t *Traveller) Travel(d time.Duration) { t.offset.Add(int64(d)) }

// Offset is how far the clock stands from the machine's.
func (t *Traveller) Offset() time.Duration { return time.Duration(t.offset.Load()) }
