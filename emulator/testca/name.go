package testca

import (
	"encoding/asn1"

	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// naming is everything by which certificates of one CA differ from those of
// another with the same keys: names, policies, URLs.
type naming struct {
	organization         string // O of every name
	organizationJapanese string // O of issuerAltName
	production           bool   // policies of the real service
	cps, ocsp            string // URLs
}

// markTest stands behind the service's Japanese name in certificates of ours.
const markTest = " TEST"

// namingOf is how a CA of this organisation speaks: as the real one where the
// organisation is a real one, yet with URLs of ours.
func namingOf(organization string) naming {
	n := naming{organization, jpki.ServiceJapanese + markTest, false, jpki.CPS, jpki.OCSP}
	if isReal(organization) {
		n.organizationJapanese = jpki.ServiceJapanese
	}
	n.production = organization == jpki.OrganizationProduction
	return n
}

// isReal says that certificates with this organisation exist.
func isReal(organization string) bool {
	return organization == jpki.OrganizationProduction || organization == jpki.OrganizationTest
}

func (n naming) policy(p jpki.CertificateProfile) asn1.ObjectIdentifier {
	if n.production {
		return p.Policy
	}
	return p.PolicyTest
}

// rdn is one attribute of a name. Country is a PrintableString, everything
// else a UTF8String, ASCII or not.
func rdn(attribute asn1.ObjectIdentifier, value string) []byte {
	tag := tlv.Tag(tagUTF8)
	if attribute.Equal(jpki.OIDCountry) {
		tag = tagPrintable
	}
	return object(tagSet, sequence(oid(attribute), text(tag, value)))
}

func country() []byte { return rdn(jpki.OIDCountry, "JP") }

// caName is the name of a family's CA, the same for all its generations.
func (n naming) caName(p jpki.CertificateProfile) []byte {
	return sequence(country(),
		rdn(jpki.OIDOrganization, n.organization),
		rdn(jpki.OIDOrganizationalUnit, p.Service),
		rdn(jpki.OIDOrganizationalUnit, jpki.Operator))
}

// caNameJapanese is the CA's other name: its subjectAltName, and the
// issuerAltName of what it issues.
func (n naming) caNameJapanese(p jpki.CertificateProfile) []byte {
	return sequence(country(),
		rdn(jpki.OIDOrganization, n.organizationJapanese),
		rdn(jpki.OIDOrganizationalUnit, p.ServiceJapanese),
		rdn(jpki.OIDOrganizationalUnit, jpki.OperatorJapanese))
}

// crlPoint names the part of the CRL that one municipality's certificates are
// in: an entry of a directory, not a URL.
func (n naming) crlPoint(p jpki.CertificateProfile, prefecture, city string) []byte {
	return sequence(country(),
		rdn(jpki.OIDOrganization, n.organization),
		rdn(jpki.OIDOrganizationalUnit, p.Service),
		rdn(jpki.OIDOrganizationalUnit, jpki.CRLPoints),
		rdn(jpki.OIDOrganizationalUnit, prefecture),
		rdn(jpki.OIDCommonName, city+jpki.CRLPointSuffix))
}
