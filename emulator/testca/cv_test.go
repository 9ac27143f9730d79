package testca

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"
)

// EF 0004, field by field, as the card's files are described:
// 7F21 820233 { 5F4E 820129 <issuer 16 | subject 16 | 90 03 010001 | 91 820100 n>, 5F37 820100 sig }.
func TestCVCertificate(t *testing.T) {
	c := newCA(t, Options{})
	text := issue(t, c, person(t, "hanako")).Text
	if len(text.CV) != 568 {
		t.Fatalf("%d bytes, want 568", len(text.CV))
	}
	for _, x := range []struct {
		name string
		at   int
		want string
	}{
		{"header", 0, "7F21820233"},
		{"body", 5, "5F4E820129"},
		{"issuer key id", 10, "36303030303333 0805 303031 00000000"},
		{"subject key id", 26, "31333131333231 0805 303030 00000000"},
		{"exponent", 42, "9003010001"},
		{"modulus", 47, "91820100"},
		{"signature", 307, "5F37820100"},
	} {
		want := unhex(t, string(bytes.ReplaceAll([]byte(x.want), []byte(" "), nil)))
		if got := text.CV[x.at : x.at+len(want)]; !bytes.Equal(got, want) {
			t.Errorf("%s: got %X, want %X", x.name, got, want)
		}
	}
	if got := text.CV[51:307]; !bytes.Equal(got, text.IntegrityKey.N.Bytes()) {
		t.Errorf("modulus %X isn't the integrity key's", got)
	}
	sum := sha256.Sum256(text.CV[10:307])
	if err := rsa.VerifyPKCS1v15(c.TextRoot(), crypto.SHA256, sum[:], text.CV[312:]); err != nil {
		t.Errorf("signature: %v", err)
	}
	if rsa.VerifyPKCS1v15(&text.IntegrityKey.PublicKey, crypto.SHA256, sum[:], text.CV[312:]) == nil {
		t.Error("the certified key signed itself")
	}
	if text.CardKey.Equal(text.IntegrityKey) {
		t.Error("card and municipality share a key")
	}
}

func TestTextRootIsPublished(t *testing.T) {
	c := newCA(t, Options{})
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/text/key.pem", nil))
	block, rest := pem.Decode(w.Body.Bytes())
	if w.Code != http.StatusOK || block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		t.Fatalf("HTTP %d: %s", w.Code, w.Body)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil || !c.TextRoot().Equal(key) {
		t.Errorf("%v is another key: %v", key, err)
	}
}
