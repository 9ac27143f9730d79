package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"kazasu/internal/bench"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/trace"
	"kazasu/rigs"
)

// Bench is what steps need of a bench that is switched on; *bench.Bench is one.
type Bench interface {
	Info() bench.Info
	Rig() rigs.Rig
	HTTP() *http.Client
	SetFault(tag, id, value string) error
	ClearFaults(tag string)
	Holders() []jpki.Holder
	ScenarioCard(ctx context.Context, holder, profile string) (slot.Slot, bench.CardControl, func(), error)
	Clock() *trace.Traveller
	Revoke(holder string, family bench.Family, reason int) error
	Reinstate(holder string, family bench.Family) error
}

// World is what one scenario has: its part of the bench, what its people hold
// in their hands, the last answers, and what it will leave as evidence.
type World struct {
	ID    string // the check
	Tag   string // of its logins: faults with this tag are its own
	Bench Bench
	Rand  *rand.Rand // seeded by the run's seed and the check's ID
	Seed  int64

	// Faults are those that are on for the whole run.
	Faults []string

	card     cardHand
	exchange exchange
	logins   loginHand
	provider providerHand
	pki      pkiHand
	story    storyHand

	recorder *trace.Recorder

	mu           sync.Mutex
	http         []Exchange
	requests     []url.Values // authorization requests that browsers carried
	measurements []Measurement
	cleanups     []func()
	err          error
}

// Measurement is a number that a step took.
type Measurement struct {
	Name  string
	Value float64
	Unit  string
}

// NewWorld makes the world of one scenario. The generator is made from the
// run's seed and the check's ID, so that a check alone repeats what it did in
// the whole run.
func NewWorld(id, tag string, seed int64, b Bench, faults []string) *World {
	w := &World{
		ID: id, Tag: tag, Bench: b, Seed: seed, Faults: faults,
		Rand: rand.New(rand.NewPCG(uint64(seed), hash(id))),
	}
	w.recorder = trace.NewRecorder(b.Clock())
	return w
}

// hash is FNV-1a, 64 bits.
func hash(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, c := range []byte(s) {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return h
}

type worldKey struct{}

// Enter puts the world into the context that steps get.
func Enter(ctx context.Context, w *World) context.Context {
	return context.WithValue(ctx, worldKey{}, w)
}

func worldOf(ctx context.Context) *World {
	w, ok := ctx.Value(worldKey{}).(*World)
	if !ok {
		panic("steps: a step ran outside a scenario")
	}
	return w
}

// outcome keeps the first thing that went wrong.
func (w *World) outcome(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return err
}

// Err is the first thing that went wrong, nil if nothing did.
func (w *World) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Measure notes a number for the report.
func (w *World) Measure(name string, value float64, unit string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.measurements = append(w.measurements, Measurement{name, value, unit})
}

// Measurements are the numbers that the steps took, in order.
func (w *World) Measurements() []Measurement {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.measurements)
}

// cleanup runs f when the scenario is over, the last first.
func (w *World) cleanup(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cleanups = append(w.cleanups, f)
}

// Close gives back what the scenario took. Closing twice is no error.
func (w *World) Close() {
	w.mu.Lock()
	cleanups := w.cleanups
	w.cleanups = nil
	w.mu.Unlock()
	for _, f := range slices.Backward(cleanups) {
		f()
	}
}

// holder is one of the bench's people.
func (w *World) holder(id string) (jpki.Holder, error) {
	holders := w.Bench.Holders()
	for _, h := range holders {
		if h.ID == id {
			return h, nil
		}
	}
	var names []string
	for _, h := range holders {
		names = append(names, h.ID)
	}
	return jpki.Holder{}, fmt.Errorf("no holder is called %q: there are %v", id, names)
}

// Exchange is one HTTP request and its answer, without what is secret.
type Exchange struct {
	Time     time.Time `json:"time"`
	Method   string    `json:"method"`
	URL      string    `json:"url"` // query values blanked
	Status   int       `json:"status"`
	Location string    `json:"location,omitempty"`
	Seconds  float64   `json:"seconds"`
	Error    string    `json:"error,omitempty"`
}

// evidence is what the scenario leaves as a file.
type evidence struct {
	ID       string        `json:"id"`
	Seed     int64         `json:"seed"`
	Tag      string        `json:"tag"`
	Events   []trace.Event `json:"events"`
	HTTP     []Exchange    `json:"http"`
	Outcome  string        `json:"outcome"`
	Expected string        `json:"expected,omitempty"`
	Observed string        `json:"observed,omitempty"`
}

// eventsMax is how many APDUs of one scenario are kept as evidence: sweeps
// send tens of thousands, and the last ones tell the story.
const eventsMax = 200

// Evidence is what happened, as JSON: the APDUs, header, lengths and status
// only where they are secret, and the HTTP exchanges.
func (w *World) Evidence() ([]byte, error) {
	events := w.recorder.Events()
	if len(events) > eventsMax {
		events = events[len(events)-eventsMax:]
	}
	for i := range events {
		events[i].Command, events[i].Response = clipHex(events[i].Command), clipHex(events[i].Response)
	}
	w.mu.Lock()
	e := evidence{ID: w.ID, Seed: w.Seed, Tag: w.Tag, Events: events, HTTP: w.http, Outcome: "passed"}
	err := w.err
	w.mu.Unlock()
	if err != nil {
		e.Outcome = err.Error()
	}
	var f *Failure
	if errors.As(err, &f) {
		e.Expected, e.Observed = f.Expected, f.Observed
	}
	b, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing evidence: %w", err)
	}
	return append(b, '\n'), nil
}

// hexMax is how many characters of a command or an answer are kept as evidence.
const hexMax = 640

func clipHex(text string) string {
	if len(text) <= hexMax {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", text[:hexMax], len(text)/2)
}
