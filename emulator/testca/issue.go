package testca

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"kazasu/internal/jpki"
)

// Issued is what the office puts onto one card.
type Issued struct {
	Auth, Sign Leaf // Sign is zero for a person under 15
	Text       Text // of 券面事項入力補助AP
	Face       Text // of 券面事項確認AP
	Card       Card
}

// Leaf is a certificate with its key.
type Leaf struct {
	DER         []byte
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
}

// Text is what vouches for the attributes in 券面事項入力補助AP, or in 券面事項確認AP.
type Text struct {
	CV           []byte          // EF 0004, 568 bytes from the tag 7F21 on
	IntegrityKey *rsa.PrivateKey // the municipality's, certified by CV; signs what the files say
	CardKey      *rsa.PrivateKey // the card's own
}

// Card is what the card holds below no application or for all of them.
type Card struct {
	MiddleCV  []byte          // the root certifies the key in between; 568 bytes
	OfficeCV  []byte          // that key certifies the municipality's; 568 bytes
	CommonKey *rsa.PrivateKey // answers INTERNAL AUTHENTICATE in 共通カードAP
}

// Issue makes the certificates of a person's card. The same person at the same
// Generation gets the same bytes throughout a block of years, see the package's
// story. A person of one's own gets new keys, the same again from this CA but
// not from the next: hand them back in Person.Keys.
func (c *CA) Issue(p Person) (Issued, error) {
	issued, err := c.issue(p)
	if err != nil {
		return Issued{}, fmt.Errorf("issuing card of %q: %w", p.ID, err)
	}
	return issued, nil
}

func (c *CA) issue(p Person) (out Issued, err error) {
	if err := p.check(); err != nil {
		return Issued{}, err
	}
	valid, err := leafPeriod(p, c.now())
	if err != nil {
		return Issued{}, err
	}
	keys, err := c.keysOf(p)
	if err != nil {
		return Issued{}, err
	}
	if out.Auth, err = c.issueLeaf(Auth, p, valid, keys.Auth); err != nil {
		return Issued{}, err
	}
	if !p.UnderFifteen {
		if out.Sign, err = c.issueLeaf(Sign, p, valid, keys.Sign); err != nil {
			return Issued{}, err
		}
	}
	if out.Text, err = c.cv.text.issueText(textRootNumber, p, keys.Card); err != nil {
		return Issued{}, err
	}
	if out.Face, err = c.cv.face.issueText(faceRootNumber, p, keys.Face); err != nil {
		return Issued{}, err
	}
	out.Card, err = c.cv.card.issueCard(p, keys.Common)
	return out, err
}

func (c *CA) issueLeaf(f Family, p Person, valid period, key *rsa.PrivateKey) (Leaf, error) {
	a := c.authorities[f]
	seed := digest("leaf", string(f), p.ID, strconv.Itoa(p.Generation), valid.notAfter.Format(time.RFC3339))
	l := leaf{serial: serialOf(seed), period: valid, key: &key.PublicKey, subject: subjectAuth(p, valid, seed)}
	if f == Sign {
		l.subject = subjectSign(p, valid, seed)
	}
	der, cert, err := a.issue(p, l)
	if err != nil {
		return Leaf{}, err
	}
	return Leaf{der, cert, key}, c.enter(f, l.serial)
}

// officeSuffix ends every CN seen, behind the municipality's code.
const officeSuffix = "003A"

// subjectAuth has a CN of 23 characters: five digits and 4, the day before the
// signing in three characters and a constant of its year, four characters, and
// the office. Verifiers must take it as opaque; its inner form was worked out
// from five certificates (docs/FIDELITY.md K5).
func subjectAuth(p Person, valid period, seed [sha256.Size]byte) []byte {
	day := valid.notBefore.UTC() // in the night in Japan: the day before
	cn := fmt.Sprintf("%05d4%02X%X%s%s%s%s",
		binary.BigEndian.Uint32(seed[4:])%100_000,
		byte(day.Year()), int(day.Month()), base36(uint64(day.Day()), 1),
		base36(binary.BigEndian.Uint64(seed[8:]), 4),
		p.Municipality, officeSuffix)
	return sequence(country(), rdn(jpki.OIDCommonName, cn))
}

// subjectSign names the place and has a CN of 28 characters: the time of the
// application, five digits, and the office. The person's name isn't there.
func subjectSign(p Person, valid period, seed [sha256.Size]byte) []byte {
	applied := valid.notBefore.In(japan).Add(-12 * time.Hour)
	cn := fmt.Sprintf("%s%05d%s%s", applied.Format("20060102150405"),
		binary.BigEndian.Uint32(seed[4:])%100_000, p.Municipality, officeSuffix)
	return sequence(country(),
		rdn(jpki.OIDLocality, p.Prefecture),
		rdn(jpki.OIDLocality, p.City),
		rdn(jpki.OIDCommonName, cn))
}

// base36 is the last digits of n, in capitals.
func base36(n uint64, digits int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	out := make([]byte, digits)
	for i := range out {
		out[digits-1-i] = alphabet[n%36]
		n /= 36
	}
	return string(out)
}
