package idp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Bounds of an OCSP answer. A responder that names no next update is believed
// for as long as JPKI's takes to refresh (docs/FIDELITY.md K21).
const (
	ocspMax     = 64 << 10
	ocspRefresh = 15 * time.Minute
)

// askOCSP is nil when a responder that the anchor authorised says, freshly,
// that the certificate is good.
func (v revocation) askOCSP(ctx context.Context, cert, anchor *x509.Certificate, now time.Time) error {
	request, err := ocsp.CreateRequest(cert, anchor, nil)
	if err != nil {
		return fmt.Errorf("making OCSP request: %w", err)
	}
	header := map[string]string{"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
	der, _, err := exchange(ctx, v.http, http.MethodPost, v.ocspURL, request, header, ocspMax)
	if err != nil {
		return fmt.Errorf("asking OCSP responder: %w", err)
	}
	answer, err := ocsp.ParseResponseForCert(der, cert, anchor)
	if err != nil {
		return fmt.Errorf("reading OCSP answer: %w", err)
	}
	if err := verifyOCSP(answer, cert, anchor, now); err != nil {
		return fmt.Errorf("checking OCSP answer: %w", err)
	}
	switch answer.Status {
	case ocsp.Good:
		return nil
	case ocsp.Revoked:
		return fmt.Errorf("%w: OCSP reason %d", errRevoked, answer.RevocationReason)
	}
	return errors.New("the responder doesn't know the certificate")
}

// verifyOCSP checks what the library leaves to its caller. The signatures over
// the answer and over the responder's certificate are verified by then.
func verifyOCSP(answer *ocsp.Response, cert, anchor *x509.Certificate, now time.Time) error {
	if err := checkResponder(answer.Certificate, anchor, now); err != nil {
		return err
	}
	if err := checkCertID(answer, cert, anchor); err != nil {
		return err
	}
	next := answer.NextUpdate
	if next.IsZero() {
		next = answer.ThisUpdate.Add(ocspRefresh)
	}
	switch {
	case answer.ThisUpdate.After(now.Add(clockSkew)):
		return fmt.Errorf("it was made at %s, in the future", answer.ThisUpdate)
	case now.After(next):
		return fmt.Errorf("it is stale since %s", next)
	}
	return nil
}

var oidNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

// checkResponder takes the CA itself, or a responder that the same key of the
// CA authorised (RFC 6960 §4.2.2.2). Nobody asks about the responder's own
// certificate, so the CA must have said that nobody need.
func checkResponder(responder, anchor *x509.Certificate, now time.Time) error {
	switch {
	case responder == nil || responder.Equal(anchor):
		return nil
	case !bytes.Equal(responder.RawIssuer, anchor.RawSubject):
		return errors.New("another CA issued the responder's certificate")
	case !slices.Contains(responder.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("the responder's certificate is not for signing OCSP")
	case now.Before(responder.NotBefore) || now.After(responder.NotAfter):
		return errors.New("the responder's certificate is not valid now")
	case extension(responder, oidNoCheck) == nil:
		return errors.New("the responder's certificate may be revoked itself")
	}
	return nil
}

// certID names a certificate in OCSP, RFC 6960 §4.1.1.
type certID struct {
	Algorithm asn1.RawValue
	NameHash  []byte
	KeyHash   []byte
	Serial    *big.Int
}

// checkCertID compares the hashes of the issuer's name and key: the library
// compares the serial number alone, and serials of two CAs may be equal.
func checkCertID(answer *ocsp.Response, cert, anchor *x509.Certificate) error {
	var data struct {
		Version    int `asn1:"optional,explicit,default:0,tag:0"`
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  []struct{ ID certID }
	}
	if _, err := asn1.Unmarshal(answer.TBSResponseData, &data); err != nil {
		return fmt.Errorf("reading its certificate IDs: %w", err)
	}
	var key struct {
		Algorithm asn1.RawValue
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(anchor.RawSubjectPublicKeyInfo, &key); err != nil {
		return fmt.Errorf("reading the CA's key: %w", err)
	}
	for _, single := range data.Responses {
		id := single.ID
		if id.Serial.Cmp(cert.SerialNumber) != 0 {
			continue
		}
		if bytes.Equal(id.NameHash, sum(answer.IssuerHash, anchor.RawSubject)) &&
			bytes.Equal(id.KeyHash, sum(answer.IssuerHash, key.Bits.RightAlign())) {
			return nil
		}
		break // the library took this one
	}
	return errors.New("it is about a certificate of another issuer")
}

func sum(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}
