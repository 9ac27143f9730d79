package relyingparty

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestCallbackHeldBackAndReplayed(t *testing.T) {
	s := newService(t, newScripted(t))
	agent := s.agent()
	if _, _, err := agent.Start(t.Context(), s.server.URL+"/"); err != nil {
		t.Fatal(err)
	}
	callback, err := agent.Callback(t.Context(), s.provider.issuer()+"/finish")
	if err != nil {
		t.Fatal(err)
	}
	if got := callback.Query().Get("code"); got != "c0de" || s.provider.tokens != 0 {
		t.Fatalf("code %q, %d token requests so far", got, s.provider.tokens)
	}
	stranger := s.agent()
	stranger.probe = s.server.URL + "/me"
	if outcome, err := stranger.Follow(t.Context(), callback.String()); err != nil || outcome.Refusal == nil || outcome.Refusal.Reason != "state-mismatch" {
		t.Errorf("another browser: %+v, %v", outcome, err)
	}
	if outcome, err := agent.Follow(t.Context(), callback.String()); err != nil || outcome.Session == nil {
		t.Errorf("the first time: %+v, %v", outcome, err)
	}
	if outcome, err := agent.Follow(t.Context(), callback.String()); err != nil || outcome.Refusal == nil || outcome.Refusal.Reason != "state-mismatch" {
		t.Errorf("the second time: %+v, %v", outcome, err)
	}
	if s.provider.tokens != 1 {
		t.Errorf("%d token requests, want 1", s.provider.tokens)
	}
}

func TestTwoTabsFinishInReverse(t *testing.T) {
	s := newService(t, newScripted(t))
	agent := s.agent()
	var callbacks []*url.URL
	var nonces []string
	for range 2 {
		if _, _, err := agent.Start(t.Context(), s.server.URL+"/login"); err != nil {
			t.Fatal(err)
		}
		callback, err := agent.Callback(t.Context(), s.provider.issuer()+"/finish")
		if err != nil {
			t.Fatal(err)
		}
		callbacks = append(callbacks, callback)
		nonces = append(nonces, s.provider.request.Get("nonce"))
	}
	for i := len(callbacks) - 1; i >= 0; i-- {
		s.provider.request.Set("nonce", nonces[i])
		if outcome, err := agent.Follow(t.Context(), callbacks[i].String()); err != nil || outcome.Session == nil {
			t.Errorf("tab %d: %+v, %v", i, outcome, err)
		}
	}
}

func TestScopesOfOneLogin(t *testing.T) {
	s := newService(t, newScripted(t))
	agent := s.agent()
	if _, _, err := agent.Start(t.Context(), s.server.URL+"/login?scope=openid+birthdate"); err != nil {
		t.Fatal(err)
	}
	if got := s.provider.request.Get("scope"); got != "openid birthdate" {
		t.Errorf("scope %q", got)
	}
	outcome, err := agent.Follow(t.Context(), s.provider.issuer()+"/finish")
	if err != nil || outcome.Session == nil || len(outcome.Session.Claims) != 1 {
		t.Errorf("claims that weren't asked for were kept: %+v, %v", outcome, err)
	}
	_, ended, err := agent.Start(t.Context(), s.server.URL+"/login?scope=name")
	if err != nil || ended == nil || ended.Refusal == nil || ended.Refusal.Reason != "scope-unknown" {
		t.Errorf("without openid: %+v, %v", ended, err)
	}
}

func TestLogout(t *testing.T) {
	s := newService(t, newScripted(t))
	agent := s.agent()
	s.login(t, agent)
	if resp, err := http.Get(s.server.URL + "/logout"); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /logout: %v, %v", resp.Status, err)
	}
	page, err := agent.Submit(t.Context(), "logout-form", nil)
	if err != nil {
		t.Fatal(err)
	}
	if page.LinkByID("login") != s.server.URL+"/login" {
		t.Errorf("after logout: %s", page.Text())
	}
	if claims, err := agent.Me(t.Context()); err != nil || claims != nil {
		t.Errorf("still %v, %v", claims, err)
	}
}

func TestTheCookieChangesAtLogin(t *testing.T) {
	s := newService(t, newScripted(t))
	agent := s.agent()
	agent.Start(t.Context(), s.server.URL+"/")
	here, _ := url.Parse(s.server.URL)
	before := agent.client.Jar.Cookies(here)
	agent.Follow(t.Context(), s.provider.issuer()+"/finish")
	after := agent.client.Jar.Cookies(here)
	if len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Errorf("cookies %v, then %v", before, after)
	}
}

func TestSecurityHeaders(t *testing.T) {
	s := newService(t, newScripted(t))
	resp, err := http.Get(s.server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for name, want := range map[string]string{
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("CSP %q", csp)
	}
}

// static serves one page.
func static(t *testing.T, status int, body string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/me" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Header.Get("Kazasu-Tag") != "" {
			t.Error("the tag went to a host that isn't the issuer's")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPagesWithoutAnAppLink(t *testing.T) {
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"nothing", "<p>hello</p>", 200, "no-session"},
		{"link of another kind", `<a data-kazasu="help" href="/x">x</a>`, 200, "no-session"},
		{"error page with a reason", `<main data-reason="client-unknown"><h1>Error</h1></main>`, 400, "client-unknown"},
		{"bare error", `oops`, 500, "no-session"},
	} {
		t.Run(test.name, func(t *testing.T) {
			agent := NewUserAgent(AgentConfig{Issuer: "https://idp.test", Header: http.Header{"Kazasu-Tag": {"t"}}})
			link, ended, err := agent.Start(t.Context(), static(t, test.status, test.body))
			if err != nil || link != "" || ended.Refusal == nil {
				t.Fatalf("got %q, %+v, %v", link, ended, err)
			}
			if ended.Refusal.Reason != test.want || ended.Refusal.Status != test.status {
				t.Errorf("got %+v", ended.Refusal)
			}
		})
	}
}

func TestTheLinkOfItsOwnFlow(t *testing.T) {
	address := static(t, 200, `<a data-kazasu="app-link" data-flow="cross-device" href="app:qr">QR</a>
		<a data-kazasu="app-link" data-flow="same-device" href="app:here">open</a>`)
	for desktop, want := range map[bool]string{true: "app:qr", false: "app:here"} {
		link, _, err := NewUserAgent(AgentConfig{Desktop: desktop}).Start(t.Context(), address)
		if err != nil || link != want {
			t.Errorf("desktop %t: got %q, %v; want %q", desktop, link, err, want)
		}
	}
}

func TestFormsAreSentAsABrowserWould(t *testing.T) {
	var got url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			r.ParseForm()
			got = r.PostForm
		}
		w.Write([]byte(`<form id="f" method="POST" action="/there?x=1">
			<input type="hidden" name="token" value="t"><input name="number"><input type="checkbox" name="off" value="1">
			<input type="radio" name="on" value="2" checked><input type="submit" name="s"><button name="a" value="1"></button><button name="b" value="2"></button></form>`))
	}))
	defer server.Close()
	agent := NewUserAgent(AgentConfig{})
	if _, err := agent.Get(t.Context(), server.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Submit(t.Context(), "f", url.Values{"number": {"123456"}}); err != nil {
		t.Fatal(err)
	}
	if want := "number=123456&on=2&token=t"; got.Encode() != want {
		t.Errorf("form came as %q, want %q", got.Encode(), want)
	}
	if _, err := agent.Submit(t.Context(), "absent", nil); !errors.Is(err, ErrNoElement) {
		t.Errorf("got %v", err)
	}
}

func TestRedirectLoopsEnd(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("/again", http.StatusFound))
	defer server.Close()
	if _, err := NewUserAgent(AgentConfig{}).Get(t.Context(), server.URL); err == nil {
		t.Error("no error")
	}
}
