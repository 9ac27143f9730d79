package emulator

import (
	"bytes"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"

	"kazasu/internal/jpki"
)

// Physical sizes of files, in bytes, of which only the least is known.
const (
	certificateSize = 2048
	attributesSize  = 1024
	faceSize        = 16384
	basicSize       = 256
)

// Build makes the profile of this name (see [Profiles]) with these contents.
// Contents without sign certificate make the card of a holder under 15,
// whatever the name; the profile under-15 leaves it out.
func Build(profile string, c Contents) (Profile, error) {
	v, err := findVariant(profile)
	if err != nil {
		return Profile{}, err
	}
	if v.underFifteen {
		c.SignCertificate, c.SignKey = nil, nil
	}
	b := builder{Contents: c, variant: v, issue: issue{
		serial: serial(c.Serial), strictReset: v.strictReset, lastCommand: v.lastCommand,
	}}
	if err := b.build(); err != nil {
		return Profile{}, fmt.Errorf("building %s card: %w", profile, err)
	}
	return Profile{Name: v.name, ATR: bytes.Clone(v.atr), issue: &b.issue}, nil
}

// builder collects what is written on the card.
type builder struct {
	Contents
	variant variant
	issue   issue
}

func (b *builder) build() error {
	if err := b.checkJPKI(); err != nil {
		return err
	}
	b.add(b.jpki())
	if b.variant.phone {
		b.issue.data = b.placeData()
		return nil
	}
	if err := errors.Join(b.checkText(), b.checkCommon()); err != nil {
		return err
	}
	text, err := b.text()
	if err != nil {
		return err
	}
	b.add(text)
	if err := b.addFace(); err != nil {
		return err
	}
	b.issue.data = b.cardData()
	pin := b.jukiPIN()
	b.add(b.juki(pin))
	b.add(b.common(pin))
	return nil
}

func (b *builder) add(a application) { b.issue.applications = append(b.issue.applications, a) }

// pin makes the file of a PIN and its place among the card's PINs.
func (b *builder) pin(credential jpki.Credential, secret Secret) file {
	b.issue.pins = append(b.issue.pins, pinSpec{credential, secret.value})
	return verifying(credential.File, len(b.issue.pins)-1)
}

// jpki is 公的個人認証AP. Files 0005, 0009, 0010 and 0019 exist on real cards and
// nobody knows what for: they can be selected, and 0009 refuses to be read.
func (b *builder) jpki() application {
	authRead := always
	if b.variant.phone {
		authRead = after(jpki.AuthPIN)
	}
	auth := readable(jpki.AuthCertificate, authRead, padded(b.AuthCertificate, certificateSize))
	auth.swap = padded(b.swapCertificate(), certificateSize)
	return application{aid: jpki.AIDJPKI, files: []file{
		readable(jpki.SignCertificate, after(jpki.SignPIN), padded(b.SignCertificate, certificateSize)),
		readable(jpki.SignCA, always, padded(b.SignCA, certificateSize)),
		hidden(0x0005),
		readable(jpki.TokenInfo, always, tokenInfo(b.variant.label, b.issue.serial)),
		readable(jpki.CertificatesThere, always, b.certificatesThere()),
		readable(0x0009, never, padded(nil, 1)),
		auth,
		readable(jpki.AuthCA, always, padded(b.AuthCA, certificateSize)),
		hidden(0x0010),
		hidden(jpki.TerminalCAKey),
		signing(jpki.AuthKey, after(jpki.AuthPIN), b.AuthKey),
		b.pin(jpki.CredentialAuth, b.AuthPIN),
		hidden(0x0019),
		signing(jpki.SignKey, after(jpki.SignPIN), b.SignKey),
		b.signPIN(),
		hidden(0x001C),
		hidden(0x001E),
	}}
}

// signPIN is there on every card, and a client that binds insists that it
// answers a query. On a card without sign certificate no password was ever
// set: it stands blocked from issue, a guess.
func (b *builder) signPIN() file {
	if b.SignCertificate == nil {
		return verifying(jpki.SignPIN, pinNone)
	}
	return b.pin(jpki.CredentialSign, b.SignPassword)
}

func (b *builder) swapCertificate() []byte {
	switch {
	case b.SwapCertificate != nil:
		return b.SwapCertificate
	case b.SignCertificate != nil:
		return b.SignCertificate
	}
	return b.AuthCA
}

// certificatesThere is EF 0008: 8F where a certificate is, 00 where not, for
// sign and auth; the third byte's meaning is not known.
func (b *builder) certificatesThere() []byte {
	if b.SignCertificate == nil {
		return []byte{0x00, 0x8F, 0x00}
	}
	return []byte{0x8F, 0x8F, 0x00}
}

// CK_TOKEN_INFO's constants as the card has them (PKCS#11 v2.40, 3.2).
const (
	tokenFlags   = 0x0000040D // RNG, login required, user PIN and token initialised
	tokenUnknown = 0xFFFFFFFF // memory sizes: not told
)

// tokenInfo is EF 0006: a CK_TOKEN_INFO of 160 bytes with big-endian numbers.
// Its model says that the card is ours.
func tokenInfo(label, serial string) []byte {
	out := fmt.Appendf(nil, "%-32s%032d%-16s%16s", label, 1, "KAZASU01", serial)
	for _, n := range []uint32{
		tokenFlags,
		1, 0, 1, 0, // sessions, read-write sessions: most, open
		16, 6, // PIN length: most, least
		tokenUnknown, tokenUnknown, tokenUnknown, tokenUnknown,
	} {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return append(out, "03"+"01"+"9999999999999999"...) // hardware, firmware, time
}

// rsaPublic is how the card writes a public key: 90 exponent, 91 modulus.
func rsaPublic(key *rsa.PublicKey) []byte {
	exponent := []byte{byte(key.E >> 16), byte(key.E >> 8), byte(key.E)}
	return objects(
		object{jpki.TagRSAExponent, exponent},
		object{jpki.TagRSAModulus, key.N.FillBytes(make([]byte, keyBits/8))},
	)
}
