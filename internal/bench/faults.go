package bench

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"kazasu/emulator"
	"kazasu/emulator/testca"
	"kazasu/idp"
	"kazasu/internal/faults"
	"kazasu/internal/trace"
	"kazasu/vsmartcard"
)

// Faults is every fault of every player.
func Faults() []faults.Fault {
	return slices.Concat(
		faults.List("card", emulator.Faults{}),
		faults.List("link", vsmartcard.Link{}),
		faults.List("idp", idp.Faults{}),
		faults.List("ca", testca.Faults{}),
	)
}

// lies are the faults that are on, but for the provider's, which keeps its own
// by tag.
type lies struct {
	mu       sync.Mutex
	card     emulator.Faults // bench-wide
	link     vsmartcard.Link // bench-wide
	ca       testca.Faults
	controls map[*control]bool // of the cards that are about
}

// SetFault switches one fault by its ID, "idp.wrong-nonce"; value is on, off
// or, for a delay, a duration. Faults of the provider hold for logins with this
// tag, all logins when it is empty; those of card, link and CA hold for the
// whole bench, whatever the tag.
func (b *Bench) SetFault(tag, id, value string) error {
	if err := b.setFault(tag, id, value); err != nil {
		return err
	}
	if value == "" {
		value = "on"
	}
	b.recorder.Record(trace.Event{Player: faultPlayer(id), Kind: "fault", Login: tag, Text: id + " " + value})
	return nil
}

// faultPlayer is the player in front of a fault's dot.
func faultPlayer(id string) string {
	player, _, _ := strings.Cut(id, ".")
	return player
}

func (b *Bench) setFault(tag, id, value string) error {
	player, name, _ := strings.Cut(id, ".")
	l := &b.lies
	l.mu.Lock()
	defer l.mu.Unlock()
	switch player {
	case "idp":
		f := b.provider.Faults(tag)
		if err := set(&f, id, name, value); err != nil {
			return err
		}
		b.provider.SetFaults(tag, f)
		return nil
	case "ca":
		if err := set(&l.ca, id, name, value); err != nil {
			return err
		}
		b.authority.SetFaults(l.ca)
		return nil
	case "card":
		if err := set(&l.card, id, name, value); err != nil {
			return err
		}
		for c := range l.controls {
			c.apply(l.card)
		}
		return nil
	case "link":
		return set(&l.link, id, name, value)
	}
	return unknownFault(id)
}

// set switches a fault in a player's struct, with our manner of error.
func set[T any](f *T, id, name, value string) error {
	player, _, _ := strings.Cut(id, ".")
	known := slices.ContainsFunc(faults.List(player, f), func(f faults.Fault) bool { return f.Name == name })
	if !known {
		return unknownFault(id)
	}
	if err := faults.Set(f, name, value); err != nil {
		return &Error{Problem: "switching " + id, Cause: err, Cure: "on, off, or a duration such as 200ms for those that delay"}
	}
	return nil
}

func unknownFault(id string) error {
	return unknown("kazasu list --faults prints them all", "no fault is called %q", id)
}

// ClearFaults makes the provider honest towards a tag; with an empty tag every
// player is honest again towards everybody, but for what a card's own control
// has set and what other tags have.
func (b *Bench) ClearFaults(tag string) {
	b.provider.SetFaults(tag, idp.Faults{})
	if tag != "" {
		return
	}
	l := &b.lies
	l.mu.Lock()
	defer l.mu.Unlock()
	l.card, l.link, l.ca = emulator.Faults{}, vsmartcard.Link{}, testca.Faults{}
	b.authority.SetFaults(l.ca)
	for c := range l.controls {
		c.apply(l.card)
	}
}

// ListFaults is every fault of every player; it works on a bench that was
// never started, too.
func (*Bench) ListFaults() []faults.Fault { return Faults() }

// ActiveFault is a fault that is on for the whole bench.
type ActiveFault struct {
	ID    string `json:"id"`
	Value string `json:"value"` // "on" or a duration
}

// ActiveFaults are those that are on for the whole bench, by ID.
func (b *Bench) ActiveFaults() []ActiveFault {
	l := &b.lies
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(
		active("card", l.card), active("link", l.link),
		active("idp", b.provider.Faults("")), active("ca", l.ca),
	)
}

// active lists the fields of a Faults struct that aren't zero.
func active(player string, f any) (on []ActiveFault) {
	v := reflect.ValueOf(f)
	for i, row := range faults.List(player, f) {
		field := v.Field(i)
		if field.IsZero() {
			continue
		}
		value := "on"
		if d, ok := field.Interface().(time.Duration); ok {
			value = d.String()
		}
		on = append(on, ActiveFault{row.ID(), value})
	}
	return on
}

// union is a struct of faults with each fault that a or b has; of two delays
// the longer.
func union[T any](a, b T) T {
	into, other := reflect.ValueOf(&a).Elem(), reflect.ValueOf(b)
	for i := range into.NumField() {
		field := into.Field(i)
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(field.Bool() || other.Field(i).Bool())
		default: // a time.Duration: faults.List panics at anything else
			field.SetInt(max(field.Int(), other.Field(i).Int()))
		}
	}
	return a
}
