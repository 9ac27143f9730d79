package jpki_test

import (
	"testing"

	"kazasu/internal/jpki"
)

func TestBirth(t *testing.T) {
	for _, c := range []struct{ birth, key, certificate string }{
		{"19800217", "550217", "319800217"}, // 昭和55年, as published of a synthetic card
		{"19261224", "151224", "219261224"}, // last day of 大正15年
		{"19261225", "011225", "319261225"}, // first day of 昭和元年
		{"19890107", "640107", "319890107"}, // last day of 昭和64年
		{"19890108", "010108", "419890108"}, // first day of 平成元年
		{"20190430", "310430", "420190430"}, // last day of 平成31年
		{"20190501", "010501", "520190501"}, // first day of 令和元年
		{"19120729", "450729", "119120729"}, // last day of 明治45年
		{"19120730", "010730", "219120730"}, // first day of 大正元年
		{"18681022", "001022", "018681022"}, // before 明治
		{"19800000", "550000", "319800000"}, // month and day unknown
	} {
		h := jpki.Holder{Birth: c.birth}
		if got := h.BirthKey(); got != c.key {
			t.Errorf("%s: BirthKey %s, want %s", c.birth, got, c.key)
		}
		if got := h.CertificateBirth(); got != c.certificate {
			t.Errorf("%s: CertificateBirth %s, want %s", c.birth, got, c.certificate)
		}
	}
}

func TestNumbers(t *testing.T) {
	h := jpki.Holder{Birth: "19800217", CardExpiry: "20350217", SecurityCode: "2285", MyNumber: "123456789010"}
	if got := string(h.NumberB().Bytes()); got != "55021720352285" {
		t.Errorf("照合番号B %s, want 55021720352285", got)
	}
	if got := string(h.NumberA().Bytes()); got != "123456789010" {
		t.Errorf("照合番号A %s, want the 個人番号", got)
	}
}

func TestSex(t *testing.T) {
	for sex, want := range map[jpki.Sex]string{'1': "1", '2': "2", '9': "3", '0': "3"} {
		if got := sex.CertificateSex(); got != want {
			t.Errorf("%c: %s in the certificate, want %s", sex, got, want)
		}
	}
}

func TestCertificateText(t *testing.T) {
	h := jpki.Holder{Name: "試験　花子", Address: "架空町９"}
	if name, nameFlags, address, addressFlags := h.CertificateText(); name != "試験　花子" || nameFlags != "00000" || address != "架空町９" || addressFlags != "0000" {
		t.Errorf("got %s %s %s %s", name, nameFlags, address, addressFlags)
	}
	h.CertificateName, h.NameFlags = "試驗　花子", "01000"
	if name, nameFlags, _, _ := h.CertificateText(); name != "試驗　花子" || nameFlags != "01000" {
		t.Errorf("got %s %s", name, nameFlags)
	}
}
