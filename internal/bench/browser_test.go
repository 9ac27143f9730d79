package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kazasu/internal/realparts"
	"kazasu/internal/relyingparty"
)

// The bench as it ships, in a browser: https, the sample relying party, the
// phone's screen, and the card of whoever lies in the slot.

// shots keeps the screenshots for somebody to look at.
var shots = flag.String("shots", "", "folder for screenshots")

// person does one thing after the other in a window, and looks.
type person struct {
	t       *testing.T
	browser *relyingparty.Browser
	who     string // begins the names of screenshots
}

// at opens a Chromium that takes the bench's own certificate and no other
// unknown one.
func at(t *testing.T, b *Bench, who string, mobile bool) person {
	t.Helper()
	realparts.Need(t, "chromium")
	browser, err := relyingparty.OpenBrowser(t.Context(), relyingparty.BrowserConfig{
		Mobile: mobile, TrustedKeys: []string{spki(t, b)},
	})
	if errors.Is(err, relyingparty.ErrNoBrowser) {
		realparts.Skip(t, "chromium", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := browser.Close(); err != nil {
			t.Error(err)
		}
	})
	return person{t, browser, who}
}

// spki names the key of the certificate that the provider's listener shows.
func spki(t *testing.T, b *Bench) string {
	t.Helper()
	u, err := url.Parse(b.Info().Issuer)
	if err != nil || u.Scheme != "https" {
		t.Fatalf("issuer %s is not https: %v", b.Info().Issuer, err)
	}
	insecure := &tls.Config{InsecureSkipVerify: true} // to look at what is shown
	conn, err := (&tls.Dialer{Config: insecure}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return relyingparty.SPKI(conn.(*tls.Conn).ConnectionState().PeerCertificates[0])
}

func (p person) must(err error) {
	p.t.Helper()
	if err == nil {
		return
	}
	if *shots != "" {
		p.browser.Screenshot(context.Background(), filepath.Join(*shots, p.who+"-failed.png"))
	}
	p.t.Fatalf("%s: %v", p.who, err)
}

func (p person) open(address string) { p.t.Helper(); p.must(p.browser.Open(p.t.Context(), address)) }
func (p person) click(selector string) {
	p.t.Helper()
	p.must(p.browser.Click(p.t.Context(), selector))
}
func (p person) fill(selector, value string) {
	p.t.Helper()
	p.must(p.browser.Fill(p.t.Context(), selector, value))
}
func (p person) waitsFor(selector string) {
	p.t.Helper()
	p.must(p.browser.WaitFor(p.t.Context(), selector))
}
func (p person) reads(selector string) string {
	p.t.Helper()
	text, err := p.browser.Text(p.t.Context(), selector)
	p.must(err)
	return text
}

// isAt says that the window has come to a part of the bench.
func (p person) isAt(prefix string) {
	p.t.Helper()
	address, err := p.browser.URL(p.t.Context())
	p.must(err)
	if !strings.HasPrefix(address, prefix) {
		p.t.Errorf("%s is at %s, want %s…", p.who, address, prefix)
	}
}

func (p person) shot(name string) {
	p.t.Helper()
	folder := *shots
	if folder == "" {
		folder = p.t.TempDir()
	}
	path := filepath.Join(folder, p.who+"-"+name+".png")
	p.must(p.browser.Screenshot(p.t.Context(), path))
	if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
		p.t.Errorf("%s is no picture: %v, %v", path, info, err)
	}
}

// readsCard goes over the app's pages, from hanako's PIN to her consent.
func (p person) readsCard() {
	p.t.Helper()
	p.fill("#auth-pin #pin", "1234")
	p.shot("pin")
	p.click("#next")
	p.click("#text-pin #same")
	p.click("#read")
	p.waitsFor("#allow")
	p.shot("consent")
	p.click("#allow")
}

// loggedIn is what the sample relying party shows to hanako.
const loggedIn = "ログイン済み: 試験　花子 / logged in as 試験　花子"

func (p person) isLoggedIn(b *Bench) {
	p.t.Helper()
	if got := p.reads("#who"); got != loggedIn {
		p.t.Errorf("%s reads %q, want %q", p.who, got, loggedIn)
	}
	p.isAt(b.Info().RP)
	p.shot("logged-in")
}

// TestBrowserOnThePhone: browser and app on one phone.
func TestBrowserOnThePhone(t *testing.T) {
	b := start(t)
	p := at(t, b, "phone", true)
	p.open(b.Info().RP)
	p.shot("rp")
	p.click("#login")
	p.waitsFor("a[data-kazasu=app-link][data-flow=same-device]")
	p.isAt(b.Info().Issuer)
	p.shot("idp")
	p.click("a[data-kazasu=app-link][data-flow=same-device]")
	p.waitsFor("#holder-hanako")
	p.isAt(b.Info().Phone)
	p.shot("holder")
	p.click("#holder-hanako")
	p.readsCard()
	p.waitsFor("#return")
	p.shot("done")
	p.isLoggedIn(b) // the phone goes back by itself
}

// TestBrowserOnThePC: a QR code on the PC, the app on a phone, six digits.
func TestBrowserOnThePC(t *testing.T) {
	b := start(t)
	pc := at(t, b, "pc", false)
	window, err := pc.browser.Window(true)
	pc.must(err)
	defer window.Close()
	app := person{t, window, "app"}

	pc.open(b.Info().RP)
	pc.shot("rp")
	pc.click("#login")
	pc.waitsFor("[data-flow=cross-device]")
	pc.isAt(b.Info().Issuer)
	pc.shot("qr")
	link, err := pc.browser.QR(t.Context())
	pc.must(err)
	if !strings.HasPrefix(link, b.Info().Phone+"/open?") {
		t.Fatalf("the QR code says %s, want the phone at %s", link, b.Info().Phone)
	}
	app.open(link)
	app.click("#holder-hanako")
	number := app.reads("#the-number")
	app.shot("number")
	pc.fill("form[data-kazasu=number] input[name=number]", number)
	pc.shot("number")
	pc.click("form[data-kazasu=number] button")
	app.readsCard()
	app.waitsFor("#return-to-pc")
	app.shot("done")
	pc.isLoggedIn(b)
}

// TestBrowserCancels: half-way, and what comes is a page to go on from.
func TestBrowserCancels(t *testing.T) {
	b := start(t)
	p := at(t, b, "cancel", true)
	p.open(b.Info().RP)
	p.click("#login")
	p.click("a[data-kazasu=app-link][data-flow=same-device]")
	p.click("#holder-hanako")
	p.fill("#auth-pin #pin", "1234")
	p.click("#cancel")
	p.waitsFor("#confirm-cancel")
	p.shot("sure")
	p.click("#confirm-cancel")
	p.click("#return")
	p.waitsFor("#refused[data-reason=access-denied]")
	p.isAt(b.Info().RP)
	p.shot("refused")
	p.click("#again")
	p.click("#login")
	p.click("a[data-kazasu=app-link][data-flow=same-device]")
	p.click("#holder-hanako")
	p.readsCard()
	p.click("#return") // sooner than the phone would
	p.isLoggedIn(b)
}
