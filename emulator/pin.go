package emulator

import (
	"fmt"

	"kazasu/internal/jpki"
)

// pinSpec is a PIN or 照合番号 as the card was issued with it.
type pinSpec struct {
	credential jpki.Credential
	value      jpki.PIN
}

// changing is the command by which the holder may choose a new value.
type changing int

const (
	notAtAll     changing = iota // a 照合番号 is made of what is printed on the card
	byHolder                     // CHANGE REFERENCE DATA
	byKeyCommand                 // CHANGE KEY of JICSAP
)

func (s pinSpec) changing() changing {
	switch s.credential.Name {
	case jpki.CredentialAuth.Name, jpki.CredentialSign.Name, jpki.CredentialText.Name:
		return byHolder
	case jpki.CredentialJuki.Name:
		return byKeyCommand
	}
	return notAtAll
}

// fits says that pin has the form of this PIN: its length, and digits only or
// A to Z too.
func (s pinSpec) fits(pin jpki.PIN) bool {
	b := pin.Bytes()
	if len(b) < s.credential.Min || len(b) > s.credential.Max {
		return false
	}
	for _, ch := range b {
		digit, letter := '0' <= ch && ch <= '9', 'A' <= ch && ch <= 'Z'
		if !digit && (s.credential.Digits || !letter) {
			return false
		}
	}
	return true
}

// PINStatus is where a PIN stands.
type PINStatus struct {
	Name     string // "auth", "sign", "text", "number-a", …: jpki.Credentials
	Japanese string
	Left     int // tries left
	Max      int
	Blocked  bool
}

// PINs are the PINs that this card was issued with.
func (c *Card) PINs() []PINStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]PINStatus, 0, len(c.memory))
	for i, m := range c.memory {
		spec := c.profile.pins[i].credential
		out = append(out, PINStatus{spec.Name, spec.Japanese, m.left, spec.TriesMax, m.left == 0})
	}
	return out
}

// ResetPIN does what the municipal office does for who forgot a PIN: all tries
// are there again, and the PIN is the one of issue.
func (c *Card) ResetPIN(name string) error {
	return c.administer(name, func(m *pinMemory, triesMax int) error {
		*m = pinMemory{left: triesMax}
		return nil
	})
}

// SetPINTries sets how many tries are left, 0 to the PIN's maximum.
func (c *Card) SetPINTries(name string, left int) error {
	return c.administer(name, func(m *pinMemory, triesMax int) error {
		if left < 0 || left > triesMax {
			return fmt.Errorf("tries are 0 to %d, not %d", triesMax, left)
		}
		m.left = left
		return nil
	})
}

// administer changes one PIN's memory between two commands.
func (c *Card) administer(name string, change func(m *pinMemory, triesMax int) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, spec := range c.profile.pins {
		if spec.credential.Name != name {
			continue
		}
		if err := change(&c.memory[i], spec.credential.TriesMax); err != nil {
			return fmt.Errorf("setting PIN %s: %w", name, err)
		}
		return c.save()
	}
	return fmt.Errorf("a %s card has no PIN called %q", c.profile.Name, name)
}
