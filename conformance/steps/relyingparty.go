package steps

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"kazasu/internal/relyingparty"
)

func relyingPartySteps() []Row {
	return append([]Row{
		{`the relying party shows a session`, `サービスにログインできている`, "the protected page knows who is there", sessionShown},
		{`the relying party refuses with {string}`, `サービスが{string}として拒む`,
			"an error page with this reason, and no session behind it", refuses},
		{`the relying party refuses the replay with {string}`, `サービスが再送を{string}として拒む`,
			"an error page with this reason, whatever session there was before", refusesReplay},
		{`the relying party knows nobody`, `サービスは誰も認識していない`, "the protected page answers 401 to the browser", knowsNobody},
		{`the relying party's page contains {string}`, `サービスの画面は{string}を含む`, "looks for text in what the person sees", rpPageContains},
		{`the session has {string} as {string}`, `セッションの{string}は{string}である`, "compares one claim of the session", sessionClaim},
		{`the session has no {string}`, `セッションに{string}はない`, "a claim that was not asked for or not given", sessionLacks},
		{`the session is the same person as before`, `セッションは前と同じ利用者である`,
			"compares the subject with that of the scenario's first login", samePerson},
		{`the session is another person than before`, `セッションは前と異なる利用者である`,
			"compares the subject with that of the scenario's first login", otherPerson},
		{`{string} logs in up to the callback`, `{string}がコールバックの手前までログインする`,
			"everything but the last redirect, which is held back", upToCallback},
		{`the callback's {string} is removed`, `コールバックの{string}を取り除く`, "takes a parameter off", callbackLacks},
		{`the callback's {string} is {string}`, `コールバックの{string}を{string}にする`, "sets a parameter, or adds it", callbackIs},
		{`the callback's {string} is altered by one character`, `コールバックの{string}を1文字変える`, "changes the last character", callbackAltered},
		{`the callback's {string} is there twice`, `コールバックに{string}が2回ある`, "repeats a parameter", callbackTwice},
		{`the callback is opened`, `コールバックを開く`, "in the browser that began", callbackOpened},
		{`the callback is opened in a browser that never began`, `ログインを始めていないブラウザーでコールバックを開く`,
			"an empty cookie jar", callbackElsewhere},
		{`the callback is opened in a browser that began another login`, `別のログインを始めたブラウザーでコールバックを開く`,
			"login CSRF: the state is somebody else's", callbackForged},
	}, watchSteps()...)
}

func watchSteps() []Row {
	return []Row{
		{`the relying party's calls to the provider are watched`, `サービスから認証基盤への通信を観察する`,
			"the sample relying party, in this scenario alone, with a tap on its back channel", watch},
		{`the authorization request's {string} is {string}`, `認可要求の{string}は{string}である`,
			"compares a parameter of what the relying party sent by the browser", askedWith},
		{`the authorization request keeps the official table`, `認可要求は公式の表を守っている`,
			"every required parameter once, none unknown twice, lengths and characters as the table says", askedByTable},
		{`over {int} logins the {string} never repeats and has at least {int} characters`, `{int} 回のログインで{string}は繰り返さず {int} 文字以上である`,
			"presses the button so often, each time in a fresh browser", neverRepeats},
		{`the {string} and the {string} differ`, `{string}と{string}は異なる`, "compares two parameters of the authorization request", parametersDiffer},
		{`the token request's {string} is {string}`, `トークン要求の{string}は{string}である`,
			"compares a form field of what the relying party sent", tokenField},
		{`the token request's redirect URI is the one authorized`, `トークン要求のリダイレクトURIは認可時と同じである`,
			"byte for byte", sameRedirect},
		{`the token request is a POST with nothing secret in its address`, `トークン要求はPOSTでありアドレスに秘密はない`,
			"form body, no query, no client_secret", tokenPosted},
		{`the code verifier is well formed and hashes to the challenge`, `code_verifierは正しい形式でcode_challengeと一致する`,
			"43 to 128 unreserved characters, S256", verifierHashes},
		{`the client assertion names the client twice and an accepted audience`, `クライアントアサーションは自分を2回名乗り宛先が正しい`,
			"iss and sub are the client, aud is the token endpoint or the issuer", assertionNames},
		{`the client assertion expires within {int} seconds`, `クライアントアサーションは {int} 秒以内に失効する`,
			"exp is a JSON number, in the future, near", assertionExpires},
		{`the client assertion's header has the registered algorithm and key`, `クライアントアサーションのヘッダーは登録された方式と鍵である`,
			"alg and kid as registered", assertionHeader},
		{`the client assertion's {string} is there`, `クライアントアサーションに{string}がある`, "a claim with some value", assertionHas},
		{`over {int} logins of {string} the assertion's {string} never repeats`, `{int} 回の{string}のログインでアサーションの{string}は繰り返さない`,
			"whole logins, each with an assertion of its own", assertionNeverRepeats},
		{`the access token went in the header, not in the address`, `アクセストークンはアドレスでなくヘッダーで送られた`,
			"looks at the call to userinfo", tokenInHeader},
		{`the relying party asked for tokens {int} times`, `サービスのトークン要求は {int} 回である`, "counts its calls to the token endpoint", tokenCalls},
	}
}

func sessionShown(_ context.Context, w *World) error {
	_, err := w.session()
	return err
}

// refuses wants evidence: the page's reason, and a protected page that knows
// nobody. A phone that gave up is no evidence about the relying party.
func refuses(ctx context.Context, w *World, reason string) error {
	l := &w.logins
	want := "a refusal: " + reason
	switch {
	case l.outcome == nil && l.phoneErr != nil:
		return &Inconclusive{"the phone gave up: " + l.phoneErr.Error()}
	case l.outcome == nil:
		return errors.New("no login has ended yet")
	case l.outcome.Session != nil:
		return &Failure{"relying party", want, "a session of " + l.outcome.Session.Sub}
	}
	if err := Expect("relying party's refusal", reason, l.outcome.Refusal.Reason); err != nil {
		return err
	}
	return knowsNobody(ctx, w)
}

func refusesReplay(_ context.Context, w *World, reason string) error {
	switch outcome := w.logins.outcome; {
	case outcome == nil:
		return errors.New("no login has ended yet")
	case outcome.Refusal == nil:
		return &Failure{"relying party", "a refusal: " + reason, "no error page"}
	default:
		return Expect("relying party's refusal", reason, outcome.Refusal.Reason)
	}
}

func knowsNobody(ctx context.Context, w *World) error {
	claims, err := w.logins.agent.Me(ctx)
	if err != nil {
		return err
	}
	if claims != nil {
		return &Failure{"protected page of the relying party", "401", "a session of " + show(claims["sub"])}
	}
	return nil
}

func rpPageContains(_ context.Context, w *World, want string) error {
	text := w.logins.agent.Page().Text()
	return ExpectThat(strings.Contains(text, want), "page of the relying party", "one with "+want, clip([]byte(text)))
}

func sessionClaim(_ context.Context, w *World, name, want string) error {
	session, err := w.session()
	if err != nil {
		return err
	}
	return Expect(name+" of the session", want, session.Claims[name])
}

func sessionLacks(_ context.Context, w *World, name string) error {
	session, err := w.session()
	if err != nil {
		return err
	}
	value, there := session.Claims[name]
	return ExpectThat(!there, name+" of the session", "nothing", value)
}

// twoSessions are the scenario's first session and the present one.
func (w *World) twoSessions() (first, now *relyingparty.Session, err error) {
	now, err = w.session()
	if err == nil && w.logins.first == nil {
		err = errors.New("nobody logged in before")
	}
	return w.logins.first, now, err
}

func samePerson(_ context.Context, w *World) error {
	first, now, err := w.twoSessions()
	if err != nil {
		return err
	}
	return Expect("subject of the session", first.Sub, now.Sub)
}

func otherPerson(_ context.Context, w *World) error {
	first, now, err := w.twoSessions()
	if err != nil {
		return err
	}
	return ExpectThat(first.Sub != now.Sub, "subject of the session", "another than "+first.Sub, now.Sub)
}

// upToCallback is what comes before what is checked: if it fails, nothing can
// be said.
func upToCallback(ctx context.Context, w *World, holder string) error {
	return control("login of "+holder+" up to the callback", w.goToCallback(ctx, holder))
}

func (w *World) goToCallback(ctx context.Context, holder string) error {
	if err := w.press(ctx, holder, false); err != nil {
		return err
	}
	p, err := w.phone(ctx)
	if err != nil {
		return err
	}
	h := w.logins.holder
	redirect, err := p.Finish(ctx, w.logins.link, h.AuthPIN, h.TextPIN)
	if err != nil {
		return &Failure{"login on the phone", "finished", err.Error()}
	}
	w.logins.callback, err = w.logins.agent.Callback(ctx, redirect)
	return err
}

// alter changes the callback's query, which begins where the provider left it.
func (w *World) alter(change func(url.Values)) error {
	if w.logins.callback == nil {
		return errors.New("no callback is held back")
	}
	query := w.logins.callback.Query()
	change(query)
	altered := *w.logins.callback
	altered.RawQuery = query.Encode()
	w.logins.callback = &altered
	return nil
}

func callbackLacks(_ context.Context, w *World, name string) error {
	return w.alter(func(q url.Values) { q.Del(name) })
}

func callbackIs(_ context.Context, w *World, name, value string) error {
	return w.alter(func(q url.Values) { q.Set(name, w.address(value)) })
}

func callbackTwice(_ context.Context, w *World, name string) error {
	return w.alter(func(q url.Values) { q.Add(name, q.Get(name)) })
}

func callbackAltered(_ context.Context, w *World, name string) error {
	return w.alter(func(q url.Values) {
		value := q.Get(name)
		last, other := value[len(value)-1:], "A"
		if last == other {
			other = "B"
		}
		q.Set(name, value[:len(value)-1]+other)
	})
}

func callbackOpened(ctx context.Context, w *World) error {
	if w.logins.callback == nil {
		return errors.New("no callback is held back")
	}
	return w.follow(ctx, w.logins.agent, w.logins.callback.String())
}

func callbackElsewhere(ctx context.Context, w *World) error {
	w.logins.agent = w.browser(false)
	return callbackOpened(ctx, w)
}

func callbackForged(ctx context.Context, w *World) error {
	other := w.browser(false)
	if _, _, err := other.Start(ctx, w.rpURL("/login")); err != nil {
		return err
	}
	w.logins.agent = other
	return callbackOpened(ctx, w)
}

// watchedRP is the sample relying party, reached through the scenario's own
// transport, with every call to the provider kept.
type watchedRP struct {
	base, host string
	handler    http.Handler
	next       http.RoundTripper

	mu    sync.Mutex
	calls []call
}

// call is one request of the relying party to the provider.
type call struct {
	method string
	url    *url.URL
	header http.Header
	form   url.Values
}

// watchedTimeout is how long the watched relying party waits for the provider.
const watchedTimeout = 10 * time.Second

func watch(ctx context.Context, w *World) error {
	if err := authorizationRequest(ctx, w); err != nil {
		return err
	}
	client := w.provider.client
	key, err := readKey(client.Key)
	if err != nil {
		return err
	}
	redirect, err := url.Parse(client.RedirectURIs[0])
	if err != nil {
		return fmt.Errorf("reading redirect URI: %w", err)
	}
	rp := &watchedRP{base: redirect.Scheme + "://" + redirect.Host, host: redirect.Host, next: w.transport()}
	rp.handler, err = relyingparty.New(ctx, relyingparty.Config{
		Issuer: w.Bench.Info().Issuer, ClientID: client.ID, RedirectURI: client.RedirectURIs[0],
		Key: key, Alg: client.Alg, KID: client.KID, HTTP: &http.Client{Transport: rp},
		Timeout: watchedTimeout, Clock: w.Bench.Clock(),
	})
	w.logins.watched = rp
	return err
}

// serve answers the browser.
func (rp *watchedRP) serve(req *http.Request) (*http.Response, error) {
	inside := req.Clone(req.Context())
	if inside.Body == nil {
		inside.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	rp.handler.ServeHTTP(recorder, inside)
	resp := recorder.Result()
	resp.Request = req
	return resp, nil
}

// RoundTrip keeps a call of the relying party and sends it on.
func (rp *watchedRP) RoundTrip(req *http.Request) (*http.Response, error) {
	c := call{method: req.Method, url: req.URL, header: req.Header.Clone()}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		c.form, _ = url.ParseQuery(string(body))
	}
	rp.mu.Lock()
	rp.calls = append(rp.calls, c)
	rp.mu.Unlock()
	return rp.next.RoundTrip(req)
}

// tokenCallsOf are the calls that redeemed a code.
func (w *World) tokenCallsOf() []call {
	return w.callsWhere(func(c call) bool { return c.form.Get("grant_type") != "" })
}

func (w *World) callsWhere(match func(call) bool) []call {
	rp := w.logins.watched
	if rp == nil {
		return nil
	}
	rp.mu.Lock()
	defer rp.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(rp.calls), func(c call) bool { return !match(c) })
}

func (w *World) tokenCall() (call, error) {
	calls := w.tokenCallsOf()
	if len(calls) == 0 {
		return call{}, &Failure{"relying party", "a token request", "none"}
	}
	return calls[len(calls)-1], nil
}

func tokenField(_ context.Context, w *World, name, want string) error {
	c, err := w.tokenCall()
	if err != nil {
		return err
	}
	return Expect(name+" of the token request", want, c.form.Get(name))
}

func sameRedirect(_ context.Context, w *World) error {
	c, err := w.tokenCall()
	if err != nil {
		return err
	}
	asked, err := w.asked()
	if err != nil {
		return err
	}
	return Expect("redirect_uri of the token request", asked.Get("redirect_uri"), c.form.Get("redirect_uri"))
}

func tokenPosted(_ context.Context, w *World) error {
	c, err := w.tokenCall()
	if err != nil {
		return err
	}
	if err := Expect("method of the token request", "POST", c.method); err != nil {
		return err
	}
	if err := Expect("query of the token request", "", c.url.RawQuery); err != nil {
		return err
	}
	if err := ExpectThat(strings.HasPrefix(c.header.Get("Content-Type"), "application/x-www-form-urlencoded"),
		"content type of the token request", "a form", c.header.Get("Content-Type")); err != nil {
		return err
	}
	return ExpectThat(!c.form.Has("client_secret") && c.header.Get("Authorization") == "",
		"client authentication", "private_key_jwt alone", "a secret or an Authorization header beside it")
}

var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

func verifierHashes(_ context.Context, w *World) error {
	c, err := w.tokenCall()
	if err != nil {
		return err
	}
	asked, err := w.asked()
	if err != nil {
		return err
	}
	verifier := c.form.Get("code_verifier")
	if err := ExpectThat(verifierForm.MatchString(verifier), "code_verifier", "43 to 128 unreserved characters", fmt.Sprintf("%d characters", len(verifier))); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(verifier))
	return Expect("challenge that the verifier hashes to", asked.Get("code_challenge"), encode(digest[:]))
}

// assertionPart is the header (0) or the claims (1) of the last assertion.
func (w *World) assertionPart(n int) (map[string]any, error) {
	c, err := w.tokenCall()
	if err != nil {
		return nil, err
	}
	return jwtPart(c.form.Get("client_assertion"), n)
}

func jwtPart(jwt string, n int) (map[string]any, error) {
	if jwt == "" {
		return nil, &Failure{"client assertion", "a JWT", "none"}
	}
	return part(jwt, n)
}

func assertionNames(ctx context.Context, w *World) error {
	claims, err := w.assertionPart(1)
	if err != nil {
		return err
	}
	for _, name := range []string{"iss", "sub"} {
		if err := Expect(name+" of the assertion", w.provider.client.ID, claims[name]); err != nil {
			return err
		}
	}
	endpoint, err := w.endpoint(ctx, "token_endpoint")
	if err != nil {
		return err
	}
	accepted := []any{endpoint, w.Bench.Info().Issuer}
	return ExpectThat(slices.Contains(accepted, claims["aud"]), "aud of the assertion", "the token endpoint or the issuer", claims["aud"])
}

func assertionExpires(_ context.Context, w *World, within int) error {
	claims, err := w.assertionPart(1)
	if err != nil {
		return err
	}
	expires, number := claims["exp"].(float64)
	if !number {
		return &Failure{"exp of the assertion", "a JSON number", fmt.Sprintf("%T", claims["exp"])}
	}
	left := expires - float64(w.Bench.Clock().Now().Unix())
	return ExpectThat(left > 0 && left <= float64(within), "exp of the assertion", fmt.Sprintf("within %d s", within), fmt.Sprintf("in %.0f s", left))
}

func assertionHeader(_ context.Context, w *World) error {
	header, err := w.assertionPart(0)
	if err != nil {
		return err
	}
	if err := Expect("alg of the assertion", w.provider.client.Alg, header["alg"]); err != nil {
		return err
	}
	if header["kid"] == nil {
		return nil
	}
	return Expect("kid of the assertion", w.provider.client.KID, header["kid"])
}

func assertionHas(_ context.Context, w *World, claim string) error {
	claims, err := w.assertionPart(1)
	if err != nil {
		return err
	}
	return ExpectThat(claims[claim] != nil, claim+" of the assertion", "some value", claims[claim])
}

func assertionNeverRepeats(ctx context.Context, w *World, times int, holder, claim string) error {
	for range times {
		if err := logsInFor(ctx, w, holder, "openid"); err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, c := range w.tokenCallsOf() {
		claims, err := jwtPart(c.form.Get("client_assertion"), 1)
		if err != nil {
			return err
		}
		value, _ := json.Marshal(claims[claim])
		if seen[string(value)] || claims[claim] == nil {
			return &Failure{claim + " of the assertions", "never the same twice", string(value) + " again"}
		}
		seen[string(value)] = true
	}
	return Expect("assertions seen", times, len(seen))
}

func tokenInHeader(_ context.Context, w *World) error {
	calls := w.callsWhere(func(c call) bool { return strings.HasSuffix(c.url.Path, "/userinfo") })
	if len(calls) == 0 {
		return &Failure{"relying party", "a call to userinfo", "none"}
	}
	c := calls[len(calls)-1]
	if c.url.Query().Has("access_token") || c.form.Has("access_token") {
		return &Failure{"access token", "in the Authorization header", "in the address or the body"}
	}
	return ExpectThat(strings.HasPrefix(c.header.Get("Authorization"), "Bearer "), "access token", "in the Authorization header", "not there")
}

func tokenCalls(_ context.Context, w *World, want int) error {
	return Expect("token requests of the relying party", want, len(w.tokenCallsOf()))
}
