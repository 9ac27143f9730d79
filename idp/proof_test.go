package idp

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kazasu/internal/appapi"
)

// judged posts a proof, changed as told, in a login of its own.
func (w *world) judged(change func(app, *appapi.Proof)) (int, appapi.Problem) {
	w.t.Helper()
	b := w.begin(goodRequest())
	a := w.open(b.links[appapi.SameDevice])
	proof := a.proof()
	if change != nil {
		change(a, &proof)
	}
	status, problem := a.post("proof", proof, &appapi.Finished{})
	if status != 200 {
		w.expectDenied(b)
	}
	return status, problem
}

// expectDenied: a refused proof ends the login, and the page tells the client.
func (w *world) expectDenied(b begun) {
	w.t.Helper()
	resp, _ := w.get(b.browser, b.page)
	location, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || location.Query().Get("error") != "access_denied" || location.Query().Get("state") != "st;ate ~1" {
		w.t.Errorf("page leads to %s", resp.Header.Get("Location"))
	}
}

// leafWith is a proof with another certificate for the card's key.
func leafWith(change func(*x509.Certificate)) func(*world, app, *appapi.Proof) {
	return func(w *world, _ app, p *appapi.Proof) { p.Certificate = w.issue(change) }
}

// authorityKeyID writes the extension with its three members, in DER.
func authorityKeyID(t *testing.T, ca *x509.Certificate, keyID []byte, serial int64) pkix.Extension {
	t.Helper()
	issuer := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: ca.RawSubject}
	der, err := asn1.Marshal(struct {
		KeyID  []byte          `asn1:"tag:0"`
		Issuer []asn1.RawValue `asn1:"tag:1"`
		Serial *big.Int        `asn1:"tag:2"`
	}{keyID, []asn1.RawValue{issuer}, big.NewInt(serial)})
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 35}, Value: der}
}

// Every way for a proof to fail, each alone in an otherwise good proof.
func TestProofIsRefused(t *testing.T) {
	k := testKeys()
	strangerCA := func(name pkix.Name) *x509.Certificate {
		return makeCA(t, k.otherCA, 1, name, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	}
	for _, row := range []struct {
		failure *proofFailure
		name    string
		change  func(*world, app, *appapi.Proof)
	}{
		{errCertificateForm, "garbage", func(_ *world, _ app, p *appapi.Proof) { p.Certificate = []byte("garbage") }},
		{errCertificateForm, "trailing byte", func(_ *world, _ app, p *appapi.Proof) { p.Certificate = append(slices.Clone(p.Certificate), 0) }},
		{errIssuerUnknown, "CA of another name", func(w *world, _ app, p *appapi.Proof) {
			p.Certificate = w.issueBy(strangerCA(pkix.Name{Organization: []string{"OTHER"}}), k.otherCA, k.leaf.Public(), nil)
		}},
		{errIssuerUnknown, "self-signed with a true serial", func(w *world, _ app, p *appapi.Proof) {
			self := leafTemplate()
			p.Certificate = w.issueBy(self, k.leaf, k.leaf.Public(), nil)
		}},
		{errAuthorityKey, "same name, another key", func(w *world, _ app, p *appapi.Proof) {
			p.Certificate = w.issueBy(strangerCA(caName), k.otherCA, k.leaf.Public(), nil)
		}},
		{errAuthorityKey, "serial that contradicts the key identifier", func(w *world, a app, p *appapi.Proof) {
			leafWith(func(c *x509.Certificate) {
				c.ExtraExtensions = append(c.ExtraExtensions, authorityKeyID(t, w.ca, w.ca.SubjectKeyId, 99))
			})(w, a, p)
		}},
		{errCertificateForged, "signature altered", func(_ *world, _ app, p *appapi.Proof) {
			p.Certificate = slices.Clone(p.Certificate)
			p.Certificate[len(p.Certificate)-1] ^= 1
		}},
		{errCertificateForged, "same name and key identifier, another key", func(w *world, _ app, p *appapi.Proof) {
			impostor := *strangerCA(caName)
			impostor.SubjectKeyId = w.ca.SubjectKeyId
			p.Certificate = w.issueBy(&impostor, k.otherCA, k.leaf.Public(), nil)
		}},
		{errCertificateAlgorithm, "SHA-512", leafWith(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA512WithRSA })},
		{errCertificateAlgorithm, "PSS", leafWith(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS })},
		{errNotYetValid, "a second too early", leafWith(func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Second) })},
		{errCertificateExpired, "a second too late", leafWith(func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) })},
		{errCriticalExtension, "unknown critical extension", leafWith(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
		})},
		{errPolicy, "no policy", leafWith(func(c *x509.Certificate) { c.ExtraExtensions = nil })},
		{errPolicy, "sign policy", leafWith(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{policiesOf(0x00, 0x14)} })},
		{errPolicy, "real policy", leafWith(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{policiesOf(0x03, 0x1E)} })},
		{errPolicy, "two policies", leafWith(func(c *x509.Certificate) {
			two := policiesOf(0x00, 0x1E)
			two.Value = slices.Concat([]byte{0x30, 0x1E}, two.Value[2:], policiesOf(0x00, 0x14).Value[2:])
			c.ExtraExtensions = []pkix.Extension{two}
		})},
		{errKeyUsage, "sign certificate", leafWith(func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment })},
		{errKeyUsage, "certificate signing", leafWith(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })},
		{errKeyUsage, "no key usage", leafWith(func(c *x509.Certificate) { c.KeyUsage = 0 })},
		{errExtKeyUsage, "no extended usage", leafWith(func(c *x509.Certificate) { c.ExtKeyUsage = nil })},
		{errExtKeyUsage, "server's", leafWith(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })},
		{errLeafIsCA, "CA bit", leafWith(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })},
		{errKeyUnsuitable, "RSA-1024", func(w *world, _ app, p *appapi.Proof) {
			p.Certificate = w.issueBy(w.ca, k.ca, k.small.Public(), nil)
		}},
		{errKeyUnsuitable, "exponent 3", func(w *world, _ app, p *appapi.Proof) {
			p.Certificate = w.issueBy(w.ca, k.ca, &rsa.PublicKey{N: k.leaf.N, E: 3}, nil)
		}},
		{errKeyUnsuitable, "EC", func(w *world, _ app, p *appapi.Proof) { p.Certificate = w.issueBy(w.ca, k.ca, k.id.Public(), nil) }},
		{errSignature, "altered", func(_ *world, _ app, p *appapi.Proof) { p.Signature[200] ^= 1 }},
		{errSignature, "over another challenge", func(_ *world, a app, p *appapi.Proof) {
			a.opened.Challenge.Nonce = "another"
			p.Signature = a.proof().Signature
		}},
		{errSignature, "for another client", func(_ *world, a app, p *appapi.Proof) {
			a.opened.Challenge.Client = clientB
			p.Signature = a.proof().Signature
		}},
		{errSignature, "over the bare hash", func(_ *world, a app, p *appapi.Proof) {
			digest := a.opened.Challenge.Digest()
			p.Signature, _ = rsa.SignPKCS1v15(nil, k.leaf, crypto.Hash(0), digest[:])
		}},
		{errSignature, "by another card", func(_ *world, a app, p *appapi.Proof) {
			digest := a.opened.Challenge.Digest()
			p.Signature, _ = rsa.SignPKCS1v15(nil, k.otherCA, crypto.SHA256, digest[:])
		}},
		{errSignature, "empty", func(_ *world, _ app, p *appapi.Proof) { p.Signature = nil }},
		{errRevoked, "revoked", func(w *world, _ app, _ *appapi.Proof) { w.revoked[leafSerial] = 1 }},
		{errStatusUnknown, "no answer about revocation", func(w *world, _ app, _ *appapi.Proof) { w.crl = func() []byte { return nil } }},
		{errTextMissing, "no files", func(_ *world, _ app, p *appapi.Proof) { p.Files = nil }},
		{errCVForged, "another root", func(w *world, _ app, p *appapi.Proof) {
			*p.Files = textFiles(k.otherCA, k.integrity, "偽造　太郎", "東京都")
		}},
		{errCVForged, "no TLV", func(_ *world, _ app, p *appapi.Proof) { p.Files.CV = []byte{0x7F} }},
		{errIntegrityForged, "another key", func(_ *world, _ app, p *appapi.Proof) {
			p.Files.Integrity = textFiles(k.text, k.otherCA, "電子　花子", "東京都").Integrity
		}},
		{errIntegrityForged, "no TLV", func(_ *world, _ app, p *appapi.Proof) { p.Files.Integrity = nil }},
		{errTextAltered, "address altered", func(_ *world, _ app, p *appapi.Proof) {
			p.Files.Attributes = bytes.Replace(p.Files.Attributes, []byte("東京都"), []byte("大阪府"), 1)
		}},
		{errTextAltered, "another card's record", func(_ *world, _ app, p *appapi.Proof) {
			p.Files.Integrity = textFiles(k.text, k.integrity, "別人　次郎", "東京都").Integrity
		}},
	} {
		t.Run(row.failure.code+"/"+row.name, func(t *testing.T) {
			w := newWorld(t)
			status, problem := w.judged(func(a app, p *appapi.Proof) { row.change(w, a, p) })
			if status != 403 || problem.Code != row.failure.code || problem.Message != row.failure.sentence {
				t.Errorf("proof answers %d %+v, want %s", status, problem, row.failure.code)
			}
			checks := w.seen(KindProofCheck)
			last := checks[len(checks)-1]
			if last.Detail["outcome"] != "failed" || !strings.Contains(last.Text, row.failure.sentence) {
				t.Errorf("last check is %+v", last)
			}
			if got := len(w.seen(KindCancelled)); got != 1 {
				t.Errorf("%d events cancelled, want 1", got)
			}
		})
	}
}

// Failures that no certificate of x509.CreateCertificate can show.
func TestProofFailuresOfTheCA(t *testing.T) {
	t.Run("ca-expired", func(t *testing.T) {
		w := newWorld(t)
		w.leaf = w.issue(func(c *x509.Certificate) { c.NotAfter = noon.AddDate(20, 0, 0) })
		w.clock.move(10 * 365 * 24 * time.Hour)
		if status, problem := w.judged(nil); status != 403 || problem.Code != "ca-expired" {
			t.Errorf("proof answers %d %s", status, problem.Code)
		}
	})
	t.Run("validity-form", func(t *testing.T) {
		w := newWorld(t)
		e := &evidence{certificate: &x509.Certificate{NotBefore: noon, NotAfter: noon}}
		// TBS with validity 18 0F (GeneralizedTime) where 17 0D belongs.
		e.certificate.RawTBSCertificate = slices.Concat(
			[]byte{0x30, 0x2E, 0x02, 0x01, 0x01, 0x30, 0x00, 0x30, 0x00, 0x30, 0x20 + 0x02, 0x18, 0x0F}, []byte("20261001030000Z"),
			[]byte{0x18, 0x0F}, []byte("20261001030000Z"), []byte{0x05, 0x00})
		e.certificate.RawTBSCertificate[1] = byte(len(e.certificate.RawTBSCertificate) - 2)
		if err := checkTimeForm(w.t.Context(), e); err == nil || err.Error() != "GeneralizedTime before 2050" {
			t.Errorf("checkTimeForm: %v", err)
		}
	})
	t.Run("attributes-unreadable", func(t *testing.T) {
		for name, value := range map[string][2]string{"letters in the birth date": {"19850315", "1985031X"}, "sex 3": {"\xDF\x25\x012", "\xDF\x25\x013"},
			"name not UTF-8": {"電子", "\xFF電\xFE\xFF"}} {
			w := newWorld(t)
			e := &evidence{proof: appapi.Proof{Files: &appapi.TextFiles{}}}
			e.proof.Files.Attributes = bytes.Replace(w.files.Attributes, []byte(value[0]), []byte(value[1]), 1)
			if err := readText(t.Context(), e); err == nil {
				t.Errorf("%s is taken", name)
			}
		}
	})
}

// A certificate is good at both ends of its life, to the second.
func TestValidityIsInclusive(t *testing.T) {
	for name, change := range map[string]func(*x509.Certificate){
		"first instant": func(c *x509.Certificate) { c.NotBefore = noon },
		"last instant":  func(c *x509.Certificate) { c.NotAfter = noon },
	} {
		w := newWorld(t)
		w.leaf = w.issue(change)
		if status, problem := w.judged(nil); status != 200 {
			t.Errorf("%s: proof answers %d %s", name, status, problem.Code)
		}
	}
}

// Three generations with one name: the key identifier and the serial pick the
// right one, and without them the signature does.
func TestGenerationsShareOneName(t *testing.T) {
	k := testKeys()
	older := makeCA(t, k.otherCA, 7, caName, noon.AddDate(-5, 0, 0), noon.AddDate(5, 0, 0))
	w := newWorld(t, func(c *Config) { c.AuthAnchors = append([]*x509.Certificate{older}, c.AuthAnchors...) })
	withoutPointer := *w.ca
	withoutPointer.SubjectKeyId = nil
	for name, leaf := range map[string][]byte{
		"key identifier": w.issue(nil),
		"all three members": w.issue(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, authorityKeyID(t, w.ca, w.ca.SubjectKeyId, 1))
		}),
		"no pointer": w.issueBy(&withoutPointer, k.ca, k.leaf.Public(), nil),
	} {
		w.leaf = leaf
		if status, problem := w.judged(nil); status != 200 {
			t.Errorf("%s: proof answers %d %s", name, status, problem.Code)
		}
	}
}

// Fifty proofs at once, all good: one is taken, and the login is its.
func TestChallengeIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	a := w.open(b.links[appapi.SameDevice])
	var wg sync.WaitGroup
	codes := make(chan string, 50)
	for range 50 {
		wg.Go(func() {
			status, problem := a.post("proof", a.proof(), &appapi.Finished{})
			if status == 200 {
				problem.Code = "accepted"
			}
			codes <- problem.Code
		})
	}
	wg.Wait()
	close(codes)
	count := map[string]int{}
	for code := range codes {
		count[code]++
	}
	if count["accepted"] != 1 || count["challenge-used"]+count["closed"] != 49 {
		t.Errorf("answers %v, want one accepted", count)
	}
	if got := len(w.seen(KindFinished)); got != 1 {
		t.Errorf("%d logins finished", got)
	}
}

// A proof of one login is worth nothing in another.
func TestProofCannotBeReplayed(t *testing.T) {
	w := newWorld(t)
	first := w.open(w.begin(goodRequest()).links[appapi.SameDevice])
	proof := first.proof()
	first.finish(proof)
	second := w.open(w.begin(goodRequest()).links[appapi.SameDevice])
	if status, problem := second.post("proof", proof, &appapi.Finished{}); status != 403 || problem.Code != "signature-wrong" {
		t.Errorf("replayed proof answers %d %s", status, problem.Code)
	}
}

// What events carry must not give the person away.
func TestEventsHoldNoPersonalData(t *testing.T) {
	w := newWorld(t)
	w.tokens(goodRequest())
	w.judged(func(_ app, p *appapi.Proof) { p.Signature[0] ^= 1 })
	serial := big.NewInt(leafSerial).String()
	for _, e := range w.events {
		for _, text := range append([]string{e.Text}, slices.Collect(maps.Values(e.Detail))...) {
			for _, secret := range []string{"花子", "架空区", "19850315", serial, "0123abcd", "000004EAA1"} {
				if strings.Contains(text, secret) {
					t.Errorf("event %s says %q", e.Kind, text)
				}
			}
		}
	}
}

func TestChecksHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range examination {
		if seen[c.name] {
			t.Errorf("check %s stands twice", c.name)
		}
		seen[c.name] = true
	}
	if len(examination) != 24 {
		t.Errorf("%d checks", len(examination))
	}
}
