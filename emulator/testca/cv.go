package testca

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"slices"

	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// keyName is the 16 bytes by which CV certificates name a key: seven
// digits, 08 05, three digits, four bytes of padding.
type keyName [16]byte

func newKeyName(number, version string, padding byte) keyName {
	return keyName(slices.Concat([]byte(number), []byte{0x08, 0x05}, []byte(version), []byte{0, 0, 0, padding}))
}

// Padding of key names: keys of the card itself, below no application, end A8.
const (
	ofApplication = 0x00
	ofCard        = 0xA8
)

// The roots of the test hierarchy, as a test card names them: a leading 6 is
// test, 5 production. A municipality's key bears its code, as on the card
// surveyed; how the key between root and municipality is called on a real card
// is not known, 6000021 is a guess.
const (
	cardRootNumber, cardMiddleNumber = "6000020", "6000021"
	faceRootNumber                   = "6000023"
	textRootNumber                   = "6000033"
	rootVersion                      = "001"
	officeNumber, officeVersion      = "21", "000"
)

// cvAuthority is the chain of keys above a card: the root, where there is one
// the key in between, and the municipality's. One of the latter, which is
// public anyway, serves all municipalities.
type cvAuthority struct {
	root, middle, office *rsa.PrivateKey
}

// cvAuthorities are the three chains.
type cvAuthorities struct{ card, face, text cvAuthority }

func loadCVAuthorities() (a cvAuthorities, err error) {
	for name, key := range map[string]**rsa.PrivateKey{
		"text-root": &a.text.root, "text-issuer": &a.text.office,
		"face-root": &a.face.root, "face-issuer": &a.face.office,
		"card-root": &a.card.root, "card-middle": &a.card.middle, "card-issuer": &a.card.office,
	} {
		if *key, err = embeddedKey(name); err != nil {
			return cvAuthorities{}, err
		}
	}
	return a, nil
}

// certify makes the CV certificate of a key, 568 bytes from the tag 7F21 on.
func certify(issuer *rsa.PrivateKey, issuerName, name keyName, key *rsa.PublicKey) ([]byte, error) {
	var body, cv, outer tlv.Builder
	public := body.
		Add(jpki.TagRSAExponent, []byte{0x01, 0x00, 0x01}).
		Add(jpki.TagRSAModulus, key.N.Bytes()).Bytes()
	named := slices.Concat(issuerName[:], name[:], public)
	sum := sha256.Sum256(named)
	signature, err := rsa.SignPKCS1v15(nil, issuer, crypto.SHA256, sum[:])
	if err != nil {
		return nil, fmt.Errorf("signing CV certificate: %w", err)
	}
	cv.Add(jpki.TagCVBody, named).Add(jpki.TagCVSignature, signature)
	return outer.Add(jpki.TagCV, cv.Bytes()).Bytes(), nil
}

// issueText certifies the municipality's key of an application.
func (a cvAuthority) issueText(rootNumber string, p Person, card *rsa.PrivateKey) (Text, error) {
	root := newKeyName(rootNumber, rootVersion, ofApplication)
	office := newKeyName(p.Municipality+officeNumber, officeVersion, ofApplication)
	cv, err := certify(a.root, root, office, &a.office.PublicKey)
	return Text{CV: cv, IntegrityKey: a.office, CardKey: card}, err
}

// issueCard makes the certificates of the card itself.
func (a cvAuthority) issueCard(p Person, common *rsa.PrivateKey) (c Card, err error) {
	root := newKeyName(cardRootNumber, rootVersion, ofCard)
	middle := newKeyName(cardMiddleNumber, rootVersion, ofCard)
	office := newKeyName(p.Municipality+officeNumber, officeVersion, ofCard)
	c.CommonKey = common
	if c.MiddleCV, err = certify(a.root, root, middle, &a.middle.PublicKey); err != nil {
		return Card{}, err
	}
	c.OfficeCV, err = certify(a.middle, middle, office, &a.office.PublicKey)
	return c, err
}
