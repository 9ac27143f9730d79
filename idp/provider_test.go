package idp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kazasu/internal/faults"
)

func TestDiscovery(t *testing.T) {
	w := newWorld(t)
	_, body := w.get(http.DefaultClient, w.issuer+"/.well-known/openid-configuration")
	got := map[string]any{}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"issuer":                                           w.issuer,
		"authorization_endpoint":                           w.issuer + "/protocol/openid-connect/auth",
		"token_endpoint":                                   w.issuer + "/protocol/openid-connect/token",
		"userinfo_endpoint":                                w.issuer + "/protocol/openid-connect/userinfo",
		"jwks_uri":                                         w.issuer + "/protocol/openid-connect/certs",
		"response_types_supported":                         []any{"code"},
		"response_modes_supported":                         []any{"query"},
		"grant_types_supported":                            []any{"authorization_code"},
		"subject_types_supported":                          []any{"pairwise"},
		"scopes_supported":                                 []any{"openid", "name", "address", "birthdate", "gender"},
		"acr_values_supported":                             []any{"aal3", "crl"},
		"claim_types_supported":                            []any{"normal"},
		"ui_locales_supported":                             []any{"ja", "en"},
		"code_challenge_methods_supported":                 []any{"S256"},
		"id_token_signing_alg_values_supported":            []any{"ES256"},
		"token_endpoint_auth_methods_supported":            []any{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []any{"ES256", "RS256"},
		"claims_parameter_supported":                       false,
		"request_parameter_supported":                      false,
		"request_uri_parameter_supported":                  false,
		"require_request_uri_registration":                 false,
		"authorization_response_iss_parameter_supported":   false,
		"claims_supported": []any{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", "azp", "jti", "sid",
			"name", "address", "birthdate", "gender"},
	}
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
		delete(got, name)
	}
	if len(got) != 0 {
		t.Errorf("unexpected members: %v", got)
	}
}

func TestJWKS(t *testing.T) {
	w := newWorld(t)
	_, body := w.get(http.DefaultClient, w.issuer+"/protocol/openid-connect/certs")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 || set.Keys[0]["kid"] == set.Keys[1]["kid"] {
		t.Fatalf("keys are %v", set.Keys)
	}
	for i, want := range []struct{ alg, kty, members string }{{"ES256", "EC", "alg crv kid kty use x y"}, {"RS256", "RSA", "alg e kid kty n use"}} {
		key := set.Keys[i]
		members := make([]string, 0, len(key))
		for name := range key {
			members = append(members, name)
		}
		slices.Sort(members)
		if key["alg"] != want.alg || key["kty"] != want.kty || key["use"] != "sig" || strings.Join(members, " ") != want.members {
			t.Errorf("key %d is %v", i, key)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	k := testKeys()
	ca := makeCA(t, k.ca, 1, caName, noon, noon.AddDate(1, 0, 0))
	real := makeCA(t, k.ca, 1, pkix.Name{Organization: []string{"JPKI"}}, noon, noon.AddDate(1, 0, 0))
	leafParsed, err := x509.ParseCertificate((&world{t: t, ca: ca}).issue(nil))
	if err != nil {
		t.Fatal(err)
	}
	client := func(change func(*Client)) func(*Config) {
		return func(c *Config) { change(&c.Clients[0]) }
	}
	for _, row := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Issuer = "https://auth-and-sign.go.jp/api/realms/main" }, "bears a host name of the real service"},
		{func(c *Config) { c.Issuer = "https://www.SB-auth-and-sign.go.jp./x" }, "bears a host name of the real service"},
		{func(c *Config) { c.Issuer = "http://idp.example/x" }, "plain http off the loopback"},
		{func(c *Config) { c.Issuer = "https://localhost/x/" }, "ends with a slash"},
		{func(c *Config) { c.Issuer = "localhost" }, "not a plain URL"},
		{func(c *Config) { c.Issuer = "ftp://localhost" }, "neither https nor http"},
		{func(c *Config) { c.Revocation = "sometimes" }, `revocation "sometimes" is none of`},
		{func(c *Config) { c.CRL = "" }, "revocation crl-and-ocsp needs the URL of a CRL"},
		{func(c *Config) { c.OCSP = "" }, "revocation crl-and-ocsp needs the URL of an OCSP responder"},
		{func(c *Config) { c.AuthAnchors = nil }, "no CA certificate to trust"},
		{func(c *Config) { c.AuthAnchors = []*x509.Certificate{real} }, "bears the name of the real CA"},
		{func(c *Config) { c.AuthAnchors = []*x509.Certificate{leafParsed} }, "is no CA"},
		{func(c *Config) { c.TextRoot = nil }, "no key to trust for the card's text"},
		{func(c *Config) { c.Keys.Subject = []byte("short") }, "subject key has fewer than 32 bytes"},
		{func(c *Config) { c.Clients = append(c.Clients, c.Clients[0]) }, "stands twice"},
		{client(func(c *Client) { c.ID = "RP-1" }), "1 to 255 letters and digits"},
		{client(func(c *Client) { c.RedirectURIs = nil }), "no redirect URI"},
		{client(func(c *Client) { c.RedirectURIs = []string{"https://rp.test/#x"} }), "has a fragment"},
		{client(func(c *Client) { c.RedirectURIs = []string{"javascript:alert(1)"} }), "is no web address"},
		{client(func(c *Client) { c.RedirectURIs = []string{"https://rp.test/" + strings.Repeat("x", 240)} }), "longer than 255"},
		{client(func(c *Client) { c.Alg = "HS256" }), "neither ES256 nor RS256"},
		{client(func(c *Client) { c.Keys = []PublicKey{{"k", k.clientRSA.Public()}} }), "doesn't fit ES256"},
		{client(func(c *Client) { c.Keys = []PublicKey{{"k", crypto.PublicKey("text")}} }), "doesn't fit ES256"},
	} {
		config := Config{
			Issuer: "https://localhost:7443/api/realms/main", AuthAnchors: []*x509.Certificate{ca}, TextRoot: &k.text.PublicKey,
			CRL: "http://ca.test/crl", OCSP: "http://ca.test/ocsp",
			Clients: []Client{{ID: "RP1", RedirectURIs: []string{"https://rp.test/cb"}}},
		}
		row.change(&config)
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("New: %v, want %q", err, row.want)
		}
	}
}

func TestDefaultsMakeAProvider(t *testing.T) {
	k := testKeys()
	ca := makeCA(t, k.ca, 1, caName, noon, noon.AddDate(1, 0, 0))
	p, err := New(Config{
		Issuer: "https://idp.example", InsecureIssuer: true, Revocation: "ocsp", OCSP: "http://ca.test/ocsp",
		AuthAnchors: []*x509.Certificate{ca}, TextRoot: &k.text.PublicKey,
		Clients: []Client{{ID: "RP1", RedirectURIs: []string{"com.example.app:/cb"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c := p.clients["RP1"]; c.Alg != "ES256" || c.Name != "RP1" || c.Sector != "RP1" {
		t.Errorf("client is %+v", c)
	}
	if len(p.config.Keys.Subject) != 32 || p.config.Keys.ID == nil || p.config.Keys.Access == nil {
		t.Error("keys were not made up")
	}
}

// Renewal gives a person a new certificate; a Person function keeps the subject.
func TestPersonDecidesTheSubject(t *testing.T) {
	for name, row := range map[string]struct {
		person func(*x509.Certificate) string
		same   bool
	}{
		"by issuer and serial": {nil, false},
		"by a link":            {func(*x509.Certificate) string { return "hanako" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.Person = row.person })
			before := part(t, w.tokens(goodRequest())["id_token"], 1)["sub"]
			w.leaf = w.issue(func(c *x509.Certificate) { c.SerialNumber = new(big.Int).SetInt64(leafSerial + 1) })
			after := part(t, w.tokens(goodRequest())["id_token"], 1)["sub"]
			if (before == after) != row.same {
				t.Errorf("subjects %s and %s", before, after)
			}
		})
	}
}

// Codes and subjects survive a restart with the same keys and store; what
// holds personal data doesn't.
func TestRestartForgetsPersonalData(t *testing.T) {
	w := newWorld(t)
	code := w.code(goodRequest())
	config := w.provider.config
	again, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.provider = again
	w.refusedGrant(w.tokenForm(code), 400, "invalid_grant", "Code not valid")
}

func TestFaultsHaveSentences(t *testing.T) {
	var names []string
	for _, f := range faults.List("idp", Faults{}) {
		names = append(names, f.Name)
	}
	want := "wrong-nonce wrong-issuer wrong-audience expired unsigned foreign-key userinfo-of-another"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("faults %s, want %s", got, want)
	}
}

func TestShelfForgets(t *testing.T) {
	var s shelf[string]
	s.put("a", "x", noon, noon.Add(10))
	if v, ok := s.get("a", noon.Add(10)); !ok || v != "x" {
		t.Errorf("at its end: %q %t", v, ok)
	}
	if _, ok := s.get("a", noon.Add(11)); ok {
		t.Error("past its end it is still there")
	}
	s.put("b", "y", noon.Add(2*sweepEvery), noon.Add(3*sweepEvery))
	if len(s.items) != 1 {
		t.Errorf("%d items after the sweep", len(s.items))
	}
	s.shorten("b", noon)
	if _, ok := s.get("b", noon.Add(1)); ok {
		t.Error("shortened, it is still there")
	}
}

// A store that fails must fail closed, and say so only to the observer.
func TestBrokenStore(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Store = brokenStore{} })
	b := w.begin(goodRequest())
	resp, body := w.do(http.DefaultClient, w.request("POST", appURL(t, b.links["same-device"])+"/open", bytes.NewReader([]byte("{}"))))
	if resp.StatusCode != 500 || strings.Contains(body, "disk") {
		t.Errorf("open answers %d %s", resp.StatusCode, body)
	}
	w.refusedGrant(w.tokenForm("x"), 500, "server_error", "Internal error")
	if events := w.seen(KindError); !strings.Contains(events[0].Text, "disk full") {
		t.Errorf("the observer is told %v", events)
	}
}

type brokenStore struct{}

var errDisk = causef("disk full")

func (brokenStore) Put(string, string, []byte, time.Duration) error         { return errDisk }
func (brokenStore) Take(string, string) ([]byte, bool, error)               { return nil, false, errDisk }
func (brokenStore) Add(string, string, []byte, time.Duration) (bool, error) { return false, errDisk }
func (brokenStore) Update(string, string, func([]byte) ([]byte, error)) error {
	return errDisk
}
