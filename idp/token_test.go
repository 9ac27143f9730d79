package idp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// refusedGrant expects an answer of the token endpoint that is an error.
func (w *world) refusedGrant(form url.Values, status int, code, description string) {
	w.t.Helper()
	got, answer := w.postToken(form)
	if got != status || answer["error"] != code || answer["error_description"] != description {
		w.t.Errorf("token answers %d %v, want %d %s %q", got, answer, status, code, description)
	}
}

func TestCodeIsRedeemedAsIssued(t *testing.T) {
	w := newWorld(t)
	otherVerifier := strings.Repeat("v", 43)
	for _, row := range []struct {
		name, parameter, value string
		code, description      string
	}{
		{"no code", "code", "", "invalid_request", "Missing parameter: code"},
		{"unknown code", "code", "abc", "invalid_grant", "Code not valid"},
		{"no redirect URI", "redirect_uri", "", "invalid_grant", "Incorrect redirect_uri"},
		{"other redirect URI", "redirect_uri", callbackB, "invalid_grant", "Incorrect redirect_uri"},
		{"no verifier", "code_verifier", "", "invalid_grant", "PKCE code verifier not specified"},
		{"short verifier", "code_verifier", verifierB[:42], "invalid_grant", "PKCE verification failed: Invalid code verifier"},
		{"long verifier", "code_verifier", strings.Repeat("v", 129), "invalid_grant", "PKCE verification failed: Invalid code verifier"},
		{"verifier of other letters", "code_verifier", verifierB[:42] + "+", "invalid_grant", "PKCE verification failed: Invalid code verifier"},
		{"wrong verifier", "code_verifier", otherVerifier, "invalid_grant", "PKCE verification failed: Code mismatch"},
		{"challenge as verifier", "code_verifier", challengeB, "invalid_grant", "PKCE verification failed: Code mismatch"},
		{"no grant type", "grant_type", "", "invalid_request", "Missing form parameter: grant_type"},
		{"password grant", "grant_type", "password", "unsupported_grant_type", "Unsupported grant_type"},
		{"implicit grant", "grant_type", "implicit", "unsupported_grant_type", "Unsupported grant_type"},
		{"refresh token", "grant_type", "refresh_token", "unsupported_grant_type", "Unsupported grant_type"},
		{"client credentials", "grant_type", "client_credentials", "unsupported_grant_type", "Unsupported grant_type"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.t = t
			w.refusedGrant(with(w.tokenForm(w.code(goodRequest())), row.parameter, row.value), 400, row.code, row.description)
		})
	}
}

func TestCodeOfAnotherClient(t *testing.T) {
	w := newWorld(t)
	form := with(w.tokenForm(w.code(goodRequest())), "client_id", clientB,
		"client_assertion", assertion(t, jose.RS256, testKeys().clientRSA, "", w.assertionOf(clientB)))
	w.refusedGrant(form, 400, "invalid_grant", "Code not valid")
	if cause := w.seen(KindError)[0].Text; !strings.Contains(cause, "code of client RP00000001 redeemed by RP00000002") {
		t.Errorf("the observer is told %q", cause)
	}
}

func TestCodeExpiresAfterAMinute(t *testing.T) {
	w := newWorld(t)
	code := w.code(goodRequest())
	w.clock.move(61 * time.Second)
	w.refusedGrant(w.tokenForm(code), 400, "invalid_grant", "Code is expired")
	code = w.code(goodRequest())
	w.clock.move(60 * time.Second)
	if status, answer := w.postToken(w.tokenForm(code)); status != 200 {
		t.Errorf("at 60 s token answers %d %v", status, answer)
	}
}

func TestReuseOfACodeRevokesItsTokens(t *testing.T) {
	for _, later := range []time.Duration{0, 30 * time.Second, 2 * time.Minute} {
		t.Run(later.String(), func(t *testing.T) {
			w := newWorld(t)
			code := w.code(goodRequest())
			_, answer := w.postToken(w.tokenForm(code))
			access := answer["access_token"].(string)
			if status, _ := w.userinfo(access); status != 200 {
				t.Fatalf("userinfo answers %d", status)
			}
			w.clock.move(later)
			w.refusedGrant(w.tokenForm(code), 400, "invalid_grant", "Code not valid")
			if status, claims := w.userinfo(access); status != 401 || claims["error"] != "invalid_token" {
				t.Errorf("userinfo after reuse answers %d %v", status, claims)
			}
		})
	}
}

func TestOneOfFiftyRedeemsACode(t *testing.T) {
	w := newWorld(t)
	code := w.code(goodRequest())
	var forms []url.Values
	for range 50 {
		forms = append(forms, w.tokenForm(code))
	}
	statuses := make(chan int, len(forms))
	var wg sync.WaitGroup
	for _, form := range forms {
		wg.Go(func() {
			status, _ := w.postToken(form)
			statuses <- status
		})
	}
	wg.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	if count[200] != 1 || count[400] != 49 {
		t.Errorf("answers %v, want one 200 and 49 of 400", count)
	}
}

func TestTokenParameterTwice(t *testing.T) {
	w := newWorld(t)
	form := w.tokenForm(w.code(goodRequest()))
	form.Add("code", form.Get("code"))
	w.refusedGrant(form, 400, "invalid_request", "duplicated parameter")
}

// Each row breaks one thing of a good assertion.
func TestAssertionIsRefused(t *testing.T) {
	w := newWorld(t)
	k := testKeys()
	es := func(change func(map[string]any)) string {
		claims := w.assertionOf(clientA)
		change(claims)
		return assertion(t, jose.ES256, k.clientEC, "a1", claims)
	}
	good := es(func(map[string]any) {})
	const prefix = "Client authentication with signed JWT failed: "
	for _, row := range []struct {
		name, assertion, reason string
	}{
		{"bad signature", good[:len(good)-10] + "AAAAAAAAAA", prefix + "Signature on JWT token failed validation"},
		{"iss is not sub", es(func(c map[string]any) { c["iss"] = clientB }), prefix + "Issuer mismatch"},
		{"other client_id in the form", es(func(c map[string]any) { c["iss"], c["sub"] = clientB, clientB }), prefix + "client_id mismatch"},
		{"wrong aud", es(func(c map[string]any) { c["aud"] = "https://other.test/token" }), prefix + "Token audience doesn't match domain"},
		{"no aud", es(func(c map[string]any) { delete(c, "aud") }), prefix + "Token audience doesn't match domain"},
		{"expired", es(func(c map[string]any) { c["exp"] = noon.Add(-time.Minute).Unix() }), prefix + "Token is not active"},
		{"no exp", es(func(c map[string]any) { delete(c, "exp") }), prefix + "Token is not active"},
		{"exp beyond a day", es(func(c map[string]any) { c["exp"] = noon.Add(25 * time.Hour).Unix() }), prefix + "Token is not active"},
		{"exp no number", es(func(c map[string]any) { c["exp"] = "tomorrow" }), prefix + "Invalid JWT"},
		{"issued in the future", es(func(c map[string]any) { c["iat"] = noon.Add(time.Minute).Unix() }), prefix + "Token is not active"},
		{"not valid yet", es(func(c map[string]any) { c["nbf"] = noon.Add(time.Minute).Unix() }), prefix + "Token is not active"},
		{"unknown kid", assertion(t, jose.ES256, k.clientEC, "a2", w.assertionOf(clientA)), prefix + "Unable to load public key"},
		{"other client's key", assertion(t, jose.RS256, k.clientRSA, "", w.assertionOf(clientA)), prefix + "Signature on JWT token failed validation"},
		{"a stranger's key", assertion(t, jose.ES256, k.strangerEC, "a1", w.assertionOf(clientA)), prefix + "Signature on JWT token failed validation"},
		{"alg none", noneAssertion(w), prefix + "Invalid JWT"},
		{"HS256 with the public key", hmacAssertion(w), prefix + "Invalid JWT"},
		{"no JWT", "abc", prefix + "Invalid JWT"},
		{"unknown client", es(func(c map[string]any) { c["iss"], c["sub"] = "RP9", "RP9" }), "Invalid client or Invalid client credentials"},
		{"empty", "", "client_assertion parameter missing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.t = t
			w.refusedGrant(with(w.tokenForm("x"), "client_assertion", row.assertion), 400, "invalid_client", row.reason)
		})
	}
}

func noneAssertion(w *world) string {
	enc := base64.RawURLEncoding
	payload := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"exp":%d,"jti":"n"}`, clientA, clientA, w.issuer, noon.Add(time.Minute).Unix())
	return enc.EncodeToString([]byte(`{"alg":"none"}`)) + "." + enc.EncodeToString([]byte(payload)) + "."
}

func hmacAssertion(w *world) string {
	enc := base64.RawURLEncoding
	payload := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"exp":%d,"jti":"h"}`, clientA, clientA, w.issuer, noon.Add(time.Minute).Unix())
	signed := enc.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + enc.EncodeToString([]byte(payload))
	public, err := x509.MarshalPKIXPublicKey(testKeys().clientEC.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	mac := hmac.New(sha256.New, public)
	mac.Write([]byte(signed))
	return signed + "." + enc.EncodeToString(mac.Sum(nil))
}

func TestAssertionOnceOnly(t *testing.T) {
	w := newWorld(t)
	form := w.tokenForm(w.code(goodRequest()))
	if status, answer := w.postToken(form); status != 200 {
		t.Fatalf("token answers %d %v", status, answer)
	}
	w.refusedGrant(with(form, "code", "x"), 400, "invalid_client", "Client authentication with signed JWT failed: Token reuse detected")
}

// The assertion of one open-source client that works with the sandbox: RS256,
// a day of life written as a string, neither iat nor jti nor kid.
func TestAssertionAsSeenInTheWild(t *testing.T) {
	w := newWorld(t)
	wild := map[string]any{"iss": clientB, "sub": clientB, "aud": w.issuer + "/protocol/openid-connect/token",
		"exp": fmt.Sprint(noon.Add(24 * time.Hour).Unix())}
	form := with(w.tokenForm("x"), "client_id", "", "client_assertion", assertion(t, jose.RS256, testKeys().clientRSA, "", wild))
	w.refusedGrant(form, 400, "invalid_grant", "Code not valid") // the client is in, its code isn't
}

func TestStrictAssertions(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.StrictAssertions = true; c.ClientErrorStatus = 401 })
	const prefix = "Client authentication with signed JWT failed: "
	for _, row := range []struct {
		name   string
		change func(map[string]any)
		want   string
	}{
		{"no jti", func(c map[string]any) { delete(c, "jti") }, prefix + "Missing ID on the token"},
		{"two audiences", func(c map[string]any) { c["aud"] = []string{w.issuer, "https://other.test"} }, prefix + "Token audience doesn't match domain"},
		{"five minutes", func(c map[string]any) { c["exp"] = noon.Add(5 * time.Minute).Unix() }, prefix + "Token is not active"},
		{"issued long ago", func(c map[string]any) { c["iat"] = noon.Add(-2 * time.Minute).Unix() }, prefix + "Token is not active"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.t = t
			claims := w.assertionOf(clientA)
			row.change(claims)
			w.refusedGrant(with(w.tokenForm("x"), "client_assertion", assertion(t, jose.ES256, testKeys().clientEC, "a1", claims)), 401, "invalid_client", row.want)
		})
	}
	w.t = t
	w.refusedGrant(w.tokenForm("x"), 400, "invalid_grant", "Code not valid")
}

func TestOneWayToAuthenticate(t *testing.T) {
	w := newWorld(t)
	secret := with(w.tokenForm("x"), "client_assertion", "", "client_assertion_type", "", "client_secret", "s3cret")
	w.refusedGrant(secret, 400, "invalid_client", "Invalid client or Invalid client credentials")
	w.refusedGrant(with(w.tokenForm("x"), "client_secret", "s3cret"), 400, "invalid_request", "Multiple client authentication methods")
	w.refusedGrant(with(w.tokenForm("x"), "client_assertion_type", ""), 400, "invalid_client", "Parameter client_assertion_type is missing")
	w.refusedGrant(with(w.tokenForm("x"), "client_assertion_type", "jwt"), 400, "invalid_client", "Parameter client_assertion_type has value not supported")
	req := w.request("POST", w.issuer+"/protocol/openid-connect/token", strings.NewReader(secret.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(clientA, "s3cret")
	if resp, body := w.do(http.DefaultClient, req); resp.StatusCode != 400 || !strings.Contains(body, "invalid_client") {
		t.Errorf("basic authentication answers %d %s", resp.StatusCode, body)
	}
}

func TestUserinfoTakesTheTokenFromTheHeaderAlone(t *testing.T) {
	w := newWorld(t)
	answer := w.tokens(goodRequest())
	access, target := answer["access_token"].(string), w.issuer+"/protocol/openid-connect/userinfo"
	post := w.request("POST", target, nil)
	post.Header.Set("Authorization", "Bearer "+access)
	if resp, _ := w.do(http.DefaultClient, post); resp.StatusCode != 200 {
		t.Errorf("POST answers %d", resp.StatusCode)
	}
	for name, row := range map[string]struct{ query, authorization, want string }{
		"none":          {"", "", `Bearer realm="main"`},
		"query":         {"?access_token=" + access, "", `Bearer realm="main"`},
		"basic":         {"", "Basic " + access, `Bearer realm="main"`},
		"garbage":       {"", "Bearer abc", `Bearer realm="main", error="invalid_token", error_description="Token verification failed"`},
		"ID token":      {"", "Bearer " + answer["id_token"].(string), `Bearer realm="main", error="invalid_token", error_description="Token verification failed"`},
		"altered token": {"", "Bearer " + access[:len(access)-4] + "AAAA", `Bearer realm="main", error="invalid_token", error_description="Token verification failed"`},
	} {
		req := w.request("GET", target+row.query, nil)
		if row.authorization != "" {
			req.Header.Set("Authorization", row.authorization)
		}
		resp, _ := w.do(http.DefaultClient, req)
		if got := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != 401 || got != row.want {
			t.Errorf("%s answers %d %s, want 401 %s", name, resp.StatusCode, got, row.want)
		}
	}
	w.clock.move(5 * time.Minute)
	if status, claims := w.userinfo(access); status != 401 || claims["error"] != "invalid_token" {
		t.Errorf("an expired token answers %d %v", status, claims)
	}
}
