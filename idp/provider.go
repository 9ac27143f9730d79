package idp

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Provider is the OpenID provider, an http.Handler for the issuer's origin.
// It is safe for concurrent use and starts no goroutines.
type Provider struct {
	config  Config
	base    string // path of the issuer: "/api/realms/main"
	origin  string // scheme and host of the issuer
	clients map[string]*Client
	mux     *http.ServeMux
	signers signers
	revoked revocation
	pages   *pages

	logins   shelf[*login]
	tickets  shelf[ticket]
	sessions shelf[*session]

	faultsMu sync.Mutex
	faults   map[string]Faults

	closing sync.Once
	closed  chan struct{}
}

// New makes a provider. It fails on a configuration that can't work and on one
// that must not: see [Config].
func New(c Config) (*Provider, error) {
	if err := c.complete(); err != nil {
		return nil, fmt.Errorf("configuring provider: %w", err)
	}
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("configuring provider: %w", err)
	}
	p := &Provider{
		config: c, base: u.Path, origin: u.Scheme + "://" + u.Host,
		clients: map[string]*Client{}, faults: map[string]Faults{},
		closed: make(chan struct{}),
	}
	for i := range c.Clients {
		client := &p.config.Clients[i]
		if p.clients[client.ID] != nil {
			return nil, fmt.Errorf("configuring provider: client %q stands twice", client.ID)
		}
		p.clients[client.ID] = client
	}
	if p.signers, err = newSigners(c.Keys); err != nil {
		return nil, fmt.Errorf("configuring provider: %w", err)
	}
	if p.pages, err = newPages(); err != nil {
		return nil, fmt.Errorf("configuring provider: %w", err)
	}
	p.revoked = newRevocation(&p.config)
	p.mux = p.routes()
	return p, nil
}

// endpoint is one row of the provider's table of paths.
type endpoint struct {
	methods  []string
	path     string // below the issuer
	metadata string // member of the discovery document, or empty
	serve    http.HandlerFunc
}

const (
	get  = http.MethodGet
	post = http.MethodPost
)

// endpoints is the table of everything below the issuer
// (docs/FIDELITY.md I2); the login pages are ours.
func (p *Provider) endpoints() []endpoint {
	return []endpoint{
		{[]string{get}, "/.well-known/openid-configuration", "", p.discovery},
		{[]string{get, post}, "/protocol/openid-connect/auth", "authorization_endpoint", p.authorize},
		{[]string{post}, "/protocol/openid-connect/token", "token_endpoint", p.token},
		{[]string{get, post}, "/protocol/openid-connect/userinfo", "userinfo_endpoint", p.userinfo},
		{[]string{get}, "/protocol/openid-connect/certs", "jwks_uri", p.jwks},

		{[]string{get}, "/login/{id}", "", p.browser(p.showLogin)},
		{[]string{post}, "/login/{id}/number", "", p.browser(p.typeNumber)},
		{[]string{post}, "/login/{id}/cancel", "", p.browser(p.cancelOnPage)},
		{[]string{post}, "/login/{id}/renew", "", p.browser(p.renewOnPage)},
		{[]string{get}, "/login/{id}/state", "", p.browser(p.pollLogin)},
		{[]string{get}, "/login/{id}/wait", "", p.browser(p.waitLogin)},
		{[]string{get}, "/login/{id}/return", "", p.browser(p.returnFromApp)},
		{[]string{get}, "/static/{file}", "", p.pages.serveStatic},
	}
}

// routes adds the app's calls (internal/appapi), which stand at the origin.
func (p *Provider) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range p.endpoints() {
		for _, method := range e.methods {
			mux.HandleFunc(method+" "+p.base+e.path, e.serve)
		}
	}
	mux.HandleFunc("POST "+appPath+"{ticket}/open", p.appOpen)
	mux.HandleFunc("GET "+appPath+"{ticket}/status", p.app(p.appStatus))
	mux.HandleFunc("POST "+appPath+"{ticket}/proof", p.app(p.appProof))
	mux.HandleFunc("POST "+appPath+"{ticket}/cancel", p.app(p.appCancel))
	return mux
}

// ServeHTTP answers whatever stands below the issuer's origin.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}

// Close frees whoever waits for a login. It is idempotent, and requests may
// still come.
func (p *Provider) Close() error {
	p.closing.Do(func() { close(p.closed) })
	return nil
}

func (p *Provider) now() time.Time { return p.config.Clock.Now() }

// token128 is an unguessable identifier, in hex; token256 is a secret, in
// base64url.
func token128() string { return hex.EncodeToString(random(16)) }
func token256() string { return base64.RawURLEncoding.EncodeToString(random(32)) }

// uuid is a random UUID, version 4.
func uuid() string { return formatUUID([16]byte(random(16))) }

// formatUUID writes 16 bytes as a UUID of version 4.
func formatUUID(b [16]byte) string {
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return b
}
