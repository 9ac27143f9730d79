package jpki

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// The table of holders is data that could hurt somebody: these tests keep it
// fictional.

func TestHoldersAreFictional(t *testing.T) {
	obviously := regexp.MustCompile(`試験|見本|例示|架空`)
	block := regexp.MustCompile(`９[０-９]+(丁目|番|条)`)
	for _, h := range Holders() {
		family, given, ok := strings.Cut(h.Name, "　")
		if !ok || family == "" || given == "" {
			t.Errorf("%s: name %q isn't family, U+3000, given", h.ID, h.Name)
		}
		if !obviously.MatchString(h.Name) {
			t.Errorf("%s: name %q could be somebody's", h.ID, h.Name)
		}
		if !obviously.MatchString(h.Address) || !block.MatchString(h.Address) {
			t.Errorf("%s: address %q could be somewhere", h.ID, h.Address)
		}
		if got := checkDigit(h.MyNumber); got == h.MyNumber[11] {
			t.Errorf("%s: the check digit of the 個人番号 is right, so it may be somebody's", h.ID)
		}
	}
}

func TestHoldersHaveTheirForm(t *testing.T) {
	forms := []struct {
		what, pattern string
		of            func(Holder) string
	}{
		{"ID", `^[a-z]+$`, func(h Holder) string { return h.ID }},
		{"個人番号", `^[0-9]{12}$`, func(h Holder) string { return h.MyNumber }},
		{"security code", `^[0-9]{4}$`, func(h Holder) string { return h.SecurityCode }},
		{"照合番号B", `^[0-9]{14}$`, func(h Holder) string { return string(h.NumberB().Bytes()) }},
		{"municipality", `^[0-9]{5}$`, func(h Holder) string { return h.Municipality }},
		{"prefecture", `^(Hokkaido|[A-Z][a-z]+-(to|fu|ken))$`, func(h Holder) string { return h.Prefecture }},
		{"city", `^[A-Za-z-]+-(ku|shi|cho|mura)$`, func(h Holder) string { return h.City }},
		{"birth in the certificate", `^[1-5][0-9]{8}$`, Holder.CertificateBirth},
		{"sex in the certificate", `^[123]$`, func(h Holder) string { return h.Sex.CertificateSex() }},
		{"auth PIN", `^[0-9]{4}$`, func(h Holder) string { return string(h.AuthPIN.Bytes()) }},
		{"text PIN", `^[0-9]{4}$`, func(h Holder) string { return string(h.TextPIN.Bytes()) }},
	}
	seen := map[string]string{}
	for _, h := range Holders() {
		for _, f := range forms {
			if v := f.of(h); !regexp.MustCompile(f.pattern).MatchString(v) {
				t.Errorf("%s: %s is %q, want %s", h.ID, f.what, v, f.pattern)
			}
		}
		for _, unique := range []string{h.ID, h.Name, h.Address, h.MyNumber} {
			if other := seen[unique]; other != "" {
				t.Errorf("%s and %s share %q", h.ID, other, unique)
			}
			seen[unique] = h.ID
		}
		holderDates(t, h)
		holderTexts(t, h)
		holderSignPassword(t, h)
	}
	if len(Holders()) != 6 {
		t.Errorf("%d holders, want 6", len(Holders()))
	}
}

func holderDates(t *testing.T, h Holder) {
	t.Helper()
	for _, date := range []string{h.Birth, h.CardExpiry} {
		if _, err := time.Parse("20060102", date); err != nil {
			t.Errorf("%s: %v", h.ID, err)
		}
	}
	if h.Birth[4:] != h.CardExpiry[4:] {
		t.Errorf("%s: the card expires on %s, not on a birthday (%s)", h.ID, h.CardExpiry, h.Birth)
	}
}

func holderTexts(t *testing.T, h Holder) {
	t.Helper()
	name, nameFlags, address, addressFlags := h.CertificateText()
	for text, flags := range map[string]string{name: nameFlags, address: addressFlags} {
		if utf8.RuneCountInString(text) != len(flags) || strings.Trim(flags, "01") != "" {
			t.Errorf("%s: flags %q don't fit %q (%d characters)", h.ID, flags, text, utf8.RuneCountInString(text))
		}
		for _, ch := range text {
			if ch > 0xFFFF {
				t.Errorf("%s: certificates can't hold %q", h.ID, ch)
			}
		}
	}
	if n := utf8.RuneCountInString(h.Address); n > 200 {
		t.Errorf("%s: the address has %d characters, at most 200 are allowed", h.ID, n)
	}
}

func holderSignPassword(t *testing.T, h Holder) {
	t.Helper()
	if h.UnderFifteen != h.SignPassword.IsZero() {
		t.Errorf("%s: a sign password is had from 15 years on", h.ID)
	}
	if p := string(h.SignPassword.Bytes()); p != "" && !regexp.MustCompile(`^[A-Z0-9]{6,16}$`).MatchString(p) {
		t.Errorf("%s: the sign password has not its form", h.ID)
	}
}

func TestHoldersCoverTheCases(t *testing.T) {
	cases := map[string]func(Holder) bool{
		"a substituted name":            func(h Holder) bool { return strings.Contains(h.NameFlags, "1") },
		"a substituted address":         func(h Holder) bool { return strings.Contains(h.AddressFlags, "1") },
		"an address of 200 characters":  func(h Holder) bool { return utf8.RuneCountInString(h.Address) == 200 },
		"a short text, one-byte length": func(h Holder) bool { return 35+len(h.Name)+len(h.Address) < 128 },
		"a minor":                       func(h Holder) bool { return h.UnderFifteen },
		"PINs of one's own":             func(h Holder) bool { return !h.AuthPIN.Equal(h.TextPIN) },
		"born in 大正":                    func(h Holder) bool { return h.CertificateBirth()[0] == '2' },
		"born in 昭和":                    func(h Holder) bool { return h.CertificateBirth()[0] == '3' },
		"born in 令和":                    func(h Holder) bool { return h.CertificateBirth()[0] == '5' },
		"a man":                         func(h Holder) bool { return h.Sex == SexMale },
		"a woman":                       func(h Holder) bool { return h.Sex == SexFemale },
	}
	for name, is := range cases {
		var n int
		for _, h := range Holders() {
			if is(h) {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no holder shows %s", name)
		}
	}
}

func TestHolderFlagsPointAtTheSubstitutes(t *testing.T) {
	h, ok := HolderByID("yoshiko")
	if !ok {
		t.Fatal("yoshiko is gone")
	}
	name, nameFlags, address, addressFlags := h.CertificateText()
	for _, x := range []struct{ card, certificate, flags string }{
		{h.Name, name, nameFlags}, {h.Address, address, addressFlags},
	} {
		card, certificate := []rune(x.card), []rune(x.certificate)
		for i := range certificate {
			if differs := card[i] != certificate[i]; differs != (x.flags[i] == '1') {
				t.Errorf("%s ↔ %s: flag %d is %c", x.card, x.certificate, i, x.flags[i])
			}
		}
	}
}

func TestHolderByIDUnknown(t *testing.T) {
	if h, ok := HolderByID("nobody"); ok {
		t.Errorf("got %v", h)
	}
}

// checkDigit is the digit that 総務省令第85号 (2014) §5 puts behind the first
// eleven of a 個人番号: 11 − (Σ PₙQₙ mod 11), and 0 where the remainder is below
// 2; Pₙ is the n-th digit from the right, Qₙ n+1 up to the sixth, else n−5.
func checkDigit(number string) byte {
	sum := 0
	for n := 1; n <= 11; n++ {
		q := n + 1
		if n > 6 {
			q = n - 5
		}
		sum += int(number[11-n]-'0') * q
	}
	if sum%11 < 2 {
		return '0'
	}
	return byte('0' + 11 - sum%11)
}

func TestCheckDigit(t *testing.T) {
	for number, want := range map[string]byte{
		"12345678901": '8', // worked out by hand: Σ = 212, 212 mod 11 = 3
		"00000000000": '0', // remainder 0
	} {
		if got := checkDigit(number); got != want {
			t.Errorf("%s: got %c, want %c", number, got, want)
		}
	}
}
