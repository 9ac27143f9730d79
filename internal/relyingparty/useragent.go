package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"

	"kazasu/internal/appapi"
)

// AgentConfig is what a light browser looks like from outside.
type AgentConfig struct {
	// Transport carries the requests; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Issuer tells which host is the provider's; nothing else is sent Header.
	Issuer string
	// Header goes along with every request to the issuer's host and to no
	// other: this is how a login's tag reaches the provider.
	Header http.Header
	// Desktop makes it a PC's browser, whose app link is the one that the QR
	// code holds; without it, a phone's, which opens the app by its link.
	Desktop bool
	// Probe is the URL of the RP's JSON probe; default /me beside the page
	// where the login began.
	Probe string
	// Timeout of one request; default 90 s, since a provider may hold a
	// request until the login is finished.
	Timeout time.Duration
}

// UserAgent is a light browser: cookies, redirects, links and forms, without
// script. One agent is one browser, with one cookie jar; it follows one login
// at a time.
type UserAgent struct {
	config AgentConfig
	client *http.Client
	probe  string
	page   *Page
}

// Bounds of a browser.
const (
	redirectsMax = 20
	pageMax      = 4 << 20 // bytes
	agentTimeout = 90 * time.Second
)

// What the agent calls itself: enough for a provider to tell phone from PC.
const (
	phoneAgent   = "Mozilla/5.0 (Linux; Android 14; Mobile) Kazasu-Agent/1"
	desktopAgent = "Mozilla/5.0 (X11; Linux x86_64) Kazasu-Agent/1"
)

// Errors of the agent on which a caller branches.
var (
	// ErrNoAppLink says that the page is not the provider's login page.
	ErrNoAppLink = errors.New("page offers no app link")
	// ErrNoElement says that the page has no such link or form.
	ErrNoElement = errors.New("page has no such element")
)

// NewUserAgent is a browser with an empty cookie jar.
func NewUserAgent(c AgentConfig) *UserAgent {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("relyingparty: a cookie jar without options can't fail")
	}
	if c.Timeout == 0 {
		c.Timeout = agentTimeout
	}
	return &UserAgent{
		config: c,
		probe:  c.Probe,
		client: &http.Client{
			Transport:     c.Transport,
			Jar:           jar,
			Timeout:       c.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Refusal is how an RP or a provider turned the browser away.
type Refusal struct {
	Reason string // the page's data-reason, or no-session when it names none
	Status int    // HTTP status of the page
	URL    string // of the page
	Text   string // what the page says, for people
}

func (r Refusal) Error() string { return fmt.Sprintf("refused: %s (HTTP %d)", r.Reason, r.Status) }

// Outcome is how a login ended at the RP: exactly one of the two is set.
type Outcome struct {
	Session *Session
	Refusal *Refusal
}

// Start goes to the RP, presses its login button (id=login) when there is one,
// and follows the redirects. It returns the app link of the provider's login
// page. When the browser ends elsewhere, the link is empty and the outcome
// tells how: the provider finished the login by itself, or somebody refused.
func (a *UserAgent) Start(ctx context.Context, rpURL string) (link string, ended *Outcome, err error) {
	if a.config.Probe == "" {
		if a.probe, err = beside(rpURL, "/me"); err != nil {
			return "", nil, err
		}
	}
	page, err := a.Get(ctx, rpURL)
	if err != nil {
		return "", nil, fmt.Errorf("opening relying party: %w", err)
	}
	if button := page.LinkByID("login"); button != "" && page.Status == http.StatusOK {
		if page, err = a.Get(ctx, button); err != nil {
			return "", nil, fmt.Errorf("pressing login button: %w", err)
		}
	}
	flow := appapi.SameDevice
	if a.config.Desktop {
		flow = appapi.CrossDevice
	}
	if link, err := page.AppLinkFor(flow); err == nil {
		return link, nil, nil
	}
	outcome, err := a.Outcome(ctx)
	return "", &outcome, err
}

// Follow goes where the app said that the browser goes now, to the end, and
// tells how it ended.
func (a *UserAgent) Follow(ctx context.Context, redirect string) (Outcome, error) {
	if _, err := a.Get(ctx, redirect); err != nil {
		return Outcome{}, fmt.Errorf("returning to relying party: %w", err)
	}
	return a.Outcome(ctx)
}

// Outcome asks the RP's probe who is logged in; when nobody is, the page that
// the browser is on tells why.
func (a *UserAgent) Outcome(ctx context.Context) (Outcome, error) {
	if refusal := a.page.Refusal(); refusal != nil {
		return Outcome{Refusal: refusal}, nil
	}
	claims, err := a.Me(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if claims == nil {
		return Outcome{Refusal: &Refusal{Reason: "no-session", Status: a.page.Status, URL: a.page.URL.String(), Text: a.page.Text()}}, nil
	}
	sub, _ := claims["sub"].(string)
	return Outcome{Session: &Session{Sub: sub, Claims: claims}}, nil
}

// Me asks the RP's probe: the claims of who is logged in, nil when nobody is.
func (a *UserAgent) Me(ctx context.Context) (map[string]any, error) {
	resp, err := a.do(ctx, http.MethodGet, a.probe, nil)
	if err != nil {
		return nil, fmt.Errorf("asking relying party who is logged in: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, nil
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking relying party who is logged in: HTTP %s", resp.Status)
	}
	var claims map[string]any
	if err := json.NewDecoder(io.LimitReader(resp.Body, pageMax)).Decode(&claims); err != nil {
		return nil, fmt.Errorf("asking relying party who is logged in: %w", err)
	}
	return claims, nil
}

// Page is the page that the browser is on, nil before Start or Get.
func (a *UserAgent) Page() *Page { return a.page }

// Get opens an address and follows redirects to a page.
func (a *UserAgent) Get(ctx context.Context, address string) (*Page, error) {
	return a.open(ctx, http.MethodGet, address, nil)
}

// Submit fills and sends a form of the current page, found by its id or its
// data-kazasu attribute; values replace or join those that the page has.
func (a *UserAgent) Submit(ctx context.Context, form string, values url.Values) (*Page, error) {
	if a.page == nil {
		return nil, fmt.Errorf("%w: no page open", ErrNoElement)
	}
	f, ok := a.page.form(form)
	if !ok {
		return nil, fmt.Errorf("%w: form %s on %s", ErrNoElement, form, a.page.URL)
	}
	for name, value := range values {
		f.values[name] = value
	}
	if f.method == http.MethodPost {
		return a.open(ctx, http.MethodPost, f.action.String(), f.values)
	}
	target := *f.action
	target.RawQuery = f.values.Encode()
	return a.open(ctx, http.MethodGet, target.String(), nil)
}

// Callback walks redirects from an address until the next one leads away from
// the provider, and returns that address without going there: a callback to
// hold back or to alter before it is Followed.
func (a *UserAgent) Callback(ctx context.Context, address string) (*url.URL, error) {
	for range redirectsMax {
		u, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("reading callback: %w", err)
		}
		if !a.atIssuer(u) {
			return u, nil
		}
		resp, err := a.do(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, fmt.Errorf("waiting for callback: %w", err)
		}
		resp.Body.Close()
		next, err := resp.Location()
		if err != nil {
			return nil, fmt.Errorf("waiting for callback: HTTP %s without a redirect at %s", resp.Status, u.Path)
		}
		address = next.String()
	}
	return nil, fmt.Errorf("waiting for callback: more than %d redirects", redirectsMax)
}

// open walks from an address over redirects to a page.
func (a *UserAgent) open(ctx context.Context, method, address string, form url.Values) (*Page, error) {
	for range redirectsMax {
		resp, err := a.do(ctx, method, address, form)
		if err != nil {
			return nil, err
		}
		next, err := resp.Location()
		if err != nil || resp.StatusCode < 300 || resp.StatusCode > 399 {
			a.page, err = readPage(resp)
			return a.page, err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusTemporaryRedirect && resp.StatusCode != http.StatusPermanentRedirect {
			method, form = http.MethodGet, nil
		}
		address = next.String()
	}
	return nil, fmt.Errorf("more than %d redirects, last to %s", redirectsMax, address)
}

func (a *UserAgent) do(ctx context.Context, method, address string, form url.Values) (*http.Response, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", phoneAgent)
	if a.config.Desktop {
		req.Header.Set("User-Agent", desktopAgent)
	}
	req.Header.Set("Accept-Language", "ja, en;q=0.5")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	if a.atIssuer(req.URL) {
		for name, values := range a.config.Header {
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return a.client.Do(req)
}

func (a *UserAgent) atIssuer(u *url.URL) bool {
	issuer, err := url.Parse(a.config.Issuer)
	return err == nil && issuer.Host != "" && u.Host == issuer.Host && u.Scheme == issuer.Scheme
}

// readPage reads and closes an answer.
func readPage(resp *http.Response) (*Page, error) {
	defer resp.Body.Close()
	root, err := html.Parse(io.LimitReader(resp.Body, pageMax))
	if err != nil {
		return nil, fmt.Errorf("reading page: %w", err)
	}
	return &Page{URL: resp.Request.URL, Status: resp.StatusCode, Header: resp.Header, root: root}, nil
}

// beside is the address of another path on the same host.
func beside(address, path string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("relying party's address %q is not absolute", address)
	}
	return u.ResolveReference(&url.URL{Path: path}).String(), nil
}
