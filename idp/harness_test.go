package idp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"kazasu/internal/appapi"
)

// noon is when the tests take place.
var noon = time.Date(2026, 10, 1, 3, 0, 0, 0, time.UTC)

// testClock stands still until it is moved.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

func (c *testClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// keyring holds the keys of all tests; RSA keys take long to make.
type keyring struct {
	ca, otherCA, leaf, text, integrity, access, clientRSA, small *rsa.PrivateKey
	id, clientEC, strangerEC                                     *ecdsa.PrivateKey
}

var testKeys = sync.OnceValue(func() keyring {
	return keyring{
		ca: newRSA(2048), otherCA: newRSA(2048), leaf: newRSA(2048), text: newRSA(2048), integrity: newRSA(2048),
		access: newRSA(2048), clientRSA: newRSA(2048), small: newRSA(1024),
		id: newEC(), clientEC: newEC(), strangerEC: newEC(),
	}
})

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func newEC() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// The client's PKCE pair is that of RFC 7636, appendix B.
const (
	verifierB  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challengeB = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	clientA    = "RP00000001"
	clientB    = "RP00000002"
	callbackA  = "https://client.test/callback?from=idp"
	callbackB  = "http://localhost:7080/callback"
)

var caName = pkix.Name{Country: []string{"JP"}, Organization: []string{"JPKI-KAZASU"},
	OrganizationalUnit: []string{"JPKI for user authentication"}}

// world is a provider with everything round it: a CA that answers over HTTP, a
// relying party's keys, a card's certificate and text.
type world struct {
	t        testing.TB
	clock    *testClock
	ca       *x509.Certificate
	leaf     []byte
	files    appapi.TextFiles
	revoked  map[int64]int // serial → reason
	crl      func() []byte // what the CA answers; may be replaced
	ocsp     func(*ocsp.Request) []byte
	issuer   string
	provider *Provider

	mu     sync.Mutex
	events []Event
}

func newWorld(t testing.TB, change ...func(*Config)) *world {
	k := testKeys()
	w := &world{t: t, clock: &testClock{now: noon}, revoked: map[int64]int{}}
	w.ca = makeCA(t, k.ca, 1, caName, noon.AddDate(-1, 0, 0), noon.AddDate(9, 0, 0))
	w.leaf = w.issue(nil)
	w.files = textFiles(k.text, k.integrity, "電子　花子", "東京都架空区試験町一丁目２－３")
	w.crl, w.ocsp = w.makeCRL, w.answerOCSP
	responder := httptest.NewServer(http.HandlerFunc(w.serveCA))
	t.Cleanup(responder.Close)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.provider.ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	w.issuer = server.URL + "/api/realms/main"
	config := Config{
		Issuer: w.issuer, AppLink: "http://phone.test/open", Clock: w.clock,
		Clients: []Client{
			{ID: clientA, Name: "試験銀行", RedirectURIs: []string{callbackA}, Keys: []PublicKey{{"a1", k.clientEC.Public()}}},
			{ID: clientB, Name: "Test Shop", RedirectURIs: []string{callbackB}, Alg: "RS256", Keys: []PublicKey{{"", k.clientRSA.Public()}}},
		},
		AuthAnchors: []*x509.Certificate{w.ca}, TextRoot: &k.text.PublicKey,
		CRL: responder.URL + "/crl", OCSP: responder.URL + "/ocsp",
		Keys:    Keys{ID: k.id, Access: k.access, Subject: bytes.Repeat([]byte{7}, 32)},
		Observe: w.observe,
	}
	for _, f := range change {
		f(&config)
	}
	var err error
	if w.provider, err = New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.provider.Close() })
	return w
}

func (w *world) observe(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// seen are the events of one kind so far.
func (w *world) seen(kind Kind) []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.events), func(e Event) bool { return e.Kind != kind })
}

// ---- the relying party and its browser ----

// goodRequest are the parameters of a good authorization request.
func goodRequest() url.Values {
	return url.Values{
		"response_type": {"code"}, "scope": {"openid name address birthdate gender"}, "client_id": {clientA},
		"redirect_uri": {callbackA}, "state": {"st;ate ~1"}, "nonce": {"n-0S6_WzA2Mj"},
		"code_challenge": {challengeB}, "code_challenge_method": {"S256"}, "acr_values": {"aal3 crl"},
	}
}

// browser keeps cookies and follows no redirect.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *world) do(client *http.Client, req *http.Request) (*http.Response, string) {
	w.t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(body)
}

func (w *world) request(method, target string, body io.Reader) *http.Request {
	w.t.Helper()
	req, err := http.NewRequest(method, target, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return req
}

func (w *world) get(client *http.Client, target string) (*http.Response, string) {
	w.t.Helper()
	return w.do(client, w.request("GET", target, nil))
}

func (w *world) postForm(client *http.Client, target string, form url.Values) (*http.Response, string) {
	w.t.Helper()
	req := w.request("POST", target, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(client, req)
}

// desktop is a browser's name on a PC.
const desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"

// begun is a login that a browser has begun.
type begun struct {
	w       *world
	browser *http.Client
	page    string // URL of the login page
	links   map[appapi.Flow]string
}

var linkPattern = regexp.MustCompile(`data-kazasu="app-link" data-flow="([a-z-]+)" href="([^"]+)"`)

func (w *world) begin(params url.Values) begun {
	w.t.Helper()
	b := begun{w: w, browser: w.browser(), links: map[appapi.Flow]string{}}
	resp, body := w.get(b.browser, w.issuer+"/protocol/openid-connect/auth?"+params.Encode())
	if resp.StatusCode != 303 || !strings.HasPrefix(resp.Header.Get("Location"), w.issuer+"/login/") {
		w.t.Fatalf("authorize answers %d to %s: %s", resp.StatusCode, resp.Header.Get("Location"), body)
	}
	b.page = resp.Header.Get("Location")
	b.readLinks()
	return b
}

func (b *begun) readLinks() {
	b.w.t.Helper()
	_, body := b.w.get(b.browser, b.page)
	for _, m := range linkPattern.FindAllStringSubmatch(body, -1) {
		b.links[appapi.Flow(m[1])] = strings.ReplaceAll(m[2], "&amp;", "&")
	}
	if len(b.links) != 2 {
		b.w.t.Fatalf("page has links %v: %s", b.links, body)
	}
}

// callback is where the browser ends up from an address of the provider.
func (b begun) callback(address string) url.Values {
	b.w.t.Helper()
	for strings.HasPrefix(address, b.w.issuer) {
		resp, body := b.w.get(b.browser, address)
		if resp.StatusCode != 303 {
			b.w.t.Fatalf("%s answers %d: %s", address, resp.StatusCode, body)
		}
		address = resp.Header.Get("Location")
	}
	u, err := url.Parse(address)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return u.Query()
}

// ---- the app ----

// app is a scripted app with a card.
type app struct {
	w      *world
	url    string
	opened appapi.Opened
}

func (w *world) open(link string) app {
	w.t.Helper()
	a := app{w: w, url: appURL(w.t, link)}
	if status, problem := a.post("open", appapi.OpenRequest{}, &a.opened); status != 200 {
		w.t.Fatalf("open answers %d %v", status, problem)
	}
	return a
}

func appURL(t testing.TB, link string) string {
	t.Helper()
	address, err := appapi.LoginURL(link)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func (a app) post(call string, in, out any) (int, appapi.Problem) {
	a.w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		a.w.t.Fatal(err)
	}
	return a.call("POST", call, bytes.NewReader(body), out)
}

func (a app) call(method, call string, body io.Reader, out any) (int, appapi.Problem) {
	a.w.t.Helper()
	req := a.w.request(method, a.url+"/"+call, body)
	if a.opened.Session != "" {
		req.Header.Set("Authorization", "Bearer "+a.opened.Session)
	}
	resp, answer := a.w.do(http.DefaultClient, req)
	var problem appapi.Problem
	if resp.StatusCode != 200 {
		out = &problem
	}
	if err := json.Unmarshal([]byte(answer), out); err != nil {
		a.w.t.Fatalf("%s answers %q", call, answer)
	}
	return resp.StatusCode, problem
}

// proof is what an honest app with an honest card posts.
func (a app) proof() appapi.Proof {
	digest := a.opened.Challenge.Digest()
	signature, err := rsa.SignPKCS1v15(nil, testKeys().leaf, crypto.SHA256, digest[:])
	if err != nil {
		a.w.t.Fatal(err)
	}
	proof := appapi.Proof{Certificate: a.w.leaf, Signature: signature, Consent: a.opened.Attributes}
	if len(proof.Consent) > 0 {
		files := a.w.files
		proof.Files = &files
	}
	return proof
}

// finish posts a proof that must be accepted.
func (a app) finish(proof appapi.Proof) string {
	a.w.t.Helper()
	var done appapi.Finished
	if status, problem := a.post("proof", proof, &done); status != 200 {
		a.w.t.Fatalf("proof answers %d %v", status, problem)
	}
	return done.Redirect
}

// code is a whole login on the same device, up to the code.
func (w *world) code(params url.Values) string {
	w.t.Helper()
	b := w.begin(params)
	a := w.open(b.links[appapi.SameDevice])
	query := b.callback(a.finish(a.proof()))
	if query.Get("code") == "" {
		w.t.Fatalf("no code: %v", query)
	}
	return query.Get("code")
}

// ---- tokens ----

func assertion(t testing.TB, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// assertionOf are the claims of a client's good assertion.
func (w *world) assertionOf(client string) map[string]any {
	return map[string]any{
		"iss": client, "sub": client, "aud": w.issuer + "/protocol/openid-connect/token", "jti": uuid(),
		"iat": w.clock.Now().Unix(), "exp": w.clock.Now().Add(time.Minute).Unix(),
	}
}

// tokenForm is a good token request of client A.
func (w *world) tokenForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callbackA}, "code_verifier": {verifierB},
		"client_id": {clientA}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion": {assertion(w.t, jose.ES256, testKeys().clientEC, "a1", w.assertionOf(clientA))},
	}
}

func (w *world) postToken(form url.Values) (int, map[string]any) {
	w.t.Helper()
	resp, body := w.postForm(http.DefaultClient, w.issuer+"/protocol/openid-connect/token", form)
	if resp.Header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("token answers Cache-Control %q", resp.Header.Get("Cache-Control"))
	}
	answer := map[string]any{}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		w.t.Fatalf("token answers %q", body)
	}
	return resp.StatusCode, answer
}

// tokens is a whole login with its tokens.
func (w *world) tokens(params url.Values) map[string]any {
	w.t.Helper()
	status, answer := w.postToken(w.tokenForm(w.code(params)))
	if status != 200 {
		w.t.Fatalf("token answers %d %v", status, answer)
	}
	return answer
}

func (w *world) userinfo(access string) (int, map[string]string) {
	w.t.Helper()
	req := w.request("GET", w.issuer+"/protocol/openid-connect/userinfo", nil)
	req.Header.Set("Authorization", "Bearer "+access)
	resp, body := w.do(http.DefaultClient, req)
	claims := map[string]string{}
	if err := json.Unmarshal([]byte(body), &claims); err != nil {
		w.t.Fatalf("userinfo answers %q", body)
	}
	return resp.StatusCode, claims
}

// part decodes one part of a JWT.
func part(t testing.TB, token any, n int) map[string]any {
	t.Helper()
	parts := strings.Split(token.(string), ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// with is a copy of values with some replaced; an empty one is removed.
func with(values url.Values, pairs ...string) url.Values {
	out := maps.Clone(values)
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		}
	}
	return out
}
