package bench

import (
	"context"
	"fmt"
	"sync"

	"kazasu/internal/slot"
)

// tray is the rig's own slot: one card lies in it, or none.
type tray struct {
	bench *Bench

	mu     sync.Mutex
	card   *ownCard // nil: empty
	remove func()   // takes the card out of its reader
}

// traySeat is the reader in which the rig's own card lies.
const traySeat = 0

// Insert puts a holder's card into the rig's slot, in place of the one that
// is there. An empty profile means the rig's for its own holder, else the
// standard one. The card is the same at every insertion: its PIN tries go on.
// On a rig with a reader Insert returns when pcscd sees the card, which it
// looks for every 400 ms.
func (b *Bench) Insert(ctx context.Context, holder, profile string) error {
	if profile == "" {
		profile = b.profileOf(holder)
	}
	card, err := b.ownCard(holder, profile)
	if err != nil {
		return err
	}
	t := &b.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	swapped := t.card != nil
	t.empty()
	if b.rack == nil {
		t.card, t.remove = card, func() { b.powerOff(card.slot) }
		return nil
	}
	if swapped {
		if err := b.rack.seen(ctx, traySeat, false); err != nil {
			return err
		}
	}
	if err := card.take(ctx); err != nil {
		return err
	}
	stop := b.rack.put(traySeat, card.held)
	t.card = card
	t.remove = func() {
		stop()
		card.giveBack()
	}
	return b.rack.seen(ctx, traySeat, true)
}

// Remove takes the card out of the rig's slot. An empty slot is no error.
func (b *Bench) Remove() {
	b.tray.mu.Lock()
	defer b.tray.mu.Unlock()
	b.tray.empty()
}

// empty has the lock.
func (t *tray) empty() {
	if t.remove != nil {
		t.remove()
	}
	t.card, t.remove = nil, nil
}

// lend gives the card in the slot for one reading if it is the holder's; ok
// says so. On a rig with a reader it is read through that.
func (t *tray) lend(ctx context.Context, holder string) (s slot.Slot, release func(), ok bool, err error) {
	t.mu.Lock()
	card := t.card
	t.mu.Unlock()
	if card == nil || card.control.holder != holder {
		return nil, nil, false, nil
	}
	if t.bench.rack == nil {
		if err := card.take(ctx); err != nil {
			return nil, nil, true, err
		}
		return card.slot, sync.OnceFunc(card.giveBack), true, nil
	}
	s, release, err = t.bench.rack.open(ctx, traySeat)
	return s, release, true, err
}

// CardStatus is what the bench knows of a card.
type CardStatus struct {
	Holder  string `json:"holder"`
	Profile string `json:"profile"`
	Slot    bool   `json:"slot"` // it lies in the rig's slot
	ATR     string `json:"atr"`  // hex
	PINs    []PIN  `json:"pins"`
}

// Cards are the holders' own cards that the bench has had to do with, the one
// in the rig's slot first.
func (b *Bench) Cards() []CardStatus {
	b.tray.mu.Lock()
	inserted := b.tray.card
	b.tray.mu.Unlock()
	b.wallet.mu.Lock()
	defer b.wallet.mu.Unlock()
	all := []CardStatus{}
	if inserted != nil {
		all = append(all, inserted.status(true))
	}
	for _, h := range b.people.holders {
		for _, card := range b.wallet.cards {
			if card.control.holder == h.ID && card != inserted {
				all = append(all, card.status(false))
			}
		}
	}
	return all
}

func (c *ownCard) status(inserted bool) CardStatus {
	return CardStatus{
		Holder: c.control.holder, Profile: c.control.profile, Slot: inserted,
		ATR: fmt.Sprintf("%X", c.slot.ATR()), PINs: c.control.PINs(),
	}
}

// Card is the hand on a holder's own card; an empty holder means the card in
// the rig's slot.
func (b *Bench) Card(holder string) (CardControl, error) {
	b.tray.mu.Lock()
	inserted := b.tray.card
	b.tray.mu.Unlock()
	switch {
	case inserted != nil && (holder == "" || inserted.control.holder == holder):
		return inserted.control, nil
	case holder == "":
		return nil, &Error{Problem: "the slot is empty", Cause: slot.ErrNoCard, Cure: "kazasu card insert HOLDER"}
	}
	card, err := b.ownCard(holder, b.profileOf(holder))
	if err != nil {
		return nil, err
	}
	return card.control, nil
}
