package relyingparty

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
	"golang.org/x/oauth2"
)

// login sends the browser to the provider. The query's scope parameter, space
// separated, replaces the configured scopes for this login.
func (rp *RP) login(w http.ResponseWriter, r *http.Request) {
	scopes, ok := rp.scopes(r)
	if !ok {
		rp.refuse(w, refusal{http.StatusBadRequest, ReasonScope, "scope unknown or without openid"})
		return
	}
	provider, err := rp.discover(r.Context())
	if err != nil {
		rp.refuse(w, refusal{http.StatusBadGateway, ReasonDiscovery, err.Error()})
		return
	}
	state := secret()
	p := pending{nonce: secret(), verifier: oauth2.GenerateVerifier(), scopes: scopes}
	rp.sessions.begin(w, r, state, p)
	config := provider.oauth
	config.Scopes = scopes
	http.Redirect(w, r, config.AuthCodeURL(state,
		oauth2.S256ChallengeOption(p.verifier),
		oauth2.SetAuthURLParam("nonce", p.nonce),
		oauth2.SetAuthURLParam("acr_values", rp.config.ACR+" crl"),
	), http.StatusFound)
}

func (rp *RP) scopes(r *http.Request) (scopes []string, ok bool) {
	asked := strings.Fields(r.URL.Query().Get("scope"))
	if len(asked) == 0 {
		return rp.config.Scopes, true
	}
	for _, scope := range asked {
		if !scopesKnown[scope] {
			return nil, false
		}
		ok = ok || scope == "openid"
	}
	return asked, ok
}

// assertionLife is how long a client assertion is good for: within the strict
// limit of a minute (checks RP-12).
const assertionLife = 30 * time.Second

// assertion is a client assertion for private_key_jwt (RFC 7523 §3, OpenID
// Connect Core §9), signed with the client's key.
func (rp *RP) assertion(audience string) (string, error) {
	options := new(jose.SignerOptions).WithType("JWT")
	if rp.config.KID != "" {
		options = options.WithHeader("kid", rp.config.KID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(rp.config.Alg),
		Key:       cryptosigner.Opaque(rp.config.Key),
	}, options)
	if err != nil {
		return "", err
	}
	var id [16]byte
	rand.Read(id[:]) // never fails: it aborts the program instead
	now := rp.config.Clock.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": rp.config.ClientID,
		"sub": rp.config.ClientID,
		"aud": audience,
		"jti": base64.RawURLEncoding.EncodeToString(id[:]),
		"iat": now.Unix(),
		"exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
