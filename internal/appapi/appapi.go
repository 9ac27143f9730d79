// Package appapi is the contract between the app on a phone and the provider.
//
// The real service's app talks to its servers over an interface that is not
// public, so this one is ours; docs/APP-API.md describes it for whoever builds
// another phone. It has four calls, all below the login's own URL:
//
//	POST {login}/open    OpenRequest → Opened       the link was followed, or the QR code scanned
//	GET  {login}/status  → Status                   waits until the number was typed on the PC
//	POST {login}/proof   Proof → Finished           what the card gave, after consent
//	POST {login}/cancel  CancelRequest → Finished   the person gave up
//
// All but open carry "Authorization: Bearer " and Opened.Session. A refusal is
// a 4xx status with a [Problem].
//
// The card never signs bytes that a server chose: it signs a [Challenge],
// which names the domain, the login, the client and a nonce, hashed together.
package appapi

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// Flow says where the browser that began the login runs.
type Flow string

const (
	SameDevice  Flow = "same-device"  // on the phone itself; the app was opened by a link
	CrossDevice Flow = "cross-device" // on a PC; the phone scanned a QR code
)

// State is where a login stands for the app.
type State string

const (
	StateNumber State = "waiting-for-number" // the PC page waits for the six digits
	StateReady  State = "ready"              // the card may be read
	StateClosed State = "closed"             // finished, cancelled or expired
)

// OpenRequest opens a login. It has no members yet.
type OpenRequest struct{}

// Opened is what the app may know of a login.
type Opened struct {
	Session    string    `json:"session"` // secret: bearer of the other calls
	Flow       Flow      `json:"flow"`
	State      State     `json:"state"`
	Number     string    `json:"number,omitempty"` // six digits to type on the PC; cross-device only
	Client     Client    `json:"client"`
	Attributes []string  `json:"attributes"` // of name, address, birthdate, gender: what the client asks for
	Challenge  Challenge `json:"challenge"`
	Expires    time.Time `json:"expires"`
}

// Client is the relying party, as the consent screen names it.
type Client struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Privacy string `json:"privacy,omitempty"` // URL of its privacy policy
	Terms   string `json:"terms,omitempty"`   // URL of its terms of use
}

// Challenge is what the card signs, in parts.
type Challenge struct {
	Domain string `json:"domain"` // the issuer
	Login  string `json:"login"`
	Client string `json:"client"`
	Nonce  string `json:"nonce"` // base64url, 32 random bytes
}

// challengeLabel separates these hashes from any other use of the card's key.
const challengeLabel = "kazasu login challenge 1"

// Bytes is what is hashed: the label and the four parts, each preceded by its
// length in 4 bytes.
func (c Challenge) Bytes() []byte {
	var b []byte
	for _, part := range []string{challengeLabel, c.Domain, c.Login, c.Client, c.Nonce} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

// Digest is the SHA-256 of Bytes, which the card signs inside a DigestInfo.
func (c Challenge) Digest() [sha256.Size]byte { return sha256.Sum256(c.Bytes()) }

// Status answers GET status, at once when wait=0, else when it changes or
// after half a minute.
type Status struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"` // why it is closed
}

// Proof is what the card gave and the person consented to.
type Proof struct {
	Certificate []byte     `json:"certificate"`     // secret: DER of the auth certificate
	Signature   []byte     `json:"signature"`       // 256 bytes, PKCS#1 v1.5 over the challenge
	Files       *TextFiles `json:"files,omitempty"` // secret: only when attributes were asked for
	Consent     []string   `json:"consent"`         // the attributes the person agreed to hand over
}

// TextFiles are the raw files of 券面事項入力補助AP that carry the attributes.
type TextFiles struct {
	Attributes []byte `json:"attributes"` // EF 0002
	Integrity  []byte `json:"integrity"`  // EF 0003
	CV         []byte `json:"cv"`         // EF 0004
}

// CancelRequest says why the app gives up.
type CancelRequest struct {
	Reason string `json:"reason"` // cancelled, pin-blocked, card-unusable, timeout
}

// Finished ends the app's part.
type Finished struct {
	// Redirect is where the phone's browser goes now; empty when the
	// browser is on a PC, whose page goes on by itself.
	Redirect string `json:"redirect,omitempty"`
}

// Problem is the body of every refusal. Code is stable; Message is for people.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (p Problem) Error() string { return fmt.Sprintf("%s: %s", p.Code, p.Message) }

// SecretMembers are the JSON members that never reach a log or a trace.
var SecretMembers = []string{"session", "certificate", "files", "signature"}

// linkParameter carries the login's URL inside a link or QR code.
const linkParameter = "login"

// Link is what the page offers and the QR code holds: the app's own address,
// with the login's URL inside.
func Link(app, login string) string {
	return app + "?" + linkParameter + "=" + url.QueryEscape(login)
}

// LoginURL takes the login's URL out of a link.
func LoginURL(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", fmt.Errorf("reading app link: %w", err)
	}
	login := u.Query().Get(linkParameter)
	if target, err := url.Parse(login); err != nil || target.Host == "" {
		return "", fmt.Errorf("app link %s names no login", link)
	}
	return login, nil
}
