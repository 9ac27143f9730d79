package relyingparty

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Windows of an ID token's iat, on top of the library's own check of exp.
const (
	issuedAgoMax    = 10 * time.Minute // the code flow takes seconds
	issuedAheadMax  = time.Minute      // clocks differ
	subjectMax      = 255              // characters, OpenID Connect Core §2
	compactSegments = 3
)

// idClaims are the members of an ID token that the RP looks at itself, as raw
// JSON, since what type they have is part of the check.
type idClaims struct {
	Subject  string
	Audience json.RawMessage `json:"aud"`
	Azp      json.RawMessage `json:"azp"`
	Expires  json.RawMessage `json:"exp"`
	Issued   json.RawMessage `json:"iat"`
	Nonce    json.RawMessage `json:"nonce"`
	ACR      json.RawMessage `json:"acr"`
}

// checkIDToken is OpenID Connect Core §3.1.3.7: the library checks signature,
// algorithm, iss, aud and exp, the rest is checked here.
func (rp *RP) checkIDToken(ctx context.Context, p *provider, token *oauth2.Token, login pending) (idClaims, *refusal) {
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return idClaims{}, &refusal{http.StatusBadGateway, ReasonIDToken, "token answer holds no ID token"}
	}
	if err := checkHeader(raw); err != nil {
		return idClaims{}, &refusal{http.StatusBadGateway, ReasonIDToken, err.Error()}
	}
	verified, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return idClaims{}, &refusal{http.StatusBadGateway, ReasonIDToken, err.Error()}
	}
	claims, err := rp.checkClaims(verified, raw)
	if err != nil {
		return idClaims{}, &refusal{http.StatusBadGateway, ReasonIDToken, err.Error()}
	}
	if verified.Nonce == "" || subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(login.nonce)) != 1 {
		return idClaims{}, &refusal{http.StatusBadGateway, ReasonNonce, "ID token was made for another login"}
	}
	if verified.AccessTokenHash != "" && verified.VerifyAccessToken(token.AccessToken) != nil {
		return idClaims{}, &refusal{http.StatusBadGateway, ReasonAtHash, "ID token belongs to another access token"}
	}
	if claims.ACR != nil && string(claims.ACR) != quoted(rp.config.ACR) {
		return idClaims{}, &refusal{http.StatusBadGateway, ReasonACR, fmt.Sprintf("ID token names class %s", claims.ACR)}
	}
	return claims, nil
}

// checkHeader refuses what a JOSE header of the service never has: a key of
// the sender's own, a type of another token, no kid to choose the key by (RFC
// 8725 §3.10–3.12), a member twice.
func checkHeader(raw string) error {
	parts := strings.Split(raw, ".")
	if len(parts) != compactSegments {
		return fmt.Errorf("ID token has %d parts", len(parts))
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return fmt.Errorf("reading ID token header: %w", err)
	}
	if err := noDuplicates(header); err != nil {
		return fmt.Errorf("reading ID token header: %w", err)
	}
	var members map[string]any
	if err := json.Unmarshal(header, &members); err != nil {
		return fmt.Errorf("reading ID token header: %w", err)
	}
	for _, foreign := range []string{"jwk", "jku", "x5u", "x5c", "crit"} {
		if _, there := members[foreign]; there {
			return fmt.Errorf("ID token header has %s", foreign)
		}
	}
	if kid, _ := members["kid"].(string); kid == "" {
		return fmt.Errorf("ID token header names no key")
	}
	if kind, there := members["typ"]; there && kind != "JWT" {
		return fmt.Errorf("ID token has type %v", kind)
	}
	return nil
}

// checkClaims looks at the members whose type or presence the library is
// lenient about.
func (rp *RP) checkClaims(verified *oidc.IDToken, raw string) (idClaims, error) {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		return idClaims{}, err
	}
	if err := noDuplicates(payload); err != nil {
		return idClaims{}, err
	}
	claims := idClaims{Subject: verified.Subject}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return idClaims{}, err
	}
	switch audience := string(claims.Audience); {
	case audience != quoted(rp.config.ClientID) && audience != "["+quoted(rp.config.ClientID)+"]":
		return idClaims{}, fmt.Errorf("ID token has audience %s", audience)
	case claims.Azp != nil && string(claims.Azp) != quoted(rp.config.ClientID):
		return idClaims{}, fmt.Errorf("ID token has azp %s", claims.Azp)
	case !isNumber(claims.Expires) || !isNumber(claims.Issued):
		return idClaims{}, fmt.Errorf("ID token's exp or iat is no number")
	case claims.Subject == "" || len(claims.Subject) > subjectMax:
		return idClaims{}, fmt.Errorf("ID token's sub has %d characters", len(claims.Subject))
	}
	return claims, rp.checkIssued(verified.IssuedAt)
}

func (rp *RP) checkIssued(at time.Time) error {
	now := rp.config.Clock.Now()
	if at.Before(now.Add(-issuedAgoMax)) || at.After(now.Add(issuedAheadMax)) {
		return fmt.Errorf("ID token was issued at %s, now is %s", at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && raw[0] >= '0' && raw[0] <= '9'
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("relyingparty: a string has no JSON form")
	}
	return string(b)
}
