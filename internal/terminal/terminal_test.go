package terminal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
)

func TestAuthCertificateIsReadInBlocksSizedByItsHeader(t *testing.T) {
	first := "30 82 0126" + strings.Repeat("AA", 252)
	rest := strings.Repeat("BB", 42)
	s := play(t, selectJPKI,
		exchange{"00 A4 02 0C 02 000A", "9000"},
		exchange{"00 B0 0000 00", first + "9000"},
		exchange{"00 B0 0100 2A", rest + "9000"},
	)
	got, err := New(s).AuthCertificate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := unhex(t, first+rest); !bytes.Equal(got, want) {
		t.Errorf("certificate\n got %X\nwant %X", got, want)
	}
}

func TestAFullBlockIsAskedForWithLe00(t *testing.T) {
	block := strings.Repeat("CC", 256)
	s := play(t,
		exchange{"00 A4 02 0C 02 000B", "9000"},
		exchange{"00 B0 0000 00", "30 82 02FC" + strings.Repeat("CC", 252) + "9000"}, // 768 bytes in all
		exchange{"00 B0 0100 00", block + "9000"},
		exchange{"00 B0 0200 00", block + "9000"},
	)
	got, err := New(s).ReadFile(t.Context(), jpki.AuthCA)
	if err != nil || len(got) != 768 {
		t.Errorf("got %d bytes, %v; want 768", len(got), err)
	}
}

func TestFillerBehindAnObjectIsCutOff(t *testing.T) {
	s := play(t,
		exchange{"00 A4 02 0C 02 0001", "9000"},
		exchange{"00 B0 0000 00", "FF10 0C 393939393939393939393939 FFFF 9000"},
	)
	got, err := New(s).ReadFile(t.Context(), jpki.TextMyNumber)
	if want := unhex(t, "FF10 0C 393939393939393939393939"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %X, %v; want %X", got, err, want)
	}
}

func TestAFileThatEndsTooEarlyIsAnError(t *testing.T) {
	for name, tail := range map[string]string{"empty block": "9000", "offset outside": "6B00"} {
		t.Run(name, func(t *testing.T) {
			s := play(t,
				exchange{"00 A4 02 0C 02 0003", "9000"},
				exchange{"00 B0 0000 00", "FF30 82 014B DF31 9000"},
				exchange{"00 B0 0007 00", tail},
			)
			if _, err := New(s).ReadFile(t.Context(), jpki.TextIntegrity); err == nil {
				t.Error("a truncated file was taken for whole")
			}
		})
	}
}

func TestReadWholeGoesOnToTheEnd(t *testing.T) {
	block := strings.Repeat("DD", 256)
	s := play(t,
		exchange{"00 A4 02 0C 02 0006", "9000"},
		exchange{"00 B0 0000 00", block + "9000"},
		exchange{"00 B0 0100 00", "6B00"},
	)
	got, err := New(s).ReadWhole(t.Context(), jpki.TokenInfo)
	if err != nil || len(got) != 256 {
		t.Errorf("got %d bytes, %v; want 256", len(got), err)
	}
}

func TestStatusWordsComeBackAsErrors(t *testing.T) {
	s := play(t,
		exchange{"00 A4 02 0C 02 0001", "9000"},
		exchange{"00 B0 0000 00", "6982"},
		exchange{"00 A4 04 0C 0A D3921000310001010408", "6A82"},
	)
	terminal := New(s)
	_, err := terminal.ReadFile(t.Context(), jpki.SignCertificate)
	if !errors.Is(err, apdu.StatusError{Status: apdu.SecurityNotSatisfied}) {
		t.Errorf("reading: got %v, want 6982", err)
	}
	if err := terminal.Select(t.Context(), jpki.AIDText); !errors.Is(err, apdu.StatusError{Status: apdu.FileNotFound}) {
		t.Errorf("selecting: got %v, want 6A82", err)
	}
}

func TestAFailedLinkIsNoStatusWord(t *testing.T) {
	s := play(t, exchange{"00 A4 04 0C 0A D392F000260100000001", "link: gone"}, exchange{"00 A4 04 0C 0A D392F000260100000001", "90"})
	s.fails["link: gone"] = slot.ErrCardGone
	if _, err := New(s).AuthCertificate(t.Context()); !errors.Is(err, slot.ErrCardGone) {
		t.Errorf("got %v, want card gone", err)
	}
	if err := New(s).Select(t.Context(), jpki.AIDJPKI); !errors.Is(err, apdu.ErrShortResponse) {
		t.Errorf("got %v, want short response", err)
	}
}

func TestSign(t *testing.T) {
	digestInfo := "3031300D060960864801650304020105000420" + "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
	s := play(t,
		exchange{"00 A4 02 0C 02 0017", "9000"},
		exchange{"80 2A 00 80 33" + digestInfo + "00", strings.Repeat("5A", 256) + "9000"},
	)
	digest := [32]byte(unhex(t, "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"))
	got, err := New(s).Sign(t.Context(), jpki.AuthKey, DigestInfo(digest))
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{0x5A}, 256)) {
		t.Errorf("got %X, %v", got, err)
	}
}

func TestSignRefusals(t *testing.T) {
	for name, answer := range map[string]string{"no PIN": "6982", "no signature": "9000"} {
		t.Run(name, func(t *testing.T) {
			s := play(t, exchange{"00 A4 02 0C 02 001A", "9000"}, exchange{"80 2A 00 80 01 00 00", answer})
			if _, err := New(s).Sign(t.Context(), jpki.SignKey, []byte{0}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestSignCertificateComesAfterThePassword(t *testing.T) {
	s := play(t, selectJPKI, selectSignPIN,
		exchange{query, "63C5"},
		exchange{"00 20 00 80 06 414243313233", "9000"},
		exchange{"00 A4 02 0C 02 0001", "9000"},
		exchange{"00 B0 0000 00", "30 03 020101 FF FF 9000"},
	)
	got, err := New(s).SignCertificate(t.Context(), jpki.NewPIN("ABC123"))
	if want := unhex(t, "30 03 020101"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %X, %v; want %X", got, err, want)
	}
}
