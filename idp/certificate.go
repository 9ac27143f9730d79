package idp

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// The checks below are written by hand, not x509.Verify's, because JPKI is
// peculiar: all generations of a CA share one name, the path is always of
// length one, the critical policy must be processed, and a boundary instant
// counts as valid. docs/FIDELITY.md K1, K4, K22.

func readCertificate(_ context.Context, e *evidence) (err error) {
	e.certificate, err = x509.ParseCertificate(e.proof.Certificate)
	return err
}

// findIssuer collects the anchors whose name is, byte for byte, the issuer's.
func findIssuer(_ context.Context, e *evidence) error {
	for _, anchor := range e.provider.config.AuthAnchors {
		if bytes.Equal(anchor.RawSubject, e.certificate.RawIssuer) {
			e.candidates = append(e.candidates, anchor)
		}
	}
	if len(e.candidates) == 0 {
		return errors.New("no anchor bears the issuer's name")
	}
	return nil
}

var oidAuthorityKey = asn1.ObjectIdentifier{2, 5, 29, 35}

// authorityKey is the extension that tells generations apart. JPKI writes all
// three members.
type authorityKey struct {
	KeyID  []byte        `asn1:"optional,tag:0"`
	Issuer asn1.RawValue `asn1:"optional,tag:1"`
	Serial *big.Int      `asn1:"optional,tag:2"`
}

// matchAuthorityKey drops the candidates that the certificate's own pointer
// contradicts in any member. Without the extension all stay.
func matchAuthorityKey(_ context.Context, e *evidence) error {
	der := extension(e.certificate, oidAuthorityKey)
	if der == nil {
		return nil
	}
	var key authorityKey
	if rest, err := asn1.Unmarshal(der, &key); err != nil || len(rest) > 0 {
		return errors.New("reading authority key identifier")
	}
	e.candidates = slices.DeleteFunc(e.candidates, func(anchor *x509.Certificate) bool { return !key.names(anchor) })
	if len(e.candidates) == 0 {
		return errors.New("no anchor of that name has this key identifier and serial")
	}
	return nil
}

func (k authorityKey) names(anchor *x509.Certificate) bool {
	if len(k.KeyID) > 0 && !bytes.Equal(k.KeyID, anchor.SubjectKeyId) {
		return false
	}
	if k.Serial != nil && k.Serial.Cmp(anchor.SerialNumber) != 0 {
		return false
	}
	return len(k.Issuer.Bytes) == 0 || bytes.Equal(directoryName(k.Issuer.Bytes), anchor.RawIssuer)
}

// directoryName takes the name out of GeneralNames that hold just one
// directoryName, [4] explicit.
func directoryName(generalNames []byte) []byte {
	var name asn1.RawValue
	rest, err := asn1.Unmarshal(generalNames, &name)
	if err != nil || len(rest) > 0 || name.Class != asn1.ClassContextSpecific || name.Tag != 4 {
		return nil
	}
	return name.Bytes
}

func extension(cert *x509.Certificate, id asn1.ObjectIdentifier) []byte {
	for _, ext := range cert.Extensions {
		if ext.Id.Equal(id) {
			return ext.Value
		}
	}
	return nil
}

func checkAlgorithm(_ context.Context, e *evidence) error {
	if e.certificate.SignatureAlgorithm != x509.SHA256WithRSA {
		return fmt.Errorf("signed by %s", e.certificate.SignatureAlgorithm)
	}
	return nil
}

// checkIssued finds the candidate whose key signed the certificate.
func checkIssued(_ context.Context, e *evidence) error {
	cert := e.certificate
	for _, anchor := range e.candidates {
		if anchor.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil {
			e.anchor = anchor
			return nil
		}
	}
	return errors.New("no candidate's key verifies the signature")
}

// checkIssuerTime is the shell model: the CA must be valid now, as the leaf
// must. A leaf may outlive its CA, and is refused from then on.
func checkIssuerTime(_ context.Context, e *evidence) error {
	if e.now.Before(e.anchor.NotBefore) || e.now.After(e.anchor.NotAfter) {
		return fmt.Errorf("the CA is valid from %s to %s", e.anchor.NotBefore, e.anchor.NotAfter)
	}
	return nil
}

// checkTimeForm demands UTCTime, as RFC 5280 §4.1.2.5 does before 2050.
func checkTimeForm(_ context.Context, e *evidence) error {
	var tbs struct {
		Version   int `asn1:"optional,explicit,default:0,tag:0"`
		Serial    *big.Int
		Algorithm asn1.RawValue
		Issuer    asn1.RawValue
		Validity  struct{ NotBefore, NotAfter asn1.RawValue }
	}
	if _, err := asn1.Unmarshal(e.certificate.RawTBSCertificate, &tbs); err != nil {
		return fmt.Errorf("reading validity: %w", err)
	}
	early := e.certificate.NotBefore.UTC().Year() < 2050 && tbs.Validity.NotBefore.Tag != asn1.TagUTCTime
	late := e.certificate.NotAfter.UTC().Year() < 2050 && tbs.Validity.NotAfter.Tag != asn1.TagUTCTime
	if early || late {
		return errors.New("GeneralizedTime before 2050")
	}
	return nil
}

func checkNotBefore(_ context.Context, e *evidence) error {
	if e.now.Before(e.certificate.NotBefore) {
		return fmt.Errorf("valid from %s", e.certificate.NotBefore)
	}
	return nil
}

// checkNotAfter: the instant itself is valid, and so is the second that it
// names, as certificates count in seconds.
func checkNotAfter(_ context.Context, e *evidence) error {
	if e.now.Unix() > e.certificate.NotAfter.Unix() {
		return fmt.Errorf("valid to %s", e.certificate.NotAfter)
	}
	return nil
}

// Extensions that the checks here process.
var criticalKnown = []asn1.ObjectIdentifier{
	{2, 5, 29, 15}, // keyUsage
	{2, 5, 29, 19}, // basicConstraints
	{2, 5, 29, 32}, // certificatePolicies
	{2, 5, 29, 37}, // extKeyUsage
}

func checkCritical(_ context.Context, e *evidence) error {
	for _, ext := range e.certificate.Extensions {
		if ext.Critical && !slices.ContainsFunc(criticalKnown, ext.Id.Equal) {
			return fmt.Errorf("extension %s", ext.Id)
		}
	}
	return nil
}

// checkPolicy wants exactly one policy, one of those configured.
func checkPolicy(_ context.Context, e *evidence) error {
	policies := e.certificate.Policies
	if len(policies) != 1 {
		return fmt.Errorf("%d policies", len(policies))
	}
	if !slices.Contains(e.provider.config.AuthPolicies, policies[0].String()) {
		return fmt.Errorf("policy %s", policies[0])
	}
	return nil
}

func checkKeyUsage(_ context.Context, e *evidence) error {
	if e.certificate.KeyUsage != x509.KeyUsageDigitalSignature {
		return fmt.Errorf("key usage bits %#x", int(e.certificate.KeyUsage))
	}
	return nil
}

func checkExtKeyUsage(_ context.Context, e *evidence) error {
	if !slices.Contains(e.certificate.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		return errors.New("no clientAuth among its usages")
	}
	return nil
}

func checkNotCA(_ context.Context, e *evidence) error {
	if e.certificate.IsCA {
		return errors.New("basic constraints say CA")
	}
	return nil
}

func checkKey(_ context.Context, e *evidence) error {
	key, ok := e.certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("key is a %s", e.certificate.PublicKeyAlgorithm)
	}
	return checkRSA(key)
}

func checkRSA(key *rsa.PublicKey) error {
	if key.N.BitLen() != 2048 || key.E != 65537 {
		return fmt.Errorf("%d bits, exponent %d", key.N.BitLen(), key.E)
	}
	return nil
}
