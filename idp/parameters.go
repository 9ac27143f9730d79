package idp

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// parameters are a request's, each with all its values. A parameter without a
// value counts as left out (RFC 6749 §3.1).
type parameters map[string][]string

// bodyMax bounds a form, and stateMax what of a bad state is sent back.
const (
	bodyMax  = 64 << 10
	stateMax = 4 << 10
)

// readParameters reads the query or, from a POST, the form. Unlike net/url it
// takes a semicolon for what it is, a character: states hold them.
func readParameters(r *http.Request) (parameters, error) {
	if r.Method != http.MethodPost {
		return parseParameters(r.URL.RawQuery)
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("content type %q is no form", kind)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyMax+1))
	if err != nil {
		return nil, fmt.Errorf("reading form: %w", err)
	}
	if len(body) > bodyMax {
		return nil, errors.New("form is too long")
	}
	return parseParameters(string(body))
}

func parseParameters(encoded string) (parameters, error) {
	out := parameters{}
	for pair := range strings.SplitSeq(encoded, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return nil, fmt.Errorf("reading parameter's name: %w", err)
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, fmt.Errorf("reading parameter %s: %w", name, err)
		}
		if name != "" && value != "" {
			out[name] = append(out[name], value)
		}
	}
	return out, nil
}

// one is the value of a parameter, empty unless it was sent exactly once.
func (p parameters) one(name string) string {
	if len(p[name]) != 1 {
		return ""
	}
	return p[name][0]
}

// doubled is the name of a parameter that was sent more than once, if any.
func (p parameters) doubled() string {
	for name, values := range p {
		if len(values) > 1 {
			return name
		}
	}
	return ""
}

// rule is one row of the table of authorization parameters.
type rule struct {
	name     string
	required bool
	min, max int // length in characters; max 0: any
	valid    func(value string) bool
	missing  refusal
	wrong    refusal
}

// authorizeRules is the official table (docs/FIDELITY.md I1) behind client_id
// and redirect_uri, which are checked before any error may be redirected. The
// order is that of the checks. Rows without "official" are what OpenID Connect
// Core makes of a parameter that the table leaves out.
var authorizeRules = []rule{
	{name: "response_type", required: true, valid: is("code"),
		missing: missing("response_type"), wrong: refusal{unsupportedResponseType, "Invalid parameter: response_type"}}, // official
	{name: "response_mode", valid: is("query"), wrong: invalid("response_mode")},
	{name: "request", valid: never, wrong: refusal{requestNotSupported, "Request objects are not supported"}},
	{name: "request_uri", valid: never, wrong: refusal{requestURINotSupported, "Request objects are not supported"}},
	{name: "scope", required: true, valid: scopesKnown,
		missing: refusal{invalidScope, "Missing parameter: scope"}, wrong: refusal{invalidScope, "Invalid scopes"}}, // official
	{name: "state", required: true, min: 1, max: 255, valid: chars(isPrintable), missing: missing("state"), wrong: invalid("state")}, // official
	{name: "nonce", required: true, min: 1, max: 255, valid: chars(isPrintable), missing: missing("nonce"), wrong: invalid("nonce")}, // official
	{name: "code_challenge_method", required: true, valid: is("S256"),
		missing: missing("code_challenge_method"),
		wrong:   refusal{invalidRequest, "Invalid parameter: code challenge method is not matching the configured one"}}, // official
	{name: "code_challenge", required: true, min: 43, max: 128, valid: chars(isBase64URL),
		missing: missing("code_challenge"), wrong: invalid("code_challenge")}, // official, with Keycloak's lower bound
	{name: "acr_values", valid: acrKnown, wrong: invalid("acr_values")},                      // official
	{name: "sign_transaction_id", valid: never, wrong: invalid("sign_transaction_id")},       // official; there are no transactions
	{name: "prompt", valid: promptPossible, wrong: refusal{loginRequired, "Login required"}}, // there is no session to go without
}

func missing(name string) refusal { return refusal{invalidRequest, "Missing parameter: " + name} }
func invalid(name string) refusal { return refusal{invalidRequest, "Invalid parameter: " + name} }

// check is nil when the value, empty if left out, keeps the rule.
func (r rule) check(value string) *refusal {
	switch {
	case value == "" && r.required:
		return &r.missing
	case value == "":
		return nil
	case len(value) < r.min, r.max > 0 && len(value) > r.max, !r.valid(value):
		return &r.wrong
	}
	return nil
}

// scopeAttributes are the scopes that ask for an attribute each, with the
// claim of the same name (docs/FIDELITY.md I17, I25).
var scopeAttributes = []string{"name", "address", "birthdate", "gender"}

// acrValues are the context classes taken (docs/FIDELITY.md I6); acrGiven is the
// one that comes back.
var acrValues = []string{"aal3", "crl"}

const acrGiven = "aal3"

func scopesKnown(value string) bool {
	scopes := strings.Fields(value)
	return slices.Contains(scopes, "openid") && !slices.ContainsFunc(scopes, func(s string) bool {
		return s != "openid" && !slices.Contains(scopeAttributes, s)
	})
}

func acrKnown(value string) bool {
	return !slices.ContainsFunc(strings.Fields(value), func(s string) bool { return !slices.Contains(acrValues, s) })
}

func promptPossible(value string) bool { return !slices.Contains(strings.Fields(value), "none") }

func never(string) bool { return false }

func is(want string) func(string) bool { return func(value string) bool { return value == want } }

func chars(allowed func(byte) bool) func(string) bool {
	return func(value string) bool { return all(value, allowed) }
}

func all(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
func isPrintable(c byte) bool { return 0x20 <= c && c <= 0x7E }
func isBase64URL(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

// isUnreserved is the alphabet of a PKCE verifier, RFC 7636 §4.1.
func isUnreserved(c byte) bool { return isBase64URL(c) || c == '.' || c == '~' }
