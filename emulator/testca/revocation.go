package testca

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"
)

// Entry is one revoked certificate.
type Entry struct {
	Serial *big.Int
	Time   time.Time // of the revocation, whole seconds
	Reason int       // CRLReason, RFC 5280 §5.3.1; JPKI's own are 0 to 6
}

// Reasons that RFC 5280 §5.3.1 defines go to 10; 7 is not used.
const (
	reasonCompromised = 1
	reasonUnused      = 7
	reasonMax         = 10
)

// enter notes that a certificate was issued.
func (c *CA) enter(f Family, serial *big.Int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	issued := c.ledger[f].issued
	if issued[serial.String()] {
		return nil
	}
	issued[serial.String()] = true
	if err := c.save(); err != nil {
		delete(issued, serial.String())
		return err
	}
	return nil
}

// Revoke puts a certificate on the list, with a CRLReason of RFC 5280 §5.3.1
// (0 to 10 without 7). CRL and OCSP say so from the next request on. Revoking
// again changes the reason and keeps the time.
func (c *CA) Revoke(f Family, serial *big.Int, reason int) error {
	if reason < 0 || reason > reasonMax || reason == reasonUnused {
		return fmt.Errorf("revoking %s certificate: no CRL reason is %d", f, reason)
	}
	return c.change(f, serial, func(b *book) {
		e, there := b.revoked[serial.String()]
		if !there {
			e = Entry{Serial: new(big.Int).Set(serial), Time: c.now().UTC().Truncate(time.Second)}
		}
		e.Reason = reason
		b.revoked[serial.String()] = e
	})
}

// Reinstate takes a certificate off the list. The real service never does,
// not even after a suspension; it is how a bench is used again.
func (c *CA) Reinstate(f Family, serial *big.Int) error {
	return c.change(f, serial, func(b *book) { delete(b.revoked, serial.String()) })
}

// change changes one family's revocations, or nothing when it can't be kept.
func (c *CA) change(f Family, serial *big.Int, change func(*book)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.ledger[f]
	switch {
	case b == nil:
		return fmt.Errorf("%w: %q", ErrFamily, f)
	case serial == nil || !b.issued[serial.String()]:
		return fmt.Errorf("%s certificate %v: %w", f, serial, ErrSerial)
	}
	before, beforeAt := maps.Clone(b.revoked), b.changed
	change(b)
	b.changed = c.now().UTC().Truncate(time.Second)
	if err := c.save(); err != nil {
		b.revoked, b.changed = before, beforeAt
		return err
	}
	return nil
}

// Revoked is the family's list by serial number, as the CA knows it: without
// faults.
func (c *CA) Revoked(f Family) []Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.ledger[f]; b != nil {
		return sorted(b.revoked)
	}
	return nil
}

func sorted(revoked map[string]Entry) []Entry {
	return slices.SortedFunc(maps.Values(revoked), func(a, b Entry) int { return a.Serial.Cmp(b.Serial) })
}

// reported is what the CA tells the world about its certificates by serial
// number; the lock is held.
func (c *CA) reported(f Family) map[string]Entry {
	b := c.ledger[f]
	if !c.faults.Revoked {
		return b.revoked
	}
	all := maps.Clone(b.revoked)
	for serial := range b.issued {
		if _, there := all[serial]; !there {
			n, _ := new(big.Int).SetString(serial, 10)
			all[serial] = Entry{n, c.now().UTC().Truncate(24 * time.Hour), reasonCompromised}
		}
	}
	return all
}
