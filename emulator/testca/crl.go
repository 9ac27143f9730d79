package testca

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"
)

// Times of a CRL. The real list is made again every day; how far its next
// update lies ahead isn't public, two days is an assumption (docs/FIDELITY.md
// K11, K20).
const (
	crlLife       = 48 * time.Hour
	crlStaleSince = 72 * time.Hour // age of a stale list
)

// list is a CRL that was signed, to be handed out again.
type list struct {
	edition edition
	der     []byte
}

// CRL is the family's list of revoked certificates in DER: RFC 5280 version 2,
// the whole list without partitions, signed by the CA itself. A new one, with
// a higher number, is made when a revocation has changed it and on every day.
func (c *CA) CRL(f Family) ([]byte, error) {
	der, err := c.crl(f)
	if err != nil {
		return nil, fmt.Errorf("making %s CRL: %w", f, err)
	}
	return der, nil
}

func (c *CA) crl(f Family) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ledger[f] == nil {
		return nil, fmt.Errorf("%w: %q", ErrFamily, f)
	}
	entries := sorted(c.reported(f))
	if c.faults.StaleCRL {
		return c.authorities[f].signList(c.stale(f, entries))
	}
	current, err := c.currentEdition(f, entries)
	if err != nil {
		return nil, err
	}
	if known := c.lists[f]; known.der != nil && known.edition.same(current) {
		return known.der, nil
	}
	der, err := c.authorities[f].signList(current, entries)
	if err != nil {
		return nil, err
	}
	c.lists[f] = list{current, der}
	return der, nil
}

func (e edition) same(other edition) bool {
	return e.Number == other.Number && e.Time.Equal(other.Time) && bytes.Equal(e.Contents, other.Contents)
}

// currentEdition is the last one, or the one after it; the lock is held.
func (c *CA) currentEdition(f Family, entries []Entry) (edition, error) {
	b := c.ledger[f]
	last, now, contents := b.list, c.now().UTC().Truncate(time.Second), sumOf(entries)
	sameDay := last.Time.In(japan).Format(time.DateOnly) == now.In(japan).Format(time.DateOnly)
	if last.Number > 0 && sameDay && !last.Time.After(now) && bytes.Equal(last.Contents, contents) {
		return last, nil
	}
	b.list = edition{last.Number + 1, now, contents}
	if err := c.save(); err != nil {
		b.list = last
		return edition{}, err
	}
	return b.list, nil
}

// stale is the list as it was when nobody had made a new one for three days;
// the lock is held.
func (c *CA) stale(f Family, entries []Entry) (edition, []Entry) {
	made := c.now().UTC().Truncate(time.Second).Add(-crlStaleSince)
	var old []Entry
	for _, e := range entries {
		if !e.Time.After(made) {
			old = append(old, e)
		}
	}
	return edition{Number: max(c.ledger[f].list.Number-1, 0), Time: made}, old
}

func sumOf(entries []Entry) []byte {
	h := sha256.New()
	for _, e := range entries {
		fmt.Fprintf(h, "%s %d %d\n", e.Serial, e.Time.Unix(), e.Reason)
	}
	return h.Sum(nil)
}

// signList makes the CRL of an edition.
func (a *authority) signList(e edition, entries []Entry) ([]byte, error) {
	template := x509.RevocationList{
		SignatureAlgorithm: x509.SHA256WithRSA,
		Number:             big.NewInt(e.Number),
		ThisUpdate:         e.Time,
		NextUpdate:         e.Time.Add(crlLife),
	}
	for _, entry := range entries {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: entry.Serial, RevocationTime: entry.Time, ReasonCode: entry.Reason,
		})
	}
	return x509.CreateRevocationList(rand.Reader, &template, a.certificate, a.key)
}
