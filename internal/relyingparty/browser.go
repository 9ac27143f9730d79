package relyingparty

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// NoBrowserError says that no Chromium is installed, and what cures that. It
// is an ErrNoBrowser.
type NoBrowserError struct{ Tried []string }

// ErrNoBrowser is what errors.Is finds when no Chromium is installed.
var ErrNoBrowser = errors.New("no Chromium found")

func (e *NoBrowserError) Error() string {
	return fmt.Sprintf("%s: none of %s is on the path", ErrNoBrowser, strings.Join(e.Tried, ", "))
}

// Is makes it an ErrNoBrowser.
func (e *NoBrowserError) Is(target error) bool { return target == ErrNoBrowser }

// Hint is what to do about it.
func (e *NoBrowserError) Hint() string { return "install Debian's package chromium (make setup does)" }

// ErrNoQR says that the page shows no QR code that can be read.
var ErrNoQR = errors.New("page shows no readable QR code")

// browserNames are the programs looked for, in this order.
var browserNames = []string{"chromium", "chromium-browser", "google-chrome"}

// FindBrowser is the path of the Chromium that a Browser starts, or a
// *NoBrowserError.
func FindBrowser() (string, error) {
	for _, name := range browserNames {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", &NoBrowserError{Tried: browserNames}
}

// BrowserConfig is how a browser is started.
type BrowserConfig struct {
	// Mobile makes its first window a phone's: its screen, and its name.
	Mobile bool
	// TrustedKeys are the SPKI hashes (base64 of SHA-256) whose certificates
	// are taken without a chain to a known root: those of a test server.
	TrustedKeys []string
	// InsecureIgnoreCertificates takes any certificate.
	InsecureIgnoreCertificates bool
	// Timeout of one step whose context has no deadline; default 30 s.
	Timeout time.Duration
}

// SPKI is a certificate's entry for TrustedKeys.
func SPKI(c *x509.Certificate) string {
	digest := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(digest[:])
}

// Browser is one window of a headless Chromium. Its steps wait until they can
// be done or their context ends; an error of one whose time was over says where
// the window is and what it shows. Selectors are CSS.
type Browser struct {
	config BrowserConfig
	ctx    context.Context // chromedp's, of this window
	cancel context.CancelFunc
	folder string // profile, removed by Close; "" for a second window
	once   sync.Once
	failed error
}

const stepTime = 30 * time.Second

// OpenBrowser starts a Chromium with a fresh profile and one window. It lives
// until Close or until ctx ends.
func OpenBrowser(ctx context.Context, c BrowserConfig) (*Browser, error) {
	path, err := FindBrowser()
	if err != nil {
		return nil, err
	}
	if c.Timeout == 0 {
		c.Timeout = stepTime
	}
	if c.InsecureIgnoreCertificates {
		slog.Warn("insecure browser: it takes any certificate")
	}
	folder, err := os.MkdirTemp("", "kazasu-browser-")
	if err != nil {
		return nil, fmt.Errorf("starting browser: %w", err)
	}
	allocated, stopAllocator := chromedp.NewExecAllocator(ctx, c.flags(path, folder)...)
	window, stopWindow := chromedp.NewContext(allocated)
	b := &Browser{config: c, ctx: window, folder: folder}
	b.cancel = func() { stopWindow(); stopAllocator() }
	if err := chromedp.Do(window, screen(c.Mobile)); err != nil {
		b.Close()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return b, nil
}

func (c BrowserConfig) flags(path, folder string) []chromedp.ExecAllocatorOption {
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(folder),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-crash-reporter", true),
		chromedp.Flag("lang", "ja"),
		chromedp.Flag("accept-lang", "ja,en"),
		chromedp.Env("HOME="+folder),
	)
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // Chromium's sandbox refuses to run as root
	}
	if len(c.TrustedKeys) > 0 {
		flags = append(flags, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(c.TrustedKeys, ",")))
	}
	if c.InsecureIgnoreCertificates {
		flags = append(flags, chromedp.IgnoreCertErrors)
	}
	return flags
}

// Sizes of the two screens, CSS pixels.
const (
	desktopWidth, desktopHeight = 1200, 900
	mobileWidth, mobileHeight   = 412, 915
)

func screen(mobile bool) chromedp.Action[chromedp.Void] {
	if !mobile {
		return chromedp.EmulateViewport(desktopWidth, desktopHeight)
	}
	return chromedp.Steps(
		chromedp.EmulateViewport(mobileWidth, mobileHeight, chromedp.EmulateMobile, chromedp.EmulateTouch),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetUserAgentOverride,
				emulation.SetUserAgentOverrideParams{UserAgent: phoneAgent + " Chrome", AcceptLanguage: "ja,en"})
			return err
		}),
	)
}

// Window opens another window of the same Chromium with cookies of its own:
// another person's browser.
func (b *Browser) Window(mobile bool) (*Browser, error) {
	window, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	other := &Browser{config: b.config, ctx: window, cancel: cancel}
	if err := chromedp.Do(window, screen(mobile)); err != nil {
		other.Close()
		return nil, fmt.Errorf("opening window: %w", err)
	}
	return other, nil
}

// Close closes the window; the first one takes the Chromium and its profile
// along. Closing twice is no error.
func (b *Browser) Close() error {
	b.once.Do(func() {
		// The graceful way first, so that no process outlives its profile.
		ctx, stop := context.WithTimeout(b.ctx, b.config.Timeout)
		_ = chromedp.Cancel(ctx) // an ended browser can't be ended again
		stop()
		b.cancel()
		if b.folder != "" {
			b.failed = removeProfile(b.folder)
		}
	})
	return b.failed
}

// removeProfile tries more than once: a process of Chromium's that is just
// ending may still add a file.
func removeProfile(folder string) (err error) {
	const attempts = 10
	for range attempts {
		if err = os.RemoveAll(folder); err == nil {
			return nil
		}
	}
	return fmt.Errorf("removing browser profile: %w", err)
}

// run performs one step within ctx, or within the configured time.
func run[T any](ctx context.Context, b *Browser, doing string, action chromedp.Action[T]) (T, error) {
	step, cancel := context.WithTimeout(b.ctx, b.config.Timeout)
	if deadline, ok := ctx.Deadline(); ok {
		cancel()
		step, cancel = context.WithDeadline(b.ctx, deadline)
	}
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	result, err := chromedp.Run(step, action)
	for pageChanged(err) && step.Err() == nil {
		result, err = chromedp.Run(step, action)
	}
	if err == nil {
		return result, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	err = fmt.Errorf("browser: %s: %w", doing, err)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w; %s", err, b.shows())
	}
	return result, err
}

// Bounds on looking at a page that a step waited on in vain.
const (
	showsTime = 2 * time.Second
	showsMax  = 500 // characters of its text
)

// shows is what a person would see who looked at the window now.
func (b *Browser) shows() string {
	ctx, cancel := context.WithTimeout(b.ctx, showsTime)
	defer cancel()
	address, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "the page can't be looked at: " + err.Error()
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	if err != nil {
		text = err.Error()
	}
	visible := []rune(strings.Join(strings.Fields(text), " "))
	if len(visible) > showsMax {
		visible = append(visible[:showsMax], '…')
	}
	return fmt.Sprintf("the page %s shows %q", address, string(visible))
}

// pageChanged says that a step met an element of a page that went away
// meanwhile, so that it did nothing and may look again on the new page.
func pageChanged(err error) bool {
	if err == nil {
		return false
	}
	for _, sign := range []string{"No node with given id", "Could not find node", "Cannot find context"} {
		if strings.Contains(err.Error(), sign) {
			return true
		}
	}
	return false
}

// do is run for actions without a result.
func (b *Browser) do(ctx context.Context, doing string, actions ...chromedp.Action[chromedp.Void]) error {
	_, err := run(ctx, b, doing, chromedp.Steps(actions...))
	return err
}

// Open goes to an address and waits until the page has loaded.
func (b *Browser) Open(ctx context.Context, address string) error {
	return b.do(ctx, "opening "+address, chromedp.Navigate(address))
}

// Click presses the first element that fits, once it is visible.
func (b *Browser) Click(ctx context.Context, selector string) error {
	return b.do(ctx, "clicking "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Fill replaces what a text field holds.
func (b *Browser) Fill(ctx context.Context, selector, value string) error {
	field := chromedp.CSS(selector)
	return b.do(ctx, "filling "+selector,
		chromedp.WaitVisible(field),
		selectAll(selector),
		chromedp.SendKeys(field, value),
	)
}

// selectAll selects what a text field holds, so that typing replaces it.
func selectAll(selector string) chromedp.Action[chromedp.Void] {
	script := chromedp.Evaluate[bool](`(e => { e.focus(); e.select(); return true })(document.querySelector(` + quoted(selector) + `))`)
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := script(ctx, t)
		return chromedp.Void{}, err
	}
}

// WaitFor waits until an element that fits is visible.
func (b *Browser) WaitFor(ctx context.Context, selector string) error {
	return b.do(ctx, "waiting for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Text is the visible text of the first element that fits, once it is there.
func (b *Browser) Text(ctx context.Context, selector string) (string, error) {
	s, err := run(ctx, b, "reading "+selector, chromedp.Text(chromedp.CSS(selector), chromedp.NodeVisible))
	return strings.TrimSpace(s), err
}

// Attribute is an attribute of the first element that fits, "" when it has
// none of this name.
func (b *Browser) Attribute(ctx context.Context, selector, name string) (string, error) {
	result, err := run(ctx, b, "reading "+selector, chromedp.AttributeValue(chromedp.CSS(selector), name))
	return result.Value, err
}

// URL is the address of the page.
func (b *Browser) URL(ctx context.Context) (string, error) {
	return run(ctx, b, "reading address", chromedp.Location())
}

// Screenshot writes the whole page to a PNG file.
func (b *Browser) Screenshot(ctx context.Context, path string) error {
	picture, err := b.picture(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		return fmt.Errorf("browser: writing screenshot: %w", err)
	}
	return nil
}

func (b *Browser) picture(ctx context.Context) ([]byte, error) {
	const lossless = 100 // any other quality is a JPEG
	return run(ctx, b, "taking screenshot", chromedp.FullScreenshot(lossless))
}

// QR reads the QR code that the page shows, as a camera would: from a picture
// of it. An ErrNoQR says that none was found.
func (b *Browser) QR(ctx context.Context) (string, error) {
	picture, err := b.picture(ctx)
	if err != nil {
		return "", err
	}
	return decodeQR(picture)
}

func decodeQR(picture []byte) (string, error) {
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", fmt.Errorf("reading screenshot: %w", err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", fmt.Errorf("reading screenshot: %w", err)
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoQR, err)
	}
	return result.GetText(), nil
}
