package trace

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// Event is one thing that happened on the bench.
type Event struct {
	Time     time.Time         `json:"time"`
	Player   string            `json:"player"`             // "card", "idp", "rp", "phone", "ca", …
	Kind     string            `json:"kind"`               // "apdu", "http", "login-started", …
	Login    string            `json:"login,omitempty"`    // the login it belongs to
	Text     string            `json:"text,omitempty"`     // one line for people
	Command  string            `json:"command,omitempty"`  // hex, redacted
	Response string            `json:"response,omitempty"` // hex without status word, redacted
	Status   string            `json:"status,omitempty"`   // status word or HTTP code
	Duration time.Duration     `json:"duration,omitempty"` // nanoseconds
	Detail   map[string]string `json:"detail,omitempty"`
}

// keep is how many events a recorder holds; older ones are let go.
const keep = 1 << 16

// backlog is how many events a subscriber may lag behind.
const backlog = 1024

// Recorder keeps what happened, in order. It may be used from several
// goroutines at once.
type Recorder struct {
	clock Clock

	mu          sync.Mutex
	events      []Event
	first       int // number of the oldest event kept
	subscribers map[chan Event]struct{}
}

// NewRecorder makes an empty recorder; clock gives events their time.
func NewRecorder(clock Clock) *Recorder {
	return &Recorder{clock: clock, subscribers: map[chan Event]struct{}{}}
}

// Record appends an event and gives it the present time if it has none. Only
// what is already redacted may be recorded.
func (r *Recorder) Record(e Event) {
	if e.Time.IsZero() {
		e.Time = r.clock.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if len(r.events) >= 2*keep {
		r.first += len(r.events) - keep
		r.events = append([]Event(nil), r.events[len(r.events)-keep:]...)
	}
	for c := range r.subscribers {
		select {
		case c <- e:
		default: // a reader this slow misses events rather than stop the bench
		}
	}
}

// Events is everything that is kept.
func (r *Recorder) Events() []Event { return r.Since(0) }

// Mark is a place in the recording: what is recorded next comes after it.
func (r *Recorder) Mark() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first + len(r.events)
}

// Since is everything kept that was recorded after the mark.
func (r *Recorder) Since(mark int) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := min(max(mark-r.first, 0), len(r.events))
	return append([]Event(nil), r.events[from:]...)
}

// Subscribe tells each event from now on; the channel closes when ctx ends. A
// subscriber that lags 1024 events behind misses some.
func (r *Recorder) Subscribe(ctx context.Context) <-chan Event {
	c := make(chan Event, backlog)
	r.mu.Lock()
	r.subscribers[c] = struct{}{}
	r.mu.Unlock()
	context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.subscribers, c)
		close(c)
	})
	return c
}

// WriteNDJSON writes events as JSON, one on a line.
func WriteNDJSON(w io.Writer, events []Event) error {
	enc := json.NewEncoder(w)
	for _, e := range events {
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("writing trace: %w", err)
		}
	}
	return nil
}
