package idp

import (
	"bytes"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ocsp"

	"kazasu/internal/appapi"
)

// A proof that fails by itself fails before anybody is asked about its
// certificate: whoever lacks the card's signature or text learns nothing of
// the certificate's state, and makes no traffic.
func TestRevocationIsAskedLast(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*appapi.Proof)
		want   string // problem's code
		asked  bool
	}{
		{"nothing else is wrong", func(*appapi.Proof) {}, "certificate-revoked", true},
		{"signature", func(p *appapi.Proof) { p.Signature[200] ^= 1 }, "signature-wrong", false},
		{"no files", func(p *appapi.Proof) { p.Files = nil }, "attributes-missing", false},
		{"CV certificate", func(p *appapi.Proof) { p.Files.CV = nil }, "cv-forged", false},
		{"record", func(p *appapi.Proof) { p.Files.Integrity = nil }, "integrity-forged", false},
		{"text", func(p *appapi.Proof) {
			p.Files.Attributes = bytes.Replace(p.Files.Attributes, []byte("東京都"), []byte("大阪府"), 1)
		}, "attributes-altered", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.revoked[leafSerial] = 1
			var asked atomic.Bool
			w.ocsp = func(r *ocsp.Request) []byte { asked.Store(true); return w.answerOCSP(r) }
			w.crl = func() []byte { asked.Store(true); return w.makeCRL() }
			status, problem := w.judged(func(_ app, p *appapi.Proof) { row.change(p) })
			if status != 403 || problem.Code != row.want || asked.Load() != row.asked {
				t.Errorf("proof answers %d %s, CA asked: %t; want %s, %t", status, problem.Code, asked.Load(), row.want, row.asked)
			}
		})
	}
}

// What is NOT checked, as nothing on the card would let anybody check it: that
// certificate and text are of one card. An app that shows its own certificate
// and signature with the genuine text of another card gets the other person's
// name under its own subject (docs/FIDELITY.md L13). If this test ever fails,
// somebody found a way, and the documents must say so.
func TestAttributesOfAnotherCardAreNotNoticed(t *testing.T) {
	k, w := testKeys(), newWorld(t)
	own := w.tokens(goodRequest())
	w.files = textFiles(k.text, k.otherCA, "別人　次郎", "大阪府架空市試験町二丁目") // genuine: its own key, the same root
	mixed := w.tokens(goodRequest())
	_, first := w.userinfo(own["access_token"].(string))
	status, second := w.userinfo(mixed["access_token"].(string))
	if status != 200 || second["sub"] == "" || second["sub"] != first["sub"] {
		t.Errorf("userinfo answers %d, subject %q; the certificate's own is %q", status, second["sub"], first["sub"])
	}
	if first["name"] != "電子　花子" || second["name"] != "別人　次郎" || second["address"] != "大阪府架空市試験町二丁目" {
		t.Errorf("names %q and %q, address %q", first["name"], second["name"], second["address"])
	}
}
