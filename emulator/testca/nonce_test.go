package testca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"
)

// withNonce writes requestExtensions [2], the whole object in hex, behind the
// list of a request that has none. What comes out is shorter than 256 bytes.
func withNonce(t *testing.T, plain []byte, extensions string) []byte {
	t.Helper()
	if plain[0] != 0x30 || plain[2] != 0x30 {
		t.Fatalf("request %X", plain)
	}
	tbs := append(bytes.Clone(plain[4:]), unhex(t, extensions)...)
	for range 2 { // TBSRequest, OCSPRequest
		header := []byte{0x30, byte(len(tbs))}
		if len(tbs) > 127 {
			header = []byte{0x30, 0x81, byte(len(tbs))}
		}
		tbs = append(header, tbs...)
	}
	return tbs
}

// Extensions with id-pkix-ocsp-nonce (1.3.6.1.5.5.7.48.1.2), in hex.
const (
	nonceID    = "06092B0601050507300102"
	nonceOf4   = "A215 3013 3011" + nonceID + "0404 0402CAFE"
	nonceRaw   = "A213 3011 300F" + nonceID + "0402 CAFE"
	nonceEmpty = "A213 3011 300F" + nonceID + "0402 0400"
	nonceTail  = "A216 3014 3012" + nonceID + "0405 0402CAFE 00"
)

func TestOCSPNonce(t *testing.T) {
	c := newCA(t, Options{})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	plain := request(t, c, serial, crypto.SHA1)
	compact := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	longest := strings.Repeat("5A", 128)
	nonceLong := func(content string, n int) string { // n: length of the nonce, 128 to 200
		return fmt.Sprintf("A281%02X3081%02X3081%02X%s0481%02X0481%02X%s", n+23, n+20, n+17, nonceID, n+3, n, content)
	}
	for _, x := range []struct {
		name, extensions string
		want             string // in the answer, hex; "" is malformedRequest
	}{
		{"two bytes", compact(nonceOf4), compact("A115 3013 3011" + nonceID + "0404 0402CAFE")},
		{"128 bytes", nonceLong(longest, 128), "0481830481" + "80" + longest},
		{"129 bytes", nonceLong(longest+"5A", 129), ""},
		{"not wrapped in an octet string", compact(nonceRaw), ""},
		{"empty", compact(nonceEmpty), ""},
		{"with something behind it", compact(nonceTail), ""},
	} {
		der := withNonce(t, plain, x.extensions)
		answer, err := c.ocspAnswer(der)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ToUpper(hex.EncodeToString(answer))
		if x.want == "" {
			if got != "30030A0101" {
				t.Errorf("%s: answered %s, want malformedRequest", x.name, got)
			}
			continue
		}
		if !strings.Contains(got, x.want) || said(t, c, answer) != "good" {
			t.Errorf("%s: answer %s has no %s", x.name, got, x.want)
		}
	}
}

// An answer with a nonce is made for one request: it is not kept, and who asks
// without gets none.
func TestOCSPNonceIsNotKept(t *testing.T) {
	c := newCA(t, Options{})
	plain, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(7)}, c.Certificate(Auth), nil)
	if err != nil {
		t.Fatal(err)
	}
	nonce := unhex(t, nonceID)
	for _, der := range [][]byte{withNonce(t, plain, strings.ReplaceAll(nonceOf4, " ", "")), plain} {
		answer, err := c.ocspAnswer(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := bytes.Contains(answer, nonce), len(der) > len(plain); got != want {
			t.Errorf("nonce in the answer: %t, in the request: %t", got, want)
		}
	}
}
