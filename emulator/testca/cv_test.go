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
	"slices"
	"strings"
	"testing"
)

// A CV certificate, field by field, as the card's files are described:
// 7F21 820233 { 5F4E 820129 <issuer 16 | subject 16 | 90 03 010001 | 91 820100 n>, 5F37 820100 sig }.
func TestCVCertificates(t *testing.T) {
	c := newCA(t, Options{})
	hanako := issue(t, c, person(t, "hanako"))
	for _, x := range []struct {
		name            string
		cv              []byte
		issuer, subject string
		signer, key     *rsa.PublicKey
	}{
		{"text", hanako.Text.CV, "36303030303333 0805 303031 00000000", "31333131333231 0805 303030 00000000",
			c.TextRoot(), &hanako.Text.IntegrityKey.PublicKey},
		{"face", hanako.Face.CV, "36303030303233 0805 303031 00000000", "31333131333231 0805 303030 00000000",
			c.FaceRoot(), &hanako.Face.IntegrityKey.PublicKey},
		{"card, middle", hanako.Card.MiddleCV, "36303030303230 0805 303031 000000A8", "36303030303231 0805 303031 000000A8",
			c.CardRoot(), &c.cv.card.middle.PublicKey},
		{"card, office", hanako.Card.OfficeCV, "36303030303231 0805 303031 000000A8", "31333131333231 0805 303030 000000A8",
			&c.cv.card.middle.PublicKey, &c.cv.card.office.PublicKey},
	} {
		t.Run(x.name, func(t *testing.T) { checkCV(t, x.cv, x.issuer, x.subject, x.signer, x.key) })
	}
	keys := []*rsa.PublicKey{
		c.TextRoot(), c.FaceRoot(), c.CardRoot(), &c.cv.card.middle.PublicKey, &c.cv.card.office.PublicKey,
		&hanako.Text.IntegrityKey.PublicKey, &hanako.Face.IntegrityKey.PublicKey,
		&hanako.Text.CardKey.PublicKey, &hanako.Face.CardKey.PublicKey, &hanako.Card.CommonKey.PublicKey,
	}
	for i, key := range keys {
		if at := slices.IndexFunc(keys, func(other *rsa.PublicKey) bool { return key.Equal(other) }); at != i {
			t.Errorf("keys %d and %d are the same", at, i)
		}
	}
}

func checkCV(t *testing.T, cv []byte, issuer, subject string, signer, key *rsa.PublicKey) {
	t.Helper()
	if len(cv) != 568 {
		t.Fatalf("%d bytes, want 568", len(cv))
	}
	for _, x := range []struct {
		name string
		at   int
		want string
	}{
		{"header", 0, "7F21820233"},
		{"body", 5, "5F4E820129"},
		{"issuer key id", 10, issuer},
		{"subject key id", 26, subject},
		{"exponent", 42, "9003010001"},
		{"modulus", 47, "91820100"},
		{"signature", 307, "5F37820100"},
	} {
		want := unhex(t, strings.ReplaceAll(x.want, " ", ""))
		if got := cv[x.at : x.at+len(want)]; !bytes.Equal(got, want) {
			t.Errorf("%s: got %X, want %X", x.name, got, want)
		}
	}
	if got := cv[51:307]; !bytes.Equal(got, key.N.Bytes()) {
		t.Errorf("modulus %X isn't the key's", got)
	}
	sum := sha256.Sum256(cv[10:307])
	if err := rsa.VerifyPKCS1v15(signer, crypto.SHA256, sum[:], cv[312:]); err != nil {
		t.Errorf("signature: %v", err)
	}
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], cv[312:]) == nil {
		t.Error("the certified key signed itself")
	}
}

func TestRootKeysArePublished(t *testing.T) {
	c := newCA(t, Options{})
	for name, root := range map[string]*rsa.PublicKey{"text": c.TextRoot(), "face": c.FaceRoot(), "card": c.CardRoot()} {
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+name+"/key.pem", nil))
		block, rest := pem.Decode(w.Body.Bytes())
		if w.Code != http.StatusOK || block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
			t.Fatalf("%s: HTTP %d: %s", name, w.Code, w.Body)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil || !root.Equal(key) {
			t.Errorf("%s: %v is another key: %v", name, key, err)
		}
	}
}
