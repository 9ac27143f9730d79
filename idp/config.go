package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kazasu/internal/jpki"
	"kazasu/internal/store"
)

// Clock tells the time. The zero Config uses the machine's own.
type Clock interface {
	Now() time.Time
	NewTimer(d time.Duration) *time.Timer
}

type systemClock struct{}

func (systemClock) Now() time.Time                       { return time.Now() }
func (systemClock) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

// Store keeps what must be used once, or be known after a restart. Values
// vanish after their time to live. Every method is atomic.
type Store interface {
	// Put keeps a value.
	Put(bucket, key string, value []byte, ttl time.Duration) error
	// Take returns a value and removes it; of several takers one gets it.
	Take(bucket, key string) (value []byte, ok bool, err error)
	// Add keeps a value unless there is one already; added says which.
	Add(bucket, key string, value []byte, ttl time.Duration) (added bool, err error)
	// Update replaces a value by what change makes of it. old is nil when
	// there is none; an error leaves all as it was.
	Update(bucket, key string, change func(old []byte) ([]byte, error)) error
}

// Buckets of the store.
const (
	bucketChallenge = "idp-challenge" // login → nonce
	bucketCode      = "idp-code"      // code → grant
	bucketAssertion = "idp-assertion" // client and jti → nothing
)

// Config is what a provider is made of. Issuer, AuthAnchors and TextRoot are
// required, and the URLs that Revocation needs; everything else has a default.
type Config struct {
	// Issuer is the provider's identifier and the prefix of its endpoints:
	// "https://localhost:7443/api/realms/main", no slash at the end.
	Issuer string
	// Clients are the relying parties that may ask for a login.
	Clients []Client
	// AppLink is the app's address, to which a login's link points.
	AppLink string

	// AuthAnchors are the CA certificates that issue auth certificates; all
	// generations may share one name.
	AuthAnchors []*x509.Certificate
	// AuthPolicies are the certificate policies accepted, dotted: a leaf
	// bears exactly one. Default is the test policy of auth certificates,
	// 1.2.392.200149.8.5.1.0.30, a guess by analogy; the real one is
	// …8.5.1.3.30 (docs/FIDELITY.md K17).
	AuthPolicies []string
	// TextRoot is the key that signed the CV certificate of the card's text
	// application (EF 0004).
	TextRoot *rsa.PublicKey

	// CRL and OCSP are where the state of a certificate is asked.
	CRL, OCSP string
	// Revocation says which of them must vouch: "crl-and-ocsp" (the
	// default), "crl", "ocsp", or "ocsp-or-crl", which asks the CRL only
	// when the responder can't be used. All fail closed.
	Revocation string
	// CRLMaxAge is how long a fetched CRL is used without asking again,
	// never beyond its nextUpdate; default 0: every login asks, and an
	// unchanged list isn't parsed again.
	CRLMaxAge time.Duration

	// HTTP fetches CRL and OCSP; default is a client with a 10 s limit.
	HTTP *http.Client
	// Clock is the provider's time; default the machine's.
	Clock Clock
	// Store is where codes and challenges live; default is in memory.
	Store Store
	// Keys sign tokens; those that are nil are made up by New and die with
	// the provider.
	Keys Keys

	// Person names the person behind an auth certificate, so that a subject
	// may outlive the certificate; default is the certificate's issuer and
	// serial number, as the chain of proofs knows nothing steadier: every
	// renewal is then another person. Nothing of it leaves the provider
	// but through an HMAC.
	Person func(*x509.Certificate) string

	// StrictAssertions holds client assertions to what Keycloak 26 asks: a
	// jti, one audience, at most 60 s of life. The default also takes the
	// assertions that are known to work with the sandbox: exp as a string,
	// a day of life, no iat and no jti.
	StrictAssertions bool
	// ClientErrorStatus is the status of invalid_client: 400 (the default)
	// or 401.
	ClientErrorStatus int

	// Observe is told what happens, in order within a login; it must not
	// block. Default: nobody is told.
	Observe func(Event)

	// Auto sends the browser past the login page, to wait for a phone that
	// finishes every login by itself; the page that waits isn't bound to a
	// cookie then, for clients such as curl. It implies InsecurePolling.
	Auto bool
	// InsecurePolling hands a same-device login's code to whoever began it,
	// without the key that the app gives to its phone's browser. A page
	// that could be lured to another's phone gets that person's code.
	InsecurePolling bool
	// InsecureIssuer takes an issuer that is refused otherwise: under a
	// production host name, or plain http off the loopback.
	InsecureIssuer bool
}

// Keys are the provider's secrets.
type Keys struct {
	ID      *ecdsa.PrivateKey // P-256, signs ID tokens (ES256)
	Access  *rsa.PrivateKey   // signs access tokens (RS256)
	Subject []byte            // HMAC key of pairwise subjects, 32 bytes or more
}

// Client is a relying party.
type Client struct {
	ID           string   // 1 to 255 letters and digits
	Name         string   // as the login page and the consent screen say it
	RedirectURIs []string // compared as they are written
	Alg          string   // of its assertions: ES256 (the default) or RS256
	Keys         []PublicKey
	// Sector groups clients that get the same subject for a person; default
	// is the client's own ID.
	Sector         string
	Privacy, Terms string // URLs of privacy policy and terms of use, or empty
}

// PublicKey is a key of a client: *ecdsa.PublicKey or *rsa.PublicKey.
type PublicKey struct {
	KID string // as the assertion's header names it, or empty
	Key crypto.PublicKey
}

// fetchTimeout bounds a fetch of CRL or OCSP by the default HTTP client.
const fetchTimeout = 10 * time.Second

// complete checks c and fills in its defaults.
func (c *Config) complete() error {
	if err := c.checkIssuer(); err != nil {
		return err
	}
	if err := c.checkTrust(); err != nil {
		return err
	}
	for i := range c.Clients {
		if err := c.Clients[i].complete(); err != nil {
			return fmt.Errorf("client %q: %w", c.Clients[i].ID, err)
		}
	}
	if c.InsecurePolling {
		slog.Warn("insecure polling is on: a same-device login's code goes to whoever began it")
	}
	c.fillDefaults()
	return c.Keys.complete()
}

func (c *Config) fillDefaults() {
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Store == nil {
		c.Store = store.Memory(c.Clock.Now)
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: fetchTimeout}
	}
	if c.Person == nil {
		c.Person = issuerAndSerial
	}
	if c.Observe == nil {
		c.Observe = func(Event) {}
	}
	if c.ClientErrorStatus == 0 {
		c.ClientErrorStatus = http.StatusBadRequest
	}
	if len(c.AuthPolicies) == 0 {
		c.AuthPolicies = []string{jpki.PolicyAuthTest.String()}
	}
}

// productionHosts are the real service's; a test provider has no business there.
var productionHosts = []string{"auth-and-sign.go.jp", "sb-auth-and-sign.go.jp"}

func (c *Config) checkIssuer() error {
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil:
		return fmt.Errorf("reading issuer: %w", err)
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("issuer %q is not a plain URL", c.Issuer)
	case strings.HasSuffix(u.Path, "/"):
		return fmt.Errorf("issuer %q ends with a slash", c.Issuer)
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("issuer %q is neither https nor http", c.Issuer)
	}
	return c.checkIssuerHost(u)
}

func (c *Config) checkIssuerHost(u *url.URL) error {
	var objection error
	if isProduction(u.Hostname()) {
		objection = fmt.Errorf("issuer %q bears a host name of the real service", c.Issuer)
	} else if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		objection = fmt.Errorf("issuer %q is plain http off the loopback", c.Issuer)
	}
	if objection != nil && c.InsecureIssuer {
		slog.Warn("insecure issuer taken as told", "issuer", c.Issuer)
		return nil
	}
	return objection
}

func isProduction(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return slices.ContainsFunc(productionHosts, func(name string) bool {
		return host == name || strings.HasSuffix(host, "."+name)
	})
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}

// revocationNeeds says which sources each mode needs.
var revocationNeeds = map[string]struct{ crl, ocsp bool }{
	"crl-and-ocsp": {true, true},
	"crl":          {true, false},
	"ocsp":         {false, true},
	"ocsp-or-crl":  {true, true},
}

func (c *Config) checkTrust() error {
	if c.Revocation == "" {
		c.Revocation = "crl-and-ocsp"
	}
	needs, known := revocationNeeds[c.Revocation]
	switch {
	case !known:
		return fmt.Errorf("revocation %q is none of crl-and-ocsp, crl, ocsp, ocsp-or-crl", c.Revocation)
	case needs.crl && c.CRL == "":
		return fmt.Errorf("revocation %s needs the URL of a CRL", c.Revocation)
	case needs.ocsp && c.OCSP == "":
		return fmt.Errorf("revocation %s needs the URL of an OCSP responder", c.Revocation)
	case len(c.AuthAnchors) == 0:
		return errors.New("no CA certificate to trust for auth certificates")
	case c.TextRoot == nil:
		return errors.New("no key to trust for the card's text")
	}
	for _, anchor := range c.AuthAnchors {
		if err := checkAnchor(anchor); err != nil {
			return err
		}
	}
	return nil
}

// checkAnchor refuses what isn't a CA, and the real one: this provider is not
// where people show their real cards.
func checkAnchor(anchor *x509.Certificate) error {
	switch {
	case !anchor.IsCA || anchor.KeyUsage&x509.KeyUsageCertSign == 0:
		return fmt.Errorf("trust anchor %s is no CA", anchor.Subject)
	case slices.Equal(anchor.Subject.Organization, []string{"JPKI"}):
		return fmt.Errorf("trust anchor %s bears the name of the real CA", anchor.Subject)
	}
	return nil
}

func (c *Client) complete() error {
	if c.Alg == "" {
		c.Alg = "ES256"
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.Sector == "" {
		c.Sector = c.ID
	}
	switch {
	case len(c.ID) == 0 || len(c.ID) > 255 || !all(c.ID, isAlphanumeric):
		return errors.New("the ID must be 1 to 255 letters and digits")
	case len(c.RedirectURIs) == 0:
		return errors.New("no redirect URI")
	case c.Alg != "ES256" && c.Alg != "RS256":
		return fmt.Errorf("alg %q is neither ES256 nor RS256", c.Alg)
	}
	for _, uri := range c.RedirectURIs {
		if err := checkRedirectURI(uri); err != nil {
			return err
		}
	}
	for _, key := range c.Keys {
		if err := c.checkKey(key); err != nil {
			return err
		}
	}
	return nil
}

// checkRedirectURI takes web addresses and, for apps, schemes that are a
// reversed domain name (RFC 8252 §7.1).
func checkRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return fmt.Errorf("reading redirect URI: %w", err)
	case len(uri) > 255:
		return fmt.Errorf("redirect URI %q is longer than 255 characters", uri)
	case strings.Contains(uri, "#"):
		return fmt.Errorf("redirect URI %q has a fragment", uri)
	case strings.Contains(u.Scheme, "."):
		return nil
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return fmt.Errorf("redirect URI %q is no web address", uri)
	}
	return nil
}

func (c *Client) checkKey(key PublicKey) error {
	switch k := key.Key.(type) {
	case *ecdsa.PublicKey:
		if c.Alg == "ES256" && k.Curve == elliptic.P256() {
			return nil
		}
	case *rsa.PublicKey:
		if c.Alg == "RS256" && k.N.BitLen() >= 2048 {
			return nil
		}
	}
	return fmt.Errorf("key %q (%T) doesn't fit %s", key.KID, key.Key, c.Alg)
}

func (k *Keys) complete() error {
	var err error
	if k.ID == nil {
		if k.ID, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return fmt.Errorf("making ID token key: %w", err)
		}
	}
	if k.Access == nil {
		if k.Access, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return fmt.Errorf("making access token key: %w", err)
		}
	}
	if k.Subject == nil {
		k.Subject = make([]byte, 32)
		rand.Read(k.Subject)
	}
	switch {
	case k.ID.Curve != elliptic.P256():
		return errors.New("the ID token key is not on P-256")
	case len(k.Subject) < 32:
		return errors.New("the subject key has fewer than 32 bytes")
	}
	return nil
}
