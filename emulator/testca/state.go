package testca

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"
)

// stateSchema names the blob and its version.
const stateSchema = "kazasu.ca-state/1"

// ledger is what the CA remembers, by family.
type ledger map[Family]*book

// book is one family's part: serial numbers, as decimal strings, and its CRL.
type book struct {
	issued  map[string]bool
	revoked map[string]Entry
	changed time.Time // of the last revocation or reinstatement, whole seconds
	list    edition
}

// edition says which CRL was the last: it stays the same, over restarts too,
// until its contents change or a day has passed.
type edition struct {
	Number   int64     `json:"number"`
	Time     time.Time `json:"time"`
	Contents []byte    `json:"contents"` // SHA-256 of its entries
}

// stateBlob is the ledger as JSON.
type stateBlob struct {
	Schema   string               `json:"schema"`
	Families map[Family]stateBook `json:"families"`
}

type stateBook struct {
	Issued  []string     `json:"issued"`
	Revoked []stateEntry `json:"revoked"`
	Changed time.Time    `json:"changed,omitzero"`
	CRL     edition      `json:"crl"`
}

type stateEntry struct {
	Serial string    `json:"serial"`
	Time   time.Time `json:"time"`
	Reason int       `json:"reason"`
}

func newLedger() ledger {
	l := ledger{}
	for _, f := range Families() {
		l[f] = &book{issued: map[string]bool{}, revoked: map[string]Entry{}}
	}
	return l
}

// load fills the ledger. A blob that is torn, or another program's, is an
// error: a CA that forgot its revocations would vouch for lost cards.
func (c *CA) load() error {
	c.ledger = newLedger()
	if c.state == nil {
		return nil
	}
	blob, err := c.state.Load()
	if err != nil || blob == nil {
		return err
	}
	if c.ledger, err = decode(blob); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	return nil
}

// save writes the ledger; the lock is held.
func (c *CA) save() error {
	if c.state == nil {
		return nil
	}
	if err := c.state.Save(c.ledger.encode()); err != nil {
		return fmt.Errorf("saving the test CA's state: %w", err)
	}
	return nil
}

func (l ledger) encode() []byte {
	blob := stateBlob{Schema: stateSchema, Families: map[Family]stateBook{}}
	for f, b := range l {
		out := stateBook{Issued: slices.Sorted(maps.Keys(b.issued)), CRL: b.list, Changed: b.changed}
		for _, serial := range slices.Sorted(maps.Keys(b.revoked)) {
			e := b.revoked[serial]
			out.Revoked = append(out.Revoked, stateEntry{serial, e.Time, e.Reason})
		}
		blob.Families[f] = out
	}
	encoded, err := json.Marshal(blob)
	if err != nil {
		panic(fmt.Sprintf("testca: a ledger has no JSON form: %v", err))
	}
	return encoded
}

func decode(encoded []byte) (ledger, error) {
	var blob stateBlob
	d := json.NewDecoder(bytes.NewReader(encoded))
	d.DisallowUnknownFields()
	if err := d.Decode(&blob); err != nil {
		return nil, fmt.Errorf("it is torn: %w", err)
	}
	if blob.Schema != stateSchema {
		return nil, fmt.Errorf("schema %q, want %q", blob.Schema, stateSchema)
	}
	if d.More() {
		return nil, fmt.Errorf("something follows at byte %d", d.InputOffset())
	}
	l := newLedger()
	for f, in := range blob.Families {
		b := l[f]
		if b == nil {
			return nil, fmt.Errorf("%w: %q", ErrFamily, f)
		}
		if err := b.fill(in); err != nil {
			return nil, fmt.Errorf("family %s: %w", f, err)
		}
	}
	return l, nil
}

func (b *book) fill(in stateBook) error {
	b.list, b.changed = in.CRL, in.Changed
	for _, serial := range in.Issued {
		b.issued[serial] = true
	}
	for _, e := range in.Revoked {
		serial, ok := new(big.Int).SetString(e.Serial, 10)
		if !ok || !b.issued[e.Serial] {
			return fmt.Errorf("revoked serial %q was never issued", e.Serial)
		}
		b.revoked[e.Serial] = Entry{serial, e.Time, e.Reason}
	}
	return nil
}
