package steps

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"kazasu/internal/bench"
)

func tokenSteps() []Row {
	return []Row{
		{`a token request with the code`, `コードによるトークン要求を用意する`,
			"a good one: authorization_code, verifier, private_key_jwt", tokenRequestStep},
		{`its assertion's claim {string} is {string}`, `そのアサーションの{string}は{string}である`,
			"replaces a claim of the client assertion, or kid of its header; missing leaves it out, +60s and -60s are times from now", assertionIs},
		{`its assertion's claim {string} is missing`, `そのアサーションに{string}がない`, "leaves a claim out", assertionLacks},
		{`its assertion is signed by {string}`, `そのアサーションの署名は{string}である`,
			"the client's key (client), nobody (none), a shared secret (hs256), another key (stranger), another client's (neighbour), or a bit is flipped (broken)", assertionSignedBy},
		{`another client brings it`, `別のクライアントがそれを持ってくる`,
			"the same code, verifier and redirect URI, with a good assertion of another client", tokenByAnother},
		{`the token request is sent`, `トークン要求を送る`, "POST to the token endpoint", tokenSent},
		{`the same token request is sent again`, `同じトークン要求をもう一度送る`,
			"POST with the same code and the same assertion, byte for byte", tokenSentAgain},
		{`the code is redeemed`, `コードをトークンに換える`, "prepares, sends, and expects tokens", codeRedeemed},
		{`the code is redeemed {int} times at once`, `コードを同時に {int} 回トークンに換える`,
			"so many callers with one code", redeemAtOnce},
		{`exactly {int} of them succeeds`, `ちょうど {int} 回だけ成功する`, "counts the answers with 200", redeemed},
		{`the token endpoint gives tokens`, `トークンが返る`, "200 with access_token, id_token and token_type Bearer", tokensGiven},
		{`the token endpoint refuses with {string}`, `トークン要求がエラー{string}で拒まれる`,
			"400 or 401, JSON with this error, not to be cached", tokenRefused},
		{`userinfo is fetched`, `利用者情報を取得する`, "GET with the access token in the header", userinfoFetched},
		{`userinfo is fetched by POST`, `利用者情報をPOSTで取得する`, "POST with the access token in the header", userinfoPosted},
		{`userinfo is fetched with the access token in the address`, `利用者情報をアドレスのトークンで取得する`,
			"GET with access_token in the query, which must not work", userinfoByQuery},
		{`userinfo is fetched with the access token {string}`, `利用者情報をトークン{string}で取得する`,
			"GET with this text as token; empty sends none", userinfoWith},
	}
}

// tokenRequest prepares a good token request for the code at hand.
func tokenRequest(_ context.Context, w *World) error {
	p := &w.provider
	if p.code == "" {
		return errors.New("no code is at hand: let somebody authorize the request first")
	}
	now := w.Bench.Clock().Now()
	p.token = url.Values{
		"grant_type":            {"authorization_code"},
		"code":                  {p.code},
		"redirect_uri":          {p.authorize.Get("redirect_uri")},
		"code_verifier":         {p.verifier},
		"client_id":             {p.client.ID},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	p.assertion = map[string]any{
		"iss": p.client.ID, "sub": p.client.ID, "jti": rand.Text(), // never the same again, not in a replay either
		"iat": now.Unix(), "exp": now.Add(30 * time.Second).Unix(),
	}
	p.header, p.signAs = map[string]any{"alg": p.client.Alg, "kid": p.client.KID}, "client"
	return nil
}

// neighbour is a client beside the one at hand, that signs by the same
// algorithm.
func (w *World) neighbour() (bench.ClientInfo, error) {
	clients := w.Bench.Info().Clients
	at := slices.IndexFunc(clients, func(c bench.ClientInfo) bool {
		return c.Key != "" && c.ID != w.provider.client.ID && c.Alg == w.provider.client.Alg
	})
	if at < 0 {
		return bench.ClientInfo{}, &NotApplicable{"the bench has no second client that signs with " + w.provider.client.Alg}
	}
	return clients[at], nil
}

func tokenByAnother(_ context.Context, w *World) error {
	p := &w.provider
	if p.token == nil {
		return errNoRequest
	}
	other, err := w.neighbour()
	if err != nil {
		return err
	}
	p.client = other
	p.token.Set("client_id", other.ID)
	p.assertion["iss"], p.assertion["sub"], p.header["kid"] = other.ID, other.ID, other.KID
	return nil
}

func tokenRequestStep(ctx context.Context, w *World) error { return tokenRequest(ctx, w) }

func assertionIs(ctx context.Context, w *World, claim, value string) error {
	if w.provider.assertion == nil {
		return errNoRequest
	}
	switch {
	case claim == "kid": // of the header
		w.provider.header["kid"] = value
	case value == "missing":
		return assertionLacks(ctx, w, claim)
	default:
		w.provider.assertion[claim] = w.claimValue(claim, value)
	}
	return nil
}

// claimValue reads what a feature says of a claim: times are from now.
func (w *World) claimValue(claim, value string) any {
	if d, err := time.ParseDuration(value); err == nil && (claim == "exp" || claim == "iat" || claim == "nbf") {
		return w.Bench.Clock().Now().Add(d).Unix()
	}
	return w.address(value)
}

func assertionLacks(_ context.Context, w *World, claim string) error {
	if w.provider.assertion == nil {
		return errNoRequest
	}
	delete(w.provider.assertion, claim)
	w.provider.assertion["-"+claim] = true // so that it isn't filled in when it is sent
	return nil
}

func assertionSignedBy(_ context.Context, w *World, who string) error {
	w.provider.signAs = who
	return nil
}

func tokenSent(ctx context.Context, w *World) error {
	endpoint, err := w.endpoint(ctx, "token_endpoint")
	if err != nil {
		return err
	}
	req, err := w.signedTokenRequest(ctx, endpoint)
	if err != nil {
		return err
	}
	if err := w.exchangeWith(req); err != nil {
		return err
	}
	w.keepTokens()
	return nil
}

func tokenSentAgain(ctx context.Context, w *World) error {
	endpoint, err := w.endpoint(ctx, "token_endpoint")
	if err != nil {
		return err
	}
	return w.postForm(ctx, endpoint, w.provider.token, nil)
}

// signedTokenRequest signs the assertion and makes the request.
func (w *World) signedTokenRequest(ctx context.Context, endpoint string) (*http.Request, error) {
	form := w.provider.token
	if form == nil {
		return nil, errNoRequest
	}
	if form.Get("client_assertion") == "" {
		assertion, err := w.sign(endpoint)
		if err != nil {
			return nil, err
		}
		form.Set("client_assertion", assertion)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

// sign makes the client assertion by hand, so that it can be wrong.
func (w *World) sign(endpoint string) (string, error) {
	p := &w.provider
	claims := map[string]any{"aud": endpoint}
	for name, value := range p.assertion {
		claims[name] = value
	}
	for name := range p.assertion {
		if lacking, marked := strings.CutPrefix(name, "-"); marked {
			delete(claims, lacking)
			delete(claims, name)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	switch p.signAs {
	case "none":
		return encode([]byte(`{"alg":"none"}`)) + "." + encode(payload) + ".", nil
	case "hs256":
		return signJWT(jose.HS256, bytes.Repeat([]byte("k"), 32), p.header, payload)
	case "stranger":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return "", err
		}
		return signJWT(jose.ES256, key, p.header, payload)
	}
	client := p.client
	if p.signAs == "neighbour" {
		other, err := w.neighbour()
		if err != nil {
			return "", err
		}
		client = other
	}
	key, err := readKey(client.Key)
	if err != nil {
		return "", err
	}
	signed, err := signJWT(jose.SignatureAlgorithm(p.client.Alg), key, p.header, payload)
	if err == nil && p.signAs == "broken" {
		signed = flip(signed)
	}
	return signed, err
}

func signJWT(alg jose.SignatureAlgorithm, key any, header map[string]any, payload []byte) (string, error) {
	options := (&jose.SignerOptions{}).WithType("JWT")
	if kid, _ := header["kid"].(string); kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		return "", fmt.Errorf("making an assertion: %w", err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing an assertion: %w", err)
	}
	return object.CompactSerialize()
}

// flip changes one character in the middle of a signature: a bit of it.
func flip(jwt string) string {
	at := (strings.LastIndexByte(jwt, '.') + len(jwt)) / 2
	other := byte('A')
	if jwt[at] == other {
		other = 'B'
	}
	return jwt[:at] + string(other) + jwt[at+1:]
}

// readKey reads a private key in PEM: PKCS#8, SEC 1 or PKCS#1.
func readKey(path string) (crypto.Signer, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the client's key: %w", err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("reading the client's key: %s is no PEM file", path)
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the client's key %s: %w", path, err)
	}
	return key, nil
}

// keepTokens takes the tokens out of the last answer, if it has any.
func (w *World) keepTokens() {
	var tokens struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	if w.exchange.status == 200 && json.Unmarshal(w.exchange.body, &tokens) == nil {
		w.provider.access, w.provider.idToken = tokens.Access, tokens.ID
	}
}

func codeRedeemed(ctx context.Context, w *World) error {
	if err := tokenRequest(ctx, w); err != nil {
		return err
	}
	if err := tokenSent(ctx, w); err != nil {
		return err
	}
	return tokensGiven(ctx, w)
}

func tokensGiven(ctx context.Context, w *World) error {
	if w.exchange.status != 200 {
		return &Failure{"answer of the token endpoint", "HTTP 200 with tokens", fmt.Sprintf("HTTP %d: %s", w.exchange.status, clip(w.exchange.body))}
	}
	for _, member := range []string{"access_token", "id_token"} {
		if err := memberThere(ctx, w, member); err != nil {
			return err
		}
	}
	if err := memberIs(ctx, w, "token_type", "Bearer"); err != nil {
		return err
	}
	return headerContains(ctx, w, "Cache-Control", "no-store")
}

func tokenRefused(ctx context.Context, w *World, want string) error {
	if w.exchange.status != 400 && w.exchange.status != 401 {
		observed := fmt.Sprintf("HTTP %d", w.exchange.status)
		if w.exchange.status == 200 {
			observed += " with tokens"
		}
		return &Failure{"answer of the token endpoint", "HTTP 400 or 401 with the error " + want, observed}
	}
	if err := memberIs(ctx, w, "error", want); err != nil {
		return err
	}
	return headerContains(ctx, w, "Cache-Control", "no-store")
}

func userinfoFetched(ctx context.Context, w *World) error {
	return w.userinfo(ctx, http.MethodGet, w.provider.access, "")
}

func userinfoPosted(ctx context.Context, w *World) error {
	return w.userinfo(ctx, http.MethodPost, w.provider.access, "")
}

func userinfoByQuery(ctx context.Context, w *World) error {
	return w.userinfo(ctx, http.MethodGet, "", w.provider.access)
}

func userinfoWith(ctx context.Context, w *World, token string) error {
	return w.userinfo(ctx, http.MethodGet, token, "")
}

func (w *World) userinfo(ctx context.Context, method, bearer, query string) error {
	address, err := w.endpoint(ctx, "userinfo_endpoint")
	if err != nil {
		return err
	}
	if query != "" {
		address += "?" + url.Values{"access_token": {query}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.exchangeWith(req)
}
