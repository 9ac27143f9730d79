package idp

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"kazasu/internal/appapi"
)

func TestLoginOnTheSameDevice(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	a := w.open(b.links[appapi.SameDevice])
	if a.opened.State != "ready" || a.opened.Flow != "same-device" || a.opened.Number != "" {
		t.Errorf("opened is %+v", a.opened)
	}
	if a.opened.Client.Name != "試験銀行" || strings.Join(a.opened.Attributes, " ") != "name address birthdate gender" {
		t.Errorf("app is told %+v", a.opened)
	}
	query := b.callback(a.finish(a.proof()))
	if query.Get("state") != "st;ate ~1" || query.Get("from") != "idp" || query.Get("session_state") == "" {
		t.Errorf("callback has %v", query)
	}
	status, answer := w.postToken(w.tokenForm(query.Get("code")))
	if status != 200 || answer["token_type"] != "Bearer" || answer["expires_in"] != 300.0 ||
		answer["scope"] != "openid name address birthdate gender" || answer["session_state"] != query.Get("session_state") {
		t.Fatalf("token answers %d %v", status, answer)
	}
	status, claims := w.userinfo(answer["access_token"].(string))
	if status != 200 || claims["name"] != "電子　花子" || claims["address"] != "東京都架空区試験町一丁目２－３" ||
		claims["birthdate"] != "19850315" || claims["gender"] != "2" || len(claims) != 5 {
		t.Errorf("userinfo answers %d %v", status, claims)
	}
	if sub := part(t, answer["id_token"], 1)["sub"]; claims["sub"] != sub {
		t.Errorf("userinfo is about %s, ID token about %s", claims["sub"], sub)
	}
	for kind, want := range map[Kind]int{KindStarted: 1, KindOpened: 1, KindProofCheck: 24, KindConsented: 1, KindFinished: 1, KindToken: 1, KindUserinfo: 1, KindError: 0} {
		if got := len(w.seen(kind)); got != want {
			t.Errorf("%d events %s, want %d", got, kind, want)
		}
	}
}

func TestIDTokenIsWhatTheRelyingPartyExpects(t *testing.T) {
	w := newWorld(t)
	answer := w.tokens(goodRequest())
	claims := part(t, answer["id_token"], 1)
	want := map[string]any{
		"iss": w.issuer, "aud": "RP00000001", "azp": "RP00000001", "nonce": "n-0S6_WzA2Mj", "acr": "aal3", "typ": "ID",
		"iat": 1790823600.0, "exp": 1790823900.0, "auth_time": 1790823600.0, "sid": answer["session_state"],
		"at_hash": atHash(answer["access_token"].(string)),
	}
	for name, value := range want {
		if claims[name] != value {
			t.Errorf("%s is %v, want %v", name, claims[name], value)
		}
	}
	if sub := claims["sub"].(string); len(sub) != 36 || sub[14] != '4' {
		t.Errorf("sub is %q, want a UUID", sub)
	}
	if header := part(t, answer["access_token"], 0); header["alg"] != "RS256" || len(header["kid"].(string)) != 43 {
		t.Errorf("access token's header is %v", header)
	}
	if access := part(t, answer["access_token"], 1); access["exp"] != 1790823900.0 || access["typ"] != "Bearer" {
		t.Errorf("access token has %v", access)
	}
	if err := verifyByJWKS(t, w, answer["id_token"].(string)); err != nil {
		t.Error(err)
	}
}

// verifyByJWKS verifies an ID token as a client does: ES256, by the kid.
func verifyByJWKS(t testing.TB, w *world, token string) error {
	t.Helper()
	_, body := w.get(http.DefaultClient, w.issuer+"/protocol/openid-connect/certs")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return err
	}
	return parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &map[string]any{})
}

// The example of OpenID Connect Core 1.0, appendix A.4.
func TestAtHash(t *testing.T) {
	if got, want := atHash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ"; got != want {
		t.Errorf("at_hash %s, want %s", got, want)
	}
}

func TestLoginAcrossDevices(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	a := w.open(b.links[appapi.CrossDevice])
	if a.opened.State != "waiting-for-number" || len(a.opened.Number) != 6 {
		t.Fatalf("opened is %+v", a.opened)
	}
	if status, problem := a.post("proof", a.proof(), &appapi.Finished{}); status != 409 || problem.Code != "not-ready" {
		t.Errorf("proof before the number answers %d %s", status, problem.Code)
	}
	wide := strings.NewReplacer("0", "０", "1", "１", "2", "２", "3", "３").Replace(a.opened.Number[:3]) + " " + a.opened.Number[3:]
	w.postForm(b.browser, b.page+"/number", url.Values{"number": {wide}})
	var status appapi.Status
	if a.call("GET", "status", nil, &status); status.State != "ready" {
		t.Fatalf("status is %+v", status)
	}
	if redirect := a.finish(a.proof()); redirect != "" {
		t.Errorf("app is sent to %s, but the browser is on a PC", redirect)
	}
	if query := b.callback(b.page); query.Get("code") == "" {
		t.Errorf("page leads to %v", query)
	}
}

func TestThreeWrongNumbersEndTheLogin(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	if _, body := w.postForm(b.browser, b.page+"/number", url.Values{"number": {"000000"}}); body != "" {
		t.Errorf("number before the scan answers %s", body)
	}
	a := w.open(b.links[appapi.CrossDevice])
	wrong := "1" + a.opened.Number[1:]
	if wrong == a.opened.Number {
		wrong = "2" + a.opened.Number[1:]
	}
	for _, want := range []string{"あと2回", "あと1回"} {
		w.postForm(b.browser, b.page+"/number", url.Values{"number": {wrong}})
		if _, body := w.get(b.browser, b.page); !strings.Contains(body, want) {
			t.Errorf("page doesn't say %s", want)
		}
	}
	w.postForm(b.browser, b.page+"/number", url.Values{"number": {wrong}})
	if query := b.callback(b.page); query.Get("error") != "access_denied" || query.Get("state") != "st;ate ~1" {
		t.Errorf("callback has %v", query)
	}
	w.postForm(b.browser, b.page+"/number", url.Values{"number": {a.opened.Number}})
	if status, problem := a.post("proof", a.proof(), &appapi.Finished{}); status != 410 || problem.Code != "closed" {
		t.Errorf("proof answers %d %s", status, problem.Code)
	}
	if got := len(w.seen(KindCancelled)); got != 1 {
		t.Errorf("%d events cancelled, want 1", got)
	}
}

func TestLoginIsBoundToItsBrowser(t *testing.T) {
	w := newWorld(t)
	b, stranger := w.begin(goodRequest()), w.browser()
	for _, path := range []string{"", "/wait", "/state?since=0", "/return?key=x"} {
		if resp, _ := w.get(stranger, b.page+path); resp.StatusCode != 403 {
			t.Errorf("another browser's %s answers %d", path, resp.StatusCode)
		}
	}
	for _, path := range []string{"/number", "/cancel", "/renew"} {
		if resp, _ := w.postForm(stranger, b.page+path, url.Values{}); resp.StatusCode != 403 {
			t.Errorf("another browser's %s answers %d", path, resp.StatusCode)
		}
	}
}

// Whoever begins a login and sends its link to somebody else's phone must not
// get that person's code: the page alone doesn't have it, and neither does the
// phone's browser without the cookie.
func TestLinkLuredToAnotherPhoneGivesNoCode(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	a := w.open(b.links[appapi.SameDevice])
	redirect := a.finish(a.proof())
	if resp, body := w.get(b.browser, b.page); resp.StatusCode != 200 || !strings.Contains(body, `data-view="done"`) {
		t.Errorf("page answers %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp, _ := w.get(w.browser(), redirect); resp.StatusCode != 403 {
		t.Errorf("another browser's return answers %d", resp.StatusCode)
	}
	if resp, _ := w.get(b.browser, b.page+"/return?key=guessed"); resp.StatusCode != 403 {
		t.Errorf("return with a wrong key answers %d", resp.StatusCode)
	}
	if query := b.callback(redirect); query.Get("code") == "" {
		t.Errorf("the right browser gets %v", query)
	}
}

func TestOnlyOneAppOpensALogin(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	first := w.open(b.links[appapi.CrossDevice])
	second := app{w: w, url: appURL(t, b.links[appapi.CrossDevice])}
	if status, problem := second.post("open", appapi.OpenRequest{}, &second.opened); status != 409 || problem.Code != "already-opened" {
		t.Errorf("second open answers %d %s", status, problem.Code)
	}
	second.opened.Session = "guessed"
	if status, problem := second.post("proof", first.proof(), &appapi.Finished{}); status != 401 || problem.Code != "unauthorized" {
		t.Errorf("proof of another app answers %d %s", status, problem.Code)
	}
	unknown := app{w: w, url: appURL(t, b.links[appapi.CrossDevice]) + "x"}
	if status, problem := unknown.post("open", appapi.OpenRequest{}, &unknown.opened); status != 404 || problem.Code != "unknown-login" {
		t.Errorf("unknown ticket answers %d %s", status, problem.Code)
	}
}

func TestCodesOnThePageExpireAndAreRenewed(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	old := app{w: w, url: appURL(t, b.links[appapi.CrossDevice])}
	w.clock.move(5*time.Minute + time.Second)
	if status, problem := old.post("open", appapi.OpenRequest{}, &old.opened); status != 410 || problem.Code != "expired" {
		t.Errorf("open after 5 minutes answers %d %s", status, problem.Code)
	}
	if _, body := w.get(b.browser, b.page); !strings.Contains(body, `data-view="expired"`) {
		t.Error("page doesn't say that the code expired")
	}
	w.postForm(b.browser, b.page+"/renew", url.Values{})
	if status, problem := old.post("open", appapi.OpenRequest{}, &old.opened); status != 404 || problem.Code != "unknown-login" {
		t.Errorf("old code after renewal answers %d %s", status, problem.Code)
	}
	b.readLinks()
	a := w.open(b.links[appapi.CrossDevice])
	w.clock.move(5*time.Minute + time.Second)
	w.postForm(b.browser, b.page+"/number", url.Values{"number": {a.opened.Number}})
	var status appapi.Status
	if a.call("GET", "status", nil, &status); status.State != "closed" || status.Reason != "expired" {
		t.Errorf("status after 5 minutes is %+v", status)
	}
	w.clock.move(30 * time.Minute)
	if resp, _ := w.get(b.browser, b.page); resp.StatusCode != 404 {
		t.Errorf("page after half an hour answers %d", resp.StatusCode)
	}
}

func TestRenewalPutsTheOldAppOut(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	old := w.open(b.links[appapi.SameDevice])
	w.postForm(b.browser, b.page+"/renew", url.Values{})
	if status, problem := old.post("proof", old.proof(), &appapi.Finished{}); status != 404 {
		t.Errorf("old app's proof answers %d %s", status, problem.Code)
	}
}

func TestCancelKeepsTheState(t *testing.T) {
	for _, where := range []string{"page", "app"} {
		t.Run(where, func(t *testing.T) {
			w := newWorld(t)
			b := w.begin(goodRequest())
			a := w.open(b.links[appapi.SameDevice])
			address := ""
			if where == "page" {
				resp, _ := w.postForm(b.browser, b.page+"/cancel", url.Values{})
				address = resp.Header.Get("Location")
			} else {
				var done appapi.Finished
				a.post("cancel", appapi.CancelRequest{Reason: "cancelled"}, &done)
				address = done.Redirect
			}
			want := "https://client.test/callback?from=idp&error=access_denied&error_description=User%20cancelled%20the%20login&state=st%3Bate%20~1"
			if address != want {
				t.Errorf("browser goes to %s, want %s", address, want)
			}
			var status appapi.Status
			if a.call("GET", "status", nil, &status); status.State != "closed" || status.Reason != "cancelled" {
				t.Errorf("status is %+v", status)
			}
		})
	}
}

func TestCancelNamesItsReason(t *testing.T) {
	w := newWorld(t)
	for reason, want := range map[string]string{
		"pin-blocked": "The card's PIN is blocked", "card-unusable": "The card can't be used", "timeout": "The card was not read in time",
	} {
		b := w.begin(goodRequest())
		a := w.open(b.links[appapi.SameDevice])
		var done appapi.Finished
		a.post("cancel", appapi.CancelRequest{Reason: reason}, &done)
		if query := b.callback(done.Redirect); query.Get("error") != "access_denied" || query.Get("error_description") != want {
			t.Errorf("%s leads to %v", reason, query)
		}
	}
	a := w.open(w.begin(goodRequest()).links[appapi.SameDevice])
	if status, problem := a.post("cancel", appapi.CancelRequest{Reason: "bored"}, &appapi.Finished{}); status != 400 || problem.Code != "bad-request" {
		t.Errorf("unknown reason answers %d %s", status, problem.Code)
	}
}

func TestOnlyWhatWasConsentedLeaves(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	a := w.open(b.links[appapi.SameDevice])
	proof := a.proof()
	proof.Consent = []string{"birthdate"}
	query := b.callback(a.finish(proof))
	_, answer := w.postToken(w.tokenForm(query.Get("code")))
	if answer["scope"] != "openid birthdate" {
		t.Errorf("scope is %v", answer["scope"])
	}
	if _, claims := w.userinfo(answer["access_token"].(string)); claims["birthdate"] != "19850315" || len(claims) != 2 {
		t.Errorf("userinfo answers %v", claims)
	}
}

func TestConsentCannotGoBeyondTheRequest(t *testing.T) {
	w := newWorld(t)
	b := w.begin(with(goodRequest(), "scope", "openid gender"))
	a := w.open(b.links[appapi.SameDevice])
	proof := a.proof()
	proof.Consent = []string{"gender", "address"}
	if status, problem := a.post("proof", proof, &appapi.Finished{}); status != 400 || problem.Code != "consent-beyond-request" {
		t.Errorf("proof answers %d %s", status, problem.Code)
	}
	if redirect := a.finish(a.proof()); redirect == "" {
		t.Error("the app can't correct itself")
	}
}

func TestLoginWithoutAttributesLooksAtNoFiles(t *testing.T) {
	w := newWorld(t)
	b := w.begin(with(goodRequest(), "scope", "openid"))
	a := w.open(b.links[appapi.SameDevice])
	proof := a.proof()
	proof.Files = &appapi.TextFiles{Attributes: []byte("not even TLV")}
	if query := b.callback(a.finish(proof)); query.Get("code") == "" {
		t.Errorf("callback has %v", query)
	}
}

func TestSubjectIsPairwise(t *testing.T) {
	w := newWorld(t)
	first, again := w.tokens(goodRequest()), w.tokens(goodRequest())
	subject := part(t, first["id_token"], 1)["sub"]
	if part(t, again["id_token"], 1)["sub"] != subject {
		t.Error("the same person at the same client has two subjects")
	}
	form := w.tokenForm(w.code(with(goodRequest(), "client_id", clientB, "redirect_uri", callbackB)))
	form.Set("redirect_uri", callbackB)
	form.Set("client_id", clientB)
	form.Set("client_assertion", assertion(t, jose.RS256, testKeys().clientRSA, "", w.assertionOf(clientB)))
	status, other := w.postToken(form)
	if status != 200 {
		t.Fatalf("token answers %d %v", status, other)
	}
	if part(t, other["id_token"], 1)["sub"] == subject {
		t.Error("two clients see the same subject")
	}
}

// HMAC-SHA256 under 32 bytes 07, over 00000003 "abc" 00000003 "xyz", made with
// OpenSSL; the version and variant bits are set over it.
func TestSubjectVector(t *testing.T) {
	w := newWorld(t)
	if got, want := w.provider.subject("abc", "xyz"), "382d17ac-b542-4114-98a9-48492e724c65"; got != want {
		t.Errorf("subject %s, want %s", got, want)
	}
}

// A login across devices that nobody finishes: the app waits for the number,
// and hears of it at once.
func TestStatusWaitsForTheNumber(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	a := w.open(b.links[appapi.CrossDevice])
	var status appapi.Status
	if a.call("GET", "status?wait=0", nil, &status); status.State != "waiting-for-number" {
		t.Fatalf("status is %+v", status)
	}
	heard := make(chan appapi.Status)
	go func() {
		var status appapi.Status
		a.call("GET", "status", nil, &status)
		heard <- status
	}()
	w.postForm(b.browser, b.page+"/number", url.Values{"number": {a.opened.Number}})
	if status := <-heard; status.State != "ready" {
		t.Errorf("status is %+v", status)
	}
}

func TestAutoWaitsForThePhone(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Auto = true })
	resp, _ := w.get(w.browser(), w.issuer+"/protocol/openid-connect/auth?"+goodRequest().Encode())
	wait := resp.Header.Get("Location")
	if resp.StatusCode != 303 || !strings.HasSuffix(wait, "/wait") {
		t.Fatalf("authorize answers %d to %s", resp.StatusCode, wait)
	}
	link := w.seen(KindStarted)[0].Link
	arrived := make(chan string)
	go func() {
		resp, _ := w.get(w.browser(), wait) // no cookie: as curl without a jar
		arrived <- resp.Header.Get("Location")
	}()
	a := w.open(link)
	a.finish(a.proof())
	if location := <-arrived; !strings.HasPrefix(location, "https://client.test/callback?from=idp&code=") {
		t.Errorf("wait leads to %s", location)
	}
}

func TestCloseFreesWhoWaits(t *testing.T) {
	w := newWorld(t)
	b := w.begin(goodRequest())
	done := make(chan int)
	go func() {
		resp, _ := w.get(b.browser, b.page+"/wait")
		done <- resp.StatusCode
	}()
	w.provider.Close()
	if status := <-done; status != 202 {
		t.Errorf("wait answers %d", status)
	}
	if err := w.provider.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestCookieIsForThisLoginAlone(t *testing.T) {
	w := newWorld(t)
	resp, _ := w.get(w.browser(), w.issuer+"/protocol/openid-connect/auth?"+goodRequest().Encode())
	cookie := resp.Cookies()[0]
	if cookie.Name != "kazasu_login" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode ||
		w.issuer+cookie.Path[len("/api/realms/main"):] != resp.Header.Get("Location") {
		t.Errorf("cookie is %+v", cookie)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(cookie.Value); err != nil || len(raw) != crypto.SHA256.Size() {
		t.Errorf("cookie's secret is %q", cookie.Value)
	}
}
