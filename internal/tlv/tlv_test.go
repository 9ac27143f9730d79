package tlv_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"kazasu/internal/tlv"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// attributes is EF 0002 of 券面事項入力補助AP as published of a synthetic test card,
// with some filler.
var attributes = unhex(`FF20 65
	DF21 08 000E 0020 0059 0064
	DF22 0F E9BB92E6A190E38080E5B9B9E4B99F
	DF23 36 E69DB1E4BAACE983BDE6B885E780ACE5B882E8A6B3E5B883E5AD90E58D97EFBC91EFBC92EFBC8DEFBC97EFBC8DEFBC92EFBC90EFBC92
	DF24 08 3139383030323137
	DF25 01 31
	FFFFFFFFFFFFFFFF`)

func TestReadAttributes(t *testing.T) {
	outer := tlv.NewReader(attributes)
	inner := tlv.NewReader(outer.Expect(0xFF20))
	if outer.Err() != nil || outer.More() || len(outer.Rest()) != 8 {
		t.Fatalf("outer: %v, more %t, rest %X", outer.Err(), outer.More(), outer.Rest())
	}
	for _, want := range []struct {
		tag   tlv.Tag
		at    int // in the file
		value string
	}{
		{0xDF21, 3, "\x00\x0E\x00\x20\x00\x59\x00\x64"},
		{0xDF22, 0x0E, "黒桐　幹也"},
		{0xDF23, 0x20, "東京都清瀬市観布子南１２－７－２０２"},
		{0xDF24, 0x59, "19800217"},
		{0xDF25, 0x64, "1"},
	} {
		if got := inner.Pos() + 3; got != want.at {
			t.Errorf("%s begins at %02X, want %02X", want.tag, got, want.at)
		}
		if tag, value := inner.Next(); tag != want.tag || string(value) != want.value {
			t.Errorf("got %s %q, want %s %q", tag, value, want.tag, want.value)
		}
	}
	if inner.More() || inner.Err() != nil {
		t.Errorf("more %t, %v", inner.More(), inner.Err())
	}
}

func TestLengths(t *testing.T) {
	for _, c := range []struct {
		n         int
		card, der string // header of an object DF22
	}{
		{0, "DF2200", "DF2200"},
		{1, "DF2201", "DF2201"},
		{127, "DF227F", "DF227F"},
		{128, "DF22820080", "DF228180"},
		{0x9F, "DF2282009F", "DF22819F"},
		{255, "DF228200FF", "DF2281FF"},
		{256, "DF22820100", "DF22820100"},
		{65535, "DF2282FFFF", "DF2282FFFF"},
	} {
		value := bytes.Repeat([]byte{0x5A}, c.n)
		for rule, header := range map[tlv.Rule]string{tlv.Card: c.card, tlv.DER: c.der} {
			b := tlv.Builder{Rule: rule}
			got := b.Add(0xDF22, value).Bytes()
			if want := append(unhex(header), value...); !bytes.Equal(got, want) {
				t.Errorf("%d bytes, rule %d: begins %X, want %s", c.n, rule, got[:len(header)/2], header)
			}
			if b.Len() != len(got) {
				t.Errorf("Len %d, %d bytes", b.Len(), len(got))
			}
			h, n, err := tlv.HeaderLen(got[:len(header)/2])
			if h != len(header)/2 || n != c.n || err != nil {
				t.Errorf("HeaderLen(%s): %d, %d, %v", header, h, n, err)
			}
			if tag, back := tlv.NewReader(got).Next(); tag != 0xDF22 || !bytes.Equal(back, value) {
				t.Errorf("read %s with %d bytes", tag, len(back))
			}
		}
	}
}

func TestBuilderTags(t *testing.T) {
	var b tlv.Builder
	b.Add(0x90, []byte{1, 0, 1}).Add(0x5F37, nil)
	if got := b.Bytes(); !bytes.Equal(got, unhex("90 03 010001 5F37 00")) {
		t.Errorf("got %X", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("65536 bytes are written")
		}
	}()
	b.Add(0x90, make([]byte, 65536))
}

func TestReaderErrors(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      error
		text      string
	}{
		{"nothing", "", tlv.ErrTruncated, "object at offset 0: object runs past the end"},
		{"half a tag", "DF", tlv.ErrTruncated, "object at offset 0: object runs past the end"},
		{"no length", "DF22", tlv.ErrTruncated, "object at offset 0: object runs past the end"},
		{"half a length", "DF22 82 01", tlv.ErrTruncated, "object at offset 0: object runs past the end"},
		{"81 without its byte", "DF22 81", tlv.ErrTruncated, "object at offset 0: object runs past the end"},
		{"too long", "DF22 05 AABB", tlv.ErrTruncated, "object at offset 0: object runs past the end"},
		{"indefinite", "DF22 80 AA", tlv.ErrLength, "object at offset 0: length form not supported: 80"},
		{"three bytes of length", "DF22 83 000001 AA", tlv.ErrLength, "object at offset 0: length form not supported: 83"},
	} {
		r := tlv.NewReader(unhex(c.hex))
		tag, value := r.Next()
		if tag != 0 || value != nil || !errors.Is(r.Err(), c.want) || r.Err().Error() != c.text {
			t.Errorf("%s: got %s %X, %v", c.name, tag, value, r.Err())
		}
	}
}

func TestFirstErrorSticks(t *testing.T) {
	r := tlv.NewReader(unhex("DF21 01 AA DF22 01 BB DF23 01 CC"))
	r.Next()
	if got := r.Expect(0xDF25); got != nil || !errors.Is(r.Err(), tlv.ErrTag) {
		t.Fatalf("got %X, %v", got, r.Err())
	}
	if want := "object at offset 4: unexpected tag: got DF22, want DF25"; r.Err().Error() != want {
		t.Errorf("got %v, want %s", r.Err(), want)
	}
	first := r.Err()
	if tag, value := r.Next(); tag != 0 || value != nil || r.Err() != first || r.Pos() != 4 || r.More() {
		t.Errorf("after the error: %s %X, %v, at %d", tag, value, r.Err(), r.Pos())
	}
}

func TestMore(t *testing.T) {
	for hex, want := range map[string]bool{
		"": false, "00": false, "FFFF": false, "FF": false, "FF20 00": true, "30 00": true, "DF21 00": true,
	} {
		if got := tlv.NewReader(unhex(hex)).More(); got != want {
			t.Errorf("%q: more is %t, want %t", hex, got, want)
		}
	}
}

func TestTagString(t *testing.T) {
	for tag, want := range map[tlv.Tag]string{0x30: "30", 0x90: "90", 0xDF21: "DF21", 0x7F21: "7F21"} {
		if got := tag.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// FuzzReader: no input panics or reads past its end, and what was read,
// written again by the card's rule, reads the same.
func FuzzReader(f *testing.F) {
	f.Add(attributes)
	for _, seed := range []string{"", "DF22 82 0001 AA", "FF40 82009F", "7F21 820233", "30 80 0000", "30 81 00"} {
		f.Add(unhex(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var written tlv.Builder
		var tags []tlv.Tag
		r := tlv.NewReader(b)
		for r.More() {
			before := r.Pos()
			tag, value := r.Next()
			if r.Err() != nil {
				break
			}
			if r.Pos() <= before || r.Pos() > len(b) || len(value) > r.Pos()-before {
				t.Fatalf("%X: object %s at %d ends at %d", b, tag, before, r.Pos())
			}
			if h, n, err := tlv.HeaderLen(b[before:]); err != nil || h+n != r.Pos()-before || n != len(value) {
				t.Fatalf("HeaderLen(%X): %d, %d, %v", b[before:], h, n, err)
			}
			written.Add(tag, value)
			tags = append(tags, tag)
		}
		again := tlv.NewReader(written.Bytes())
		for _, tag := range tags {
			again.Expect(tag)
		}
		if again.Err() != nil || again.Pos() != written.Len() {
			t.Fatalf("%X written as %X: %v", b, written.Bytes(), again.Err())
		}
	})
}
