package testca

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"strings"
	"testing"
)

// The shapes here are written out as the decoded certificates have them; no
// name or number comes from a table that the CA uses.

const caNameAuth = `
SEQ
  SET
    SEQ
      OID 2.5.4.6
      PRINTABLE JP
  SET
    SEQ
      OID 2.5.4.10
      UTF8 JPKI-KAZASU
  SET
    SEQ
      OID 2.5.4.11
      UTF8 JPKI for user authentication
  SET
    SEQ
      OID 2.5.4.11
      UTF8 Japan Agency for Local Authority Information Systems
`

var caNameSign = strings.ReplaceAll(caNameAuth, "JPKI for user authentication", "JPKI for digital signature")

const japaneseName = `
SEQ
  [4]
    SEQ
      SET
        SEQ
          OID 2.5.4.6
          PRINTABLE JP
      SET
        SEQ
          OID 2.5.4.10
          UTF8 公的個人認証サービス TEST
      SET
        SEQ
          OID 2.5.4.11
          UTF8 公的個人認証サービス%s
      SET
        SEQ
          OID 2.5.4.11
          UTF8 地方公共団体情報システム機構
`

const policyShape = `
SEQ
  SEQ
    OID %s
    SEQ
      SEQ
        OID 1.3.6.1.5.5.7.2.1
        IA5 http://www.jpki-kazasu.test/cps.html
`

const crlPointShape = `
SEQ
  SEQ
    [0]
      [0]
        [4]
          SEQ
            SET
              SEQ
                OID 2.5.4.6
                PRINTABLE JP
            SET
              SEQ
                OID 2.5.4.10
                UTF8 JPKI-KAZASU
            SET
              SEQ
                OID 2.5.4.11
                UTF8 %s
            SET
              SEQ
                OID 2.5.4.11
                UTF8 CRL Distribution Points
            SET
              SEQ
                OID 2.5.4.11
                UTF8 Tokyo-to
            SET
              SEQ
                OID 2.5.4.3
                UTF8 Shibuya-ku CRLDP
`

// want is one extension of a certificate: the value's tree, or nothing where
// a test of its own looks at it.
type want struct {
	id       string
	critical bool
	value    string
}

func checkExtensions(t *testing.T, got []pkix.Extension, wants []want) {
	t.Helper()
	for i, w := range wants {
		if i >= len(got) {
			t.Fatalf("extension %d, %s, is missing", i, w.id)
		}
		if got[i].Id.String() != w.id || got[i].Critical != w.critical {
			t.Errorf("extension %d is %s critical %t, want %s %t", i, got[i].Id, got[i].Critical, w.id, w.critical)
		}
		if w.value != "" {
			same(t, tree(t, got[i].Value), w.value)
		}
	}
	if len(got) != len(wants) {
		t.Errorf("%d extensions, want %d", len(got), len(wants))
	}
}

// authorityKeyShape is keyid, issuer's name and serial, of which the values
// come from the issuer's certificate as crypto/x509 reads it.
func authorityKeyShape(ca *x509.Certificate, name string) string {
	indented := strings.ReplaceAll(strings.TrimSpace(name), "\n", "\n      ")
	return fmt.Sprintf("SEQ\n  [0] %X\n  [1]\n    [4]\n      %s\n  [2] %X\n", ca.SubjectKeyId, indented, ca.SerialNumber.Bytes())
}

func TestAuthLeafShape(t *testing.T) {
	c := newCA(t, Options{})
	cert := issue(t, c, person(t, "hanako")).Auth.Certificate
	same(t, tree(t, cert.RawIssuer), caNameAuth)
	same(t, tree(t, cert.RawSubject), `
SEQ
  SET
    SEQ
      OID 2.5.4.6
      PRINTABLE JP
  SET
    SEQ
      OID 2.5.4.3
      UTF8 617694E941TKGI13113003A
`)
	checkExtensions(t, cert.Extensions, []want{
		{"2.5.29.15", true, "BITS 0780"},
		{"2.5.29.37", false, "SEQ\n  OID 1.3.6.1.5.5.7.3.2"},
		{"2.5.29.32", true, fmt.Sprintf(policyShape, "1.2.392.200149.8.5.1.0.30")},
		{"2.5.29.18", false, fmt.Sprintf(japaneseName, "利用者証明用")},
		{"2.5.29.31", false, fmt.Sprintf(crlPointShape, "JPKI for user authentication")},
		{"1.3.6.1.5.5.7.1.1", false, "SEQ\n  SEQ\n    OID 1.3.6.1.5.5.7.48.1\n    [6] http://ocspauthnorm.jpki-kazasu.test"},
		{"2.5.29.35", false, authorityKeyShape(c.Certificate(Auth), caNameAuth)},
		{"2.5.29.14", false, "OCTETS 2505266F575556491FA4FE98E1FFF7F374F61C22"}, // OpenSSL's sha1 of the bit string
	})
}

func TestSignLeafShape(t *testing.T) {
	c := newCA(t, Options{})
	cert := issue(t, c, person(t, "hanako")).Sign.Certificate
	same(t, tree(t, cert.RawIssuer), caNameSign)
	same(t, tree(t, cert.RawSubject), `
SEQ
  SET
    SEQ
      OID 2.5.4.6
      PRINTABLE JP
  SET
    SEQ
      OID 2.5.4.7
      UTF8 Tokyo-to
  SET
    SEQ
      OID 2.5.4.7
      UTF8 Shibuya-ku
  SET
    SEQ
      OID 2.5.4.3
      UTF8 `+cert.Subject.CommonName+`
`)
	checkExtensions(t, cert.Extensions, []want{
		{"2.5.29.15", true, "BITS 06C0"},
		{"2.5.29.17", false, otherNames(
			"1.2.392.200149.8.5.5.1", "試験　花子",
			"1.2.392.200149.8.5.5.4", "419900401",
			"1.2.392.200149.8.5.5.3", "2",
			"1.2.392.200149.8.5.5.5", "東京都渋谷区架空町９９丁目９９番９９号",
			"1.2.392.200149.8.5.5.2", "00000",
			"1.2.392.200149.8.5.5.6", "0000000000000000000")},
		{"2.5.29.32", true, fmt.Sprintf(policyShape, "1.2.392.200149.8.5.1.0.20")},
		{"2.5.29.18", false, fmt.Sprintf(japaneseName, "署名用")},
		{"2.5.29.31", false, fmt.Sprintf(crlPointShape, "JPKI for digital signature")},
		{"2.5.29.35", false, authorityKeyShape(c.Certificate(Sign), caNameSign)},
		{"2.5.29.14", false, ""},
	})
	if len(cert.ExtKeyUsage) != 0 || len(cert.OCSPServer) != 0 {
		t.Errorf("usages %v, responders %v: want none", cert.ExtKeyUsage, cert.OCSPServer)
	}
}

func otherNames(pairs ...string) string {
	b := "SEQ\n"
	for i := 0; i < len(pairs); i += 2 {
		b += fmt.Sprintf("  [0]\n    OID %s\n    [0]\n      UTF8 %s\n", pairs[i], pairs[i+1])
	}
	return b
}

func TestSubstitutedCharactersAreFlagged(t *testing.T) {
	cert := issue(t, newCA(t, Options{}), person(t, "yoshiko")).Sign.Certificate
	same(t, tree(t, cert.Extensions[1].Value), otherNames(
		"1.2.392.200149.8.5.5.1", "例示　吉子",
		"1.2.392.200149.8.5.5.4", "420001231",
		"1.2.392.200149.8.5.5.3", "2",
		"1.2.392.200149.8.5.5.5", "北海道札幌市南区架空吉町９７条９８丁目９９番",
		"1.2.392.200149.8.5.5.2", "00010",
		"1.2.392.200149.8.5.5.6", "0000000000100000000000"))
}

func TestCAShape(t *testing.T) {
	c := newCA(t, Options{})
	for _, x := range []struct {
		family        Family
		name, service string
	}{
		{Auth, caNameAuth, "利用者証明用"},
		{Sign, caNameSign, "署名用"},
	} {
		cert := c.Certificate(x.family)
		same(t, tree(t, cert.RawSubject), x.name)
		same(t, tree(t, cert.RawIssuer), x.name)
		indented := strings.ReplaceAll(strings.TrimSpace(x.name), "\n", "\n          ")
		checkExtensions(t, cert.Extensions, []want{
			{"2.5.29.15", true, "BITS 0106"},
			{"2.5.29.17", false, fmt.Sprintf(japaneseName, x.service)},
			{"2.5.29.19", true, "SEQ\n  BOOL FF"},
			{"2.5.29.31", false, "SEQ\n  SEQ\n    [0]\n      [0]\n        [4]\n          " + indented},
			{"2.5.29.14", false, fmt.Sprintf("OCTETS %X", cert.SubjectKeyId)},
		})
		if err := cert.CheckSignatureFrom(cert); err != nil {
			t.Errorf("%s: %v", x.family, err)
		}
		if got, want := validity(cert), "2024-07-16T01:01:04Z/2034-07-15T14:59:59Z"; got != want {
			t.Errorf("%s: valid %s, want %s", x.family, got, want)
		}
	}
}

func TestEnvelopeOfEveryCertificate(t *testing.T) {
	c := newCA(t, Options{})
	hanako := issue(t, c, person(t, "hanako"))
	for name, cert := range map[string]*x509.Certificate{
		"auth CA": c.Certificate(Auth), "sign CA": c.Certificate(Sign),
		"auth": hanako.Auth.Certificate, "sign": hanako.Sign.Certificate, "responder": c.responder.certificate,
	} {
		lines := strings.Split(tree(t, cert.Raw), "\n")
		head := strings.Join(lines[:8], "\n")
		serial := fmt.Sprintf("%X", cert.SerialNumber.Bytes())
		wantHead := "SEQ\n  SEQ\n    [0]\n      INT 02\n    INT " + serial + "\n    SEQ\n      OID 1.2.840.113549.1.1.11\n      NULL"
		if head != wantHead {
			t.Errorf("%s begins\n%s\nwant\n%s", name, head, wantHead)
		}
		if len(serial) != 8 || cert.SerialNumber.Sign() <= 0 {
			t.Errorf("%s: serial %s isn't four bytes, positive", name, serial)
		}
		if n := strings.Count(strings.Join(lines, "\n"), "    UTC "); n != 2 {
			t.Errorf("%s: %d UTCTimes, want 2", name, n)
		}
		if cert.NotAfter.UTC().Format("150405Z") != "145959Z" {
			t.Errorf("%s ends at %s", name, cert.NotAfter)
		}
	}
}

func TestResponderShape(t *testing.T) {
	c := newCA(t, Options{})
	cert := c.responder.certificate
	checkExtensions(t, cert.Extensions, []want{
		{"2.5.29.15", true, "BITS 0780"},
		{"2.5.29.37", false, "SEQ\n  OID 1.3.6.1.5.5.7.3.9"},
		{"1.3.6.1.5.5.7.48.1.5", false, "NULL"},
		{"2.5.29.35", false, fmt.Sprintf("SEQ\n  [0] %X", c.Certificate(Auth).SubjectKeyId)},
		{"2.5.29.14", false, ""},
	})
	if err := cert.CheckSignatureFrom(c.Certificate(Auth)); err != nil {
		t.Error(err)
	}
}

func validity(cert *x509.Certificate) string {
	const form = "2006-01-02T15:04:05Z"
	return cert.NotBefore.UTC().Format(form) + "/" + cert.NotAfter.UTC().Format(form)
}
