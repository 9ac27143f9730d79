package idp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// accessClaims are the access token's. It is a JWT because the real one is;
// clients should take it as opaque.
type accessClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expiry   int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
	ID       string `json:"jti"`
	Type     string `json:"typ"`
	Client   string `json:"azp"`
	Session  string `json:"sid"`
	Scope    string `json:"scope"`
}

// idClaims are the ID token's (docs/FIDELITY.md I14). The audience is a plain string,
// as clients of the real service expect it.
type idClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expiry   int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
	AuthTime int64  `json:"auth_time"`
	Nonce    string `json:"nonce"`
	AtHash   string `json:"at_hash"`
	ACR      string `json:"acr"`
	Client   string `json:"azp"`
	ID       string `json:"jti"`
	Session  string `json:"sid"`
	Type     string `json:"typ"`
}

// What faults put in the place of what is true.
const (
	wrongIssuer   = "https://another-issuer.test/api/realms/main"
	wrongAudience = "RP99999999"
	wrongNonce    = "another-nonce"
	expiredBy     = time.Hour
)

func (p *Provider) accessToken(s *session, now time.Time) (string, error) {
	token, err := jwt.Signed(p.signers.access).Claims(accessClaims{
		Issuer: p.config.Issuer, Subject: s.sub, Audience: p.config.Issuer, Client: s.client.ID,
		IssuedAt: now.Unix(), Expiry: now.Add(tokenLife).Unix(), ID: uuid(),
		Type: "Bearer", Session: s.id, Scope: s.scope(),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("signing access token: %w", err)
	}
	return token, nil
}

// idToken makes the ID token, with the lies that the login's tag calls for.
func (p *Provider) idToken(s *session, nonce, access string, now time.Time) (string, error) {
	claims := idClaims{
		Issuer: p.config.Issuer, Subject: s.sub, Audience: s.client.ID, Client: s.client.ID,
		IssuedAt: now.Unix(), Expiry: now.Add(tokenLife).Unix(), AuthTime: s.authTime.Unix(),
		Nonce: nonce, AtHash: atHash(access), ACR: acrGiven, ID: uuid(), Session: s.id, Type: "ID",
	}
	lies := p.faultsOf(s.tag)
	if lies.WrongIssuer {
		claims.Issuer = wrongIssuer
	}
	if lies.WrongAudience {
		claims.Audience = wrongAudience
	}
	if lies.WrongNonce {
		claims.Nonce = wrongNonce
	}
	if lies.Expired {
		claims.Expiry = now.Add(-expiredBy).Unix()
	}
	signer := p.signers.id
	if lies.ForeignKey {
		signer = p.signers.foreign
	}
	if lies.Unsigned {
		signer = nil
	}
	return p.signID(signer, claims)
}

// signID signs an ID token, or leaves it unsigned without a signer.
func (p *Provider) signID(signer jose.Signer, claims idClaims) (string, error) {
	if signer == nil {
		return unsigned(p.signers.idKID, claims)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("signing ID token: %w", err)
	}
	return token, nil
}

// unsigned is a JWT of alg none (RFC 7519 §6), which no library will make.
func unsigned(kid string, claims idClaims) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("writing ID token: %w", err)
	}
	header := fmt.Sprintf(`{"alg":"none","kid":%q,"typ":"JWT"}`, kid)
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload) + ".", nil
}

// atHash is the left half of the access token's SHA-256, Core §3.1.3.6.
func atHash(access string) string {
	hash := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(hash[:len(hash)/2])
}

// attributeClaims is what userinfo says of the attributes granted
// (docs/FIDELITY.md I17): plain strings, the date as eight digits, the gender as one.
func (s *session) attributeClaims() map[string]string {
	all := map[string]string{
		"name": s.text.name, "address": s.text.address, "birthdate": s.text.birth, "gender": s.text.sex,
	}
	for name := range all {
		if !slices.Contains(s.attributes, name) {
			delete(all, name)
		}
	}
	return all
}

// claimsSupported is what ID token and userinfo may hold.
func claimsSupported() []string {
	return append([]string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", "azp", "jti", "sid"},
		scopeAttributes...)
}
