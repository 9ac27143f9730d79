package relyingparty

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image/png"
	"kazasu/internal/realparts"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// shots keeps the screenshots for somebody to look at.
var shots = flag.String("shots", "", "folder for screenshots")

func shot(t *testing.T, b *Browser, name string) {
	t.Helper()
	folder := *shots
	if folder == "" {
		folder = t.TempDir()
	}
	path := filepath.Join(folder, name+".png")
	if err := b.Screenshot(t.Context(), path); err != nil {
		t.Error(err)
	}
	picture, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("%s is no PNG: %v", path, err)
	}
}

// chromium starts a browser, or skips where none is installed.
func chromium(t *testing.T, c BrowserConfig) *Browser {
	t.Helper()
	b, err := OpenBrowser(t.Context(), c)
	if errors.Is(err, ErrNoBrowser) {
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
		if _, err := os.Stat(b.folder); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the profile is still there: %v", err)
		}
	})
	return b
}

func TestBrowserLogsIn(t *testing.T) {
	p := newScripted(t)
	s := newService(t, p)
	b := chromium(t, BrowserConfig{})
	ctx := t.Context()
	if err := b.Open(ctx, s.server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	shot(t, b, "rp-home")
	if err := b.Click(ctx, "#login"); err != nil {
		t.Fatal(err)
	}
	link, err := b.Attribute(ctx, "a[data-kazasu=app-link]", "href")
	if want := "http://phone.test/open?login=http%3A%2F%2Fidp.test%2Flogins%2F1"; err != nil || link != want {
		t.Fatalf("app link %q, %v", link, err)
	}
	if err := b.Open(ctx, p.issuer()+"/finish"); err != nil {
		t.Fatal(err)
	}
	who, err := b.Text(ctx, "#who")
	if want := "ログイン済み: 試験　花子 / logged in as 試験　花子"; err != nil || who != want {
		t.Errorf("got %q, %v; want %q", who, err, want)
	}
	shot(t, b, "rp-logged-in")
	phone, err := b.Window(true)
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	if err := phone.Open(ctx, s.server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	if err := phone.WaitFor(ctx, "#login"); err != nil {
		t.Errorf("the phone's window shares the session: %v", err)
	}
	if err := phone.Click(ctx, "#login"); err != nil {
		t.Fatal(err)
	}
	if err := phone.Click(ctx, "form[data-kazasu=cancel] button"); err != nil {
		t.Fatal(err)
	}
	if reason, err := phone.Attribute(ctx, "#refused", "data-reason"); err != nil || reason != "access-denied" {
		t.Errorf("after cancelling: %q, %v", reason, err)
	}
	shot(t, phone, "rp-denied-phone")
}

func TestBrowserFillsForms(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<form><input id="n" name="n" value="old"><button id="b">ok</button></form><p id="got">` + r.URL.Query().Get("n") + `</p>`))
	}))
	defer server.Close()
	b := chromium(t, BrowserConfig{})
	if err := errors.Join(b.Open(t.Context(), server.URL), b.Fill(t.Context(), "#n", "012345"), b.Click(t.Context(), "#b")); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Text(t.Context(), "#got:not(:empty)"); err != nil || got != "012345" {
		t.Errorf("got %q, %v", got, err)
	}
	if address, err := b.URL(t.Context()); err != nil || address != server.URL+"/?n=012345" {
		t.Errorf("at %q, %v", address, err)
	}
}

// TestBrowserTellsWhatItSaw: who waited in vain is shown the page.
func TestBrowserTellsWhatItSaw(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<h1>暗証番号が違います</h1><p hidden>secret</p><p>Wrong PIN` + strings.Repeat(" again", 200) + `</p>`))
	}))
	defer server.Close()
	b := chromium(t, BrowserConfig{Timeout: time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := b.Open(ctx, server.URL+"/pin"); err != nil {
		t.Fatal(err)
	}
	short, cancelShort := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancelShort()
	for name, ctx := range map[string]context.Context{"the browser's time": t.Context(), "the caller's time": short} {
		err := b.WaitFor(ctx, "#consent")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%s: %v", name, err)
		}
		want := "browser: waiting for #consent: context deadline exceeded; the page " + server.URL + `/pin shows "暗証番号が違います Wrong PIN again`
		if text := err.Error(); !strings.HasPrefix(text, want) || len(text) > 1000 || strings.Contains(text, "secret") {
			t.Errorf("%s:\n got %s\nwant %s…", name, text, want)
		}
	}
}

func TestBrowserReadsQRCodes(t *testing.T) {
	const content = "http://localhost:7081/open?login=https%3A%2F%2Flocalhost%3A7443%2Fapp%2Flogins%2FAbCdEf0123456789AbCdEf0123456789AbCdEf01234"
	code := qrPicture(t, content)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/code.png":
			w.Write(code)
		case "/without":
			w.Write([]byte("<p>nothing here</p>"))
		default:
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte(`<h1>Scan</h1><img src="/code.png" width="240">`))
		}
	}))
	defer server.Close()
	b := chromium(t, BrowserConfig{})
	if err := b.Open(t.Context(), server.URL); err != nil {
		t.Fatal(err)
	}
	if got, err := b.QR(t.Context()); err != nil || got != content {
		t.Errorf("got %q, %v", got, err)
	}
	if err := b.Open(t.Context(), server.URL+"/without"); err != nil {
		t.Fatal(err)
	}
	if got, err := b.QR(t.Context()); !errors.Is(err, ErrNoQR) {
		t.Errorf("got %q, %v; want no QR code", got, err)
	}
}

func qrPicture(t *testing.T, content string) []byte {
	matrix, err := qrcode.NewQRCodeWriter().Encode(content, gozxing.BarcodeFormat_QR_CODE, 480, 480, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, matrix); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBrowserTrustsOnlyTheKeyItIsTold(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`<p id="ok">ok</p>`))
	}))
	defer server.Close()
	trusting := chromium(t, BrowserConfig{TrustedKeys: []string{SPKI(server.Certificate())}})
	if err := trusting.Open(t.Context(), server.URL); err != nil {
		t.Error(err)
	}
	strict := chromium(t, BrowserConfig{})
	if err := strict.Open(t.Context(), server.URL); err == nil {
		t.Error("an unknown certificate was taken")
	}
}

func TestNoBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := OpenBrowser(t.Context(), BrowserConfig{})
	var missing *NoBrowserError
	if !errors.As(err, &missing) || !errors.Is(err, ErrNoBrowser) || missing.Hint() == "" {
		t.Errorf("got %v", err)
	}
}
