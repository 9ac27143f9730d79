package emulator

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"kazasu/internal/apdu"
)

// signatureLen is the length of a signature in bytes: RSA-2048.
const signatureLen = 256

// Lengths of what 80 2A takes, in bytes.
const (
	blockMax   = signatureLen - 11 // PKCS#1 v1.5 type 1 needs 11 bytes itself
	messageMax = 255
)

// scheme is what P1 of 80 2A asks for.
type scheme struct {
	min, max int // length of the input
	hash     bool
	inside   crypto.Hash // the hash that a DigestInfo or PSS names; 0: the input is the block
	pss      bool
}

// schemes by P1, as measured by sweeping P1 and checking the answers with the
// certificate.
var schemes = [...]scheme{
	0: {min: 1, max: blockMax},                                                // verbatim; clients send a DigestInfo
	1: {min: 1, max: messageMax, hash: true},                                  // bare SHA-256
	2: {min: sha256.Size, max: sha256.Size, inside: crypto.SHA256},            // hash → DigestInfo
	3: {min: 1, max: messageMax, hash: true, inside: crypto.SHA256},           // sha256WithRSA
	4: {min: sha256.Size, max: sha256.Size, inside: crypto.SHA256, pss: true}, // hash → PSS
	5: {min: 1, max: messageMax, hash: true, inside: crypto.SHA256, pss: true},
}

// sign is 80 2A. After one VERIFY any number of signatures is possible, for
// both keys.
func (c *Card) sign(cmd apdu.Command) (apdu.Response, error) {
	if int(cmd.P1) >= len(schemes) {
		return status(apdu.WrongP1P2), nil
	}
	if len(cmd.Data) == 0 || cmd.Ne < signatureLen {
		return status(apdu.WrongLength), nil
	}
	f, refusal := c.signingKey(cmd.P2)
	if refusal != apdu.OK {
		return status(refusal), nil
	}
	s := schemes[cmd.P1]
	if len(cmd.Data) < s.min || len(cmd.Data) > s.max {
		return status(apdu.ConditionsNotMet), nil
	}
	signature, err := s.apply(c, f.key, cmd.Data)
	if err != nil {
		return apdu.Response{}, fmt.Errorf("signing with key %04X: %w", uint16(f.id), err)
	}
	if c.faults.WrongSignature {
		signature[len(signature)/2] ^= 1
	}
	return apdu.Response{Data: signature, Status: apdu.OK}, nil
}

// signingKey resolves P2 and asks the key's access rule. A card issued without
// this key answers 6985, a guess.
func (c *Card) signingKey(p2 byte) (*file, apdu.Status) {
	f, refusal := c.keyReference(p2)
	switch {
	case refusal != apdu.OK:
		return nil, refusal
	case f.kind != keyFile:
		return nil, apdu.WrongFileType
	case !f.use.grants(c.session.verified):
		return nil, apdu.SecurityNotSatisfied
	case f.key == nil:
		return nil, apdu.ConditionsNotMet
	}
	return f, apdu.OK
}

// keyReference knows one form more than VERIFY: P2=00 is the application's
// own key, which needs no PIN.
func (c *Card) keyReference(p2 byte) (*file, apdu.Status) {
	if p2 != 0 {
		return c.session.reference(p2)
	}
	if a := c.session.application; a != nil && a.signer != 0 {
		return a.file(a.signer), apdu.OK
	}
	return nil, apdu.WrongP1P2
}

func (s scheme) apply(c *Card, key *rsa.PrivateKey, input []byte) ([]byte, error) {
	if s.hash {
		digest := sha256.Sum256(input)
		input = digest[:]
	}
	if s.pss {
		return rsa.SignPSS(c.rand, key, s.inside, input, &rsa.PSSOptions{SaltLength: sha256.Size})
	}
	return rsa.SignPKCS1v15(nil, key, s.inside, input)
}

// challengeMax is the longest challenge of INTERNAL AUTHENTICATE, in bytes.
const challengeMax = 255

// authenticate is INTERNAL AUTHENTICATE: a signature over the terminal's
// challenge, PKCS#1 v1.5 with SHA-256, and so the same each time. One key of
// the card does it, in 共通カードAP; signing keys answer 6982 while their PIN
// isn't verified, else 6985 (measured without PIN, a guess after it).
func (c *Card) authenticate(cmd apdu.Command) (apdu.Response, error) {
	switch {
	case cmd.P1 != 0:
		return status(apdu.WrongP1P2), nil
	case len(cmd.Data) == 0 || len(cmd.Data) > challengeMax || cmd.Ne < signatureLen:
		return status(apdu.WrongLength), nil
	}
	f, refusal := c.session.reference(cmd.P2)
	switch {
	case refusal != apdu.OK:
		return status(refusal), nil
	case f.kind == keyFile && !f.use.grants(c.session.verified):
		return status(apdu.SecurityNotSatisfied), nil
	case f.kind == keyFile, f.kind == proofKey && f.key == nil:
		return status(apdu.ConditionsNotMet), nil
	case f.kind != proofKey:
		return status(apdu.WrongFileType), nil
	}
	digest := sha256.Sum256(cmd.Data)
	proof, err := rsa.SignPKCS1v15(nil, f.key, crypto.SHA256, digest[:])
	if err != nil {
		return apdu.Response{}, fmt.Errorf("signing challenge with key %04X: %w", uint16(f.id), err)
	}
	return apdu.Response{Data: proof, Status: apdu.OK}, nil
}
