package testca

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// keyName is the 16 bytes by which CV certificates name a key: seven
// digits, 08 05, three digits, four bytes of padding.
func keyName(number, version string) []byte {
	name := append([]byte(number), 0x08, 0x05)
	name = append(name, version...)
	return append(name, 0, 0, 0, 0)
}

// The root of 券面事項入力補助AP in the test hierarchy: a leading 6 is test, 5
// production. A municipality's key bears its code, as on the card surveyed.
const (
	textRootNumber, textRootVersion = "6000033", "001"
	officeNumber, officeVersion     = "21", "000"
)

// issueText certifies the municipality's key. One key, which is public anyway,
// serves all municipalities.
func (c *CA) issueText(p Person, card *rsa.PrivateKey) (Text, error) {
	var body, cv, outer tlv.Builder
	key := body.
		Add(jpki.TagRSAExponent, []byte{0x01, 0x00, 0x01}).
		Add(jpki.TagRSAModulus, c.textIssuer.N.Bytes()).Bytes()
	named := append(keyName(textRootNumber, textRootVersion), keyName(p.Municipality+officeNumber, officeVersion)...)
	named = append(named, key...)

	sum := sha256.Sum256(named)
	signature, err := rsa.SignPKCS1v15(nil, c.textRoot, crypto.SHA256, sum[:])
	if err != nil {
		return Text{}, fmt.Errorf("signing CV certificate: %w", err)
	}
	cv.Add(jpki.TagCVBody, named).Add(jpki.TagCVSignature, signature)
	outer.Add(jpki.TagCV, cv.Bytes())
	return Text{CV: outer.Bytes(), IntegrityKey: c.textIssuer, CardKey: card}, nil
}
