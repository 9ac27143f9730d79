package vsmartcard

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// unhex reads hex with spaces between fields.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// frameVectors are frames as a driver and a card exchange them.
var frameVectors = []struct{ name, payload, frame string }{
	{"power off", "00", "0001 00"},
	{"power on", "01", "0001 01"},
	{"reset", "02", "0001 02"},
	{"get ATR", "04", "0001 04"},
	{"status word", "9000", "0002 9000"},
	{"ATR", "3B8080 0101", "0005 3B80800101"},
	{"SELECT JPKI-AP", "00A4040C 0A D392F000260100000001", "000F 00A4040C0AD392F000260100000001"},
	{"256 bytes", strings.Repeat("A5", 256), "0100" + strings.Repeat("A5", 256)},
	{"the longest", strings.Repeat("5A", 65535), "FFFF" + strings.Repeat("5A", 65535)},
}

func TestFrameVectors(t *testing.T) {
	for _, v := range frameVectors {
		t.Run(v.name, func(t *testing.T) {
			payload, frame := unhex(t, v.payload), unhex(t, v.frame)
			got, err := AppendFrame([]byte{0xEE}, payload)
			if err != nil || !bytes.Equal(got, append([]byte{0xEE}, frame...)) {
				t.Errorf("AppendFrame = %.20X, %v, want EE%.20X", got, err, frame)
			}
			readers := map[string]io.Reader{
				"whole":     bytes.NewReader(frame),
				"byte-wise": iotest.OneByteReader(bytes.NewReader(frame)),
				"halves":    iotest.HalfReader(bytes.NewReader(frame)),
			}
			for how, r := range readers {
				if got, err := ReadFrame(r); err != nil || !bytes.Equal(got, payload) {
					t.Errorf("%s: ReadFrame = %.20X, %v, want %.20X", how, got, err, payload)
				}
			}
		})
	}
}

func TestReadJoinedFrames(t *testing.T) {
	r := bytes.NewReader(unhex(t, "0001 02  0001 04  0004 00A40000"))
	for _, want := range []string{"02", "04", "00A40000"} {
		got, err := ReadFrame(r)
		if err != nil || !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("ReadFrame = %X, %v, want %s", got, err, want)
		}
	}
	if _, err := ReadFrame(r); err != io.EOF {
		t.Errorf("after the last frame: %v, want io.EOF", err)
	}
}

func TestReadFrameErrors(t *testing.T) {
	for _, c := range []struct {
		name, wire string
		want       error
	}{
		{"nothing", "", io.EOF},
		{"half a length", "00", ErrTruncated},
		{"no payload", "000A", ErrTruncated},
		{"three of ten bytes", "000A 010203", ErrTruncated},
		{"length zero", "0000", ErrEmpty},
	} {
		if got, err := ReadFrame(bytes.NewReader(unhex(t, c.wire))); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %X, %v, want %v", c.name, got, err, c.want)
		}
	}
}

func TestAppendFrameErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		payload []byte
		want    error
	}{
		{"empty", nil, ErrEmpty},
		{"one byte too long", make([]byte, 65536), ErrTooLong},
	} {
		got, err := AppendFrame([]byte{0xEE}, c.payload)
		if !errors.Is(err, c.want) || !bytes.Equal(got, []byte{0xEE}) {
			t.Errorf("%s: %.20X, %v, want EE and %v", c.name, got, err, c.want)
		}
	}
}

// FuzzFrame reads what it can and writes it again: the same bytes.
func FuzzFrame(f *testing.F) {
	for _, v := range frameVectors {
		f.Add(unhex(f, v.frame))
	}
	f.Add(unhex(f, "000A 010203"))
	f.Add(unhex(f, "0000"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := bytes.NewReader(wire)
		var again []byte
		for {
			payload, err := ReadFrame(r)
			if err != nil {
				break
			}
			if again, err = AppendFrame(again, payload); err != nil {
				t.Fatalf("writing what was read: %v", err)
			}
		}
		if !bytes.HasPrefix(wire, again) {
			t.Fatalf("read %X, wrote %X", wire, again)
		}
	})
}
