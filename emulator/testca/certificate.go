package testca

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
)

// oidSHA256WithRSA is what every certificate is signed with.
var oidSHA256WithRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}

// certificate is one to be signed. Its names and extensions are DER already.
type certificate struct {
	serial          *big.Int
	issuer, subject []byte
	period          period
	key             *rsa.PublicKey
	extensions      []byte
}

// sign gives the certificate as DER and parsed.
func (c certificate) sign(key *rsa.PrivateKey) ([]byte, *x509.Certificate, error) {
	algorithm := sequence(oid(oidSHA256WithRSA), object(tagNull))
	spki, err := x509.MarshalPKIXPublicKey(c.key)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding key: %w", err)
	}
	version3 := object(constructed(0), []byte{tagInteger, 1, 2})
	tbs := sequence(version3, integer(c.serial), algorithm, c.issuer, c.period.encode(),
		c.subject, spki, object(constructed(3), c.extensions))
	sum := sha256.Sum256(tbs)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return nil, nil, fmt.Errorf("signing: %w", err)
	}
	der := sequence(tbs, algorithm, bits(asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}))
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("reading back: %w", err)
	}
	return der, parsed, nil
}
