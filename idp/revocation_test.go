package idp

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// A list that can't be used refuses the login; so does one that has the card.
func TestCRL(t *testing.T) {
	k := testKeys()
	for _, row := range []struct {
		name string
		crl  func(w *world) []byte
		want string // problem's code, empty when the login goes through
	}{
		{"good", func(w *world) []byte { return w.makeCRL() }, ""},
		{"others revoked", func(w *world) []byte {
			return w.crlWith(w.ca, k.ca, entries(leafSerial+1, 1))
		}, ""},
		{"revoked", func(w *world) []byte { return w.crlWith(w.ca, k.ca, entries(leafSerial, 1)) }, "certificate-revoked"},
		{"held", func(w *world) []byte { return w.crlWith(w.ca, k.ca, entries(leafSerial, 6)) }, "certificate-revoked"},
		{"reason that JPKI doesn't have", func(w *world) []byte { return w.crlWith(w.ca, k.ca, entries(leafSerial, 9)) }, "certificate-revoked"},
		{"stale", func(w *world) []byte {
			return w.crlWith(w.ca, k.ca, func(l *x509.RevocationList) { l.NextUpdate = noon.Add(-time.Second) })
		}, "revocation-unknown"},
		{"of the future", func(w *world) []byte {
			return w.crlWith(w.ca, k.ca, func(l *x509.RevocationList) { l.ThisUpdate = noon.Add(time.Minute) })
		}, "revocation-unknown"},
		{"other CA's", func(w *world) []byte {
			return w.crlWith(makeCA(t, k.otherCA, 1, pkix.Name{Organization: []string{"OTHER"}}, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0)), k.otherCA, nil)
		}, "revocation-unknown"},
		{"other generation's", func(w *world) []byte {
			return w.crlWith(makeCA(t, k.otherCA, 2, caName, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0)), k.otherCA, nil)
		}, "revocation-unknown"},
		{"altered", func(w *world) []byte {
			der := w.makeCRL()
			der[len(der)-1] ^= 1
			return der
		}, "revocation-unknown"},
		{"truncated", func(w *world) []byte { return w.makeCRL()[:100] }, "revocation-unknown"},
		{"a web page", func(*world) []byte { return []byte("<html>maintenance</html>") }, "revocation-unknown"},
		{"another municipality's partition", func(w *world) []byte {
			return w.crlWith(w.ca, k.ca, issuingPointOf(0x30, 0x09, 0xA0, 0x07, 0xA0, 0x05, 0xA4, 0x03, 0x30, 0x01, 0x00))
		}, "revocation-unknown"},
		{"CA certificates only", func(w *world) []byte { return w.crlWith(w.ca, k.ca, issuingPointOf(0x30, 0x03, 0x82, 0x01, 0xFF)) }, "revocation-unknown"},
		{"indirect", func(w *world) []byte { return w.crlWith(w.ca, k.ca, issuingPointOf(0x30, 0x03, 0x84, 0x01, 0xFF)) }, "revocation-unknown"},
		{"persons only", func(w *world) []byte { return w.crlWith(w.ca, k.ca, issuingPointOf(0x30, 0x03, 0x81, 0x01, 0xFF)) }, ""},
		{"delta", func(w *world) []byte {
			return w.crlWith(w.ca, k.ca, func(l *x509.RevocationList) {
				l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
			})
		}, "revocation-unknown"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Revocation = "crl" })
			der := row.crl(w)
			w.crl = func() []byte { return der }
			w.expectJudgement(row.want)
		})
	}
}

func (w *world) expectJudgement(want string) {
	w.t.Helper()
	status, problem := w.judged(nil)
	if got := problem.Code; got != want || (want == "") != (status == 200) {
		w.t.Errorf("proof answers %d %s %s, want %q", status, got, problem.Message, want)
	}
}

func entries(serial int64, reason int) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(serial), RevocationTime: noon, ReasonCode: reason}}
	}
}

// issuingPointOf adds a critical issuingDistributionPoint of these bytes.
func issuingPointOf(der ...byte) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: der}}
	}
}

func TestCRLOfTheCardsOwnPartition(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Revocation = "crl" })
	// fullName [0] with one directoryName [4]: an empty name, as test.
	point := []byte{0xA0, 0x06, 0xA0, 0x04, 0xA4, 0x02, 0x30, 0x00}
	w.leaf = w.issue(func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 31},
			Value: append([]byte{0x30, 0x0A, 0x30, 0x08}, point...)})
	})
	der := w.crlWith(w.ca, testKeys().ca, issuingPointOf(append([]byte{0x30, 0x08}, point...)...))
	w.crl = func() []byte { return der }
	w.expectJudgement("")
}

// The number of the list may not go back, unless the clock did.
func TestCRLDoesNotGoBack(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Revocation = "crl" })
	number := int64(5)
	w.crl = func() []byte {
		return w.crlWith(w.ca, testKeys().ca, func(l *x509.RevocationList) { l.Number = big.NewInt(number) })
	}
	w.expectJudgement("")
	number = 4
	w.expectJudgement("revocation-unknown")
	w.clock.move(-time.Hour)
	w.expectJudgement("")
}

// An unchanged list is not parsed again, and a young one not even fetched.
func TestCRLIsRemembered(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Revocation = "crl"; c.CRLMaxAge = time.Minute })
	fetched, der := 0, w.makeCRL()
	w.crl = func() []byte { fetched++; return der }
	w.expectJudgement("")
	list := w.provider.revoked.lists.current.list
	w.clock.move(30 * time.Second)
	w.expectJudgement("")
	if fetched != 1 {
		t.Errorf("fetched %d times within a minute, want 1", fetched)
	}
	w.clock.move(time.Minute)
	w.expectJudgement("")
	if fetched != 2 || w.provider.revoked.lists.current.list != list {
		t.Errorf("fetched %d times, parsed again: %t", fetched, w.provider.revoked.lists.current.list != list)
	}
}

func TestCRLUnchangedByETag(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Revocation = "crl" })
	asked := []string{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("If-None-Match"))
		rw.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		rw.Write(w.makeCRL())
	}))
	t.Cleanup(server.Close)
	w.provider.revoked.lists.url = server.URL
	w.expectJudgement("")
	w.expectJudgement("")
	if len(asked) != 2 || asked[1] != `"1"` {
		t.Errorf("asked with %q", asked)
	}
}

// responderKey certifies a delegated responder, changed as told, and answers
// with it.
func delegated(w *world, change func(*x509.Certificate), by *x509.Certificate, key *rsa.PrivateKey) func(*ocsp.Request) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(50), Subject: pkix.Name{CommonName: "OCSP"}, NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: []byte{5, 0}}},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, testKeys().leaf.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	responder, err := x509.ParseCertificate(der)
	if err != nil {
		w.t.Fatal(err)
	}
	return func(r *ocsp.Request) []byte {
		answer, err := ocsp.CreateResponse(w.ca, responder, ocsp.Response{
			Status: ocsp.Good, SerialNumber: r.SerialNumber, IssuerHash: crypto.SHA1, Certificate: responder,
			ThisUpdate: noon, NextUpdate: noon.Add(15 * time.Minute),
		}, testKeys().leaf)
		if err != nil {
			w.t.Error(err)
		}
		return answer
	}
}

func TestOCSP(t *testing.T) {
	k := testKeys()
	answer := func(change func(*ocsp.Response)) func(w *world) func(*ocsp.Request) []byte {
		return func(w *world) func(*ocsp.Request) []byte {
			return func(r *ocsp.Request) []byte { return w.ocspWith(r, change) }
		}
	}
	responder := func(change func(*x509.Certificate)) func(w *world) func(*ocsp.Request) []byte {
		return func(w *world) func(*ocsp.Request) []byte { return delegated(w, change, w.ca, k.ca) }
	}
	raw := func(der []byte) func(w *world) func(*ocsp.Request) []byte {
		return func(*world) func(*ocsp.Request) []byte { return func(*ocsp.Request) []byte { return der } }
	}
	for _, row := range []struct {
		name string
		ocsp func(w *world) func(*ocsp.Request) []byte
		want string
	}{
		{"good, by the CA", answer(nil), ""},
		{"good, by a delegate", responder(nil), ""},
		{"SHA-256 identifiers", answer(func(r *ocsp.Response) { r.IssuerHash = crypto.SHA256 }), ""},
		{"revoked", answer(func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, noon }), "certificate-revoked"},
		{"unknown", answer(func(r *ocsp.Response) { r.Status = ocsp.Unknown }), "revocation-unknown"},
		{"another serial", answer(func(r *ocsp.Response) { r.SerialNumber = big.NewInt(1) }), "revocation-unknown"},
		{"of the future", answer(func(r *ocsp.Response) { r.ThisUpdate = noon.Add(time.Minute) }), "revocation-unknown"},
		{"stale by a second", answer(func(r *ocsp.Response) { r.NextUpdate = noon.Add(-time.Second) }), "revocation-unknown"},
		{"without next update, young", answer(func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = noon.Add(-15*time.Minute), time.Time{} }), ""},
		{"without next update, old", answer(func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = noon.Add(-16*time.Minute), time.Time{} }), "revocation-unknown"},
		{"try later", raw([]byte{0x30, 0x03, 0x0A, 0x01, 0x03}), "revocation-unknown"},
		{"internal error", raw([]byte{0x30, 0x03, 0x0A, 0x01, 0x02}), "revocation-unknown"},
		{"unauthorized", raw([]byte{0x30, 0x03, 0x0A, 0x01, 0x06}), "revocation-unknown"},
		{"garbage", raw([]byte("down")), "revocation-unknown"},
		{"delegate without OCSP signing", responder(func(c *x509.Certificate) { c.ExtKeyUsage = nil }), "revocation-unknown"},
		{"delegate expired", responder(func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }), "revocation-unknown"},
		{"delegate that may be revoked", responder(func(c *x509.Certificate) { c.ExtraExtensions = nil }), "revocation-unknown"},
		{"delegate of another CA", func(w *world) func(*ocsp.Request) []byte {
			other := makeCA(w.t, k.otherCA, 1, pkix.Name{Organization: []string{"OTHER"}}, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
			return delegated(w, nil, other, k.otherCA)
		}, "revocation-unknown"},
		{"another CA's certificate of that serial", func(w *world) func(*ocsp.Request) []byte {
			other := makeCA(w.t, k.otherCA, 1, pkix.Name{Organization: []string{"OTHER"}}, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
			return func(r *ocsp.Request) []byte {
				der, err := ocsp.CreateResponse(other, w.ca, ocsp.Response{Status: ocsp.Good, SerialNumber: r.SerialNumber,
					IssuerHash: crypto.SHA1, ThisUpdate: noon, NextUpdate: noon.Add(time.Minute)}, k.ca)
				if err != nil {
					w.t.Error(err)
				}
				return der
			}
		}, "revocation-unknown"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Revocation = "ocsp" })
			w.ocsp = row.ocsp(w)
			w.expectJudgement(row.want)
		})
	}
}

// What each mode makes of the two sources.
func TestRevocationModes(t *testing.T) {
	down := []byte("down")
	for _, row := range []struct {
		mode      string
		ocsp, crl string // good, revoked, down
		want      string
	}{
		{"crl-and-ocsp", "good", "good", ""},
		{"crl-and-ocsp", "good", "revoked", "certificate-revoked"},
		{"crl-and-ocsp", "revoked", "good", "certificate-revoked"},
		{"crl-and-ocsp", "down", "good", "revocation-unknown"},
		{"crl-and-ocsp", "good", "down", "revocation-unknown"},
		{"crl", "down", "good", ""},
		{"crl", "good", "revoked", "certificate-revoked"},
		{"ocsp", "good", "down", ""},
		{"ocsp", "revoked", "good", "certificate-revoked"},
		{"ocsp-or-crl", "down", "good", ""},
		{"ocsp-or-crl", "down", "revoked", "certificate-revoked"},
		{"ocsp-or-crl", "down", "down", "revocation-unknown"},
		{"ocsp-or-crl", "good", "revoked", ""},
		{"ocsp-or-crl", "revoked", "good", "certificate-revoked"},
	} {
		t.Run(row.mode+" "+row.ocsp+" "+row.crl, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Revocation = row.mode })
			w.ocsp = func(r *ocsp.Request) []byte {
				if row.ocsp == "down" {
					return down
				}
				return w.ocspWith(r, func(a *ocsp.Response) {
					if row.ocsp == "revoked" {
						a.Status, a.RevokedAt = ocsp.Revoked, noon
					}
				})
			}
			w.crl = func() []byte {
				switch row.crl {
				case "down":
					return down
				case "revoked":
					return w.crlWith(w.ca, testKeys().ca, entries(leafSerial, 3))
				}
				return w.makeCRL()
			}
			w.expectJudgement(row.want)
		})
	}
}

func TestRevocationServerDown(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(http.NotFoundHandler())
	w.provider.revoked.ocspURL = server.URL
	w.expectJudgement("revocation-unknown")
	server.Close()
	w.expectJudgement("revocation-unknown")
}
