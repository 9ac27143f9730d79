package testca

import (
	"encoding/hex"
	"errors"
	"sync"
	"testing"
	"time"

	"kazasu/internal/jpki"
)

// noon is when most of these tests play.
var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, japan)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// blob is a State in memory, which can be broken.
type blob struct {
	mu     sync.Mutex
	saved  []byte
	broken bool
}

var errBroken = errors.New("the disk is full")

func (b *blob) Load() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.saved, nil
}

func (b *blob) Save(data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return errBroken
	}
	b.saved = data
	return nil
}

func newCA(t *testing.T, o Options) *CA {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// person is a shipped holder at the counter.
func person(t *testing.T, id string) Person {
	t.Helper()
	h, ok := jpki.HolderByID(id)
	if !ok {
		t.Fatalf("no holder %q", id)
	}
	p := Person{
		ID: h.ID, Prefecture: h.Prefecture, City: h.City, Municipality: h.Municipality,
		Birth: h.Birth, CardExpiry: h.CardExpiry, UnderFifteen: h.UnderFifteen,
		SexCode: h.Sex.CertificateSex(), BirthCode: h.CertificateBirth(),
	}
	p.Name, p.NameFlags, p.Address, p.AddressFlags = h.CertificateText()
	return p
}

func issue(t *testing.T, c *CA, p Person) Issued {
	t.Helper()
	issued, err := c.Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
