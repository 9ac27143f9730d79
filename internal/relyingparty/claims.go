package relyingparty

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
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
		return idClaims{}, untrusted(ReasonMalformed, "token answer holds no ID token")
	}
	if refused := rp.checkHeader(raw); refused != nil {
		return idClaims{}, refused
	}
	verified, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return idClaims{}, untrusted(rp.blame(ctx, p, raw, err), "%v", err)
	}
	claims, refused := rp.checkClaims(verified, raw)
	if refused != nil {
		return idClaims{}, refused
	}
	if verified.Nonce == "" || subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(login.nonce)) != 1 {
		return idClaims{}, untrusted(ReasonNonce, "ID token was made for another login")
	}
	if verified.AccessTokenHash != "" && verified.VerifyAccessToken(token.AccessToken) != nil {
		return idClaims{}, untrusted(ReasonAtHash, "ID token belongs to another access token")
	}
	if claims.ACR != nil && string(claims.ACR) != quoted(rp.config.ACR) {
		return idClaims{}, untrusted(ReasonACR, "ID token names class %s", claims.ACR)
	}
	return claims, nil
}

// blame names what the library refused: most of its errors are text alone. It
// looks again in the library's order, and judges nothing itself.
func (rp *RP) blame(ctx context.Context, p *provider, raw string, err error) Reason {
	payload, wrong := p.keys.VerifySignature(ctx, raw)
	if wrong != nil {
		return ReasonSignature
	}
	var claims struct {
		Issuer    json.RawMessage `json:"iss"`
		Audience  json.RawMessage `json:"aud"`
		NotBefore json.RawMessage `json:"nbf"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ReasonMalformed
	}
	var expired *oidc.TokenExpiredError
	switch {
	case string(claims.Issuer) != quoted(rp.config.Issuer):
		return ReasonTokenIssuer
	case !rp.isAudience(claims.Audience):
		return ReasonAudience
	case errors.As(err, &expired) && !expired.Expiry.IsZero():
		return ReasonExpired
	case !errors.As(err, &expired) && isNumber(claims.NotBefore):
		return ReasonTime
	}
	return ReasonMalformed
}

// checkHeader refuses what a JOSE header of the service never has: a key of
// the sender's own, a type of another token, no kid to choose the key by (RFC
// 8725 §3.10–3.12), another algorithm, a member twice.
func (rp *RP) checkHeader(raw string) *refusal {
	parts := strings.Split(raw, ".")
	if len(parts) != compactSegments {
		return untrusted(ReasonMalformed, "ID token has %d parts", len(parts))
	}
	var members map[string]any
	if err := readPart(parts[0], &members); err != nil {
		return untrusted(ReasonMalformed, "reading ID token header: %v", err)
	}
	if members["alg"] != rp.config.IDTokenAlg {
		return untrusted(ReasonAlg, "ID token has algorithm %v", members["alg"])
	}
	for _, foreign := range []string{"jwk", "jku", "x5u", "x5c", "crit"} {
		if _, there := members[foreign]; there {
			return untrusted(ReasonMalformed, "ID token header has %s", foreign)
		}
	}
	if kid, _ := members["kid"].(string); kid == "" {
		return untrusted(ReasonMalformed, "ID token header names no key")
	}
	if kind, there := members["typ"]; there && kind != "JWT" {
		return untrusted(ReasonMalformed, "ID token has type %v", kind)
	}
	return nil
}

// readPart decodes header or payload, in which no member may come twice.
func readPart(part string, into any) error {
	decoded, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	if err := noDuplicates(decoded); err != nil {
		return err
	}
	return json.Unmarshal(decoded, into)
}

// checkClaims looks at the members whose type or presence the library is
// lenient about.
func (rp *RP) checkClaims(verified *oidc.IDToken, raw string) (idClaims, *refusal) {
	claims := idClaims{Subject: verified.Subject}
	if err := readPart(strings.Split(raw, ".")[1], &claims); err != nil {
		return idClaims{}, untrusted(ReasonMalformed, "reading ID token: %v", err)
	}
	switch {
	case !rp.isAudience(claims.Audience):
		return idClaims{}, untrusted(ReasonAudience, "ID token has audience %s", claims.Audience)
	case claims.Azp != nil && string(claims.Azp) != quoted(rp.config.ClientID):
		return idClaims{}, untrusted(ReasonAudience, "ID token has azp %s", claims.Azp)
	case !isNumber(claims.Expires) || !isNumber(claims.Issued):
		return idClaims{}, untrusted(ReasonMalformed, "ID token's exp or iat is no number")
	case claims.Subject == "" || len(claims.Subject) > subjectMax:
		return idClaims{}, untrusted(ReasonMalformed, "ID token's sub has %d characters", len(claims.Subject))
	}
	return claims, rp.checkIssued(verified.IssuedAt)
}

// isAudience says that an aud is this client, and nobody else.
func (rp *RP) isAudience(raw json.RawMessage) bool {
	us := quoted(rp.config.ClientID)
	return string(raw) == us || string(raw) == "["+us+"]"
}

func (rp *RP) checkIssued(at time.Time) *refusal {
	now := rp.config.Clock.Now()
	if at.Before(now.Add(-issuedAgoMax)) || at.After(now.Add(issuedAheadMax)) {
		return untrusted(ReasonTime, "ID token was issued at %s, now is %s", at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
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
