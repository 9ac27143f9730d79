package relyingparty_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"flag"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kazasu/emulator"
	"kazasu/idp"
	"kazasu/internal/jpki"
	"kazasu/internal/phone"
	"kazasu/internal/realparts"
	"kazasu/internal/relyingparty"
	"kazasu/internal/slot"
)

// The whole way with a real provider and an emulated card, each met over HTTP
// or as a slot. The CA here has just enough of JPKI's shape for the provider.

var pin = jpki.NewPIN("1234")

// street is where all of them meet.
type street struct {
	rp, phone, issuer string
	card              *emulator.Card
}

func newStreet(t *testing.T) *street {
	ca, caCert := newCA(t)
	textRoot := newKey(t)
	s := &street{card: newCard(t, ca, caCert, textRoot)}
	crl := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
			SignatureAlgorithm: x509.SHA256WithRSA,
		}, caCert, ca)
		if err != nil {
			t.Error(err)
		}
		w.Write(der)
	}))
	t.Cleanup(crl.Close)

	var provider, service http.Handler
	idpServer := serve(t, &provider)
	rpServer := serve(t, &service)
	screen := httptest.NewServer(phone.NewScreen(phone.ScreenConfig{
		Holders:     []jpki.Holder{{ID: "hanako", Name: "試験　花子"}},
		Card:        func(string) (slot.Slot, func(), error) { return s.card, func() {}, nil },
		ReturnAfter: 2 * time.Second,
	}))
	t.Cleanup(screen.Close)
	s.issuer, s.rp, s.phone = idpServer.URL+"/api/realms/main", rpServer.URL, screen.URL

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p, err := idp.New(idp.Config{
		Issuer: s.issuer, AppLink: s.phone + "/open", AuthAnchors: []*x509.Certificate{caCert}, TextRoot: &textRoot.PublicKey,
		CRL: crl.URL, Revocation: "crl",
		Clients: []idp.Client{{ID: "RP00000001", Name: "かざす市デモサービス", RedirectURIs: []string{s.rp + "/callback"},
			Keys: []idp.PublicKey{{KID: "k1", Key: key.Public()}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	provider = p
	if service, err = relyingparty.New(t.Context(), relyingparty.Config{
		Issuer: s.issuer, ClientID: "RP00000001", RedirectURI: s.rp + "/callback", Key: key, KID: "k1",
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func serve(t *testing.T, h *http.Handler) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*h).ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	return server
}

func newKey(t *testing.T) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newCA(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"JP"}, Organization: []string{"JPKI-KAZASU"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SignatureAlgorithm: x509.SHA256WithRSA,
	}
	return key, certify(t, template, template, key.Public(), key)
}

func certify(t *testing.T, template, parent *x509.Certificate, public crypto.PublicKey, key *rsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func newCard(t *testing.T, ca *rsa.PrivateKey, caCert *x509.Certificate, textRoot *rsa.PrivateKey) *emulator.Card {
	auth, integrity := newKey(t), newKey(t)
	leaf := certify(t, &x509.Certificate{
		SerialNumber: big.NewInt(0x01020304), Subject: pkix.Name{Country: []string{"JP"}, CommonName: "000000TESTCARD13999003A"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		SignatureAlgorithm: x509.SHA256WithRSA,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 32}, Critical: true, Value: []byte{
			0x30, 0x0F, 0x30, 0x0D, 0x06, 0x0B, 0x2A, 0x83, 0x08, 0x8C, 0x9B, 0x55, 0x08, 0x05, 0x01, 0x00, 0x1E}}},
	}, caCert, auth.Public(), ca)
	profile, err := emulator.Build("standard", emulator.Contents{
		AuthCertificate: leaf.Raw, AuthCA: caCert.Raw, SignCA: caCert.Raw,
		AuthKey: auth, CardKey: newKey(t), IntegrityKey: integrity, CV: cv(t, textRoot, integrity),
		Name: "試験　花子", Address: "東京都架空区試験町９９－９", Birth: "19900401", Sex: '2',
		MyNumber: emulator.NewSecret("999999999990"), NumberB: emulator.NewSecret("02040120351234"),
		AuthPIN: emulator.NewSecret("1234"), TextPIN: emulator.NewSecret("1234"),
		CardExpiry: "20350401", Municipality: "13999", Serial: "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	card, err := emulator.New(profile, emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return card
}

// cv is EF 0004 by the layout of docs/FIDELITY.md K14.
func cv(t *testing.T, root, subject *rsa.PrivateKey) []byte {
	id := []byte("9999999\x08\x05001\x00\x00\x00\x00")
	body := slices.Concat([]byte{0x5F, 0x4E, 0x82, 0x01, 0x29}, id, id,
		[]byte{0x90, 0x03, 1, 0, 1, 0x91, 0x82, 0x01, 0x00}, subject.N.FillBytes(make([]byte, 256)))
	digest := sha256.Sum256(body[5:])
	signature, err := rsa.SignPKCS1v15(nil, root, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]byte{0x7F, 0x21, 0x82, 0x02, 0x33}, body, []byte{0x5F, 0x37, 0x82, 0x01, 0x00}, signature)
}

func TestLightBrowserAgainstTheProvider(t *testing.T) {
	realparts.Need(t, "go-oidc") // the sample RP is built on it
	s := newStreet(t)
	var first string
	for range 2 {
		agent := relyingparty.NewUserAgent(relyingparty.AgentConfig{Issuer: s.issuer})
		link, ended, err := agent.Start(t.Context(), s.rp+"/")
		if err != nil || ended != nil {
			t.Fatalf("%+v, %v", ended, err)
		}
		redirect, err := (&phone.Phone{Card: s.card}).Finish(t.Context(), link, pin, pin)
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := agent.Follow(t.Context(), redirect)
		if err != nil || outcome.Session == nil {
			t.Fatalf("%+v, %v", outcome.Refusal, err)
		}
		if got := outcome.Session.Claims["address"]; got != "東京都架空区試験町９９－９" {
			t.Errorf("address %q", got)
		}
		if first != "" && outcome.Session.Sub != first {
			t.Errorf("subject %s, then %s", first, outcome.Session.Sub)
		}
		first = outcome.Session.Sub
	}
}

func TestLightBrowserCancels(t *testing.T) {
	s := newStreet(t)
	for name, cancel := range map[string]func(*relyingparty.UserAgent, string) (relyingparty.Outcome, error){
		"on the page": func(agent *relyingparty.UserAgent, _ string) (relyingparty.Outcome, error) {
			if _, err := agent.Submit(t.Context(), "cancel", nil); err != nil {
				return relyingparty.Outcome{}, err
			}
			return agent.Outcome(t.Context())
		},
		"in the app": func(agent *relyingparty.UserAgent, link string) (relyingparty.Outcome, error) {
			login, err := (&phone.Phone{}).Open(t.Context(), link)
			if err != nil {
				return relyingparty.Outcome{}, err
			}
			redirect, err := login.Cancel(t.Context(), phone.ReasonCancelled)
			if err != nil {
				return relyingparty.Outcome{}, err
			}
			return agent.Follow(t.Context(), redirect)
		},
		"by a wrong PIN": func(agent *relyingparty.UserAgent, link string) (relyingparty.Outcome, error) {
			redirect, err := (&phone.Phone{Card: s.card}).Finish(t.Context(), link, jpki.NewPIN("9999"), pin)
			if err == nil {
				return relyingparty.Outcome{}, errors.New("a wrong PIN was taken")
			}
			return agent.Follow(t.Context(), redirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			agent := relyingparty.NewUserAgent(relyingparty.AgentConfig{Issuer: s.issuer})
			link, _, err := agent.Start(t.Context(), s.rp+"/")
			if err != nil {
				t.Fatal(err)
			}
			outcome, err := cancel(agent, link)
			if err != nil || outcome.Refusal == nil || outcome.Refusal.Reason != "access-denied" {
				t.Errorf("%+v, %v", outcome, err)
			}
		})
	}
}

// window opens a browser, or skips where none is installed.
func window(t *testing.T, mobile bool) *relyingparty.Browser {
	b, err := relyingparty.OpenBrowser(context.Background(), relyingparty.BrowserConfig{Mobile: mobile})
	if errors.Is(err, relyingparty.ErrNoBrowser) {
		realparts.Skip(t, "chromium", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	realparts.Need(t, "chromium")
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// person does one thing after the other in a browser, and looks.
type person struct {
	t   *testing.T
	b   *relyingparty.Browser
	who string
}

func (p person) open(address string)      { p.must(p.b.Open(p.t.Context(), address)) }
func (p person) click(selector string)    { p.must(p.b.Click(p.t.Context(), selector)) }
func (p person) fill(selector, s string)  { p.must(p.b.Fill(p.t.Context(), selector, s)) }
func (p person) waitsFor(selector string) { p.must(p.b.WaitFor(p.t.Context(), selector)) }
func (p person) reads(selector string) string {
	p.t.Helper()
	s, err := p.b.Text(p.t.Context(), selector)
	p.must(err)
	return s
}

func (p person) shot(name string) {
	folder := flag.Lookup("shots").Value.String()
	if folder == "" {
		folder = p.t.TempDir()
	}
	p.must(p.b.Screenshot(p.t.Context(), filepath.Join(folder, p.who+"-"+name+".png")))
}

func (p person) must(err error) {
	p.t.Helper()
	if err == nil {
		return
	}
	if folder := flag.Lookup("shots").Value.String(); folder != "" {
		p.b.Screenshot(context.Background(), filepath.Join(folder, p.who+"-failed.png"))
	}
	p.t.Fatal(err)
}

// readsCard goes over the app's pages from holder to consent.
func (p person) readsCard() {
	p.fill("#auth-pin #pin", "1234")
	p.click("#next")
	p.click("#text-pin #same")
	p.click("#read")
	p.click("#allow")
}

const welcome = "ログイン済み: 試験　花子 / logged in as 試験　花子"

func TestChromiumSameDevice(t *testing.T) {
	s := newStreet(t)
	p := person{t, window(t, true), "same-device"}
	p.open(s.rp + "/")
	p.click("#login")
	p.waitsFor("a[data-kazasu=app-link][data-flow=same-device]")
	p.shot("idp")
	p.click("a[data-kazasu=app-link][data-flow=same-device]")
	p.click("#holder-hanako")
	p.readsCard()
	p.waitsFor("#return")
	p.shot("done")
	if got := p.reads("#who"); got != welcome { // the phone goes back by itself
		t.Errorf("got %q, want %q", got, welcome)
	}
	p.shot("logged-in")
}

func TestChromiumCrossDevice(t *testing.T) {
	s := newStreet(t)
	pc := person{t, window(t, false), "pc"}
	mobile, err := pc.b.Window(true)
	if err != nil {
		t.Fatal(err)
	}
	defer mobile.Close()
	app := person{t, mobile, "app"}
	pc.open(s.rp + "/")
	pc.click("#login")
	pc.waitsFor("[data-flow=cross-device]")
	pc.shot("qr")
	link, err := pc.b.QR(t.Context())
	pc.must(err)
	app.open(link)
	app.click("#holder-hanako")
	number := app.reads("#the-number")
	app.shot("number")
	pc.fill("form[data-kazasu=number] input[name=number]", number)
	pc.click("form[data-kazasu=number] button")
	app.readsCard()
	app.waitsFor("#return-to-pc")
	app.shot("done")
	if got := pc.reads("#who"); got != welcome {
		t.Errorf("got %q, want %q", got, welcome)
	}
	pc.shot("logged-in")
}

func TestChromiumCancelsHalfWay(t *testing.T) {
	s := newStreet(t)
	p := person{t, window(t, true), "cancel"}
	p.open(s.rp + "/")
	p.click("#login")
	p.click("a[data-kazasu=app-link][data-flow=same-device]")
	p.click("#holder-hanako")
	p.fill("#auth-pin #pin", "1234")
	p.click("#cancel")
	p.click("#confirm-cancel")
	p.click("#return")
	p.waitsFor("#refused[data-reason=access-denied]")
	p.shot("refused")
	p.click("#again")
	p.waitsFor("#login")
}
