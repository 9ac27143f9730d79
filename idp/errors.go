package idp

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// refusal is an OAuth 2.0 error as the protocol tells it: a code and a text.
// The texts are Keycloak's (docs/FIDELITY.md I4, I12), which tell little on
// purpose; the true cause goes to the observer.
type refusal struct {
	code, text string
}

func (r refusal) Error() string { return r.code + ": " + r.text }

// Codes of RFC 6749 §4.1.2.1 and §5.2, and of OpenID Connect Core §3.1.2.6.
const (
	invalidRequest          = "invalid_request"
	invalidClient           = "invalid_client"
	invalidGrant            = "invalid_grant"
	invalidScope            = "invalid_scope"
	invalidToken            = "invalid_token"
	unsupportedGrantType    = "unsupported_grant_type"
	unsupportedResponseType = "unsupported_response_type"
	accessDenied            = "access_denied"
	serverError             = "server_error"
	loginRequired           = "login_required"
	requestNotSupported     = "request_not_supported"
	requestURINotSupported  = "request_uri_not_supported"
)

// Refusals of the token endpoint's grant.
var (
	refuseCodeMissing     = refusal{invalidRequest, "Missing parameter: code"}
	refuseCode            = refusal{invalidGrant, "Code not valid"}
	refuseCodeExpired     = refusal{invalidGrant, "Code is expired"}
	refuseRedirectURI     = refusal{invalidGrant, "Incorrect redirect_uri"}
	refuseVerifierMissing = refusal{invalidGrant, "PKCE code verifier not specified"}
	refuseVerifierForm    = refusal{invalidGrant, "PKCE verification failed: Invalid code verifier"}
	refuseVerifier        = refusal{invalidGrant, "PKCE verification failed: Code mismatch"}
	refuseGrantMissing    = refusal{invalidRequest, "Missing form parameter: grant_type"}
	refuseGrantType       = refusal{unsupportedGrantType, "Unsupported grant_type"}
	refuseDuplicate       = refusal{invalidRequest, "duplicated parameter"}
	refuseServer          = refusal{serverError, "Internal error"}
)

// closedBy is how a login that ends without a code is told to the client:
// access_denied for everything on the person's side (docs/FIDELITY.md I9).
var closedBy = map[string]refusal{
	"cancelled":     {accessDenied, "User cancelled the login"},
	"pin-blocked":   {accessDenied, "The card's PIN is blocked"},
	"card-unusable": {accessDenied, "The card can't be used"},
	"timeout":       {accessDenied, "The card was not read in time"},
	"wrong-number":  {accessDenied, "The number was mistyped too often"},
	"expired":       {accessDenied, "The login expired"},
	"refused":       {accessDenied, "The card was refused"},
}

// causef is an error for the observer alone.
func causef(format string, args ...any) error { return fmt.Errorf(format, args...) }

// writeJSON answers with v; nothing of this provider may be cached.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // a client that went away is no concern of ours
}

// writeRefusal answers with an error object, RFC 6749 §5.2.
func writeRefusal(w http.ResponseWriter, status int, r refusal) {
	writeJSON(w, status, map[string]string{"error": r.code, "error_description": r.text})
}
