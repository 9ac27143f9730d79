package testca

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"math/big"

	"kazasu/internal/jpki"
)

// authority is the CA of one family: its certificate and the key behind it.
type authority struct {
	profile     jpki.CertificateProfile
	naming      naming
	name        []byte // DER of its DN
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

// newAuthority signs the family's root for this block of years.
func newAuthority(p jpki.CertificateProfile, n naming, block int, serial *big.Int) (*authority, error) {
	key, err := embeddedKey("ca-" + p.Family)
	if err != nil {
		return nil, err
	}
	a := &authority{profile: p, naming: n, name: n.caName(p), key: key}
	e := extensions{}
	e.add(jpki.OIDKeyUsage, bits(jpki.KeyUsageCA))
	e.add(jpki.OIDSubjectAltName, sequence(directoryName(n.caNameJapanese(p))))
	e.add(jpki.OIDBasicConstraints, sequence(object(tagBoolean, []byte{0xFF})))
	e.add(jpki.OIDCRLPoints, distributionPoint(a.name))
	e.add(jpki.OIDSubjectKeyID, object(tagOctets, keyID(&key.PublicKey)))
	_, a.certificate, err = certificate{
		serial: serial, issuer: a.name, subject: a.name, period: caPeriod(block),
		key: &key.PublicKey, extensions: e.encode(jpki.ExtensionsCA),
	}.sign(key)
	if err != nil {
		return nil, fmt.Errorf("making %s CA certificate: %w", p.Family, err)
	}
	return a, nil
}

// leaf is what differs between the leaves of one family.
type leaf struct {
	serial  *big.Int
	subject []byte
	period  period
	key     *rsa.PublicKey
}

// issue signs a person's certificate.
func (a *authority) issue(p Person, l leaf) ([]byte, *x509.Certificate, error) {
	if l.period.notAfter.After(a.certificate.NotAfter) || l.period.notBefore.Before(a.certificate.NotBefore) {
		return nil, nil, fmt.Errorf("the clock has left the years of this CA (%s)", a.certificate.NotAfter.Format("2006-01-02"))
	}
	return certificate{
		serial: l.serial, issuer: a.name, subject: l.subject, period: l.period, key: l.key,
		extensions: a.leafExtensions(p, l.key).encode(a.profile.Extensions),
	}.sign(a.key)
}

func (a *authority) leafExtensions(p Person, key *rsa.PublicKey) extensions {
	e := extensions{}
	e.add(jpki.OIDKeyUsage, bits(a.profile.KeyUsage))
	e.add(jpki.OIDPolicies, policies(a.naming.policy(a.profile), a.naming.cps))
	e.add(jpki.OIDIssuerAltName, sequence(directoryName(a.naming.caNameJapanese(a.profile))))
	e.add(jpki.OIDCRLPoints, distributionPoint(a.naming.crlPoint(a.profile, p.Prefecture, p.City)))
	e.add(jpki.OIDAuthorityKeyID, authorityKey(a.certificate.SubjectKeyId, a.name, a.certificate.SerialNumber))
	e.add(jpki.OIDSubjectKeyID, object(tagOctets, keyID(key)))
	if a.profile.OCSP {
		e.add(jpki.OIDExtendedKeyUsage, sequence(oid(jpki.OIDClientAuth)))
		e.add(jpki.OIDAuthorityInfo, ocspAccess(a.naming.ocsp))
	} else {
		e.add(jpki.OIDSubjectAltName, personalData(p))
	}
	return e
}

// digest is the source of everything that looks random and must not be.
func digest(parts ...string) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range append([]string{"kazasu testca 1"}, parts...) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// serialOf is a positive number of four bytes, 01000000 to 07FFFFFF, where
// today's serials of the real CAs lie.
func serialOf(sum [sha256.Size]byte) *big.Int {
	n := new(big.Int).SetBytes(sum[:4])
	n.Mod(n, big.NewInt(0x07000000))
	return n.Add(n, big.NewInt(0x01000000))
}
