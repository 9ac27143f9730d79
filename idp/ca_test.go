package idp

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net/http"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"kazasu/internal/appapi"
)

// ---- the CA ----

func makeCA(t testing.TB, key *rsa.PrivateKey, serial int64, name pkix.Name, from, to time.Time) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, caTemplate(serial, name, from, to), caTemplate(serial, name, from, to), key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func caTemplate(serial int64, name pkix.Name, from, to time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: name, NotBefore: from, NotAfter: to, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
}

// leafSerial is the serial number of the card's certificate.
const leafSerial = 0x0123ABCD

// leafTemplate is a good auth certificate.
func leafTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(leafSerial), Subject: pkix.Name{Country: []string{"JP"}, CommonName: "000004EAA10000013101003A"},
		NotBefore: noon.AddDate(0, -1, 0), NotAfter: noon.AddDate(4, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		SignatureAlgorithm: x509.SHA256WithRSA,
		ExtraExtensions:    []pkix.Extension{criticalPolicies},
	}
}

// criticalPolicies is the extension as JPKI has it, which Go writes uncritical:
// 06 0B 2A 83 08 8C 9B 55 08 05 01 00 1E is 1.2.392.200149.8.5.1.0.30.
var criticalPolicies = policiesOf(0x00, 0x1E)

func policiesOf(group, last byte) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 32}, Critical: true, Value: []byte{0x30, 0x0F, 0x30, 0x0D, 0x06, 0x0B,
		0x2A, 0x83, 0x08, 0x8C, 0x9B, 0x55, 0x08, 0x05, 0x01, group, last}}
}

// issue makes a certificate for the card's key, changed as told.
func (w *world) issue(change func(*x509.Certificate)) []byte {
	return w.issueBy(w.ca, testKeys().ca, testKeys().leaf.Public(), change)
}

func (w *world) issueBy(ca *x509.Certificate, key *rsa.PrivateKey, public crypto.PublicKey, change func(*x509.Certificate)) []byte {
	template := leafTemplate()
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, public, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

func (w *world) serveCA(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/crl" {
		rw.Write(w.crl())
		return
	}
	body, _ := io.ReadAll(r.Body)
	request, err := ocsp.ParseRequest(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	rw.Write(w.ocsp(request))
}

func (w *world) makeCRL() []byte { return w.crlWith(w.ca, testKeys().ca, nil) }

func (w *world) crlWith(ca *x509.Certificate, key *rsa.PrivateKey, change func(*x509.RevocationList)) []byte {
	list := &x509.RevocationList{
		Number: big.NewInt(w.clock.Now().Unix()), ThisUpdate: w.clock.Now().Add(-time.Hour), NextUpdate: w.clock.Now().Add(time.Hour),
		SignatureAlgorithm: x509.SHA256WithRSA,
	}
	for serial, reason := range w.revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: big.NewInt(serial), RevocationTime: w.clock.Now(), ReasonCode: reason})
	}
	if change != nil {
		change(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca, key)
	if err != nil {
		w.t.Error(err)
	}
	return der
}

func (w *world) answerOCSP(r *ocsp.Request) []byte { return w.ocspWith(r, nil) }

func (w *world) ocspWith(r *ocsp.Request, change func(*ocsp.Response)) []byte {
	answer := ocsp.Response{
		Status: ocsp.Good, SerialNumber: r.SerialNumber, IssuerHash: crypto.SHA1,
		ThisUpdate: w.clock.Now().Add(-time.Minute), NextUpdate: w.clock.Now().Add(14 * time.Minute),
	}
	if reason, revoked := w.revoked[r.SerialNumber.Int64()]; revoked {
		answer.Status, answer.RevokedAt, answer.RevocationReason = ocsp.Revoked, w.clock.Now(), reason
	}
	if change != nil {
		change(&answer)
	}
	der, err := ocsp.CreateResponse(w.ca, w.ca, answer, testKeys().ca)
	if err != nil {
		w.t.Error(err)
	}
	return der
}

// ---- the card's text ----

// object writes tag, length by the card's rule, and value.
func object(tag string, value []byte) []byte {
	out := append([]byte{}, unhex(tag)...)
	if n := len(value); n < 0x80 {
		out = append(out, byte(n))
	} else {
		out = append(out, 0x82, byte(n>>8), byte(n))
	}
	return append(out, value...)
}

func unhex(s string) []byte {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic(s)
	}
	return n.Bytes()
}

func signBytes(key *rsa.PrivateKey, message []byte) []byte {
	hash := sha256.Sum256(message)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash[:])
	if err != nil {
		panic(err)
	}
	return signature
}

// textFiles are EF 0002, 0003 and 0004 with filler behind the first.
func textFiles(root, integrity *rsa.PrivateKey, name, address string) appapi.TextFiles {
	data := slices.Concat(object("DF22", []byte(name)), object("DF23", []byte(address)),
		object("DF24", []byte("19850315")), object("DF25", []byte("2")))
	attributes := object("FF20", slices.Concat(object("DF21", make([]byte, 8)), data))
	hash := sha256.Sum256(data)
	record := slices.Concat(object("DF31", make([]byte, 32)), object("DF32", hash[:]))
	body := slices.Concat(make([]byte, 32), object("90", []byte{1, 0, 1}), object("91", integrity.N.Bytes()))
	return appapi.TextFiles{
		Attributes: append(attributes, 0xFF, 0xFF, 0xFF),
		Integrity:  object("FF30", slices.Concat(record, object("DF33", signBytes(integrity, record)))),
		CV:         object("7F21", slices.Concat(object("5F4E", body), object("5F37", signBytes(root, body)))),
	}
}
