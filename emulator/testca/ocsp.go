package testca

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"

	"kazasu/internal/jpki"
)

// Times of an OCSP answer: the real responder's data are refreshed every 15
// minutes, and ours say so; but a revocation shows at once, and then the answer
// is no older than what it tells (docs/FIDELITY.md K21).
const (
	ocspStep = 15 * time.Minute
	ocspLife = 2 * ocspStep
)

// ocspAnswersMax bounds the answers that are kept.
const ocspAnswersMax = 4096

// responder answers OCSP for one CA, by a certificate that the CA delegated.
type responder struct {
	authority   *authority
	certificate *x509.Certificate
	key         *rsa.PrivateKey

	mu      sync.Mutex
	answers map[question][]byte // signed before, and still the same
}

// question is what an answer depends on, but for the nonce.
type question struct {
	hash            crypto.Hash
	serial          string
	status          int
	reason          int
	revoked, update int64 // Unix times
}

// newResponder delegates: id-kp-OCSPSigning, and id-pkix-ocsp-nocheck, as
// nobody could ask about this certificate.
func newResponder(a *authority, block int) (*responder, error) {
	key, err := embeddedKey("ocsp")
	if err != nil {
		return nil, err
	}
	e := extensions{}
	e.add(jpki.OIDKeyUsage, bits(asn1.BitString{Bytes: []byte{0x80}, BitLength: 1}))
	e.add(jpki.OIDExtendedKeyUsage, sequence(oid(jpki.OIDOCSPSigning)))
	e.add(jpki.OIDOCSPNoCheck, object(tagNull))
	e.add(jpki.OIDAuthorityKeyID, sequence(object(implicit(0), a.certificate.SubjectKeyId)))
	e.add(jpki.OIDSubjectKeyID, object(tagOctets, keyID(&key.PublicKey)))
	subject := sequence(country(),
		rdn(jpki.OIDOrganization, a.naming.organization),
		rdn(jpki.OIDOrganizationalUnit, a.profile.Service),
		rdn(jpki.OIDCommonName, "OCSP Responder"+markTest))
	_, cert, err := certificate{
		serial: serialOf(digest("ocsp", a.profile.Family, strconv.Itoa(block))),
		issuer: a.name, subject: subject, period: caPeriod(block), key: &key.PublicKey,
		extensions: e.encode([]asn1.ObjectIdentifier{
			jpki.OIDKeyUsage, jpki.OIDExtendedKeyUsage, jpki.OIDOCSPNoCheck, jpki.OIDAuthorityKeyID, jpki.OIDSubjectKeyID,
		}),
	}.sign(a.key)
	if err != nil {
		return nil, fmt.Errorf("making OCSP responder's certificate: %w", err)
	}
	return &responder{authority: a, certificate: cert, key: key, answers: map[question][]byte{}}, nil
}

// ocspAnswer answers one request in DER. What can't be read, and what another
// CA issued, gets an unsigned error answer (RFC 6960 §2.3).
func (c *CA) ocspAnswer(request []byte) ([]byte, error) {
	r, err := ocsp.ParseRequest(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse, nil
	}
	nonce, err := nonceOf(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse, nil
	}
	if !c.responder.authority.issuerOf(r) {
		return ocsp.UnauthorizedErrorResponse, nil
	}
	q := c.status(r)
	if nonce != nil {
		return c.responder.sign(q, r, c.now(), nonce)
	}
	return c.responder.answer(q, r)
}

// issuerOf compares the hashes of the CA's name and key in a CertID.
func (a *authority) issuerOf(r *ocsp.Request) bool {
	if !r.HashAlgorithm.Available() {
		return false
	}
	sum := func(data []byte) []byte {
		h := r.HashAlgorithm.New()
		h.Write(data)
		return h.Sum(nil)
	}
	return bytes.Equal(r.IssuerNameHash, sum(a.name)) &&
		bytes.Equal(r.IssuerKeyHash, sum(x509.MarshalPKCS1PublicKey(&a.key.PublicKey)))
}

// status is what the CA says about a certificate: good, revoked, or unknown
// where it never issued one of this serial number; and since when it says so.
func (c *CA) status(r *ocsp.Request) question {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := question{hash: r.HashAlgorithm, serial: r.SerialNumber.String(), status: ocsp.Unknown, update: c.updated().Unix()}
	if !c.ledger[Auth].issued[q.serial] {
		return q
	}
	q.status = ocsp.Good
	if e, revoked := c.reported(Auth)[q.serial]; revoked {
		q.status, q.reason, q.revoked = ocsp.Revoked, e.Reason, e.Time.Unix()
	}
	return q
}

// updated is the last quarter of an hour, or the last change of the ledger if
// that came after; never what is still to come, if the clock was set back. The
// lock is held.
func (c *CA) updated() time.Time {
	now := c.now().UTC().Truncate(time.Second)
	update := now.Truncate(ocspStep)
	if changed := c.ledger[Auth].changed; changed.After(update) {
		update = changed
	}
	if update.After(now) {
		return now
	}
	return update
}

// answer signs, or repeats what was signed for the same question. What it
// keeps says that it was produced at its thisUpdate, as if signed ahead.
func (r *responder) answer(q question, request *ocsp.Request) ([]byte, error) {
	r.mu.Lock()
	der, known := r.answers[q]
	r.mu.Unlock()
	if known {
		return der, nil
	}
	der, err := r.sign(q, request, time.Unix(q.update, 0), nil)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.answers) >= ocspAnswersMax {
		clear(r.answers)
	}
	r.answers[q] = der
	return der, nil
}
