package testca

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ocsp"
)

// The library that reads requests knows no extension of theirs and can write
// none round an answer. So the nonce is read here, and the answer, RFC 6960
// §4.2.1, is written here object by object.

var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
)

// nonceMax is the length of the longest nonce, RFC 9654 §2.1. RFC 8954 ended
// at 32.
const nonceMax = 128

var errNonce = errors.New("the nonce is no octet string of 1 to 128 bytes")

// ocspRequest is an OCSPRequest with as much of it as is looked at.
type ocspRequest struct {
	TBS struct {
		Version    int           `asn1:"explicit,tag:0,default:0,optional"`
		Requestor  asn1.RawValue `asn1:"explicit,tag:1,optional"`
		List       []struct{ ID asn1.RawValue }
		Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
	}
	Signature asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

// nonceOf is the value of a request's nonce, nil where there is none. An empty
// one, and one that is too long, make the request malformed.
func nonceOf(request []byte) ([]byte, error) {
	var r ocspRequest
	if _, err := asn1.Unmarshal(request, &r); err != nil {
		return nil, fmt.Errorf("reading OCSP request: %w", err)
	}
	for _, e := range r.TBS.Extensions {
		if !e.Id.Equal(oidOCSPNonce) {
			continue
		}
		var nonce []byte
		rest, err := asn1.Unmarshal(e.Value, &nonce)
		if err != nil || len(rest) > 0 || len(nonce) == 0 || len(nonce) > nonceMax {
			return nil, errNonce
		}
		return nonce, nil
	}
	return nil, nil
}

// certID is a request's own CertID, to be sent back.
func certID(request *ocsp.Request) ([]byte, error) {
	der, err := request.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encoding certificate ID: %w", err)
	}
	var r ocspRequest
	if _, err := asn1.Unmarshal(der, &r); err != nil {
		return nil, fmt.Errorf("encoding certificate ID: %w", err)
	}
	return r.TBS.List[0].ID.FullBytes, nil
}

// sign makes an answer. A nonce is given back, so that whoever asked knows
// that the answer was made for them.
func (r *responder) sign(q question, request *ocsp.Request, produced time.Time, nonce []byte) ([]byte, error) {
	id, err := certID(request)
	if err != nil {
		return nil, err
	}
	update := time.Unix(q.update, 0)
	single := sequence(id, q.certStatus(), generalized(update),
		object(constructed(0), generalized(update.Add(ocspLife))))
	data := [][]byte{object(constructed(1), r.certificate.RawSubject), generalized(produced), sequence(single)}
	if nonce != nil {
		value := object(tagOctets, object(tagOctets, nonce))
		data = append(data, object(constructed(1), sequence(sequence(oid(oidOCSPNonce), value))))
	}
	tbs := sequence(data...)
	sum := sha256.Sum256(tbs)
	signature, err := rsa.SignPKCS1v15(nil, r.key, crypto.SHA256, sum[:])
	if err != nil {
		return nil, fmt.Errorf("signing OCSP answer: %w", err)
	}
	basic := sequence(tbs, sequence(oid(oidSHA256WithRSA), object(tagNull)),
		bits(asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}),
		object(constructed(0), sequence(r.certificate.Raw)))
	return sequence(enumerated(0), object(constructed(0),
		sequence(oid(oidOCSPBasic), object(tagOctets, basic)))), nil
}

// certStatus is good [0], revoked [1] with time and reason, or unknown [2]. A
// reason that says nothing is left out.
func (q question) certStatus() []byte {
	switch q.status {
	case ocsp.Good:
		return object(implicit(0))
	case ocsp.Revoked:
		at := generalized(time.Unix(q.revoked, 0))
		if q.reason == ocsp.Unspecified {
			return object(constructed(1), at)
		}
		return object(constructed(1), at, object(constructed(0), enumerated(q.reason)))
	}
	return object(implicit(2))
}
