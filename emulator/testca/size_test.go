package testca

import (
	"math/big"
	"strings"
	"testing"

	"kazasu/internal/jpki"
)

// The real certificates' lengths, read off the real files. With the real
// names, policies and URLs in the place of ours, a certificate must come out
// as long as they are: one byte more or less and a string type, a default or
// an order would be wrong. These certificates live in this test's memory only.

// productionNaming is the real service's, URLs included.
func productionNaming() naming {
	n := namingOf(jpki.OrganizationProduction)
	n.cps, n.ocsp = jpki.CPSProduction, jpki.OCSPProduction
	return n
}

func productionAuthority(t *testing.T, p jpki.CertificateProfile, serial int64) *authority {
	t.Helper()
	a, err := newAuthority(p, productionNaming(), 2026, big.NewInt(serial))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCASizes(t *testing.T) {
	for _, x := range []struct {
		name    string
		profile jpki.CertificateProfile
		serial  int64
		want    int
	}{
		{"auth 01", jpki.ProfileAuth, 0x01, 1316},
		{"auth 03", jpki.ProfileAuth, 0x06D18006, 1319},
		{"sign 01", jpki.ProfileSign, 0x01, 1301},
		{"sign 03", jpki.ProfileSign, 0x067C6A21, 1304},
	} {
		if got := len(productionAuthority(t, x.profile, x.serial).certificate.Raw); got != x.want {
			t.Errorf("%s takes %d bytes, want %d", x.name, got, x.want)
		}
	}
}

// leafSize is how long a person's certificate is under a CA of 2019, with a
// serial number of four bytes.
func leafSize(t *testing.T, p jpki.CertificateProfile, who Person) int {
	t.Helper()
	a := productionAuthority(t, p, 0x0133C349)
	key, err := embeddedKey("hanako-auth")
	if err != nil {
		t.Fatal(err)
	}
	valid, err := leafPeriod(who, noon)
	if err != nil {
		t.Fatal(err)
	}
	l := leaf{serial: big.NewInt(0x01020304), period: valid, key: &key.PublicKey, subject: subjectAuth(who, valid, digest("size"))}
	if p.Family == "sign" {
		l.subject = subjectSign(who, valid, digest("size"))
	}
	der, _, err := a.issue(who, l)
	if err != nil {
		t.Fatal(err)
	}
	return len(der)
}

func TestAuthLeafSizes(t *testing.T) {
	for _, x := range []struct {
		prefecture, city, municipality string
		want                           int
	}{
		{"Kanagawa-ken", "Yokohama-shi-Naka-ku", "14104", 1586},
		{"Hokkaido", "Sapporo-shi-Minami-ku", "01106", 1583},
	} {
		who := Person{Birth: "19800217", Prefecture: x.prefecture, City: x.city, Municipality: x.municipality}
		if got := leafSize(t, jpki.ProfileAuth, who); got != x.want {
			t.Errorf("%s takes %d bytes, want %d", x.city, got, x.want)
		}
	}
}

// The sizes of sign certificates by length of name and address come from a
// rebuilding that matched every decoded certificate. Its place and serial
// numbers weren't handed down, so that only what name and address add is
// compared: all eight must miss the reference by the same number of bytes. The
// dummy certificate of 1764 bytes isn't here, as its address isn't known.
func TestSignLeafSizes(t *testing.T) {
	const inputsUnknown = 15 // bytes of longer names of places and other serials
	for _, x := range []struct {
		character     string
		name, address int
		want          int
	}{
		{"字", 5, 14, 1744},
		{"字", 5, 60, 1934},
		{"字", 5, 200, 2500},
		{"字", 10, 200, 2520},
		{"A", 100, 200, 2680},
		{"字", 60, 200, 2723},
		{"字", 100, 200, 2886},
		{"字", 200, 200, 3289},
	} {
		who := Person{
			Birth: "19800217", Prefecture: "Tokyo-to", City: "Shibuya-ku", Municipality: "13113",
			Name: strings.Repeat(x.character, x.name), NameFlags: strings.Repeat("0", x.name),
			Address: strings.Repeat("字", x.address), AddressFlags: strings.Repeat("0", x.address),
			SexCode: "1", BirthCode: "319800217",
		}
		if got := leafSize(t, jpki.ProfileSign, who); got != x.want-inputsUnknown {
			t.Errorf("name of %d × %s, address of %d: %d bytes, want %d", x.name, x.character, x.address, got, x.want-inputsUnknown)
		}
	}
}

func TestSizeNoticesOneByte(t *testing.T) {
	who := Person{Birth: "19800217", Prefecture: "Kanagawa-ken", City: "Yokohama-shi-Naka-ku", Municipality: "14104"}
	longer := who
	longer.City += "x"
	if a, b := leafSize(t, jpki.ProfileAuth, who), leafSize(t, jpki.ProfileAuth, longer); b != a+1 {
		t.Errorf("one letter more in the place makes %d bytes of %d", b, a)
	}
}
