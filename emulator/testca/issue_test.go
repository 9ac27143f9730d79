package testca

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"kazasu/internal/jpki"
)

// What a shipped holder gets in 2026 to 2028 is pinned to the byte: benches
// and golden files elsewhere lean on it.
func TestIssueIsTheSameEverywhere(t *testing.T) {
	c := newCA(t, Options{})
	hanako := issue(t, c, person(t, "hanako"))
	for _, x := range []struct {
		name, want string
		der        []byte
	}{
		{"auth CA", "8044134C882CCDA5F236A436A2C1465BBBBAE1B63238D09CAAEA0FD926EBAB47", c.Certificate(Auth).Raw},
		{"sign CA", "AE8685438F4C739F1BBFC563E8ED91AA38E23168A538BE78A7BBB3E762A43C22", c.Certificate(Sign).Raw},
		{"auth", "90713502AEB1D1D556A2F96CF21EAB128666FECD4BEF1F99CD6E70210A484D9B", hanako.Auth.DER},
		{"sign", "92AE1B8CC6D5464A1205FF40C827F1E1EF381D6D7A5C2725ED30D99CD2D60AE3", hanako.Sign.DER},
		{"CV", "309E40BACA8B5A72DF7C0854473568A2819D996C821B45B3EC8E0D79CD548094", hanako.Text.CV},
	} {
		if got := fmt.Sprintf("%X", sha256.Sum256(x.der)); got != x.want {
			t.Errorf("%s has the SHA-256 %s, want %s", x.name, got, x.want)
		}
	}
}

func TestIssueStandsStillWithinABlock(t *testing.T) {
	first := time.Date(2026, 1, 1, 3, 0, 0, 0, japan)
	last := time.Date(2029, 1, 1, 2, 59, 59, 0, japan)
	for _, h := range jpki.Holders() {
		var ders []Issued
		for _, at := range []time.Time{first, noon, last} {
			c := newCA(t, Options{Now: func() time.Time { return at }})
			ders = append(ders, issue(t, c, person(t, h.ID)))
		}
		for _, other := range ders[1:] {
			if !bytes.Equal(ders[0].Auth.DER, other.Auth.DER) || !bytes.Equal(ders[0].Sign.DER, other.Sign.DER) {
				t.Errorf("%s: certificates differ within the block", h.ID)
			}
		}
	}
}

// The clock may stand anywhere: certificates are valid then, inside their
// CA's life, and in the last hour of a block for a year to come.
func TestIssuedIsValidNow(t *testing.T) {
	for _, at := range []time.Time{
		time.Date(2019, 5, 1, 0, 0, 0, 0, japan),
		time.Date(2026, 1, 1, 0, 0, 0, 0, japan),
		time.Date(2026, 1, 1, 3, 0, 0, 0, japan),
		time.Date(2028, 12, 31, 23, 59, 59, 0, japan),
		time.Date(2029, 1, 1, 2, 59, 59, 0, japan),
		time.Date(2029, 1, 1, 3, 0, 0, 0, japan),
		time.Date(2039, 7, 20, 0, 0, 0, 0, japan),
	} {
		c := newCA(t, Options{Now: func() time.Time { return at }})
		for _, h := range jpki.Holders() {
			if h.Birth > at.Format("20060102") {
				continue
			}
			cert := issue(t, c, person(t, h.ID)).Auth.Certificate
			ca := c.Certificate(Auth)
			if cert.NotBefore.After(at) || cert.NotAfter.Before(at.AddDate(1, 0, 0)) {
				t.Errorf("%s at %s: valid %s", h.ID, at, validity(cert))
			}
			if cert.NotBefore.Before(ca.NotBefore) || cert.NotAfter.After(ca.NotAfter) {
				t.Errorf("%s at %s: valid %s, the CA only %s", h.ID, at, validity(cert), validity(ca))
			}
		}
	}
}

func TestLeafPeriod(t *testing.T) {
	for _, x := range []struct{ name, birth, card, want string }{
		{"an ordinary birthday", "19900401", "20350401", "2025-04-01T17:17:05Z 2030-04-01T14:59:59Z"},
		{"the last day of the year", "20001231", "20351231", "2025-12-31T17:17:05Z 2030-12-31T14:59:59Z"},
		{"a card that ends earlier", "19900401", "20290101", "2025-04-01T17:17:05Z 2029-01-01T14:59:59Z"},
		{"a card that has ended counts as renewed", "19900401", "20260401", "2025-04-01T17:17:05Z 2030-04-01T14:59:59Z"},
		{"no card's end", "19900401", "", "2025-04-01T17:17:05Z 2030-04-01T14:59:59Z"},
		{"a leap day", "20000229", "", "2025-02-28T17:17:05Z 2030-02-28T14:59:59Z"},
		{"day unknown", "19500600", "", "2025-06-01T17:17:05Z 2030-06-01T14:59:59Z"},
		{"month and day unknown", "19500000", "", "2025-01-01T17:17:05Z 2030-01-01T14:59:59Z"},
		{"a baby", "20260301", "", "2026-03-01T17:17:05Z 2031-03-01T14:59:59Z"},
	} {
		p, err := leafPeriod(Person{Birth: x.birth, CardExpiry: x.card}, noon)
		const form = "2006-01-02T15:04:05Z"
		if got := p.notBefore.UTC().Format(form) + " " + p.notAfter.UTC().Format(form); err != nil || got != x.want {
			t.Errorf("%s: got %s, %v, want %s", x.name, got, err, x.want)
		}
	}
}

func TestInstantTurnsIn2050(t *testing.T) {
	for at, want := range map[time.Time]string{
		time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC): "170D3439313233313233353935395A",
		time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC):      "180F32303530303130313030303030305A",
	} {
		if got := fmt.Sprintf("%X", instant(at)); got != want {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
}

func TestCommonNames(t *testing.T) {
	hanako := issue(t, newCA(t, Options{}), person(t, "hanako"))
	// signed on 1 April 2025, UTC: year E9, month 4, day 1; applied for at
	// 14:17:05 on that day in Japan
	for cn, form := range map[string]string{
		hanako.Auth.Certificate.Subject.CommonName: `^[0-9]{5}4E941[0-9A-Z]{4}13113003A$`,
		hanako.Sign.Certificate.Subject.CommonName: `^20250401141705[0-9]{5}13113003A$`,
	} {
		if !regexp.MustCompile(form).MatchString(cn) {
			t.Errorf("CN %s isn't %s", cn, form)
		}
	}
	for n, want := range map[uint64]string{16: "G", 19: "J", 23: "N", 25: "P", 31: "V"} {
		if got := base36(n, 1); got != want {
			t.Errorf("%d in base 36 is %s, want %s", n, got, want)
		}
	}
}

func TestAnotherGenerationIsAnotherCertificate(t *testing.T) {
	c := newCA(t, Options{})
	p := person(t, "hanako")
	old := issue(t, c, p)
	p.Generation++
	renewed := issue(t, c, p)
	if old.Auth.Certificate.SerialNumber.Cmp(renewed.Auth.Certificate.SerialNumber) == 0 {
		t.Error("the serial number is the same")
	}
	if old.Auth.Certificate.Subject.CommonName == renewed.Auth.Certificate.Subject.CommonName {
		t.Error("the CN is the same")
	}
}

func TestSerialsAreUnique(t *testing.T) {
	c := newCA(t, Options{})
	seen := map[string]string{
		c.Certificate(Auth).SerialNumber.String():     "CA",
		c.responder.certificate.SerialNumber.String(): "responder",
	}
	for _, h := range jpki.Holders() {
		for generation := range 3 {
			p := person(t, h.ID)
			p.Generation = generation
			serial := issue(t, c, p).Auth.Certificate.SerialNumber.String()
			if other := seen[serial]; other != "" {
				t.Errorf("%s and %s share serial %s", h.ID, other, serial)
			}
			seen[serial] = h.ID
		}
	}
}

func TestUnderFifteenHasNoSignCertificate(t *testing.T) {
	mirai := issue(t, newCA(t, Options{}), person(t, "mirai"))
	if mirai.Sign.DER != nil || mirai.Sign.Certificate != nil || mirai.Sign.Key != nil {
		t.Errorf("got %v", mirai.Sign.Certificate)
	}
	if len(mirai.Auth.DER) == 0 {
		t.Error("no auth certificate")
	}
}

func TestKeysFitTheirCertificates(t *testing.T) {
	c := newCA(t, Options{})
	seen := map[string]string{}
	for _, h := range jpki.Holders() {
		issued := issue(t, c, person(t, h.ID))
		for name, l := range map[string]Leaf{"auth": issued.Auth, "sign": issued.Sign} {
			if l.Key == nil {
				continue
			}
			if !l.Key.PublicKey.Equal(l.Certificate.PublicKey) {
				t.Errorf("%s: %s certificate and key don't fit", h.ID, name)
			}
			if other := seen[l.Key.N.String()]; other != "" {
				t.Errorf("%s and %s share a key", h.ID, other)
			}
			seen[l.Key.N.String()] = h.ID
		}
	}
}

// Somebody's own person gets keys, and hands them back to another CA.
func TestPersonOfOnesOwn(t *testing.T) {
	stranger := person(t, "taro")
	stranger.ID = "../taro"
	first, second := newCA(t, Options{}), newCA(t, Options{})
	a := issue(t, first, stranger)
	if b := issue(t, first, stranger); !bytes.Equal(a.Auth.DER, b.Auth.DER) {
		t.Error("the same CA gives another certificate")
	}
	if taro := issue(t, first, person(t, "taro")); taro.Auth.Key.Equal(a.Auth.Key) {
		t.Error("the stranger has taro's key")
	}
	stranger.Keys = &Keys{Auth: a.Auth.Key, Sign: a.Sign.Key, Card: a.Text.CardKey}
	if b := issue(t, second, stranger); !bytes.Equal(a.Auth.DER, b.Auth.DER) || !bytes.Equal(a.Sign.DER, b.Sign.DER) {
		t.Error("another CA, with the same keys, gives another certificate")
	}
	stranger.Keys.Card = nil
	if _, err := second.Issue(stranger); err == nil {
		t.Error("a card without a key of its own was issued")
	}
}

func TestIssueRefuses(t *testing.T) {
	c := newCA(t, Options{})
	for _, x := range []struct {
		change func(*Person)
		want   string
	}{
		{func(p *Person) { p.ID = "" }, "needs an ID"},
		{func(p *Person) { p.Municipality = "131130" }, `municipality "131130" isn't five digits`},
		{func(p *Person) { p.Birth = "1990-4-1" }, `birth "1990-4-1" is no YYYYMMDD date`},
		{func(p *Person) { p.Birth = "19901301" }, `birth "19901301" is no YYYYMMDD date`},
		{func(p *Person) { p.Birth = "20261201" }, "birth 20261201 lies ahead"},
		{func(p *Person) { p.CardExpiry = "20351301" }, `card expiry "20351301" is no YYYYMMDD date`},
		{func(p *Person) { p.NameFlags = "0000" }, `name has 5 characters and the flags "0000"`},
		{func(p *Person) { p.NameFlags = "00020" }, `name has 5 characters and the flags "00020"`},
		{func(p *Person) { p.Address, p.AddressFlags = strings.Repeat("架", 201), strings.Repeat("0", 201) }, "address has 201 characters"},
		{func(p *Person) { p.SexCode = "9" }, `sex code "9"`},
		{func(p *Person) { p.BirthCode = "619900401" }, `birth code "619900401"`},
	} {
		p := person(t, "hanako")
		x.change(&p)
		if _, err := c.Issue(p); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("got %v, want … %s …", err, x.want)
		}
	}
	p := person(t, "hanako")
	p.Address, p.AddressFlags = strings.Repeat("架", 200), strings.Repeat("0", 200)
	if _, err := c.Issue(p); err != nil {
		t.Errorf("200 characters: %v", err)
	}
}

// A CA set up years ago doesn't issue what would outlive it.
func TestIssueKeepsWithinTheCAsYears(t *testing.T) {
	at := &clock{at: noon}
	c := newCA(t, Options{Now: at.now})
	at.set(noon.AddDate(3, 0, 0))
	issue(t, c, person(t, "hanako"))
	at.set(noon.AddDate(6, 0, 0))
	if _, err := c.Issue(person(t, "hanako")); err == nil || !strings.Contains(err.Error(), "the clock has left the years of this CA") {
		t.Errorf("got %v", err)
	}
}

func TestRealNamesAreRefused(t *testing.T) {
	for _, name := range []string{"JPKI", "JPKI-TEST"} {
		if _, err := New(Options{Organization: name}); !errors.Is(err, ErrProductionName) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The exact-DN mode shows an RP the right name with the wrong key; it says so
// in the log, once, and still names no responder of the real service.
func TestInsecureProductionName(t *testing.T) {
	var logged []string
	note := func(format string, args ...any) { logged = append(logged, fmt.Sprintf(format, args...)) }
	for _, x := range []struct{ organization, policy, japanese string }{
		{"JPKI", "1.2.392.200149.8.5.1.3.30", "公的個人認証サービス"},
		{"JPKI-TEST", "1.2.392.200149.8.5.1.0.30", "公的個人認証サービス"},
		{"JPKI-MINE", "1.2.392.200149.8.5.1.0.30", "公的個人認証サービス TEST"},
	} {
		logged = nil
		c := newCA(t, Options{Organization: x.organization, InsecureProductionName: true, Log: note})
		cert := issue(t, c, person(t, "hanako")).Auth.Certificate
		if got := c.Certificate(Auth).Subject.Organization[0]; got != x.organization {
			t.Errorf("%s: the CA's organisation is %s", x.organization, got)
		}
		if got := cert.Policies[0].String(); got != x.policy || c.Policy(Auth) != x.policy {
			t.Errorf("%s: policy %s, said to be %s, want %s", x.organization, got, c.Policy(Auth), x.policy)
		}
		if !strings.Contains(tree(t, cert.Extensions[3].Value), "UTF8 "+x.japanese+"\n") {
			t.Errorf("%s: issuerAltName\n%s", x.organization, tree(t, cert.Extensions[3].Value))
		}
		if got := cert.OCSPServer[0]; got != "http://ocspauthnorm.jpki-kazasu.test" {
			t.Errorf("%s: the certificate leads to %s", x.organization, got)
		}
		if warned := len(logged) == 1; warned == (x.organization == "JPKI-MINE") {
			t.Errorf("%s: logged %q", x.organization, logged)
		}
	}
}

func TestLeavesChainToTheirOwnFamilyAlone(t *testing.T) {
	c := newCA(t, Options{})
	hanako := issue(t, c, person(t, "hanako"))
	for _, x := range []struct {
		name string
		cert *x509.Certificate
		ca   Family
		ok   bool
	}{
		{"auth under auth", hanako.Auth.Certificate, Auth, true},
		{"sign under sign", hanako.Sign.Certificate, Sign, true},
		{"auth under sign", hanako.Auth.Certificate, Sign, false},
		{"sign under auth", hanako.Sign.Certificate, Auth, false},
	} {
		roots := x509.NewCertPool()
		roots.AddCert(c.Certificate(x.ca))
		_, err := x.cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: noon, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if (err == nil) != x.ok {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

func TestEmbeddedKeys(t *testing.T) {
	files, err := embedded.ReadDir("keys")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 40 {
		t.Errorf("%d keys, want 10 of the CA and 5 for each of six holders", len(files))
	}
	seen := map[string]string{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".pem")
		b, err := embedded.ReadFile("keys/" + f.Name())
		if err != nil || !bytes.HasPrefix(b, []byte("This private key is PUBLIC")) {
			t.Errorf("%s doesn't warn its reader: %v", name, err)
		}
		key, err := embeddedKey(name)
		if err != nil {
			t.Fatal(err)
		}
		checkKey(t, name, key)
		if other := seen[key.N.String()]; other != "" {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[key.N.String()] = name
	}
}

func checkKey(t *testing.T, name string, key *rsa.PrivateKey) {
	t.Helper()
	if key.N.BitLen() != 2048 || key.E != 65537 {
		t.Errorf("%s has %d bits and exponent %d", name, key.N.BitLen(), key.E)
	}
	if err := key.Validate(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
