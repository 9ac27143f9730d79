package idp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Lifetimes, Keycloak's defaults (docs/FIDELITY.md I13). A code is remembered
// for longer than it may be used, so that its reuse is noticed.
const (
	codeLife   = 60 * time.Second
	tokenLife  = 300 * time.Second
	codeMemory = 10 * time.Minute
)

// grant is what a code stands for. It holds no personal data: the store may be
// a file.
type grant struct {
	Client      string    `json:"client"`
	RedirectURI string    `json:"redirect_uri"`
	Challenge   string    `json:"challenge"`
	Nonce       string    `json:"nonce"`
	Session     string    `json:"session"`
	Issued      time.Time `json:"issued"`
	Used        bool      `json:"used"`
}

// session is what a finished login gives the client a right to. Removing it
// revokes the tokens.
type session struct {
	id         string
	login, tag string
	client     *Client
	person     string
	sub        string
	authTime   time.Time
	attributes []string // granted, in the order of scopeAttributes
	text       text
}

// scope is what was granted, as the token response says it.
func (s *session) scope() string {
	return strings.Join(append([]string{"openid"}, s.attributes...), " ")
}

// issueCode makes a session of what the person agreed to, and the redirect
// that carries a code for it.
func (p *Provider) issueCode(l *login, who person, consent []string) (redirect string, err error) {
	now, client := p.now(), l.request.client
	s := &session{
		id: uuid(), login: l.id, tag: l.tag, client: client, person: who.key,
		sub: p.subject(client.Sector, who.key), authTime: now, text: who.text,
	}
	for _, attribute := range l.request.attributes {
		if slices.Contains(consent, attribute) {
			s.attributes = append(s.attributes, attribute)
		}
	}
	g, err := json.Marshal(grant{
		Client: client.ID, RedirectURI: l.request.redirectURI, Challenge: l.request.challenge,
		Nonce: l.request.nonce, Session: s.id, Issued: now,
	})
	if err != nil {
		return "", fmt.Errorf("issuing code: %w", err)
	}
	code := token256()
	if err := p.config.Store.Put(bucketCode, code, g, codeMemory); err != nil {
		return "", fmt.Errorf("issuing code: %w", err)
	}
	p.sessions.put(s.id, s, now, now.Add(codeLife+tokenLife))
	return l.request.codeRedirect(code, s.id), nil
}

var (
	errNoCode   = errors.New("unknown code")
	errCodeUsed = errors.New("code used before: its tokens are revoked")
)

// takeCode marks a code as used, whatever becomes of the request: of many
// callers one gets it. Its reuse revokes what was issued for it (RFC 6749
// §4.1.2).
func (p *Provider) takeCode(code string) (grant, error) {
	var g grant
	err := p.config.Store.Update(bucketCode, code, func(old []byte) ([]byte, error) {
		if old == nil {
			return nil, errNoCode
		}
		if err := json.Unmarshal(old, &g); err != nil {
			return nil, fmt.Errorf("reading grant: %w", err)
		}
		if g.Used {
			return nil, errCodeUsed
		}
		used := g
		used.Used = true
		return json.Marshal(used)
	})
	if errors.Is(err, errCodeUsed) {
		p.sessions.remove(g.Session)
	}
	return g, err
}

// redeem turns a code into its session, for the client that it was issued to.
// The error is what the client is told, wrapped round the cause.
func (p *Provider) redeem(client *Client, params parameters) (*session, grant, error) {
	code := params.one("code")
	if code == "" {
		return nil, grant{}, refuseCodeMissing
	}
	g, err := p.takeCode(code)
	switch {
	case errors.Is(err, errNoCode), errors.Is(err, errCodeUsed):
		return nil, g, because(refuseCode, err)
	case err != nil:
		return nil, g, because(refuseServer, err)
	}
	s, alive := p.sessions.get(g.Session, p.now())
	switch {
	case p.now().After(g.Issued.Add(codeLife)):
		return nil, g, refuseCodeExpired
	case !alive:
		return nil, g, because(refuseCode, errors.New("the login's session is gone"))
	case g.Client != client.ID:
		return nil, g, because(refuseCode, fmt.Errorf("code of client %s redeemed by %s", g.Client, client.ID))
	case params.one("redirect_uri") != g.RedirectURI:
		return nil, g, because(refuseRedirectURI, fmt.Errorf("redirect_uri %q", params.one("redirect_uri")))
	}
	return s, g, checkVerifier(params.one("code_verifier"), g.Challenge)
}

// checkVerifier is PKCE, RFC 7636 §4.6.
func checkVerifier(verifier, challenge string) error {
	if verifier == "" {
		return refuseVerifierMissing
	}
	if len(verifier) < 43 || len(verifier) > 128 || !all(verifier, isUnreserved) {
		return refuseVerifierForm
	}
	hash := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(hash[:])), []byte(challenge)) == 0 {
		return refuseVerifier
	}
	return nil
}
