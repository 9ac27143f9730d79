// Package idp is a reference OpenID provider that behaves as デジタル認証アプリ does
// towards a relying party, as far as that is public, and lies on request. It
// is for tests only, says so on every page, and refuses to stand under
// production's host names.
//
// A login goes like this. The relying party sends the browser to authorize,
// which checks every parameter by one table. The browser gets a page with a
// link, for the phone it runs on, and a QR code, for a phone beside it. The
// app on the phone opens the login over the contract of internal/appapi; on a
// PC it shows six digits that the person types into the page. The card signs
// the provider's challenge, and the app posts that with certificate,
// attributes and consent. proof.go judges them, in one straight list of
// checks. Then the browser takes a code to the relying party, which redeems
// it with its own signed assertion and the PKCE verifier for an ID token
// (ES256) and an access token (RS256), and asks userinfo for the attributes.
//
//	provider, err := idp.New(idp.Config{
//		Issuer:      "http://localhost:7443/api/realms/main",
//		Clients:     []idp.Client{{ID: "RP00000001", …}},
//		AppLink:     "http://localhost:7081/open",
//		AuthAnchors: …, TextRoot: …, CRL: …, OCSP: …,
//	})
//	http.ListenAndServe("localhost:7443", provider)
//
// TLS is the caller's matter.
//
// What a proof can't show is that certificate and attributes are of one card:
// the auth certificate names nobody, and the card's text names no certificate.
// An app that mixes one card's certificate with another's genuine text gets
// the other's name under its own subject; honest apps read both in one session
// with the card (docs/FIDELITY.md L13).
//
// What is official is the table of authorization parameters. The rest follows
// third parties that ran against the sandbox, and Keycloak, on which the real
// service seems to stand: texts of errors, the 400 of the token endpoint, the
// paths. The app's side is ours. Signing, refresh tokens and logout are
// missing; the metadata doesn't claim them.
//
// Personal data, the attributes of a finished login, stay in memory and are
// forgotten when its access token dies. The [Store], which may be a file, has
// challenges, codes and the identifiers of assertions.
package idp
