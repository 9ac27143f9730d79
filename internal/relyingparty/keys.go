package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"kazasu/internal/trace"
)

// keySet is the provider's keys for ID tokens, an oidc.KeySet. The library's
// own tries every key under a kid; this one wants the one key that is meant
// for signatures, and asks the provider again for an unknown kid, but not in a
// storm (checks RP-23 to RP-25, RN-16, RN-20).
type keySet struct {
	client *http.Client
	url    string
	alg    jose.SignatureAlgorithm
	clock  trace.Clock

	mu     sync.Mutex
	keys   []jose.JSONWebKey
	missed time.Time // last time that the provider was asked in vain
}

// refetchAfter is how long the provider isn't asked again after it was asked
// in vain.
const refetchAfter = time.Second

var errNoKey = errors.New("provider has no such signing key")

// VerifySignature checks a compact JWS and returns its payload.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	object, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{s.alg})
	if err != nil {
		return nil, err
	}
	key, err := s.find(ctx, object.Signatures[0].Header.KeyID)
	if err != nil {
		return nil, err
	}
	return object.Verify(key)
}

// find is the key with this kid, from memory or freshly fetched.
func (s *keySet) find(ctx context.Context, kid string) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := s.pick(kid); key != nil {
		return key, nil
	}
	now := s.clock.Now()
	if since := now.Sub(s.missed); since >= 0 && since < refetchAfter {
		return nil, fmt.Errorf("%w: kid %q", errNoKey, kid)
	}
	keys, err := s.fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetching provider's keys: %w", err)
	}
	s.keys = keys
	if key := s.pick(kid); key != nil {
		return key, nil
	}
	s.missed = now
	return nil, fmt.Errorf("%w: kid %q", errNoKey, kid)
}

func (s *keySet) pick(kid string) any {
	for _, key := range s.keys {
		if key.KeyID == kid && key.IsPublic() {
			return key.Key
		}
	}
	return nil
}

// fetch reads the JWKS and keeps the keys meant for our algorithm. A key that
// can't be read is somebody else's kind, not an error (RFC 7517 §5).
func (s *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP %s", resp.Status)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && s.signs(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// signs says that a key is meant for signatures with our algorithm.
func (s *keySet) signs(key jose.JSONWebKey) bool {
	return (key.Use == "" || key.Use == "sig") && (key.Algorithm == "" || key.Algorithm == string(s.alg))
}
