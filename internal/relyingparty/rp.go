package relyingparty

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"kazasu/internal/trace"
)

// Config is what an RP is registered with and how it behaves.
type Config struct {
	Issuer      string // exactly as the provider's ID tokens spell it
	ClientID    string
	RedirectURI string // absolute; its path is where the callback is served

	// Key signs client assertions with Alg, ES256 (default) or RS256; KID
	// names it in their header, "" names none.
	Key crypto.Signer
	Alg string
	KID string

	// IDTokenAlg is the only algorithm taken for ID tokens; default ES256.
	IDTokenAlg string
	// ACR is the authentication class that an ID token must name when it
	// names one; default aal3.
	ACR string
	// Scopes are asked for when /login names none; default openid, name,
	// address, birthdate and gender.
	Scopes []string

	// HTTP reaches the provider. Default: a client with Timeout. The RP
	// wraps its transport to bound every answer.
	HTTP *http.Client
	// Timeout of one request to the provider; default one second.
	Timeout time.Duration
	// Clock judges expiry; nil is the machine's own.
	Clock trace.Clock
}

// Limits of a session's life.
const (
	pendingLife = 10 * time.Minute // from button to callback
	sessionLife = time.Hour
)

// scopesKnown are the scopes that the service defines (docs/FIDELITY.md I25).
var scopesKnown = map[string]bool{
	"openid": true, "name": true, "address": true, "birthdate": true, "gender": true,
}

// RP is the sample relying party, an http.Handler.
type RP struct {
	config   Config
	client   *http.Client
	mux      *http.ServeMux
	sessions *sessions

	mu       sync.Mutex
	provider *provider
}

// New is an RP. The provider need not be up yet: its metadata is fetched at
// the first login, and again after a failure.
func New(_ context.Context, c Config) (*RP, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("setting up relying party: %w", err)
	}
	rp := &RP{config: c, client: boundedClient(c.HTTP, c.Timeout)}
	rp.sessions = newSessions(c.Clock, strings.HasPrefix(c.RedirectURI, "https:"))
	rp.mux = rp.routes()
	return rp, nil
}

func (c Config) withDefaults() Config {
	if c.Alg == "" {
		c.Alg = "ES256"
	}
	if c.IDTokenAlg == "" {
		c.IDTokenAlg = "ES256"
	}
	if c.ACR == "" {
		c.ACR = "aal3"
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "name", "address", "birthdate", "gender"}
	}
	if c.Timeout == 0 {
		c.Timeout = time.Second
	}
	if c.Clock == nil {
		c.Clock = trace.System{}
	}
	return c
}

func (c Config) check() error {
	if c.Issuer == "" || c.ClientID == "" {
		return errors.New("issuer or client id missing")
	}
	if c.Key == nil {
		return errors.New("client key missing")
	}
	u, err := url.Parse(c.RedirectURI)
	if err != nil || u.Host == "" {
		return fmt.Errorf("redirect URI %q is not absolute", c.RedirectURI)
	}
	if c.Alg != "ES256" && c.Alg != "RS256" {
		return fmt.Errorf("client assertion algorithm %q is neither ES256 nor RS256", c.Alg)
	}
	return nil
}

func (rp *RP) routes() *http.ServeMux {
	callback, _ := url.Parse(rp.config.RedirectURI)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", rp.home)
	mux.HandleFunc("GET /login", rp.login)
	mux.HandleFunc("GET "+callback.EscapedPath(), rp.callback)
	mux.HandleFunc("GET /me", rp.me)
	mux.HandleFunc("POST /logout", rp.logout)
	return mux
}

// ServeHTTP serves / (the button, or who is logged in), /login, the redirect
// URI's path, /me (JSON) and /logout (POST).
func (rp *RP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	rp.mux.ServeHTTP(w, r)
}

// secure sets the headers that keep a page from being framed, sniffed, cached
// or named in a Referer.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
}

// provider is what discovery told.
type provider struct {
	oauth     oauth2.Config
	verifier  *oidc.IDTokenVerifier
	keys      *keySet
	userinfo  string
	issInCode bool // the callback is promised to carry iss (RFC 9207 §3)
}

// discover fetches the metadata once; a failure is not remembered.
func (rp *RP) discover(ctx context.Context) (*provider, error) {
	rp.mu.Lock()
	defer rp.mu.Unlock()
	if rp.provider != nil {
		return rp.provider, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, rp.client), rp.config.Issuer)
	if err != nil {
		return nil, err
	}
	var metadata struct {
		JWKS      string `json:"jwks_uri"`
		UserInfo  string `json:"userinfo_endpoint"`
		IssInCode bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&metadata); err != nil {
		return nil, err
	}
	endpoint := found.Endpoint()
	if err := rp.sameTransport(endpoint.AuthURL, endpoint.TokenURL, metadata.JWKS, metadata.UserInfo); err != nil {
		return nil, err
	}
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	keys := rp.keysAt(metadata.JWKS)
	rp.provider = &provider{
		oauth: oauth2.Config{ClientID: rp.config.ClientID, Endpoint: endpoint, RedirectURL: rp.config.RedirectURI},
		verifier: oidc.NewVerifier(rp.config.Issuer, keys, &oidc.Config{
			ClientID:             rp.config.ClientID,
			SupportedSigningAlgs: []string{rp.config.IDTokenAlg},
			Now:                  rp.config.Clock.Now,
		}),
		keys:      keys,
		userinfo:  metadata.UserInfo,
		issInCode: metadata.IssInCode,
	}
	return rp.provider, nil
}

func (rp *RP) keysAt(address string) *keySet {
	return &keySet{
		client: rp.client, url: address, clock: rp.config.Clock,
		alg: jose.SignatureAlgorithm(rp.config.IDTokenAlg),
	}
}

// sameTransport refuses endpoints in the clear under an issuer with TLS
// (OpenID Connect Core §16.17).
func (rp *RP) sameTransport(endpoints ...string) error {
	for _, endpoint := range endpoints {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" {
			return fmt.Errorf("provider metadata: endpoint %q is not absolute", endpoint)
		}
		if strings.HasPrefix(rp.config.Issuer, "https:") && u.Scheme != "https" {
			return fmt.Errorf("provider metadata: endpoint %s is without TLS", endpoint)
		}
	}
	return nil
}
