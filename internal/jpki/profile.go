package jpki

import "encoding/asn1"

// Organisations (the O of every DN) by which one tells whose certificate it
// is. Kazasu's own is the default everywhere, so that code which looks at
// names alone never takes ours for a real one.
const (
	Organization           = "JPKI-KAZASU" // ours
	OrganizationTest       = "JPKI-TEST"   // J-LIS's test cards; reported by their readers
	OrganizationProduction = "JPKI"        // the real service; seen in its CA certificates
)

// Names in the DNs of every certificate, as decoded from the CA certificates.
const (
	Operator         = "Japan Agency for Local Authority Information Systems"
	OperatorJapanese = "地方公共団体情報システム機構"
	ServiceJapanese  = "公的個人認証サービス" // O of issuerAltName and of a CA's subjectAltName
	CRLPoints        = "CRL Distribution Points"
	CRLPointSuffix   = " CRLDP" // behind the municipality in a CRL partition's CN
)

// URLs in real certificates. Kazasu's name the reserved domain .test, so that
// software which follows one from a certificate of ours never reaches the
// real service.
const (
	CPSProduction  = "http://www.jpki.go.jp/cps.html"
	OCSPProduction = "http://ocspauthnorm.jpki.go.jp"
	CPS            = "http://www.jpki-kazasu.test/cps.html"
	OCSP           = "http://ocspauthnorm.jpki-kazasu.test"
)

// Object identifiers of names and extensions, RFC 5280 and RFC 6960.
var (
	OIDCountry            = asn1.ObjectIdentifier{2, 5, 4, 6}
	OIDLocality           = asn1.ObjectIdentifier{2, 5, 4, 7}
	OIDOrganization       = asn1.ObjectIdentifier{2, 5, 4, 10}
	OIDOrganizationalUnit = asn1.ObjectIdentifier{2, 5, 4, 11}
	OIDCommonName         = asn1.ObjectIdentifier{2, 5, 4, 3}

	OIDSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	OIDKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	OIDSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	OIDIssuerAltName    = asn1.ObjectIdentifier{2, 5, 29, 18}
	OIDBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	OIDCRLPoints        = asn1.ObjectIdentifier{2, 5, 29, 31}
	OIDPolicies         = asn1.ObjectIdentifier{2, 5, 29, 32}
	OIDAuthorityKeyID   = asn1.ObjectIdentifier{2, 5, 29, 35}
	OIDExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	OIDAuthorityInfo    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}

	OIDCPS         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 1}
	OIDClientAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	OIDOCSPSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
	OIDOCSP        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}
	OIDOCSPNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
)

// Policies and personal data below JPKI's own arc, 1.2.392.200149.8.5.
// Sources: auth decoded from certificates; sign and the attributes reported by
// several readers of real cards; the sign policy of J-LIS's test cards
// reported by one.
var (
	PolicyAuth     = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 1, 3, 30}
	PolicySign     = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 1, 1, 20}
	PolicySignTest = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 1, 0, 20}
	// PolicyAuthTest is a guess, since no auth policy of a test card is
	// known: what turns the sign policy 1.20 into 0.20 makes 0.30 of 3.30.
	PolicyAuthTest = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 1, 0, 30}

	OIDName         = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 5, 1} // 氏名
	OIDNameFlags    = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 5, 2} // 氏名の代替文字使用位置
	OIDSex          = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 5, 3} // 性別
	OIDBirth        = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 5, 4} // 生年月日
	OIDAddress      = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 5, 5} // 住所
	OIDAddressFlags = asn1.ObjectIdentifier{1, 2, 392, 200149, 8, 5, 5, 6} // 住所の代替文字使用位置
)

// SignAttributes is the order of the six otherNames in a sign certificate.
var SignAttributes = []asn1.ObjectIdentifier{OIDName, OIDBirth, OIDSex, OIDAddress, OIDNameFlags, OIDAddressFlags}

// CertificateProfile is what the certificates of one family have in common.
type CertificateProfile struct {
	Family             string // "auth" or "sign"
	Service            string // OU of the issuer
	ServiceJapanese    string // OU of issuerAltName
	Policy, PolicyTest asn1.ObjectIdentifier
	KeyUsage           asn1.BitString
	OCSP               bool                    // has an authorityInfoAccess
	Extensions         []asn1.ObjectIdentifier // of a leaf, in order
	CommonNameLen      int                     // characters of a leaf's CN
}

// Profiles of the two families' leaves. Auth is decoded from production
// certificates and rebuilt to the byte; sign from a dummy whose extensions
// follow a real one, and from reports.
var (
	ProfileAuth = CertificateProfile{
		Family: "auth", Service: "JPKI for user authentication", ServiceJapanese: "公的個人認証サービス利用者証明用",
		Policy: PolicyAuth, PolicyTest: PolicyAuthTest,
		KeyUsage: asn1.BitString{Bytes: []byte{0x80}, BitLength: 1}, // digitalSignature
		OCSP:     true, CommonNameLen: 23,
		Extensions: []asn1.ObjectIdentifier{
			OIDKeyUsage, OIDExtendedKeyUsage, OIDPolicies, OIDIssuerAltName, OIDCRLPoints,
			OIDAuthorityInfo, OIDAuthorityKeyID, OIDSubjectKeyID,
		},
	}
	ProfileSign = CertificateProfile{
		Family: "sign", Service: "JPKI for digital signature", ServiceJapanese: "公的個人認証サービス署名用",
		Policy: PolicySign, PolicyTest: PolicySignTest,
		KeyUsage:      asn1.BitString{Bytes: []byte{0xC0}, BitLength: 2}, // and nonRepudiation
		CommonNameLen: 28,
		Extensions: []asn1.ObjectIdentifier{
			OIDKeyUsage, OIDSubjectAltName, OIDPolicies, OIDIssuerAltName, OIDCRLPoints,
			OIDAuthorityKeyID, OIDSubjectKeyID,
		},
	}
)

// ExtensionsCA is the order of a CA certificate's extensions, and KeyUsageCA
// its bits, keyCertSign and cRLSign: the same in both families.
var (
	ExtensionsCA = []asn1.ObjectIdentifier{
		OIDKeyUsage, OIDSubjectAltName, OIDBasicConstraints, OIDCRLPoints, OIDSubjectKeyID,
	}
	KeyUsageCA = asn1.BitString{Bytes: []byte{0x06}, BitLength: 7}
)

// ExtensionCritical says which extensions are marked critical, in leaf and CA.
func ExtensionCritical(extension asn1.ObjectIdentifier) bool {
	return extension.Equal(OIDKeyUsage) || extension.Equal(OIDPolicies) || extension.Equal(OIDBasicConstraints)
}
