package idp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// errNoToken says that a request carries no token where one belongs.
var errNoToken = errors.New("no bearer token in the header")

// userinfo answers with the subject and the attributes granted, as JSON.
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	s, err := p.bearerSession(r)
	if err != nil {
		p.challengeBearer(w, r, err)
		return
	}
	claims := s.attributeClaims()
	claims["sub"] = s.sub
	if p.faultsOf(s.tag).UserinfoOfAnother {
		claims["sub"] = p.subject(s.client.Sector, "another than "+s.person)
	}
	p.config.Observe(Event{Login: s.login, Tag: s.tag, Player: "idp", Kind: KindUserinfo,
		Text: "attributes handed to " + s.client.Name, Detail: map[string]string{"client": s.client.ID, "scope": s.scope()}})
	writeJSON(w, http.StatusOK, claims)
}

// bearerSession finds the session of the access token in the header, the only
// place where it is taken: a query ends up in logs (RFC 6750 §2.3).
func (p *Provider) bearerSession(r *http.Request) (*session, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, errNoToken
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, fmt.Errorf("reading access token: %w", err)
	}
	var claims accessClaims
	if err := parsed.Claims(p.config.Keys.Access.Public(), &claims); err != nil {
		return nil, fmt.Errorf("verifying access token: %w", err)
	}
	now := p.now()
	s, alive := p.sessions.get(claims.Session, now)
	switch {
	case claims.Issuer != p.config.Issuer || claims.Type != "Bearer":
		return nil, errors.New("not an access token of this provider")
	case now.Unix() >= claims.Expiry:
		return nil, errors.New("access token has expired")
	case !alive:
		return nil, errors.New("access token was revoked, or its session is gone")
	}
	return s, nil
}

// challengeBearer refuses, RFC 6750 §3: without a token no error is named.
func (p *Provider) challengeBearer(w http.ResponseWriter, r *http.Request, cause error) {
	p.tellError("", r.Header.Get(tagHeader), "userinfo", invalidToken, cause)
	challenge := `Bearer realm="main"`
	if errors.Is(cause, errNoToken) {
		w.Header().Set("WWW-Authenticate", challenge)
		writeRefusal(w, http.StatusUnauthorized, refusal{invalidRequest, "Token not provided"})
		return
	}
	w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token", error_description="Token verification failed"`)
	writeRefusal(w, http.StatusUnauthorized, refusal{invalidToken, "Token verification failed"})
}
