package testca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// request asks about a serial number of the auth CA.
func request(t *testing.T, c *CA, serial *big.Int, hash crypto.Hash) []byte {
	t.Helper()
	der, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: serial}, c.Certificate(Auth), &ocsp.RequestOptions{Hash: hash})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// said is an answer in a word or two, its signature checked.
func said(t *testing.T, c *CA, der []byte) string {
	t.Helper()
	r, err := ocsp.ParseResponse(der, c.Certificate(Auth))
	if refused, ok := err.(ocsp.ResponseError); ok {
		return refused.Status.String()
	}
	if err != nil {
		t.Error(err)
		return "unreadable"
	}
	switch r.Status {
	case ocsp.Good:
		return "good"
	case ocsp.Revoked:
		return fmt.Sprint("revoked ", r.RevocationReason)
	}
	return "unknown"
}

func ocspStatus(t *testing.T, c *CA, serial *big.Int) string {
	t.Helper()
	der, err := c.ocspAnswer(request(t, c, serial, crypto.SHA1))
	if err != nil {
		t.Error(err)
		return "error"
	}
	return said(t, c, der)
}

// do asks a handler.
func do(c *CA, method, target string, body []byte) *http.Response {
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, httptest.NewRequest(method, target, bytes.NewReader(body)))
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The odd serial number's base64 has slashes in a row, which a tidy mux would
// melt into one.
func TestOCSPOverHTTP(t *testing.T) {
	c := newCA(t, Options{})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	odd := new(big.Int).SetBytes([]byte{0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFB, 0xEF, 0xBE})
	if text := base64.StdEncoding.EncodeToString(request(t, c, odd, crypto.SHA1)); !strings.Contains(text, "//") {
		t.Fatalf("%s has no slashes in a row", text)
	}
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		for _, x := range []struct {
			serial *big.Int
			want   string
		}{{serial, "good"}, {odd, "unknown"}, {c.Certificate(Sign).SerialNumber, "unknown"}} {
			der := request(t, c, x.serial, hash)
			encoded := base64.StdEncoding.EncodeToString(der)
			for name, r := range map[string]*http.Response{
				"POST":           do(c, "POST", "/auth/ocsp", der),
				"GET, escaped":   do(c, "GET", "/auth/ocsp/"+url.PathEscape(encoded), nil),
				"GET, %2B too":   do(c, "GET", "/auth/ocsp/"+url.QueryEscape(encoded), nil),
				"GET, unescaped": do(c, "GET", "/auth/ocsp/"+encoded, nil),
			} {
				if r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/ocsp-response" {
					t.Errorf("%s: %s %s", name, r.Status, r.Header)
				}
				answer := body(t, r)
				if parsed, err := ocsp.ParseResponse(answer, nil); err != nil || parsed.IssuerHash != hash {
					t.Errorf("%s: asked with %v, answered with %v: %v", name, hash, parsed.IssuerHash, err)
				}
				if got := said(t, c, answer); got != x.want {
					t.Errorf("%s %v: serial %X is %s, want %s", name, hash, x.serial, got, x.want)
				}
			}
		}
	}
}

func TestOCSPErrorAnswers(t *testing.T) {
	c := newCA(t, Options{})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	elsewhere, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: serial}, c.Certificate(Sign), nil)
	if err != nil {
		t.Fatal(err)
	}
	// RFC 6960 §4.2.1: OCSPResponse { responseStatus 1 }, and 6
	const malformed, unauthorized = "30030A0101", "30030A0106"
	whole := request(t, c, serial, crypto.SHA1)
	otherName := request(t, newCA(t, Options{Organization: "JPKI-MINE"}), serial, crypto.SHA1)
	parsed, err := ocsp.ParseRequest(whole)
	if err != nil {
		t.Fatal(err)
	}
	parsed.IssuerKeyHash = bytes.Repeat([]byte{7}, 20)
	otherKey, err := parsed.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name, method, target string
		body                 []byte
		want                 string
	}{
		{"an empty body", "POST", "/auth/ocsp", nil, malformed},
		{"no DER", "POST", "/auth/ocsp", []byte("hello"), malformed},
		{"a torn request", "POST", "/auth/ocsp", whole[:len(whole)-1], malformed},
		{"nothing in the path", "GET", "/auth/ocsp/", nil, malformed},
		{"no base64 in the path", "GET", "/auth/ocsp/****", nil, malformed},
		{"the other CA's certificate", "POST", "/auth/ocsp", elsewhere, unauthorized},
		{"a CA of the same key and another name", "POST", "/auth/ocsp", otherName, unauthorized},
		{"a CA of the same name and another key", "POST", "/auth/ocsp", otherKey, unauthorized},
	} {
		r := do(c, x.method, x.target, x.body)
		if got := fmt.Sprintf("%X", body(t, r)); r.StatusCode != 200 || got != x.want {
			t.Errorf("%s: %s, %s; want %s", x.name, r.Status, got, x.want)
		}
	}
	if r := do(c, "PUT", "/auth/ocsp", whole); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, POST" {
		t.Errorf("PUT: %s, Allow %q", r.Status, r.Header.Get("Allow"))
	}
	if r := do(c, "POST", "/auth/ocsp", make([]byte, 1<<20)); r.StatusCode != 413 {
		t.Errorf("a request of a megabyte: %s", r.Status)
	}
}

// asked is the answer about a serial number, its signature checked.
func asked(t *testing.T, c *CA, serial *big.Int) *ocsp.Response {
	t.Helper()
	der, err := c.ocspAnswer(request(t, c, serial, crypto.SHA1))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ocsp.ParseResponse(der, c.Certificate(Auth))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// An answer is as old as the quarter of an hour, or as the last revocation or
// reinstatement if that was later: it may not vouch for a time before what it
// tells. It stays so over a restart, and never comes from the future.
func TestOCSPTimes(t *testing.T) {
	at, kept := &clock{}, &blob{}
	at.set(noon)
	c := newCA(t, Options{Now: at.now, State: kept})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	for _, x := range []struct {
		name   string
		after  time.Duration // noon
		do     func() error
		status int
		want   time.Duration // thisUpdate, after noon
	}{
		{"first", 14*time.Minute + 59*time.Second, nil, ocsp.Good, 0},
		{"revoked", 14*time.Minute + 59500*time.Millisecond, func() error { return c.Revoke(Auth, serial, 3) }, ocsp.Revoked, 14*time.Minute + 59*time.Second},
		{"next quarter", 15 * time.Minute, nil, ocsp.Revoked, 15 * time.Minute},
		{"reinstated", 16 * time.Minute, func() error { return c.Reinstate(Auth, serial) }, ocsp.Good, 16 * time.Minute},
		{"later", 29 * time.Minute, nil, ocsp.Good, 16 * time.Minute},
		{"restarted", 29 * time.Minute, func() error {
			c = newCA(t, Options{Now: at.now, State: kept})
			return nil
		}, ocsp.Good, 16 * time.Minute},
		{"clock set back", 2 * time.Minute, nil, ocsp.Good, 2 * time.Minute},
		{"and farther", -time.Minute, nil, ocsp.Good, -time.Minute},
	} {
		at.set(noon.Add(x.after))
		if x.do != nil {
			if err := x.do(); err != nil {
				t.Fatal(err)
			}
		}
		r, want := asked(t, c, serial), noon.Add(x.want)
		if r.Status != x.status || !r.ThisUpdate.Equal(want) || !r.NextUpdate.Equal(want.Add(30*time.Minute)) || !r.ProducedAt.Equal(want) {
			t.Errorf("%s: status %d from %s to %s, produced %s; want %d from %s", x.name, r.Status, r.ThisUpdate, r.NextUpdate, r.ProducedAt, x.status, want)
		}
		if r.Status == ocsp.Revoked && (r.RevocationReason != 3 || r.ThisUpdate.Before(r.RevokedAt)) {
			t.Errorf("%s: revoked at %s for reason %d, told from %s on", x.name, r.RevokedAt, r.RevocationReason, r.ThisUpdate)
		}
	}
}

// A reason that says nothing is not written: CertStatus revoked [1] holds the
// time alone, 15 bytes of it.
func TestOCSPUnspecifiedReason(t *testing.T) {
	c := newCA(t, Options{})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	if err := c.Revoke(Auth, serial, 0); err != nil {
		t.Fatal(err)
	}
	r := asked(t, c, serial)
	if r.Status != ocsp.Revoked || !bytes.Contains(r.Raw, append([]byte{0xA1, 0x11, 0x18, 0x0F}, "20261123030000Z"...)) {
		t.Errorf("status %d: %X", r.Status, r.Raw)
	}
}

func TestFaultOCSPDown(t *testing.T) {
	c := newCA(t, Options{})
	der := request(t, c, issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber, crypto.SHA1)
	for _, x := range []struct {
		faults Faults
		want   int
	}{{Faults{OCSPDown: true}, 503}, {Faults{}, 200}} {
		c.SetFaults(x.faults)
		if got := do(c, "POST", "/auth/ocsp", der).StatusCode; got != x.want {
			t.Errorf("%+v: %d, want %d", x.faults, got, x.want)
		}
		if got := c.Faults(); got != x.faults {
			t.Errorf("faults are %+v, want %+v", got, x.faults)
		}
	}
}

func TestHandlerServesFiles(t *testing.T) {
	c := newCA(t, Options{})
	for target, x := range map[string]struct {
		contentType string
		der         func() []byte
	}{
		"/auth/ca.cer": {"application/pkix-cert", func() []byte { return c.Certificate(Auth).Raw }},
		"/sign/ca.cer": {"application/pkix-cert", func() []byte { return c.Certificate(Sign).Raw }},
		"/auth/crl":    {"application/pkix-crl", func() []byte { return parseList(t, c, Auth).Raw }},
		"/sign/crl":    {"application/pkix-crl", func() []byte { return parseList(t, c, Sign).Raw }},
	} {
		r := do(c, "GET", target, nil)
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != x.contentType || !bytes.Equal(body(t, r), x.der()) {
			t.Errorf("%s: %s %s", target, r.Status, r.Header)
		}
		w, again := httptest.NewRecorder(), httptest.NewRequest("GET", target, nil)
		again.Header.Set("If-None-Match", r.Header.Get("ETag"))
		c.Handler().ServeHTTP(w, again)
		if w.Code != 304 || w.Body.Len() != 0 {
			t.Errorf("%s with its ETag: %d, %d bytes", target, w.Code, w.Body.Len())
		}
	}
	for target, want := range map[string]int{"GET /": 404, "GET /sign/ocsp": 404, "GET /auth/ocspx": 404, "POST /auth/crl": 405} {
		method, path, _ := strings.Cut(target, " ")
		if got := do(c, method, path, nil).StatusCode; got != want {
			t.Errorf("%s: %d, want %d", target, got, want)
		}
	}
}

func FuzzOCSP(f *testing.F) {
	c, err := New(Options{Now: func() time.Time { return noon }})
	if err != nil {
		f.Fatal(err)
	}
	whole, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(7)}, c.Certificate(Auth), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte{0x30, 0x00})
	f.Fuzz(func(t *testing.T, request []byte) {
		der, err := c.ocspAnswer(request)
		if err != nil || len(der) < 5 {
			t.Errorf("%x is answered %x, %v", request, der, err)
		}
	})
}

func BenchmarkOCSP(b *testing.B) {
	c, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	der, err := ocsp.CreateRequest(&x509.Certificate{SerialNumber: big.NewInt(7)}, c.Certificate(Auth), nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.ocspAnswer(der); err != nil {
			b.Fatal(err)
		}
	}
}
