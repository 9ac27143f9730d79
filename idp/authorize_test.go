package idp

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kazasu/internal/appapi"
)

// Every row leaves a good request but for what it says, and tells the exact
// error that comes back to the redirect URI.
var authorizeRows = []struct {
	name        string
	change      []string // pairs; an empty value leaves the parameter out
	code, descr string
}{
	{"response_type missing", []string{"response_type", ""}, "invalid_request", "Missing parameter: response_type"},
	{"response_type token", []string{"response_type", "token"}, "unsupported_response_type", "Invalid parameter: response_type"},
	{"response_type hybrid", []string{"response_type", "code id_token"}, "unsupported_response_type", "Invalid parameter: response_type"},
	{"response_mode", []string{"response_mode", "fragment"}, "invalid_request", "Invalid parameter: response_mode"},
	{"request object", []string{"request", "e30."}, "request_not_supported", "Request objects are not supported"},
	{"request_uri", []string{"request_uri", "https://client.test/r"}, "request_uri_not_supported", "Request objects are not supported"},
	{"scope missing", []string{"scope", ""}, "invalid_scope", "Missing parameter: scope"},
	{"scope without openid", []string{"scope", "name address"}, "invalid_scope", "Invalid scopes"},
	{"scope unknown", []string{"scope", "openid email"}, "invalid_scope", "Invalid scopes"},
	{"scope in capitals", []string{"scope", "OpenID"}, "invalid_scope", "Invalid scopes"},
	{"state missing", []string{"state", ""}, "invalid_request", "Missing parameter: state"},
	{"state of 256", []string{"state", strings.Repeat("s", 256)}, "invalid_request", "Invalid parameter: state"},
	{"state with control character", []string{"state", "a\x1fb"}, "invalid_request", "Invalid parameter: state"},
	{"state with 0x7F", []string{"state", "a\x7fb"}, "invalid_request", "Invalid parameter: state"},
	{"nonce missing", []string{"nonce", ""}, "invalid_request", "Missing parameter: nonce"},
	{"nonce of 256", []string{"nonce", strings.Repeat("n", 256)}, "invalid_request", "Invalid parameter: nonce"},
	{"nonce not ASCII", []string{"nonce", "ノンス"}, "invalid_request", "Invalid parameter: nonce"},
	{"method missing", []string{"code_challenge_method", ""}, "invalid_request", "Missing parameter: code_challenge_method"},
	{"method plain", []string{"code_challenge_method", "plain"}, "invalid_request", "Invalid parameter: code challenge method is not matching the configured one"},
	{"challenge missing", []string{"code_challenge", ""}, "invalid_request", "Missing parameter: code_challenge"},
	{"challenge of 42", []string{"code_challenge", strings.Repeat("c", 42)}, "invalid_request", "Invalid parameter: code_challenge"},
	{"challenge of 129", []string{"code_challenge", strings.Repeat("c", 129)}, "invalid_request", "Invalid parameter: code_challenge"},
	{"challenge padded", []string{"code_challenge", strings.Repeat("c", 43) + "="}, "invalid_request", "Invalid parameter: code_challenge"},
	{"acr unknown", []string{"acr_values", "aal3 ocsp"}, "invalid_request", "Invalid parameter: acr_values"},
	{"transaction", []string{"sign_transaction_id", "37a52ac8-b232-4b3e-9c59-0a3f1c2d4e5f"}, "invalid_request", "Invalid parameter: sign_transaction_id"},
	{"prompt none", []string{"prompt", "none"}, "login_required", "Login required"},
}

func TestAuthorizeRefuses(t *testing.T) {
	w := newWorld(t)
	for _, row := range authorizeRows {
		t.Run(row.name, func(t *testing.T) {
			params := with(goodRequest(), row.change...)
			resp, _ := w.get(w.browser(), w.issuer+"/protocol/openid-connect/auth?"+params.Encode())
			location, err := url.Parse(resp.Header.Get("Location"))
			if err != nil || resp.StatusCode != 303 || location.Host != "client.test" {
				t.Fatalf("answers %d to %s", resp.StatusCode, resp.Header.Get("Location"))
			}
			query := location.Query()
			if query.Get("error") != row.code || query.Get("error_description") != row.descr {
				t.Errorf("error %q %q, want %q %q", query.Get("error"), query.Get("error_description"), row.code, row.descr)
			}
			if query.Get("state") != params.Get("state") || query.Get("from") != "idp" || query.Has("code") {
				t.Errorf("callback has %v", query)
			}
		})
	}
	if got := len(w.seen(KindStarted)); got != 0 {
		t.Errorf("%d logins began", got)
	}
}

func TestAuthorizeAccepts(t *testing.T) {
	all := make([]byte, 0, 95)
	for c := byte(0x20); c <= 0x7E; c++ {
		all = append(all, c)
	}
	w := newWorld(t)
	for name, change := range map[string][]string{
		"every character in state":    {"state", string(all)},
		"state and nonce of 255":      {"state", strings.Repeat("s", 255), "nonce", strings.Repeat("n", 255)},
		"challenge of 128":            {"code_challenge", strings.Repeat("c", 128)},
		"no acr_values":               {"acr_values", ""},
		"acr_values aal3":             {"acr_values", "aal3"},
		"openid alone":                {"scope", "openid"},
		"unknown parameter":           {"colour", "blue"},
		"login_hint, max_age, claims": {"login_hint", "x", "max_age", "0", "claims", "{}"},
		"prompt login":                {"prompt", "login consent"},
		"response_mode query":         {"response_mode", "query"},
	} {
		t.Run(name, func(t *testing.T) {
			params := with(goodRequest(), change...)
			b := w.begin(params)
			resp, _ := w.postForm(b.browser, b.page+"/cancel", url.Values{})
			if query := b.callback(resp.Header.Get("Location")); query.Get("state") != params.Get("state") {
				t.Errorf("state comes back as %q", query.Get("state"))
			}
		})
	}
}

// Until client and redirect URI are known to belong together, nothing may be
// redirected (RFC 6749 §4.1.2.1).
func TestAuthorizeDoesNotRedirectStrangers(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string][]string{
		"no client":          {"client_id", ""},
		"unknown client":     {"client_id", "RP00000009"},
		"no redirect URI":    {"redirect_uri", ""},
		"other client's":     {"redirect_uri", callbackB},
		"query added":        {"redirect_uri", callbackA + "&x=1"},
		"query left out":     {"redirect_uri", "https://client.test/callback"},
		"fragment":           {"redirect_uri", callbackA + "#x"},
		"case of path":       {"redirect_uri", "https://client.test/Callback?from=idp"},
		"case of host":       {"redirect_uri", "https://CLIENT.test/callback?from=idp"},
		"port":               {"redirect_uri", "https://client.test:443/callback?from=idp"},
		"path traversal":     {"redirect_uri", "https://client.test/x/../callback?from=idp"},
		"prefix":             {"redirect_uri", "https://client.test/callback?from=idp.evil"},
		"user before host":   {"redirect_uri", "https://client.test@evil.test/callback?from=idp"},
		"client twice":       {},
		"redirect URI twice": {},
	} {
		t.Run(name, func(t *testing.T) {
			params := with(goodRequest(), change...)
			encoded := params.Encode()
			switch name {
			case "client twice":
				encoded += "&client_id=" + clientA
			case "redirect URI twice":
				encoded += "&redirect_uri=" + url.QueryEscape(callbackA)
			}
			resp, body := w.get(w.browser(), w.issuer+"/protocol/openid-connect/auth?"+encoded)
			if resp.StatusCode != 400 || resp.Header.Get("Location") != "" {
				t.Errorf("answers %d to %s", resp.StatusCode, resp.Header.Get("Location"))
			}
			if !strings.Contains(body, `data-kazasu="error"`) || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
				t.Errorf("answers no page: %s", body)
			}
		})
	}
}

func TestParameterSentTwice(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"state", "nonce", "scope", "response_type", "code_challenge", "code_challenge_method"} {
		params := goodRequest()
		params.Add(name, params.Get(name))
		resp, _ := w.get(w.browser(), w.issuer+"/protocol/openid-connect/auth?"+params.Encode())
		if location := resp.Header.Get("Location"); !strings.HasPrefix(location, callbackA+"&error=invalid_request&error_description=duplicated%20parameter") {
			t.Errorf("%s twice leads to %s", name, location)
		}
	}
}

func TestAuthorizeByPOST(t *testing.T) {
	w := newWorld(t)
	resp, _ := w.postForm(w.browser(), w.issuer+"/protocol/openid-connect/auth", goodRequest())
	if resp.StatusCode != 303 || !strings.HasPrefix(resp.Header.Get("Location"), w.issuer+"/login/") {
		t.Errorf("answers %d to %s", resp.StatusCode, resp.Header.Get("Location"))
	}
}

// Some clients send acr_values with a bare space and state with a bare
// semicolon; net/url would drop the latter.
func TestQueryIsReadAsClientsWriteIt(t *testing.T) {
	params, err := parseParameters("state=a;b&acr_values=aal3 crl&nonce=&nonce=x&empty&x=%E3%81%82+y")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"state": "a;b", "acr_values": "aal3 crl", "nonce": "x", "empty": "", "x": "あ y"} {
		if got := params.one(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, err := parseParameters("state=%zz"); err == nil {
		t.Error("a broken escape is taken")
	}
}

func TestTagComesFromHeaderOrQuery(t *testing.T) {
	w := newWorld(t)
	req := w.request("GET", w.issuer+"/protocol/openid-connect/auth?"+goodRequest().Encode(), nil)
	req.Header.Set("Kazasu-Tag", "t1")
	w.do(w.browser(), req)
	w.begin(with(goodRequest(), "kazasu_tag", "t2"))
	events := w.seen(KindStarted)
	if events[0].Tag != "t1" || events[1].Tag != "t2" || events[0].Player != "idp" {
		t.Errorf("events are %+v", events)
	}
	if link := events[1].Link; !strings.HasPrefix(link, "http://phone.test/open?login=http") {
		t.Errorf("link is %s", link)
	}
	if _, err := appapi.LoginURL(events[1].Detail["qr"]); err != nil {
		t.Error(err)
	}
}

func TestMethodsAndPathsThatDoNotExist(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/protocol/openid-connect/token", 405},
		{"DELETE", "/protocol/openid-connect/auth", 405},
		{"GET", "/protocol/openid-connect/revoke", 404},
		{"GET", "/static/secret.txt", 404},
		{"GET", "/login/0123", 404},
	} {
		if resp, _ := w.do(http.DefaultClient, w.request(row.method, w.issuer+row.path, nil)); resp.StatusCode != row.want {
			t.Errorf("%s %s answers %d, want %d", row.method, row.path, resp.StatusCode, row.want)
		}
	}
}

func FuzzParameters(f *testing.F) {
	f.Add("a=b&c=d;e&f")
	f.Add("a=%41&a=&=x&%zz")
	f.Fuzz(func(t *testing.T, encoded string) {
		params, err := parseParameters(encoded)
		if err != nil {
			return
		}
		for name, values := range params {
			again, err := parseParameters(url.Values{name: values}.Encode())
			if err != nil || strings.Join(again[name], "\x00") != strings.Join(values, "\x00") {
				t.Errorf("%q: %q is read back as %q (%v)", encoded, values, again[name], err)
			}
		}
	})
}
