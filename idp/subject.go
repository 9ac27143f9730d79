package idp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
)

// subject is the pairwise identifier (OpenID Connect Core §8.1) of a person
// for a sector, in the form of a UUID: the same for as long as the subject key
// and the person's own key last, and nothing to tell two sectors' apart from
// two persons'.
func (p *Provider) subject(sector, person string) string {
	mac := hmac.New(sha256.New, p.config.Keys.Subject)
	for _, part := range []string{sector, person} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		mac.Write(n[:])
		mac.Write([]byte(part))
	}
	return formatUUID([16]byte(mac.Sum(nil)))
}

// issuerAndSerial is the default of Config.Person.
func issuerAndSerial(cert *x509.Certificate) string {
	return string(cert.RawIssuer) + cert.SerialNumber.String()
}
