package relyingparty

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestLogin(t *testing.T) {
	s := newService(t, newScripted(t))
	agent := s.agent()
	outcome := s.login(t, agent)
	if outcome.Refusal != nil {
		t.Fatalf("refused: %+v", outcome.Refusal)
	}
	if outcome.Session.Sub != testSub || outcome.Session.Claims["name"] != "試験　花子" {
		t.Errorf("session %+v", outcome.Session)
	}
	if got, want := agent.Page().ByID("who"), "ログイン済み: 試験　花子 / logged in as 試験　花子"; got != want {
		t.Errorf("page says %q, want %q", got, want)
	}
	if got := s.provider.tag; len(got) != 1 || got[0] != "t-1" {
		t.Errorf("the provider saw the tag %q", got)
	}
}

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

func TestAuthorizationRequest(t *testing.T) {
	s := newService(t, newScripted(t))
	seen := map[string]bool{}
	for range 3 {
		s.login(t, s.agent())
		request := s.provider.request
		for name, want := range map[string]string{
			"response_type": "code", "client_id": testClient, "code_challenge_method": "S256",
			"redirect_uri": s.server.URL + "/callback", "acr_values": "aal3 crl",
			"scope": "openid name address birthdate gender",
		} {
			if got := request.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			value := request.Get(name)
			if !secretForm.MatchString(value) || seen[value] {
				t.Errorf("%s is %q: not 256 fresh bits", name, value)
			}
			seen[value] = true
		}
		for name, values := range request {
			if len(values) != 1 {
				t.Errorf("%s came %d times", name, len(values))
			}
		}
	}
}

func TestTokenRequest(t *testing.T) {
	s := newService(t, newScripted(t))
	s.login(t, s.agent())
	form := s.provider.token
	for name, want := range map[string]string{
		"grant_type": "authorization_code", "code": "c0de", "client_id": testClient,
		"redirect_uri":          s.server.URL + "/callback",
		"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if form.Has("client_secret") {
		t.Error("a client_secret was sent")
	}
	challenge := sha256.Sum256([]byte(form.Get("code_verifier")))
	if got := base64.RawURLEncoding.EncodeToString(challenge[:]); got != s.provider.request.Get("code_challenge") {
		t.Errorf("verifier hashes to %q", got)
	}
	checkAssertion(t, s, form.Get("client_assertion"))
}

func checkAssertion(t *testing.T, s *service, assertion string) {
	t.Helper()
	object, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if kid := object.Signatures[0].Header.KeyID; kid != "client-key" {
		t.Errorf("kid is %q", kid)
	}
	payload, err := object.Verify(s.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Iss, Sub, Aud, Jti string
		Iat, Exp           int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Iss != testClient || claims.Sub != testClient || claims.Aud != s.provider.issuer()+"/token" || len(claims.Jti) != 22 {
		t.Errorf("claims %+v", claims)
	}
	if life := claims.Exp - claims.Iat; life <= 0 || life > 60 {
		t.Errorf("assertion lives %d s", life)
	}
}

func TestClientKeyRS256(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rp, err := New(t.Context(), Config{Issuer: "https://idp.test", ClientID: "c", RedirectURI: "https://rp.test/cb", Key: key, Alg: "RS256"})
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := rp.assertion("https://idp.test/token")
	if err != nil {
		t.Fatal(err)
	}
	object, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := object.Verify(key.Public()); err != nil {
		t.Error(err)
	}
}

// lies is what a provider may do wrong, and the reason that the RP must give.
var lies = []struct {
	name   string
	lie    func(p *scripted)
	want   Reason
	status int
}{
	{"wrong nonce", claim("nonce", "another"), ReasonNonce, 502},
	{"no nonce", claim("nonce", nil), ReasonNonce, 502},
	{"wrong issuer", claim("iss", "https://elsewhere.test/realm"), ReasonTokenIssuer, 502},
	{"issuer with a slash", func(p *scripted) { claim("iss", p.issuer()+"/")(p) }, ReasonTokenIssuer, 502},
	{"no issuer", claim("iss", nil), ReasonTokenIssuer, 502},
	{"wrong audience", claim("aud", "RP00000002"), ReasonAudience, 502},
	{"audience that contains ours", claim("aud", testClient+"1"), ReasonAudience, 502},
	{"one audience more", claim("aud", []string{testClient, "RP00000002"}), ReasonAudience, 502},
	{"no audience", claim("aud", nil), ReasonAudience, 502},
	{"wrong azp", claim("azp", "RP00000002"), ReasonAudience, 502},
	{"expired", func(p *scripted) { claim("exp", time.Now().Add(-time.Minute).Unix())(p) }, ReasonExpired, 502},
	{"no expiry", claim("exp", nil), ReasonMalformed, 502},
	{"expiry as a string", func(p *scripted) { claim("exp", "4102444800")(p) }, ReasonMalformed, 502},
	{"no issue time", claim("iat", nil), ReasonMalformed, 502},
	{"issued a week ago", func(p *scripted) { claim("iat", time.Now().Add(-7*24*time.Hour).Unix())(p) }, ReasonTime, 502},
	{"issued in an hour", func(p *scripted) { claim("iat", time.Now().Add(time.Hour).Unix())(p) }, ReasonTime, 502},
	{"not valid yet", func(p *scripted) { claim("nbf", time.Now().Add(time.Hour).Unix())(p) }, ReasonTime, 502},
	{"no subject", claim("sub", nil), ReasonMalformed, 502},
	{"subject too long", claim("sub", strings.Repeat("s", 256)), ReasonMalformed, 502},
	{"subject a number", claim("sub", 7), ReasonMalformed, 502},
	{"wrong at_hash", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), ReasonAtHash, 502},
	{"lower acr", claim("acr", "aal2"), ReasonACR, 502},
	{"alg none", func(p *scripted) { p.sign = unsigned }, ReasonAlg, 502},
	{"foreign key", foreignKey, ReasonSignature, 502},
	{"foreign key, and all claims wrong", func(p *scripted) {
		foreignKey(p)
		p.claims = func(c map[string]any) { c["iss"], c["aud"], c["exp"], c["nonce"] = "x", "x", 1, "x" }
	}, ReasonSignature, 502},
	{"another issuer, and expired", func(p *scripted) {
		p.claims = func(c map[string]any) { c["iss"], c["exp"] = "https://elsewhere.test/realm", 1 }
	}, ReasonTokenIssuer, 502},
	{"foreign key named in the header", foreignJWK, ReasonMalformed, 502},
	{"RS256", rs256, ReasonAlg, 502},
	{"HS256 with the client id", hs256, ReasonAlg, 502},
	{"key marked for encryption", encryptionKey, ReasonSignature, 502},
	{"unknown kid", func(p *scripted) {
		p.sign = func(b []byte) string { return p.signed(b, jose.ES256, p.key, "k9", nil) }
	}, ReasonSignature, 502},
	{"no kid", func(p *scripted) {
		p.sign = func(b []byte) string { return p.signed(b, jose.ES256, p.key, "", nil) }
	}, ReasonMalformed, 502},
	{"access token's type", func(p *scripted) {
		p.sign = func(b []byte) string {
			return p.signed(b, jose.ES256, p.key, "k1", map[jose.HeaderKey]any{"typ": "at+jwt"})
		}
	}, ReasonMalformed, 502},
	{"signature one bit off", func(p *scripted) {
		p.sign = func(b []byte) string { return flip(p.signed(b, jose.ES256, p.key, "k1", nil)) }
	}, ReasonSignature, 502},
	{"a claim twice", func(p *scripted) {
		p.sign = func(b []byte) string {
			twice := append(bytes.TrimSuffix(b, []byte("}")), []byte(`,"sub":"somebody-else"}`)...)
			return p.signed(twice, jose.ES256, p.key, "k1", nil)
		}
	}, ReasonMalformed, 502},
	{"no ID token", func(p *scripted) { p.answer = func(m map[string]any) { delete(m, "id_token") } }, ReasonMalformed, 502},
	{"token type not Bearer", func(p *scripted) { p.answer = func(m map[string]any) { m["token_type"] = "DPoP" } }, ReasonToken, 502},
	{"token answer is HTML", tokenAnswer(200, "text/html", "<html>portal</html>"), ReasonToken, 502},
	{"token answer is an error with 200", tokenAnswer(200, "application/json", `{"error":"server_error"}`), ReasonToken, 502},
	{"token answer names a member twice", tokenAnswer(200, "application/json", `{"access_token":"a","access_token":"b","token_type":"Bearer"}`), ReasonToken, 502},
	{"invalid_grant", tokenAnswer(400, "application/json", `{"error":"invalid_grant"}`), ReasonToken, 502},
	{"token answer without end", tokenAnswer(200, "application/json", `{"access_token":"`+strings.Repeat("a", 2<<20)+`"}`), ReasonToken, 502},
	{"UserInfo of another", userinfoAnswer(200, "application/json", `{"sub":"somebody-else"}`), ReasonUserinfoSub, 502},
	{"UserInfo without subject", userinfoAnswer(200, "application/json", `{"name":"x"}`), ReasonUserinfoSub, 502},
	{"UserInfo 401", userinfoAnswer(401, "application/json", `{}`), ReasonUserinfo, 502},
	{"UserInfo as JWT", userinfoAnswer(200, "application/jwt", "e30.e30."), ReasonUserinfo, 502},
	{"no state", back(func(q url.Values) { q.Del("state") }), ReasonState, 400},
	{"altered state", back(func(q url.Values) { q.Set("state", q.Get("state")[1:]+"x") }), ReasonState, 400},
	{"callback of another issuer", back(func(q url.Values) { q.Set("iss", "https://elsewhere.test") }), ReasonIssuer, 400},
	{"issuer promised and missing", func(p *scripted) {
		p.metadata = func(m map[string]any) { m["authorization_response_iss_parameter_supported"] = true }
	}, ReasonIssuer, 400},
	{"code and error", back(func(q url.Values) { q.Set("error", "access_denied") }), ReasonCallback, 400},
	{"code twice", back(func(q url.Values) { q.Add("code", "another") }), ReasonCallback, 400},
	{"neither code nor error", back(func(q url.Values) { q.Del("code") }), ReasonCallback, 400},
	{"access denied", back(func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }), ReasonDenied, 403},
	{"another error", back(func(q url.Values) { q.Del("code"); q.Set("error", "<b>never heard</b>") }), ReasonProvider, 502},
	{"metadata of another issuer", func(p *scripted) {
		p.metadata = func(m map[string]any) { m["issuer"] = "https://elsewhere.test" }
	}, ReasonDiscovery, 502},
}

func claim(name string, value any) func(*scripted) {
	return func(p *scripted) {
		p.claims = func(claims map[string]any) {
			claims[name] = value
			if value == nil {
				delete(claims, name)
			}
		}
	}
}

func back(change func(url.Values)) func(*scripted) {
	return func(p *scripted) { p.callback = change }
}

func tokenAnswer(status int, kind, body string) func(*scripted) {
	return func(p *scripted) { p.tokenEnd = answer(status, kind, body) }
}

func userinfoAnswer(status int, kind, body string) func(*scripted) {
	return func(p *scripted) { p.userinfo = answer(status, kind, body) }
}

func answer(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

func unsigned(payload []byte) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1","typ":"JWT"}`))
	return header + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
}

func foreignKey(p *scripted) {
	p.sign = func(b []byte) string { return p.signed(b, jose.ES256, freshKey(p), "k1", nil) }
}

func foreignJWK(p *scripted) {
	p.sign = func(b []byte) string {
		key := freshKey(p)
		public := jose.JSONWebKey{Key: key.Public(), KeyID: "k1"}
		return p.signed(b, jose.ES256, key, "k1", map[jose.HeaderKey]any{"jwk": public})
	}
}

func rs256(p *scripted) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		p.t.Fatal(err)
	}
	p.jwks = func() any {
		return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "r1", Algorithm: "RS256", Use: "sig"}}}
	}
	p.sign = func(b []byte) string { return p.signed(b, jose.RS256, key, "r1", nil) }
}

func encryptionKey(p *scripted) {
	other := freshKey(p)
	p.jwks = func() any {
		return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: p.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"},
			{Key: other.Public(), KeyID: "e1", Algorithm: "ES256", Use: "enc"},
		}}
	}
	p.sign = func(b []byte) string { return p.signed(b, jose.ES256, other, "e1", nil) }
}

func hs256(p *scripted) {
	p.sign = func(b []byte) string {
		return p.signed(b, jose.HS256, []byte(testClient+strings.Repeat("\x00", 32)), "k1", nil)
	}
}

func freshKey(p *scripted) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	return key
}

func flip(token string) string {
	parts := strings.Split(token, ".")
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	signature[40] ^= 1
	return parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestLiesAreRefused(t *testing.T) {
	for _, test := range lies {
		t.Run(test.name, func(t *testing.T) {
			p := newScripted(t)
			s := newService(t, p)
			test.lie(p)
			agent := s.agent()
			outcome := s.login(t, agent)
			if outcome.Refusal == nil {
				t.Fatalf("logged in as %+v", outcome.Session)
			}
			if outcome.Refusal.Reason != string(test.want) || outcome.Refusal.Status != test.status {
				t.Errorf("refused with %s, HTTP %d: %s; want %s, HTTP %d", outcome.Refusal.Reason,
					outcome.Refusal.Status, outcome.Refusal.Text, test.want, test.status)
			}
			if claims, err := agent.Me(t.Context()); err != nil || claims != nil {
				t.Errorf("the probe says %v, %v", claims, err)
			}
			if p.metadata != nil {
				s = newService(t, p) // metadata is read once in a service's life
			}
			p.recover()
			if outcome := s.login(t, agent); outcome.Session == nil {
				t.Errorf("the next honest login is refused: %+v", outcome.Refusal)
			}
		})
	}
}

// Every reason is worded for people and stands in the package's comment, where
// checks look its name up.
func TestReasonsAreDocumented(t *testing.T) {
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`Reason = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(declared) < 20 {
		t.Errorf("%d reasons declared", len(declared))
	}
	for _, m := range declared {
		if text := reasonText[Reason(m[1])]; text.ja == "" || text.en == "" || !regexp.MustCompile(`[ \t]`+m[1]+`[,\n]`).Match(comment) {
			t.Errorf("reason %s is worded %+v, or missing in doc.go", m[1], text)
		}
	}
}

// recover makes the provider honest again.
func (p *scripted) recover() {
	p.metadata, p.callback, p.claims, p.sign, p.answer = nil, nil, nil, nil, nil
	p.userinfo, p.tokenEnd, p.jwks = nil, nil, nil
}

func TestHonestVariantsAreAccepted(t *testing.T) {
	for name, change := range map[string]func(*scripted){
		"audience as an array":     claim("aud", []string{testClient}),
		"no at_hash":               claim("at_hash", nil),
		"no acr":                   claim("acr", nil),
		"unknown claim":            claim("unheard_of", map[string]any{"a": 1}),
		"correct iss in callback":  func(p *scripted) { p.callback = func(q url.Values) { q.Set("iss", p.issuer()) } },
		"no session_state":         back(func(q url.Values) { q.Del("session_state") }),
		"unknown parameter":        back(func(q url.Values) { q.Set("unheard_of", "1") }),
		"token type in upper case": func(p *scripted) { p.answer = func(m map[string]any) { m["token_type"] = "BEARER" } },
		"only a subject":           userinfoAnswer(200, "application/json; charset=utf-8", `{"sub":"`+testSub+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			p := newScripted(t)
			s := newService(t, p)
			change(p)
			if outcome := s.login(t, s.agent()); outcome.Session == nil {
				t.Errorf("refused: %+v", outcome.Refusal)
			}
		})
	}
}

func TestKeyRotationIsFollowed(t *testing.T) {
	p := newScripted(t)
	s := newService(t, p)
	s.login(t, s.agent())
	next := freshKey(p)
	p.jwks = func() any {
		return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: next.Public(), KeyID: "k2", Algorithm: "ES256", Use: "sig"}}}
	}
	p.sign = func(b []byte) string { return p.signed(b, jose.ES256, next, "k2", nil) }
	if outcome := s.login(t, s.agent()); outcome.Session == nil {
		t.Errorf("refused: %+v", outcome.Refusal)
	}
}

func TestForgedKidsCauseNoStorm(t *testing.T) {
	p := newScripted(t)
	s := newService(t, p)
	fetches := 0
	p.jwks = func() any {
		fetches++
		return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k1"}}}
	}
	s.login(t, s.agent())
	for i := range 10 {
		p.sign = func(b []byte) string { return p.signed(b, jose.ES256, p.key, fmt.Sprint("forged", i), nil) }
		s.login(t, s.agent())
	}
	if fetches > 3 {
		t.Errorf("the keys were fetched %d times", fetches)
	}
}

func TestErrorTextIsEscaped(t *testing.T) {
	s := newService(t, newScripted(t))
	agent := s.agent()
	if _, _, err := agent.Start(t.Context(), s.server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	page, err := agent.Submit(t.Context(), "cancel", nil)
	if err != nil {
		t.Fatal(err)
	}
	refusal := page.Refusal()
	if refusal == nil || refusal.Reason != "access-denied" || refusal.Status != 403 {
		t.Fatalf("got %+v", refusal)
	}
	if got, want := page.ByID("detail"), "<script>alert(1)</script>"; got != want {
		t.Errorf("detail %q, want it as text: %q", got, want)
	}
}

func TestSilentProviderIsGivenUp(t *testing.T) {
	p := newScripted(t)
	s := newService(t, p)
	p.tokenEnd = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	begun := time.Now()
	outcome := s.login(t, s.agent())
	if outcome.Refusal == nil || outcome.Refusal.Reason != string(ReasonToken) {
		t.Errorf("got %+v", outcome)
	}
	if waited := time.Since(begun); waited > 5*time.Second {
		t.Errorf("waited %s", waited)
	}
}

func TestEndpointInTheClearIsRefused(t *testing.T) {
	rp := &RP{config: Config{Issuer: "https://idp.test/realm"}}
	if err := rp.sameTransport("https://idp.test/token", "http://idp.test/certs"); err == nil {
		t.Error("a JWKS without TLS was taken")
	}
}
