package idp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// assertionType is the one way for a client to authenticate, RFC 7523 §2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionAlgs are those that a client may be registered with.
var assertionAlgs = []string{"ES256", "RS256"}

// Bounds on an assertion's life (docs/FIDELITY.md I11): what is known to
// work with the sandbox, and what Keycloak 26 asks.
const (
	lifeLenient = 24 * time.Hour
	lifeStrict  = 60 * time.Second
)

// assertionClaims are those of a client assertion.
type assertionClaims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	Audience  jwt.Audience `json:"aud"`
	ID        string       `json:"jti"`
	Expiry    seconds      `json:"exp"`
	IssuedAt  seconds      `json:"iat"`
	NotBefore seconds      `json:"nbf"`
}

// seconds is a NumericDate that may be written as a string, as one client that
// works with the sandbox does; 0 is absent.
type seconds int64

// timeMax is beyond the year 9999.
const timeMax = 1e12

func (s *seconds) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil {
		return fmt.Errorf("reading time %s: %w", b, err)
	}
	if !(f > 0 && f < timeMax) {
		return fmt.Errorf("time %s is out of range", b)
	}
	*s = seconds(f)
	return nil
}

func (s seconds) time() time.Time { return time.Unix(int64(s), 0) }

// rejected is how every fault of an assertion is told.
func rejected(reason string, cause error) error {
	return because(refusal{invalidClient, "Client authentication with signed JWT failed: " + reason}, cause)
}

// authenticate finds the client by its assertion, in Keycloak's order: type,
// subject, issuer, algorithm, signature, audience, times, identifier.
func (p *Provider) authenticate(r *http.Request, params parameters) (*Client, error) {
	if err := checkMethods(r, params); err != nil {
		return nil, err
	}
	token, err := jwt.ParseSigned(params.one("client_assertion"), []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return nil, rejected("Invalid JWT", err)
	}
	var claims assertionClaims
	if err := token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return nil, rejected("Invalid JWT", err)
	}
	client, err := p.assertedClient(claims, params)
	if err != nil {
		return nil, err
	}
	if err := verifyAssertion(client, token); err != nil {
		return nil, err
	}
	if err := p.checkAudience(claims.Audience); err != nil {
		return nil, err
	}
	if err := p.checkTimes(claims); err != nil {
		return nil, err
	}
	return client, p.checkReplay(client, claims)
}

// checkMethods demands the assertion and no other way beside it.
func checkMethods(r *http.Request, params parameters) error {
	header := r.Header.Get("Authorization") != ""
	switch {
	case params.one("client_assertion_type") == "" && (header || params.one("client_secret") != ""):
		return because(refusal{invalidClient, "Invalid client or Invalid client credentials"}, causef("a client secret"))
	case header || params.one("client_secret") != "":
		return because(refusal{invalidRequest, "Multiple client authentication methods"}, causef("assertion and secret at once"))
	case params.one("client_assertion_type") == "":
		return refusal{invalidClient, "Parameter client_assertion_type is missing"}
	case params.one("client_assertion_type") != assertionType:
		return because(refusal{invalidClient, "Parameter client_assertion_type has value not supported"},
			causef("client_assertion_type %q", params.one("client_assertion_type")))
	case params.one("client_assertion") == "":
		return refusal{invalidClient, "client_assertion parameter missing"}
	}
	return nil
}

func (p *Provider) assertedClient(claims assertionClaims, params parameters) (*Client, error) {
	client, form := p.clients[claims.Subject], params.one("client_id")
	switch {
	case client == nil:
		return nil, because(refusal{invalidClient, "Invalid client or Invalid client credentials"}, causef("unknown sub %q", claims.Subject))
	case claims.Issuer != claims.Subject:
		return nil, rejected("Issuer mismatch", causef("iss %q, sub %q", claims.Issuer, claims.Subject))
	case form != "" && form != client.ID:
		return nil, rejected("client_id mismatch", causef("client_id %q, sub %q", form, claims.Subject))
	}
	return client, nil
}

// verifyAssertion tries the client's keys: the one that the header names, or
// all of them when it names none.
func verifyAssertion(client *Client, token *jwt.JSONWebToken) error {
	header := token.Headers[0]
	if header.Algorithm != client.Alg {
		return rejected("Signature on JWT token failed validation", causef("alg %s, registered %s", header.Algorithm, client.Alg))
	}
	tried := 0
	for _, key := range client.Keys {
		if header.KeyID != "" && key.KID != "" && header.KeyID != key.KID {
			continue
		}
		tried++
		if token.Claims(key.Key, &json.RawMessage{}) == nil {
			return nil
		}
	}
	if tried == 0 {
		return rejected("Unable to load public key", causef("no key for kid %q", header.KeyID))
	}
	return rejected("Signature on JWT token failed validation", causef("%d keys tried", tried))
}

// checkAudience takes the token endpoint or the issuer; strictly it is the
// only audience.
func (p *Provider) checkAudience(audience jwt.Audience) error {
	good := slices.ContainsFunc(audience, func(a string) bool {
		return a == p.config.Issuer || a == p.config.Issuer+"/protocol/openid-connect/token"
	})
	if !good || (p.config.StrictAssertions && len(audience) != 1) {
		return rejected("Token audience doesn't match domain", causef("aud %q", audience))
	}
	return nil
}

func (p *Provider) checkTimes(c assertionClaims) error {
	now, limit := p.now(), lifeLenient
	if p.config.StrictAssertions {
		limit = lifeStrict
	}
	var cause error
	switch {
	case c.Expiry == 0:
		cause = causef("no exp")
	case now.After(c.Expiry.time().Add(clockSkew)):
		cause = causef("expired at %s", c.Expiry.time())
	case c.Expiry.time().After(now.Add(limit + clockSkew)):
		cause = causef("exp is more than %s ahead", limit)
	case c.IssuedAt != 0 && c.IssuedAt.time().After(now.Add(clockSkew)):
		cause = causef("issued at %s, in the future", c.IssuedAt.time())
	case c.IssuedAt != 0 && p.config.StrictAssertions && now.After(c.IssuedAt.time().Add(limit+clockSkew)):
		cause = causef("issued at %s, too long ago", c.IssuedAt.time())
	case c.NotBefore != 0 && c.NotBefore.time().After(now.Add(clockSkew)):
		cause = causef("not valid before %s", c.NotBefore.time())
	default:
		return nil
	}
	return rejected("Token is not active", cause)
}

// checkReplay lets an identifier in once, for as long as it could come again.
func (p *Provider) checkReplay(client *Client, c assertionClaims) error {
	if c.ID == "" {
		if p.config.StrictAssertions {
			return rejected("Missing ID on the token", causef("no jti"))
		}
		return nil
	}
	ttl := c.Expiry.time().Add(2 * clockSkew).Sub(p.now())
	added, err := p.config.Store.Add(bucketAssertion, client.ID+" "+c.ID, []byte{1}, ttl)
	switch {
	case err != nil:
		return because(refuseServer, err)
	case !added:
		return rejected("Token reuse detected", causef("jti seen before"))
	}
	return nil
}
