package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kazasu/emulator"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
)

// standard is the profile of a card when nobody names one.
const standard = "standard"

// held is a card that somebody can hold to a reader: an emulated card, what
// records and counts its commands, and the hand on it.
type held struct {
	slot    slot.Slot // recorded and counted
	control *control
}

// newCard makes an emulated card; a nil state forgets with the process.
func (b *Bench) newCard(h jpki.Holder, profile string, state emulator.State) (held, error) {
	built, err := b.people.profile(h, profile)
	if err != nil {
		return held{}, err
	}
	card, err := emulator.New(built, emulator.Options{State: state, Clock: b.clock})
	if err != nil {
		return held{}, fmt.Errorf("taking %s's card: %w", h.ID, err)
	}
	wrapped := b.recorder.Slot("card", b.metrics.Slot(card))
	return held{wrapped, b.lies.newControl(card, h.ID, profile)}, nil
}

// wallet has the cards that outlive the bench: one for each holder and
// profile, whose PIN tries are in the state folder.
type wallet struct {
	mu    sync.Mutex
	cards map[string]*ownCard
}

// ownCard is one of them. It is in one place at a time: who holds turn has it.
type ownCard struct {
	held
	turn chan struct{}
}

func (c *ownCard) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for %s's card, which is elsewhere: %w", c.control.holder, ctx.Err())
	}
}

func (c *ownCard) giveBack() { <-c.turn }

// ownCard is a holder's card, the same at every call.
func (b *Bench) ownCard(holder, profile string) (*ownCard, error) {
	h, err := b.people.holder(holder)
	if err != nil {
		return nil, err
	}
	if profile == "" {
		profile = standard
	}
	key := h.ID + "/" + profile
	w := &b.wallet
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.cards[key]; c != nil {
		return c, nil
	}
	state := blob{b.folder.store, bucketCards, key}
	card, err := b.newCard(h, profile, state)
	if errors.Is(err, emulator.ErrState) {
		// a card of an earlier program: its successor starts afresh, and says so
		b.log("%v: it starts with all its PIN tries", err)
		if err := b.folder.store.Delete(state.bucket, state.key); err != nil {
			return nil, err
		}
		card, err = b.newCard(h, profile, state)
	}
	if err != nil {
		return nil, err
	}
	c := &ownCard{card, make(chan struct{}, 1)}
	if w.cards == nil {
		w.cards = map[string]*ownCard{}
	}
	w.cards[key] = c
	return c, nil
}

// ScenarioCard is a fresh card of a holder on the rig's own path, with
// counters of its own in memory. An empty profile means the standard one. On a
// rig with few places it waits for its turn, until ctx ends. release gives the
// place back; releasing twice does nothing.
func (b *Bench) ScenarioCard(ctx context.Context, holder, profile string) (card slot.Slot, control CardControl, release func(), err error) {
	c, err := b.freshCard(holder, profile)
	if err != nil {
		return nil, nil, nil, err
	}
	forget := func() { b.lies.forget(c.control) }
	if b.rack == nil {
		return c.slot, c.control, sync.OnceFunc(func() {
			b.powerOff(c.slot)
			forget()
		}), nil
	}
	card, leave, err := b.rack.hold(ctx, c)
	if err != nil {
		forget()
		return nil, nil, nil, err
	}
	return card, c.control, sync.OnceFunc(func() {
		leave()
		forget()
	}), nil
}

func (b *Bench) freshCard(holder, profile string) (held, error) {
	h, err := b.people.holder(holder)
	if err != nil {
		return held{}, err
	}
	if profile == "" {
		profile = standard
	}
	return b.newCard(h, profile, nil)
}

// powerOffTime bounds switching a card off behind somebody's back.
const powerOffTime = time.Second

// powerOff ends whatever a card is still doing.
func (b *Bench) powerOff(s slot.Slot) {
	ctx, cancel := context.WithTimeout(context.Background(), powerOffTime)
	defer cancel()
	if err := s.PowerOff(ctx); err != nil {
		b.log("powering a card off: %v", err)
	}
}

// phoneWait is how long the phone's screen waits for a card that is elsewhere.
const phoneWait = 10 * time.Second

// phoneCard takes a holder's own card to the phone, by the rig's path.
func (b *Bench) phoneCard(holder string) (slot.Slot, func(), error) {
	ctx, cancel := context.WithTimeout(b.ctx, phoneWait)
	defer cancel()
	if s, release, ok, err := b.tray.lend(ctx, holder); ok || err != nil {
		return s, release, err
	}
	c, err := b.ownCard(holder, b.profileOf(holder))
	if err != nil {
		return nil, nil, err
	}
	if err := c.take(ctx); err != nil {
		return nil, nil, err
	}
	if b.rack == nil {
		return c.slot, sync.OnceFunc(c.giveBack), nil
	}
	s, leave, err := b.rack.hold(ctx, c.held)
	if err != nil {
		c.giveBack()
		return nil, nil, err
	}
	return s, sync.OnceFunc(func() {
		leave()
		c.giveBack()
	}), nil
}

// profileOf is the profile of a holder's own card: the rig's for the person
// that it names.
func (b *Bench) profileOf(holder string) string {
	if holder == b.rig.Card.Holder {
		return b.rig.Card.Profile
	}
	return standard
}
