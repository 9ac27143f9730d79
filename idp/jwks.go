package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// signers are the provider's keys at work.
type signers struct {
	id, access jose.Signer
	foreign    jose.Signer // a key that is in no key set, under the ID token's kid
	idKID      string
	public     jose.JSONWebKeySet
}

func newSigners(keys Keys) (signers, error) {
	id, err := publicJWK(keys.ID.Public(), jose.ES256)
	if err != nil {
		return signers{}, err
	}
	access, err := publicJWK(keys.Access.Public(), jose.RS256)
	if err != nil {
		return signers{}, err
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signers{}, fmt.Errorf("making foreign key: %w", err)
	}
	s := signers{idKID: id.KeyID, public: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{id, access}}}
	for _, row := range []struct {
		to  *jose.Signer
		alg jose.SignatureAlgorithm
		key any
		kid string
	}{
		{&s.id, jose.ES256, keys.ID, id.KeyID},
		{&s.access, jose.RS256, keys.Access, access.KeyID},
		{&s.foreign, jose.ES256, stranger, id.KeyID},
	} {
		signing := jose.SigningKey{Algorithm: row.alg, Key: jose.JSONWebKey{Key: row.key, KeyID: row.kid}}
		if *row.to, err = jose.NewSigner(signing, (&jose.SignerOptions{}).WithType("JWT")); err != nil {
			return signers{}, fmt.Errorf("making %s signer: %w", row.alg, err)
		}
	}
	return s, nil
}

// publicJWK names a key by its thumbprint (RFC 7638): 43 characters, the same
// after every restart.
func publicJWK(key crypto.PublicKey, alg jose.SignatureAlgorithm) (jose.JSONWebKey, error) {
	jwk := jose.JSONWebKey{Key: key, Algorithm: string(alg), Use: "sig"}
	thumb, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return jwk, fmt.Errorf("naming %s key: %w", alg, err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumb)
	return jwk, nil
}

// jwks answers with the public keys, RFC 7517.
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, p.signers.public)
}
