package bench

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// mockPeer is mockoidc as its process describes it.
type mockPeer struct {
	ClientID, ClientSecret, Issuer string
}

// mockRP is as much of a relying party as a login at mockoidc needs: the
// sample RP can't be it, since mockoidc takes a client_secret alone.
type mockRP struct {
	config   oauth2.Config
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier

	mu       sync.Mutex
	sessions map[string]map[string]any // state → claims
}

func (m mockPeer) rp(b *testing.B, url string) http.Handler {
	b.Helper()
	provider, err := oidc.NewProvider(b.Context(), m.Issuer)
	if err != nil {
		b.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams // it reads the form alone
	rp := &mockRP{
		config: oauth2.Config{
			ClientID: m.ClientID, ClientSecret: m.ClientSecret, Endpoint: endpoint,
			RedirectURL: url + "/callback", Scopes: []string{"openid", "email", "profile"},
		},
		provider: provider, verifier: provider.Verifier(&oidc.Config{ClientID: m.ClientID}),
		sessions: map[string]map[string]any{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", rp.login)
	mux.HandleFunc("GET /callback", rp.callback)
	mux.HandleFunc("GET /me", rp.me)
	return mux
}

func (rp *mockRP) login(w http.ResponseWriter, r *http.Request) {
	state, secret := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	http.SetCookie(w, &http.Cookie{Name: "state", Value: state, HttpOnly: true})
	http.SetCookie(w, &http.Cookie{Name: "secret", Value: secret, HttpOnly: true})
	http.Redirect(w, r, rp.config.AuthCodeURL(state, oidc.Nonce(state), oauth2.S256ChallengeOption(secret)), http.StatusFound)
}

func (rp *mockRP) callback(w http.ResponseWriter, r *http.Request) {
	state, secret := cookieOf(r, "state"), cookieOf(r, "secret")
	claims, err := rp.claims(r, secret)
	if err != nil || state == "" || state != r.FormValue("state") {
		http.Error(w, "refused", http.StatusForbidden)
		return
	}
	rp.mu.Lock()
	rp.sessions[state] = claims
	rp.mu.Unlock()
}

func (rp *mockRP) claims(r *http.Request, secret string) (claims map[string]any, err error) {
	token, err := rp.config.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(secret))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	if _, err := rp.verifier.Verify(r.Context(), raw); err != nil {
		return nil, err
	}
	info, err := rp.provider.UserInfo(r.Context(), oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, err
	}
	if err := info.Claims(&claims); err != nil {
		return nil, err
	}
	claims["name"] = claims["preferred_username"]
	return claims, nil
}

func (rp *mockRP) me(w http.ResponseWriter, r *http.Request) {
	rp.mu.Lock()
	claims := rp.sessions[cookieOf(r, "state")]
	rp.mu.Unlock()
	json.NewEncoder(w).Encode(claims)
}

func cookieOf(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
