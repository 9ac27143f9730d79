package terminal

import (
	"bytes"
	"errors"
	"testing"

	"kazasu/internal/jpki"
)

// attributesFile is EF 0002 of a fictional person, with the short header.
const attributesFile = "FF20 56" +
	"DF21 08 000E 0020 004A 0055" +
	"DF22 0F E8A9A6 E9A893 E38080 E88AB1 E5AD90" + // 試験　花子
	"DF23 27 E69DB1 E4BAAC E983BD E69EB6 E7A9BA E58CBA E8A9A6 E9A893 E794BA EFBC99 EFBC99 EFBC8D EFBC99" +
	"DF24 08 3139393030343031" +
	"DF25 01 32"

var hanako = Attributes{Name: "試験　花子", Address: "東京都架空区試験町９９－９", Birth: "19900401", Sex: jpki.SexFemale}

func TestAttributes(t *testing.T) {
	s := play(t, selectText, selectTextPIN,
		exchange{query, "63C3"},
		exchange{"00 20 00 80 04 31323334", "9000"},
		exchange{"00 A4 02 0C 02 0002", "9000"},
		exchange{"00 B0 0000 00", attributesFile + "FFFFFFFF 9000"},
		exchange{"00 A4 02 0C 02 0003", "9000"},
		exchange{"00 B0 0000 00", "FF30 03 DF3100 FF 9000"},
		exchange{"00 A4 02 0C 02 0004", "9000"},
		exchange{"00 B0 0000 00", "7F21 01 00 9000"},
	)
	got, files, err := New(s).Attributes(t.Context(), jpki.NewPIN("1234"))
	if err != nil {
		t.Fatal(err)
	}
	if got != hanako {
		t.Errorf("got %+v, want %+v", got, hanako)
	}
	for name, pair := range map[string][2][]byte{
		"0002": {files.Attributes, unhex(t, attributesFile)},
		"0003": {files.Integrity, unhex(t, "FF30 03 DF3100")},
		"0004": {files.CV, unhex(t, "7F21 01 00")},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("EF %s\n got %X\nwant %X", name, pair[0], pair[1])
		}
	}
}

func TestAttributesWithTheLongHeader(t *testing.T) {
	// An address of 144 bytes: the card's own length rule writes 82 hi lo.
	file := "FF20 82 00C1 DF21 08 0010 0022 00B7 00C2 DF22 0F E8A9A6E9A893E38080E88AB1E5AD90 DF23 82 0090"
	for range 48 {
		file += "E8A9A6"
	}
	file += "DF24 08 3139393030343031 DF25 01 39"
	got, err := ParseAttributes(unhex(t, file))
	if err != nil || len([]rune(got.Address)) != 48 || got.Sex != jpki.SexNotApplicable {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMalformedAttributes(t *testing.T) {
	for name, file := range map[string]string{
		"empty":       "",
		"other tag":   "FF30 00",
		"truncated":   "FF20 56 DF21 08 000E",
		"no name":     "FF20 0B DF21 08 0000000000000000 ",
		"two sexes":   "FF20 12 DF21 00 DF22 00 DF23 00 DF24 00 DF25 02 3132",
		"wrong order": "FF20 08 DF21 00 DF23 00 DF22 00",
	} {
		if _, err := ParseAttributes(unhex(t, file)); !errors.Is(err, ErrAttributes) {
			t.Errorf("%s: got %v, want malformed", name, err)
		}
	}
}

func FuzzParseAttributes(f *testing.F) {
	f.Add([]byte{0xFF, 0x20, 0x00})
	f.Add([]byte{0xFF, 0x20, 0x82, 0x00})
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := ParseAttributes(file); err != nil && !errors.Is(err, ErrAttributes) {
			t.Errorf("untyped error %v", err)
		}
	})
}
