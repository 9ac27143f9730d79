package relyingparty

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// scripted is a provider of a few lines that lies as a test tells it. It
// plays the whole login: its login page has an app link, and following
// /finish redirects to the RP's callback.
type scripted struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey

	mu      sync.Mutex
	request url.Values // last authorization request
	token   url.Values // last token request
	tokens  int        // token requests so far
	tag     []string   // Kazasu-Tag headers seen

	// The lies. Each may be nil or zero.
	metadata func(map[string]any)
	callback func(url.Values)
	claims   func(map[string]any)
	sign     func(claims []byte) string
	answer   func(map[string]any)
	userinfo http.HandlerFunc
	tokenEnd http.HandlerFunc
	jwks     func() any
}

const (
	testClient = "RP00000001"
	testSub    = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
	testAccess = "access-token-of-the-test"
)

func newScripted(t *testing.T) *scripted {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &scripted{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /realm/.well-known/openid-configuration", p.serveMetadata)
	mux.HandleFunc("GET /realm/auth", p.serveAuth)
	mux.HandleFunc("GET /realm/finish", p.serveFinish)
	mux.HandleFunc("POST /realm/cancel", p.serveCancel)
	mux.HandleFunc("POST /realm/token", p.serveToken)
	mux.HandleFunc("GET /realm/userinfo", p.serveUserinfo)
	mux.HandleFunc("GET /realm/certs", p.serveCerts)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func (p *scripted) issuer() string { return p.server.URL + "/realm" }

func (p *scripted) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	m := map[string]any{
		"issuer":                 p.issuer(),
		"authorization_endpoint": p.issuer() + "/auth",
		"token_endpoint":         p.issuer() + "/token",
		"userinfo_endpoint":      p.issuer() + "/userinfo",
		"jwks_uri":               p.issuer() + "/certs",
	}
	if p.metadata != nil {
		p.metadata(m)
	}
	writeJSON(w, m)
}

func (p *scripted) serveAuth(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.request = r.URL.Query()
	p.tag = r.Header["Kazasu-Tag"]
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(`<!DOCTYPE html><body>
		<a data-kazasu="app-link" href="http://phone.test/open?login=http%3A%2F%2Fidp.test%2Flogins%2F1">アプリを開く</a>
		<form data-kazasu="cancel" method="post" action="cancel"><input type="hidden" name="login" value="1"><button name="do" value="cancel">中止</button></form>
	</body>`))
}

// serveFinish is where the app sends the phone's browser.
func (p *scripted) serveFinish(w http.ResponseWriter, r *http.Request) {
	p.goBack(w, r, url.Values{"code": {"c0de"}})
}

func (p *scripted) serveCancel(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("login") != "1" || r.PostFormValue("do") != "cancel" {
		p.t.Errorf("cancel form came as %v", r.PostForm)
	}
	p.goBack(w, r, url.Values{"error": {"access_denied"}, "error_description": {"<script>alert(1)</script>"}})
}

func (p *scripted) goBack(w http.ResponseWriter, r *http.Request, query url.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	query.Set("state", p.request.Get("state"))
	query.Set("session_state", "s")
	if p.callback != nil {
		p.callback(query)
	}
	http.Redirect(w, r, p.request.Get("redirect_uri")+"?"+query.Encode(), http.StatusSeeOther)
}

func (p *scripted) serveToken(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	p.mu.Lock()
	p.token = r.PostForm
	p.tokens++
	p.mu.Unlock()
	if p.tokenEnd != nil {
		p.tokenEnd(w, r)
		return
	}
	answer := map[string]any{
		"access_token": testAccess, "token_type": "bearer", "scope": "openid name", "not-before-policy": 0,
		"id_token": p.idToken(),
	}
	if p.answer != nil {
		p.answer(answer)
	}
	writeJSON(w, answer)
}

// honest are the claims of an ID token that answers the last request.
func (p *scripted) honest() map[string]any {
	hash := sha256.Sum256([]byte(testAccess))
	return map[string]any{
		"iss": p.issuer(), "sub": testSub, "aud": testClient,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		"nonce": p.request.Get("nonce"), "acr": "aal3", "typ": "ID", "azp": testClient,
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	}
}

func (p *scripted) idToken() string {
	claims := p.honest()
	if p.claims != nil {
		p.claims(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	if p.sign != nil {
		return p.sign(payload)
	}
	return p.signed(payload, jose.ES256, p.key, "k1", nil)
}

func (p *scripted) signed(payload []byte, alg jose.SignatureAlgorithm, key any, kid string, extra map[jose.HeaderKey]any) string {
	options := new(jose.SignerOptions).WithType("JWT")
	options.ExtraHeaders = maps.Clone(options.ExtraHeaders)
	maps.Copy(options.ExtraHeaders, extra)
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		p.t.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		p.t.Fatal(err)
	}
	compact, err := object.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return compact
}

func (p *scripted) serveUserinfo(w http.ResponseWriter, r *http.Request) {
	if got := r.Header.Get("Authorization"); got != "Bearer "+testAccess {
		p.t.Errorf("UserInfo asked with %q", got)
	}
	if p.userinfo != nil {
		p.userinfo(w, r)
		return
	}
	writeJSON(w, map[string]any{"sub": testSub, "name": "試験　花子", "address": "東京都架空区試験町９９－９"})
}

func (p *scripted) serveCerts(w http.ResponseWriter, _ *http.Request) {
	if p.jwks != nil {
		writeJSON(w, p.jwks())
		return
	}
	writeJSON(w, map[string]any{"keys": []any{
		map[string]any{"kty": "unheard-of", "kid": "k0"},
		jose.JSONWebKey{Key: p.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"},
	}})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// service is the RP under test, and one browser that goes there.
type service struct {
	provider *scripted
	server   *httptest.Server
	key      *ecdsa.PrivateKey
	rp       *RP
}

func newService(t *testing.T, p *scripted) *service {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{provider: p, key: key}
	var handler http.Handler
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(s.server.Close)
	rp, err := New(t.Context(), Config{
		Issuer: p.issuer(), ClientID: testClient, RedirectURI: s.server.URL + "/callback",
		Key: key, KID: "client-key",
	})
	if err != nil {
		t.Fatal(err)
	}
	handler, s.rp = rp, rp
	return s
}

func (s *service) agent() *UserAgent {
	return NewUserAgent(AgentConfig{
		Issuer: s.provider.issuer(), Header: http.Header{"Kazasu-Tag": {"t-1"}}, Timeout: 10 * time.Second,
	})
}

// login goes all the way and returns how it ended.
func (s *service) login(t *testing.T, agent *UserAgent) Outcome {
	t.Helper()
	link, ended, err := agent.Start(t.Context(), s.server.URL+"/")
	if err != nil {
		t.Fatal(err)
	}
	if ended != nil {
		return *ended
	}
	if want := "http://phone.test/open?login=http%3A%2F%2Fidp.test%2Flogins%2F1"; link != want {
		t.Fatalf("app link %q, want %q", link, want)
	}
	outcome, err := agent.Follow(t.Context(), s.provider.issuer()+"/finish")
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}
