package bench

import (
	"fmt"
	"strings"

	"kazasu/emulator"
	"kazasu/vsmartcard"
)

// PIN is where one of a card's PINs stands.
type PIN struct {
	Name     string `json:"name"` // "auth", "sign", "text", …
	Japanese string `json:"japanese"`
	Left     int    `json:"left"`
	Max      int    `json:"max"`
	Blocked  bool   `json:"blocked"`
}

// CardControl is the hand on a card that a program can't have on a real one:
// it makes the card lie, and it looks at and resets its counters.
type CardControl interface {
	// Holder is whose card it is, Profile its emulator profile.
	Holder() string
	Profile() string
	// SetFault switches a fault of the card or its link by ID, such as
	// "card.mute" or "link.delay", for this card alone.
	SetFault(id, value string) error
	// ClearFaults ends what SetFault began.
	ClearFaults()
	// PINs is the state of every PIN.
	PINs() []PIN
	// ResetPIN sets a PIN's tries back to their maximum, as the municipal
	// office does.
	ResetPIN(name string) error
	// SetPINTries sets how many tries a PIN has left.
	SetPINTries(name string, left int) error
}

// control is the CardControl of an emulated card.
type control struct {
	lies    *lies
	card    *emulator.Card
	holder  string
	profile string

	// Of this card alone; the lock is that of lies.
	own     emulator.Faults
	ownLink vsmartcard.Link
}

// newControl puts a card among those that bench-wide faults reach, until
// forget.
func (l *lies) newControl(card *emulator.Card, holder, profile string) *control {
	c := &control{lies: l, card: card, holder: holder, profile: profile}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.controls == nil {
		l.controls = map[*control]bool{}
	}
	l.controls[c] = true
	c.apply(l.card)
	return c
}

func (l *lies) forget(c *control) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.controls, c)
}

// apply tells the card what it lies about; the lock is held.
func (c *control) apply(shared emulator.Faults) { c.card.SetFaults(union(shared, c.own)) }

// link is how the card's cable misbehaves now.
func (c *control) link() vsmartcard.Link {
	c.lies.mu.Lock()
	defer c.lies.mu.Unlock()
	return union(c.lies.link, c.ownLink)
}

func (c *control) Holder() string  { return c.holder }
func (c *control) Profile() string { return c.profile }

func (c *control) SetFault(id, value string) error {
	player, name, _ := strings.Cut(id, ".")
	c.lies.mu.Lock()
	defer c.lies.mu.Unlock()
	switch player {
	case "card":
		if err := set(&c.own, id, name, value); err != nil {
			return err
		}
		c.apply(c.lies.card)
		return nil
	case "link":
		return set(&c.ownLink, id, name, value)
	}
	return unknown("a card has faults of card and link", "no fault of a card is called %q", id)
}

func (c *control) ClearFaults() {
	c.lies.mu.Lock()
	defer c.lies.mu.Unlock()
	c.own, c.ownLink = emulator.Faults{}, vsmartcard.Link{}
	c.apply(c.lies.card)
}

func (c *control) PINs() []PIN {
	all := []PIN{}
	for _, p := range c.card.PINs() {
		all = append(all, PIN(p))
	}
	return all
}

func (c *control) ResetPIN(name string) error { return c.pinError(name, c.card.ResetPIN(name)) }

func (c *control) SetPINTries(name string, left int) error {
	return c.pinError(name, c.card.SetPINTries(name, left))
}

func (c *control) pinError(name string, err error) error {
	if err == nil {
		return nil
	}
	var names []string
	for _, p := range c.PINs() {
		names = append(names, fmt.Sprintf("%s (at most %d)", p.Name, p.Max))
	}
	return &Error{Problem: "setting PIN " + name + " of " + c.holder, Cause: err, Cure: "this card has " + strings.Join(names, ", ")}
}
