package idp

import (
	"flag"
	"image"
	"image/draw"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"kazasu/internal/appapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// page fetches a login page with a language and a user agent.
func (b begun) fetch(language, userAgent string) (*http.Response, string) {
	req := b.w.request("GET", b.page, nil)
	req.Header.Set("User-Agent", userAgent)
	if language != "" {
		req.URL.RawQuery = "lang=" + language
	}
	return b.w.do(b.browser, req)
}

const phoneAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"

// volatile is what differs from one login to the next.
var volatile = regexp.MustCompile(`http://127\.0\.0\.1:\d+|http%3A%2F%2F127\.0\.0\.1%3A\d+|login/[0-9a-f]{32}|logins%2F[\w-]{43}|<path[^>]*>|viewBox="[^"]*"|<rect[^>]*>|data-stamp="\d+"`)

// golden compares a page with its golden file, volatile parts cut out.
func golden(t *testing.T, name, body string) {
	t.Helper()
	got := volatile.ReplaceAllString(body, "…")
	path := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from its golden file (refresh with -update):\n%s", name, got)
	}
}

func TestPagesInBothLanguages(t *testing.T) {
	for _, language := range languages {
		w := newWorld(t)
		b := w.begin(goodRequest())
		_, body := b.fetch(language, desktop)
		golden(t, "begin-pc-"+language, body)
		_, body = b.fetch(language, phoneAgent)
		golden(t, "begin-phone-"+language, body)
		a := w.open(b.links[appapi.CrossDevice])
		w.postForm(b.browser, b.page+"/number", url.Values{"number": {"x"}})
		_, body = b.fetch(language, desktop)
		golden(t, "number-"+language, body)
		w.postForm(b.browser, b.page+"/number", url.Values{"number": {a.opened.Number}})
		_, body = b.fetch(language, desktop)
		golden(t, "wait-"+language, body)
		req := w.request("GET", w.issuer+"/protocol/openid-connect/auth", nil)
		req.Header.Set("Accept-Language", language)
		_, body = w.do(http.DefaultClient, req)
		golden(t, "error-"+language, body)
	}
}

func TestLanguageIsChosen(t *testing.T) {
	for _, row := range []struct{ locales, accept, want string }{
		{"", "", "ja"}, {"", "en-US,en;q=0.9,ja;q=0.8", "en"}, {"", "ja,en;q=0.9", "ja"}, {"", "en;q=0.5,ja;q=0.7", "ja"},
		{"", "fr,de", "ja"}, {"en", "ja", "en"}, {"fr en", "ja", "en"}, {"fr", "en", "en"}, {"", "EN-gb", "en"}, {"", "en;q=x", "en"},
	} {
		if got := preferredLanguage(row.locales, row.accept); got != row.want {
			t.Errorf("ui_locales %q, Accept-Language %q: %s, want %s", row.locales, row.accept, got, row.want)
		}
	}
	w := newWorld(t)
	b := w.begin(with(goodRequest(), "ui_locales", "en"))
	if _, body := b.fetch("", desktop); !strings.Contains(body, "You are logging in to 試験銀行") {
		t.Error("ui_locales has no effect")
	}
	b.fetch("ja", desktop)
	if _, body := b.fetch("", desktop); !strings.Contains(body, "試験銀行 にログインします") {
		t.Error("the choice is forgotten")
	}
}

// The order of link and QR code follows the device that the browser runs on.
func TestPCAndPhoneGetTheirOwnOrder(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	for userAgent, first := range map[string]string{desktop: "cross-device", phoneAgent: "same-device", "curl/8": "same-device"} {
		_, body := b.fetch("", userAgent)
		if got := linkPattern.FindStringSubmatch(body)[1]; got != first {
			t.Errorf("%s gets %s first, want %s", userAgent, got, first)
		}
	}
}

func TestPagesAreLockedDown(t *testing.T) {
	w := newWorld(t)
	resp, body := w.begin(goodRequest()).fetch("", desktop)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
			"form-action 'self' https://client.test; frame-ancestors 'none'; base-uri 'none'",
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, forbidden := range []string{"<script>", "style=", "onclick", "<style"} {
		if strings.Contains(body, forbidden) {
			t.Errorf("page holds %s, which its policy forbids", forbidden)
		}
	}
	for _, file := range []string{"kazasu.css", "kazasu.js"} {
		if resp, body := w.get(http.DefaultClient, w.issuer+"/static/"+file); resp.StatusCode != 200 || body == "" {
			t.Errorf("%s answers %d", file, resp.StatusCode)
		}
	}
}

// What the QR code says, read by the library's decoder from the drawn path.
func TestQRCodeHoldsTheLink(t *testing.T) {
	const link = "http://localhost:7081/open?login=http%3A%2F%2Flocalhost%3A7443%2Fapp%2Flogins%2F0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	svg, err := qrSVG(link)
	if err != nil {
		t.Fatal(err)
	}
	text, err := qrcode.NewQRCodeReader().DecodeWithoutHints(raster(t, string(svg)))
	if err != nil {
		t.Fatal(err)
	}
	if text.GetText() != link {
		t.Errorf("QR code says %s", text.GetText())
	}
}

var (
	sidePattern = regexp.MustCompile(`viewBox="0 0 (\d+) `)
	runPattern  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)
)

// raster draws the SVG's path, 4 pixels a module.
func raster(t *testing.T, svg string) *gozxing.BinaryBitmap {
	t.Helper()
	const scale = 4
	side := atoi(t, sidePattern.FindStringSubmatch(svg)[1])
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, m := range runPattern.FindAllStringSubmatch(svg, -1) {
		x, y, n := atoi(t, m[1]), atoi(t, m[2]), atoi(t, m[3])
		draw.Draw(img, image.Rect(x*scale, y*scale, (x+n)*scale, (y+1)*scale), image.Black, image.Point{}, draw.Src)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	return bitmap
}

func TestFormTarget(t *testing.T) {
	for uri, want := range map[string]string{
		"https://client.test/cb": "https://client.test", "http://localhost:7080/cb": "http://localhost:7080", "com.example.app:/cb": "com.example.app:",
	} {
		if got := formTarget(uri); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

func TestTemplatesNameOnlyKnownWords(t *testing.T) {
	key := regexp.MustCompile(`\bt "([^"]+)"`)
	used := map[string]bool{"title-login": true, "title-error": true, "number-wrong": true, "not-opened": true}
	for _, file := range []string{"layout.html", "login.html", "error.html"} {
		body, err := pageFiles.ReadFile("pages/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(body), -1) {
			used[m[1]] = true
		}
	}
	for name := range used {
		if _, ok := pageWords[name]; !ok {
			t.Errorf("no words for %s", name)
		}
	}
	for name := range pageWords {
		if !used[name] {
			t.Errorf("nobody says %s", name)
		}
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
