package idp

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// crlMax bounds a list: about five million entries.
const crlMax = 256 << 20

// crlSource fetches the list and remembers it, parsed: an unchanged list costs
// a request, not a parsing.
type crlSource struct {
	url    string
	http   *http.Client
	maxAge time.Duration

	mu      sync.Mutex
	current *crl
	highest *big.Int  // CRL number accepted last,
	at      time.Time // and when: a clock that went back forgets it
}

// crl is one list, parsed; only fetched changes after it was made.
type crl struct {
	der     []byte
	etag    string
	fetched time.Time
	list    *x509.RevocationList
	reasons map[string]int // serial number's bytes → reason

	mu       sync.Mutex
	signedBy *x509.Certificate // the anchor that verified it
}

// check is nil when the anchor's valid list doesn't have the certificate.
func (s *crlSource) check(ctx context.Context, cert, anchor *x509.Certificate, now time.Time) error {
	c, err := s.load(ctx, now)
	if err != nil {
		return fmt.Errorf("fetching CRL: %w", err)
	}
	if err := c.verify(cert, anchor, now); err != nil {
		return fmt.Errorf("checking CRL: %w", err)
	}
	if err := s.advance(c.list.Number, now); err != nil {
		return fmt.Errorf("checking CRL: %w", err)
	}
	if reason, listed := c.reasons[string(cert.SerialNumber.Bytes())]; listed {
		return fmt.Errorf("%w: CRL reason %d", errRevoked, reason)
	}
	return nil
}

func (s *crlSource) load(ctx context.Context, now time.Time) (*crl, error) {
	known, fresh := s.known(now)
	if fresh {
		return known, nil
	}
	header := map[string]string{}
	if known != nil && known.etag != "" {
		header["If-None-Match"] = known.etag
	}
	der, answer, err := exchange(ctx, s.http, http.MethodGet, s.url, nil, header, crlMax)
	if err != nil {
		return nil, err
	}
	if known != nil && (der == nil || bytes.Equal(der, known.der)) {
		return s.keep(known, now), nil
	}
	c, err := parseCRL(der, answer.Get("ETag"))
	if err != nil {
		return nil, err
	}
	return s.keep(c, now), nil
}

// known is the list at hand, and whether it may be used without asking.
func (s *crlSource) known(now time.Time) (*crl, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil, false
	}
	age := now.Sub(s.current.fetched)
	return s.current, age >= 0 && age < s.maxAge && now.Before(s.current.list.NextUpdate)
}

func (s *crlSource) keep(c *crl, now time.Time) *crl {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.fetched = now
	s.current = c
	return c
}

// advance refuses a list older than one that was accepted (RFC 5280 §5.2.3).
func (s *crlSource) advance(number *big.Int, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number == nil {
		return nil
	}
	if s.highest != nil && !now.Before(s.at) && number.Cmp(s.highest) < 0 {
		return fmt.Errorf("its number went back from %s to %s", s.highest, number)
	}
	s.highest, s.at = number, now
	return nil
}

func parseCRL(der []byte, etag string) (*crl, error) {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("reading CRL: %w", err)
	}
	c := &crl{der: der, etag: etag, list: list, reasons: make(map[string]int, len(list.RevokedCertificateEntries))}
	for _, entry := range list.RevokedCertificateEntries {
		c.reasons[string(entry.SerialNumber.Bytes())] = entry.ReasonCode
	}
	return c, nil
}

// verify is nil when the anchor signed the list and it speaks, now, for this
// certificate.
func (c *crl) verify(cert, anchor *x509.Certificate, now time.Time) error {
	if err := c.verifySignature(anchor); err != nil {
		return err
	}
	switch {
	case c.list.ThisUpdate.After(now.Add(clockSkew)):
		return fmt.Errorf("it was made at %s, in the future", c.list.ThisUpdate)
	case c.list.NextUpdate.IsZero():
		return errors.New("it doesn't say when the next one comes")
	case now.After(c.list.NextUpdate):
		return fmt.Errorf("it is stale since %s", c.list.NextUpdate)
	}
	return c.verifyScope(cert)
}

// verifySignature demands the very key that issued the certificate: another
// generation of the CA bears the same name.
func (c *crl) verifySignature(anchor *x509.Certificate) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.signedBy == anchor {
		return nil
	}
	switch {
	case !bytes.Equal(c.list.RawIssuer, anchor.RawSubject):
		return errors.New("another CA issued it")
	case len(c.list.AuthorityKeyId) > 0 && !bytes.Equal(c.list.AuthorityKeyId, anchor.SubjectKeyId):
		return errors.New("another key of the CA signed it")
	case c.list.SignatureAlgorithm != x509.SHA256WithRSA:
		return fmt.Errorf("it is signed by %s", c.list.SignatureAlgorithm)
	}
	if err := c.list.CheckSignatureFrom(anchor); err != nil {
		return err
	}
	c.signedBy = anchor
	return nil
}

var (
	oidDistributionPoints       = asn1.ObjectIdentifier{2, 5, 29, 31}
	oidIssuingDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// issuingPoint says what a list is about, RFC 5280 §5.2.5.
type issuingPoint struct {
	Point      asn1.RawValue  `asn1:"optional,tag:0"`
	OnlyUser   bool           `asn1:"optional,tag:1"`
	OnlyCA     bool           `asn1:"optional,tag:2"`
	Reasons    asn1.BitString `asn1:"optional,tag:3"`
	Indirect   bool           `asn1:"optional,tag:4"`
	Attributes bool           `asn1:"optional,tag:5"`
}

// verifyScope refuses lists that don't cover the certificate: of another
// partition, of CA certificates only, of some reasons only, deltas.
func (c *crl) verifyScope(cert *x509.Certificate) error {
	for _, ext := range c.list.Extensions {
		switch {
		case ext.Id.Equal(oidIssuingDistributionPoint):
			if err := coveredBy(ext.Value, cert); err != nil {
				return err
			}
		case ext.Critical:
			return fmt.Errorf("it has a critical extension %s that is not known", ext.Id)
		}
	}
	return nil
}

func coveredBy(der []byte, cert *x509.Certificate) error {
	var point issuingPoint
	if rest, err := asn1.Unmarshal(der, &point); err != nil || len(rest) > 0 {
		return errors.New("its issuing distribution point can't be read")
	}
	switch {
	case point.OnlyCA, point.Attributes, point.Indirect, point.Reasons.BitLength > 0:
		return errors.New("it doesn't cover certificates of persons for every reason")
	case len(point.Point.Bytes) > 0 && !bytes.Equal(point.Point.Bytes, firstPoint(cert)):
		return errors.New("it is another municipality's partition")
	}
	return nil
}

// firstPoint is the name in the certificate's only distribution point.
func firstPoint(cert *x509.Certificate) []byte {
	var points []struct {
		Point asn1.RawValue `asn1:"optional,tag:0"`
	}
	rest, err := asn1.Unmarshal(extension(cert, oidDistributionPoints), &points)
	if err != nil || len(rest) > 0 || len(points) != 1 {
		return nil
	}
	return points[0].Point.Bytes
}
