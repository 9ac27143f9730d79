package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// exchange is the HTTP answer that the scenario looks at.
type exchange struct {
	status   int
	header   http.Header
	body     []byte
	location *url.URL
}

// answerMax bounds what is read of an answer, in bytes.
const answerMax = 4 << 20

func httpSteps() []Row {
	return []Row{
		{`the page {string} is fetched`, `ページ{string}を取得する`,
			"GET; {issuer}, {rp}, {phone}, {metrics} and {ca} stand for the bench's addresses; redirects aren't followed", pageFetched},
		{`this form is posted to {string}:`, `次のフォームを{string}に送る:`,
			"POST of a form: | name | value |", formPosted},
		{`the request {string} is sent to {string} with these headers:`, `要求{string}を次のヘッダーで{string}に送る:`,
			"any method: | header | value |", requestSent},
		{`the HTTP status is {int}`, `HTTPステータスは {int} である`, "compares the status of the last answer", httpStatusIs},
		{`the header {string} is {string}`, `ヘッダー{string}は{string}である`, "compares a header of the last answer", headerIs},
		{`the header {string} contains {string}`, `ヘッダー{string}は{string}を含む`, "looks for text in a header of the last answer", headerContains},
		{`the page contains {string}`, `ページは{string}を含む`, "looks for text in the last answer", bodyContains},
		{`the page does not contain {string}`, `ページは{string}を含まない`, "looks for text in the last answer", bodyLacks},
		{`the JSON member {string} is {string}`, `JSONの{string}は{string}である`, "a.b walks into objects; bench addresses as above", memberIs},
		{`the JSON member {string} is there`, `JSONに{string}がある`, "the last answer has this member", memberThere},
		{`there is no JSON member {string}`, `JSONに{string}はない`, "the last answer hasn't got this member", memberNotThere},
		{`the JSON member {string} lists exactly {string}`, `JSONの{string}はちょうど{string}である`,
			"an array of these words, in any order, separated by spaces", memberLists},
		{`the JSON members are exactly {string}`, `JSONの項目はちょうど{string}である`,
			"these members and no other, separated by spaces", membersAre},
	}
}

// tap records what goes through a transport, without what is secret.
type tap struct {
	base  http.RoundTripper
	world *World
}

// RoundTrip sends the request and notes it.
func (t tap) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := t.base.RoundTrip(req)
	e := Exchange{Time: began, Method: req.Method, URL: blank(req.URL), Seconds: time.Since(began).Seconds()}
	if err != nil {
		e.Error = err.Error()
	} else {
		e.Status = resp.StatusCode
		if location, err := resp.Location(); err == nil {
			e.Location = blank(location)
		}
	}
	t.world.mu.Lock()
	defer t.world.mu.Unlock()
	t.world.http = append(t.world.http, e)
	if query := req.URL.Query(); query.Has("response_type") && query.Has("client_id") {
		t.world.requests = append(t.world.requests, query)
	}
	return resp, err
}

// shown are the query parameters whose values are no secret.
var shown = []string{"response_type", "scope", "client_id", "code_challenge_method", "acr_values", "error", "error_description"}

// blank is an address without the values that must not be kept.
func blank(u *url.URL) string {
	clean := *u
	query := clean.Query()
	for name := range query {
		if !slices.Contains(shown, name) {
			query.Set(name, "…")
		}
	}
	clean.RawQuery, _ = url.QueryUnescape(query.Encode())
	clean.Path = blankPath(clean.Path)
	return clean.String()
}

// blankPath hides what follows login and logins: it opens somebody's login.
func blankPath(path string) string {
	parts := strings.Split(path, "/")
	for i := 1; i < len(parts); i++ {
		if (parts[i-1] == "logins" || parts[i-1] == "login") && len(parts[i]) > 12 {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// transport is the bench's, trusting its TLS root, with a tap; the watched
// relying party is reached through it, too.
func (w *World) transport() http.RoundTripper {
	base := w.Bench.HTTP().Transport
	if base == nil {
		base = http.DefaultTransport
	}
	return tap{local{w, base}, w}
}

// local serves addresses of this scenario's own servers, and sends the rest on.
type local struct {
	world *World
	base  http.RoundTripper
}

// RoundTrip answers from the watched relying party, or from the network.
func (l local) RoundTrip(req *http.Request) (*http.Response, error) {
	if rp := l.world.logins.watched; rp != nil && req.URL.Host == rp.host {
		return rp.serve(req)
	}
	return l.base.RoundTrip(req)
}

// client follows no redirects and keeps no cookies.
func (w *World) client() *http.Client {
	return &http.Client{
		Transport:     w.transport(),
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// address fills the bench's addresses in.
func (w *World) address(text string) string {
	info := w.Bench.Info()
	return strings.NewReplacer(
		"{issuer}", info.Issuer, "{rp}", strings.TrimSuffix(info.RP, "/"), "{phone}", strings.TrimSuffix(info.Phone, "/"),
		"{metrics}", info.Metrics, "{ca.auth.crl}", info.CA.Auth.CRL, "{ca.auth.cert}", info.CA.Auth.Cert,
		"{ca.auth.ocsp}", info.CA.Auth.OCSP, "{ca.sign.crl}", info.CA.Sign.CRL, "{ca.sign.cert}", info.CA.Sign.Cert,
	).Replace(text)
}

// exchangeWith sends a request and keeps the answer.
func (w *World) exchangeWith(req *http.Request) error {
	resp, err := w.client().Do(req)
	if err != nil {
		return fmt.Errorf("asking %s: %w", blank(req.URL), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", blank(req.URL), err)
	}
	w.exchange = exchange{status: resp.StatusCode, header: resp.Header, body: body}
	if location, err := resp.Location(); err == nil {
		w.exchange.location = location
	}
	return nil
}

func (w *World) get(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	return w.exchangeWith(req)
}

func (w *World) postForm(ctx context.Context, address string, form url.Values, header http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.exchangeWith(req)
}

func pageFetched(ctx context.Context, w *World, address string) error {
	return w.get(ctx, w.address(address))
}

func formPosted(ctx context.Context, w *World, address string, table Table) error {
	form := url.Values{}
	for _, row := range table {
		if len(row) != 2 {
			return errors.New("a form's table has two columns: name and value")
		}
		form.Add(row[0], w.address(row[1]))
	}
	return w.postForm(ctx, w.address(address), form, nil)
}

func requestSent(ctx context.Context, w *World, method, address string, table Table) error {
	req, err := http.NewRequestWithContext(ctx, method, w.address(address), nil)
	if err != nil {
		return err
	}
	for _, row := range table {
		if len(row) != 2 {
			return errors.New("a table of headers has two columns: header and value")
		}
		req.Header.Add(row[0], w.address(row[1]))
	}
	return w.exchangeWith(req)
}

func httpStatusIs(_ context.Context, w *World, want int) error {
	return Expect("HTTP status", want, w.exchange.status)
}

func headerIs(_ context.Context, w *World, name, want string) error {
	return Expect("header "+name, want, w.exchange.header.Get(name))
}

func headerContains(_ context.Context, w *World, name, want string) error {
	got := w.exchange.header.Get(name)
	return ExpectThat(strings.Contains(got, want), "header "+name, "one with "+want, got)
}

func bodyContains(_ context.Context, w *World, want string) error {
	return ExpectThat(strings.Contains(string(w.exchange.body), want), "page", "one with "+want, clip(w.exchange.body))
}

func bodyLacks(_ context.Context, w *World, unwanted string) error {
	return ExpectThat(!strings.Contains(string(w.exchange.body), unwanted), "page", "none with "+unwanted, clip(w.exchange.body))
}

// clip is the beginning of a text, for people.
func clip(b []byte) string {
	const most = 200
	text := strings.Join(strings.Fields(string(b)), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// object is the last answer as a JSON object.
func (w *World) object() (map[string]any, error) {
	var o map[string]any
	if err := json.Unmarshal(w.exchange.body, &o); err != nil {
		return nil, &Failure{"answer", "a JSON object", clip(w.exchange.body)}
	}
	return o, nil
}

// member walks a.b.c into the last answer.
func (w *World) member(path string) (value any, there bool, err error) {
	o, err := w.object()
	if err != nil {
		return nil, false, err
	}
	value = o
	for _, name := range strings.Split(path, ".") {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil, false, nil
		}
		if value, there = inner[name]; !there {
			return nil, false, nil
		}
	}
	return value, true, nil
}

func memberIs(_ context.Context, w *World, path, want string) error {
	value, _, err := w.member(path)
	if err != nil {
		return err
	}
	return Expect("JSON member "+path, w.address(want), value)
}

func memberThere(_ context.Context, w *World, path string) error {
	_, there, err := w.member(path)
	if err != nil {
		return err
	}
	return ExpectThat(there, "JSON member "+path, "some value", clip(w.exchange.body))
}

func memberNotThere(_ context.Context, w *World, path string) error {
	value, there, err := w.member(path)
	if err != nil {
		return err
	}
	return ExpectThat(!there, "JSON member "+path, "none", value)
}

func memberLists(_ context.Context, w *World, path, want string) error {
	value, _, err := w.member(path)
	if err != nil {
		return err
	}
	list, _ := value.([]any)
	var got []string
	for _, item := range list {
		got = append(got, fmt.Sprint(item))
	}
	return Expect("JSON member "+path, sorted(strings.Fields(want)), sorted(got))
}

func membersAre(_ context.Context, w *World, want string) error {
	o, err := w.object()
	if err != nil {
		return err
	}
	var got []string
	for name := range o {
		got = append(got, name)
	}
	return Expect("members of the answer", sorted(strings.Fields(want)), sorted(got))
}

func sorted(words []string) string {
	words = slices.Clone(words)
	slices.Sort(words)
	return strings.Join(words, " ")
}
