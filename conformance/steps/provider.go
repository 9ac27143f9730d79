package steps

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"kazasu/internal/bench"
	"kazasu/internal/relyingparty"
)

// providerHand is the suite's own client of the provider: no library decides
// for it what to send, so that it can send what is wrong.
type providerHand struct {
	client    bench.ClientInfo
	authorize url.Values // the authorization request
	verifier  string
	callback  *url.URL
	code      string
	token     url.Values     // the token request
	assertion map[string]any // its claims, before signing
	header    map[string]any // of the assertion: alg and kid
	signAs    string         // "", "none", "hs256", "stranger", "neighbour", "broken"
	access    string
	idToken   string
	kept      map[string]string
	statuses  []int
}

func providerSteps() []Row {
	return append(authorizeSteps(), append(tokenSteps(), idTokenSteps()...)...)
}

func authorizeSteps() []Row {
	return []Row{
		{`the provider's metadata is fetched`, `認証基盤のメタデータを取得する`,
			"GET of the discovery document, and expects 200", metadataFetched},
		{`the metadata names every endpoint below the issuer`, `メタデータの各エンドポイントは発行者の下にある`,
			"authorization, token, userinfo and key set", endpointsBelow},
		{`the key set is fetched`, `鍵セットを取得する`, "GET of the jwks_uri that the metadata names, and expects 200", jwksFetched},
		{`every key has a name of its own, an algorithm and no private part`, `各鍵には固有の名前とアルゴリズムがあり秘密はない`,
			"kid unique, alg or use there, d p q dp dq qi k not", keysPublic},
		{`an authorization request`, `認可要求を用意する`,
			"a good one of the bench's first client, for openid alone", authorizationRequest},
		{`an authorization request of the client that signs with {word}`, `{word} で署名するクライアントの認可要求を用意する`,
			"a good one of the first client with this algorithm", authorizationRequestOf},
		{`an authorization request of another client`, `別のクライアントの認可要求を用意する`,
			"a good one of a client that isn't the first", authorizationRequestOfAnother},
		{`its parameter {string} is {string}`, `そのパラメーター{string}は{string}である`,
			"replaces a parameter of the authorization request", parameterIs},
		{`its parameter {string} is missing`, `そのパラメーター{string}がない`, "leaves a parameter out", parameterMissing},
		{`its parameter {string} is sent twice`, `そのパラメーター{string}が2回ある`, "repeats a parameter with its value", parameterTwice},
		{`its parameter {string} has {int} characters`, `そのパラメーター{string}は {int} 文字である`, "replaces a parameter by so many a", parameterLong},
		{`its parameter {string} has every printable character`, `そのパラメーター{string}にすべての印字可能文字がある`,
			"replaces a parameter by the 95 characters from 20 to 7E", parameterPrintable},
		{`its parameter {string} has a control character`, `そのパラメーター{string}に制御文字がある`,
			"puts a line feed behind the value", parameterControl},
		{`in its redirect URI {string} is replaced by {string}`, `そのリダイレクトURIの{string}を{string}に置き換える`,
			"changes text inside the redirect URI", redirectReplaced},
		{`its redirect URI has {string} added`, `そのリダイレクトURIに{string}を足す`, "appends text to the redirect URI", redirectAdded},
		{`the authorization request is sent`, `認可要求を送る`, "GET, as a browser would; the redirect isn't followed", authorizeSent},
		{`the authorization request is posted`, `認可要求をPOSTで送る`, "as a form; the redirect isn't followed", authorizePosted},
		{`the provider shows its login page`, `認証基盤がログイン画面を示す`,
			"follows to the page with the app's link, and keeps its text and headers", loginPageShown},
		{`the provider redirects back with the error {string}`, `認証基盤がエラー{string}を返して戻す`,
			"redirect URI, error and unchanged state", errorRedirected},
		{`the provider shows an error page and does not redirect`, `認証基盤が転送せずエラー画面を示す`,
			"400 with a page, no Location", errorPageShown},
		{`{string} authorizes the request`, `{string}が要求を認可する`,
			"login page, phone and card, until the redirect URI gets its code", authorizes},
		{`the state comes back unchanged`, `stateがそのまま戻る`, "compares the state of the callback, byte for byte", stateUnchanged},
	}
}

// discover fetches the metadata afresh: nothing is remembered between checks.
func metadataFetched(ctx context.Context, w *World) error {
	if err := w.get(ctx, w.Bench.Info().Issuer+"/.well-known/openid-configuration"); err != nil {
		return err
	}
	return Expect("HTTP status of the metadata", 200, w.exchange.status)
}

// endpoint is an address that the metadata names.
func (w *World) endpoint(ctx context.Context, member string) (string, error) {
	kept := w.exchange
	defer func() { w.exchange = kept }()
	if err := metadataFetched(ctx, w); err != nil {
		return "", err
	}
	value, _, err := w.member(member)
	if err != nil {
		return "", err
	}
	address, ok := value.(string)
	if !ok {
		return "", &Failure{"metadata member " + member, "an address", show(value)}
	}
	return address, nil
}

func endpointsBelow(_ context.Context, w *World) error {
	issuer := w.Bench.Info().Issuer
	for _, member := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} {
		value, _, err := w.member(member)
		if err != nil {
			return err
		}
		if err := ExpectThat(strings.HasPrefix(fmt.Sprint(value), issuer+"/"), member, "an address below "+issuer, value); err != nil {
			return err
		}
	}
	return nil
}

func jwksFetched(ctx context.Context, w *World) error {
	address, err := w.endpoint(ctx, "jwks_uri")
	if err != nil {
		return err
	}
	if err := w.get(ctx, address); err != nil {
		return err
	}
	return Expect("HTTP status of the key set", 200, w.exchange.status)
}

// privateMembers are those of RFC 7518 §6.2.2, §6.3.2 and §6.4.1.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

func keysPublic(_ context.Context, w *World) error {
	value, _, err := w.member("keys")
	if err != nil {
		return err
	}
	keys, _ := value.([]any)
	if err := ExpectThat(len(keys) > 0, "key set", "at least one key", clip(w.exchange.body)); err != nil {
		return err
	}
	seen := map[any]bool{}
	for _, k := range keys {
		key, _ := k.(map[string]any)
		kid := key["kid"]
		if kid == nil || kid == "" || seen[kid] {
			return &Failure{"kid of a key", "a name of its own", show(kid)}
		}
		seen[kid] = true
		if key["alg"] == nil && key["use"] == nil {
			return &Failure{"key " + show(kid), "alg or use", "neither"}
		}
		for _, secret := range privateMembers {
			if key[secret] != nil {
				return &Failure{"key " + show(kid), "no private member", "a member " + secret}
			}
		}
	}
	return nil
}

func authorizationRequest(_ context.Context, w *World) error {
	return w.prepare(func(bench.ClientInfo) bool { return true }, "of ours")
}

func authorizationRequestOf(_ context.Context, w *World, alg string) error {
	return w.prepare(func(c bench.ClientInfo) bool { return c.Alg == alg }, "that signs with "+alg)
}

func authorizationRequestOfAnother(_ context.Context, w *World) error {
	first := w.Bench.Info().Clients[0].ID
	return w.prepare(func(c bench.ClientInfo) bool { return c.ID != first }, "beside the first")
}

// prepare makes a good authorization request of the first client that fits
// and whose key is ours.
func (w *World) prepare(fits func(bench.ClientInfo) bool, what string) error {
	clients := w.Bench.Info().Clients
	at := slices.IndexFunc(clients, func(c bench.ClientInfo) bool { return c.Key != "" && fits(c) })
	if at < 0 {
		return &NotApplicable{"the bench has no client " + what}
	}
	client := clients[at]
	kept := w.provider.kept
	verifier := w.random(32)
	challenge := sha256.Sum256([]byte(verifier))
	w.provider = providerHand{client: client, verifier: verifier, kept: kept, authorize: url.Values{
		"response_type":         {"code"},
		"client_id":             {client.ID},
		"redirect_uri":          {client.RedirectURIs[0]},
		"scope":                 {"openid"},
		"state":                 {w.random(16)},
		"nonce":                 {w.random(16)},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}}
	return nil
}

// random is n bytes of the scenario's own generator, base64url. A replayed
// check sends the same again; secrecy is not needed here.
func (w *World) random(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.Rand.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

var errNoRequest = errors.New("no request is prepared: begin with an authorization request")

// pending is the request that parameters belong to: the token request once
// there is one.
func (w *World) pending() (url.Values, error) {
	switch {
	case w.provider.token != nil:
		return w.provider.token, nil
	case w.provider.authorize != nil:
		return w.provider.authorize, nil
	}
	return nil, errNoRequest
}

func parameterIs(_ context.Context, w *World, name, value string) error {
	p, err := w.pending()
	if err == nil {
		p.Set(name, w.address(value))
	}
	return err
}

func parameterMissing(_ context.Context, w *World, name string) error {
	p, err := w.pending()
	if err == nil {
		p.Del(name)
	}
	return err
}

func parameterTwice(_ context.Context, w *World, name string) error {
	p, err := w.pending()
	if err == nil {
		p.Add(name, p.Get(name))
	}
	return err
}

func parameterLong(ctx context.Context, w *World, name string, n int) error {
	return parameterIs(ctx, w, name, strings.Repeat("a", n))
}

func parameterPrintable(_ context.Context, w *World, name string) error {
	var all []byte
	for c := byte(0x20); c <= 0x7E; c++ {
		all = append(all, c)
	}
	p, err := w.pending()
	if err == nil {
		p.Set(name, string(all))
	}
	return err
}

func parameterControl(_ context.Context, w *World, name string) error {
	p, err := w.pending()
	if err == nil {
		p.Set(name, p.Get(name)+"\n")
	}
	return err
}

func redirectReplaced(_ context.Context, w *World, old, with string) error {
	p, err := w.pending()
	if err != nil {
		return err
	}
	before := p.Get("redirect_uri")
	p.Set("redirect_uri", strings.Replace(before, old, with, 1))
	if p.Get("redirect_uri") == before {
		return fmt.Errorf("the redirect URI %s has no %q", before, old)
	}
	return nil
}

func redirectAdded(_ context.Context, w *World, suffix string) error {
	p, err := w.pending()
	if err == nil {
		p.Set("redirect_uri", p.Get("redirect_uri")+suffix)
	}
	return err
}

func (w *World) authorizeURL(ctx context.Context) (string, error) {
	if w.provider.authorize == nil {
		return "", errNoRequest
	}
	address, err := w.endpoint(ctx, "authorization_endpoint")
	return address + "?" + w.provider.authorize.Encode(), err
}

func authorizeSent(ctx context.Context, w *World) error {
	address, err := w.authorizeURL(ctx)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set(tagHeader, w.Tag)
	return w.exchangeWith(req)
}

func authorizePosted(ctx context.Context, w *World) error {
	if w.provider.authorize == nil {
		return errNoRequest
	}
	address, err := w.endpoint(ctx, "authorization_endpoint")
	if err != nil {
		return err
	}
	return w.postForm(ctx, address, w.provider.authorize, http.Header{tagHeader: {w.Tag}})
}

func loginPageShown(ctx context.Context, w *World) error {
	address, err := w.authorizeURL(ctx)
	if err != nil {
		return err
	}
	agent := w.browser(false)
	page, err := agent.Get(ctx, address)
	if err != nil {
		return err
	}
	if _, err := page.AppLink(); err != nil {
		return &Failure{"page of the provider", "its login page", page.Text()}
	}
	w.exchange = exchange{status: page.Status, header: page.Header, body: []byte(page.Text())}
	return nil
}

func errorRedirected(_ context.Context, w *World, want string) error {
	location := w.exchange.location
	if location == nil {
		return &Failure{"answer to the authorization request", "a redirect with the error " + want, fmt.Sprintf("HTTP %d without a redirect", w.exchange.status)}
	}
	query := location.Query()
	if err := Expect("error", want, query.Get("error")); err != nil {
		return err
	}
	if err := ExpectThat(strings.HasPrefix(location.String(), w.provider.authorize.Get("redirect_uri")),
		"redirect", "one to "+w.provider.authorize.Get("redirect_uri"), blank(location)); err != nil {
		return err
	}
	if states := w.provider.authorize["state"]; len(states) == 1 && len(states[0]) <= 255 {
		return Expect("state of the error", states[0], query.Get("state"))
	}
	return nil
}

func errorPageShown(_ context.Context, w *World) error {
	if w.exchange.location != nil {
		return &Failure{"answer to the authorization request", "an error page", "a redirect to " + blank(w.exchange.location)}
	}
	return Expect("HTTP status", 400, w.exchange.status)
}

// authorizes walks from the authorization request to the callback, which no
// relying party sees: the suite is the client.
func authorizes(ctx context.Context, w *World, holder string) error {
	h, err := w.holder(holder)
	if err != nil {
		return err
	}
	address, err := w.authorizeURL(ctx)
	if err != nil {
		return err
	}
	agent := w.browser(false)
	page, err := agent.Get(ctx, address)
	if err != nil {
		return err
	}
	link, err := page.AppLink()
	if err != nil {
		return &Failure{"page of the provider", "its login page", page.Text()}
	}
	w.logins.holder, w.logins.agent = h, agent
	p, err := w.phone(ctx)
	if err != nil {
		return err
	}
	redirect, err := p.Finish(ctx, link, h.AuthPIN, h.TextPIN)
	if err != nil {
		return &Failure{"login on the phone", "finished", err.Error()}
	}
	return w.takeCallback(ctx, agent, redirect)
}

func (w *World) takeCallback(ctx context.Context, agent *relyingparty.UserAgent, redirect string) error {
	callback, err := agent.Callback(ctx, redirect)
	if err != nil {
		return err
	}
	w.provider.callback, w.provider.code = callback, callback.Query().Get("code")
	return ExpectThat(w.provider.code != "", "callback", "one with a code", blank(callback))
}

func stateUnchanged(_ context.Context, w *World) error {
	if w.provider.callback == nil {
		return errors.New("no request has been authorized yet")
	}
	return Expect("state of the callback", w.provider.authorize.Get("state"), w.provider.callback.Query().Get("state"))
}

// redeemAtOnce sends one token request many times at once, each with an
// assertion of its own.
func redeemAtOnce(ctx context.Context, w *World, n int) error {
	endpoint, err := w.endpoint(ctx, "token_endpoint")
	if err != nil {
		return err
	}
	requests := make([]*http.Request, n)
	for i := range requests {
		if err := tokenRequest(ctx, w); err != nil {
			return err
		}
		if requests[i], err = w.signedTokenRequest(ctx, endpoint); err != nil {
			return err
		}
	}
	statuses := make([]int, n)
	client := w.client()
	var group sync.WaitGroup
	for i, req := range requests {
		group.Go(func() {
			if resp, err := client.Do(req); err == nil {
				resp.Body.Close()
				statuses[i] = resp.StatusCode
			}
		})
	}
	group.Wait()
	w.provider.statuses = statuses
	return nil
}

func redeemed(_ context.Context, w *World, want int) error {
	got := 0
	tally := map[int]int{}
	for _, status := range w.provider.statuses {
		tally[status]++
		if status == 200 {
			got++
		}
	}
	var seen []string
	for _, status := range slices.Sorted(maps.Keys(tally)) {
		seen = append(seen, fmt.Sprintf("%d × %d", tally[status], status))
	}
	return ExpectThat(got == want, "redemptions that succeed", fmt.Sprintf("%d × 200", want), strings.Join(seen, ", "))
}
