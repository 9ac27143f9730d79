// Package relyingparty is a service that people log in to, and the browsers
// that go there.
//
// [RP] is the sample relying party: a web page with a login button, on stock
// libraries (coreos/go-oidc, golang.org/x/oauth2), with private_key_jwt, PKCE,
// state and nonce bound to the browser's session. Read login.go for the way
// out, callback.go for the way back, and claims.go for what it demands of an
// ID token beyond what the library checks. Everything that it refuses ends in
// a page with a machine-readable [Reason].
//
// [UserAgent] is a light browser for programs: HTTP, cookies, redirects and
// the forms of pages, no script. [Browser] is a real one, headless Chromium,
// for the checks that a person would want to see.
//
// The RP is a sample to test with: sessions are in memory, and it trusts one
// provider.
package relyingparty
