package trace

import (
	"context"
	"fmt"
	"sync"
	"time"

	"kazasu/internal/apdu"
	"kazasu/internal/slot"
)

// Slot records every command that goes to s, under a player's name, and every
// answer, before anybody interprets them. What stands round the card is a
// slot.Watcher when s is one.
func (r *Recorder) Slot(name string, s slot.Slot) slot.Slot {
	traced := &tracedSlot{recorder: r, name: name, slot: s}
	if w, ok := s.(slot.Watcher); ok {
		return struct {
			*tracedSlot
			slot.Watcher
		}{traced, w}
	}
	return traced
}

type tracedSlot struct {
	recorder *Recorder
	name     string
	slot     slot.Slot

	mu sync.Mutex
	at selection
}

func (t *tracedSlot) ATR() []byte { return t.slot.ATR() }

func (t *tracedSlot) PowerOn(ctx context.Context) ([]byte, error) {
	return t.start(ctx, "power on", t.slot.PowerOn)
}

func (t *tracedSlot) Reset(ctx context.Context) ([]byte, error) {
	return t.start(ctx, "reset", t.slot.Reset)
}

func (t *tracedSlot) start(ctx context.Context, text string, start func(context.Context) ([]byte, error)) ([]byte, error) {
	began := time.Now()
	atr, err := start(ctx)
	t.move(selection{})
	t.recorder.Record(t.event("power", text, began, Event{Response: fmt.Sprintf("%X", atr)}, err))
	return atr, err
}

func (t *tracedSlot) PowerOff(ctx context.Context) error {
	began := time.Now()
	err := t.slot.PowerOff(ctx)
	t.move(selection{})
	t.recorder.Record(t.event("power", "power off", began, Event{}, err))
	return err
}

func (t *tracedSlot) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	t.mu.Lock()
	what := t.at.read(command)
	t.mu.Unlock()
	e := Event{Command: redactCommand(command, what.keepCommand)}
	began := time.Now()
	response, err := t.slot.Transmit(ctx, command)
	if answer, parseErr := apdu.ParseResponse(response); err == nil && parseErr == nil {
		e.Response = redactData(answer.Data, what.keepResponse())
		e.Status = fmt.Sprintf("%04X", uint16(answer.Status))
		if answer.Status == apdu.OK {
			t.move(what.next)
		}
	} else {
		e.Response = blank(len(response))
	}
	t.recorder.Record(t.event("apdu", what.text, began, e, err))
	return response, err
}

func (t *tracedSlot) move(to selection) {
	t.mu.Lock()
	t.at = to
	t.mu.Unlock()
}

func (t *tracedSlot) event(kind, text string, began time.Time, e Event, err error) Event {
	e.Player, e.Kind, e.Text, e.Duration = t.name, kind, text, time.Since(began)
	if err != nil {
		e.Detail = map[string]string{"error": err.Error()}
	}
	return e
}
