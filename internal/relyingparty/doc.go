// Package relyingparty is a service that people log in to, and the browsers
// that go there.
//
// [RP] is the sample relying party: a web page with a login button, on stock
// libraries (coreos/go-oidc, golang.org/x/oauth2), with private_key_jwt, PKCE,
// state and nonce bound to the browser's session. Read login.go for the way
// out, callback.go for the way back, and claims.go for what it demands of an
// ID token beyond what the library checks.
//
// Everything that it refuses ends in a page whose data-reason is a [Reason].
// These names are stable, checks tell by them that a lie was refused for its
// own sake:
//
//	before the browser leaves   scope-unknown, discovery-failed
//	the callback                callback-malformed, state-mismatch, issuer-mismatch, access-denied, provider-error
//	the token answer            token-request-failed
//	the ID token                id-token-malformed, id-token-alg, id-token-signature, id-token-issuer,
//	                            id-token-audience, id-token-expired, id-token-time, nonce-mismatch,
//	                            at-hash-mismatch, acr-insufficient
//	UserInfo                    userinfo-failed, userinfo-sub-mismatch
//
// What is wrong in several ways gets one of its names; of an ID token the
// signature is judged before any claim.
//
// [UserAgent] is a light browser for programs: HTTP, cookies, redirects and
// the forms of pages, no script. [Browser] is a real one, headless Chromium,
// for the checks that a person would want to see.
//
// The RP is a sample to test with: sessions are in memory, and it trusts one
// provider.
package relyingparty
