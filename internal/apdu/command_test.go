package apdu_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"kazasu/internal/apdu"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// head is the header of the commands below.
var head = apdu.Command{CLA: 0x00, INS: 0xA4, P1: 0x04, P2: 0x0C}

func command(data []byte, ne int, extended bool) apdu.Command {
	c := head
	c.Data, c.Ne, c.Extended = data, ne, extended
	return c
}

func TestCases(t *testing.T) {
	aid := unhex("D392F000260100000001")
	for _, c := range []struct {
		name, hex string
		want      apdu.Command
	}{
		{"case 1", "00A4040C", head},
		{"case 2 short", "00A4040C 04", command(nil, 4, false)},
		{"case 2 short, 255", "00A4040C FF", command(nil, 255, false)},
		{"case 2 short, 256", "00A4040C 00", command(nil, 256, false)},
		{"case 3 short", "00A4040C 0A D392F000260100000001", command(aid, 0, false)},
		{"case 3 short, 1", "00A4040C 01 00", command([]byte{0}, 0, false)},
		{"case 4 short", "00A4040C 0A D392F000260100000001 00", command(aid, 256, false)},
		{"case 4 short, Le 02", "00A4040C 01 AA 02", command([]byte{0xAA}, 2, false)},
		{"case 2 extended", "00A4040C 00 0100", command(nil, 256, true)},
		{"case 2 extended, 1", "00A4040C 00 0001", command(nil, 1, true)},
		{"case 2 extended, 65536", "00A4040C 00 0000", command(nil, 65536, true)},
		{"case 3 extended", "00A4040C 00 0001 AA", command([]byte{0xAA}, 0, true)},
		{"case 4 extended", "00A4040C 00 0001 AA 0000", command([]byte{0xAA}, 65536, true)},
		{"case 4 extended, Le 0002", "00A4040C 00 0001 AA 0002", command([]byte{0xAA}, 2, true)},
		{"case 3 extended, 256", "00A4040C 00 0100" + strings.Repeat("5A", 256), command(bytes.Repeat([]byte{0x5A}, 256), 0, true)},
		{"case 4 extended, 65535", "00A4040C 00 FFFF" + strings.Repeat("5A", 65535) + "0000", command(bytes.Repeat([]byte{0x5A}, 65535), 65536, true)},
		{"case 3 short, 255", "00A4040C FF" + strings.Repeat("5A", 255), command(bytes.Repeat([]byte{0x5A}, 255), 0, false)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := apdu.Parse(unhex(c.hex))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("Parse: got %+v, %v, want %+v", got, err, c.want)
			}
			if written := c.want.Bytes(); !bytes.Equal(written, unhex(c.hex)) {
				t.Errorf("Bytes:\ngot  %X\nwant %s", written, c.hex)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	for _, c := range []struct{ name, hex, want string }{
		{"nothing", "", "malformed command APDU: 0 bytes, a header has 4"},
		{"three bytes", "00A404", "malformed command APDU: 3 bytes, a header has 4"},
		{"Lc too long", "00A4040C 0A D392", "malformed command APDU: Lc 10, 2 bytes follow"},
		{"Lc too short", "00A4040C 01 D392F0", "malformed command APDU: Lc 1, 3 bytes follow"},
		{"Lc 00", "00A4040C 00 01", "malformed command APDU: Lc 00 followed by 1 byte"},
		{"extended Lc 0000", "00A4040C 00 0000 AA", "malformed command APDU: extended Lc 0000"},
		{"extended Lc too long", "00A4040C 00 0002 AA", "malformed command APDU: extended Lc 2, 1 bytes follow"},
		{"half an extended Le", "00A4040C 00 0001 AA 00", "malformed command APDU: extended Lc 1, 2 bytes follow"},
		{"65535 said, none there", "00A4040C 00 FFFF AA", "malformed command APDU: extended Lc 65535, 1 bytes follow"},
	} {
		_, err := apdu.Parse(unhex(c.hex))
		if !errors.Is(err, apdu.ErrMalformed) || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// TestAppendGrows: what doesn't fit the short form is written in the extended
// one, whether it says so or not.
func TestAppendGrows(t *testing.T) {
	for _, c := range []struct {
		name string
		from apdu.Command
		want string
	}{
		{"Ne 257", command(nil, 257, false), "00A4040C 00 0101"},
		{"256 bytes", command(make([]byte, 256), 0, false), "00A4040C 00 0100" + strings.Repeat("00", 256)},
		{"256 bytes and Ne 1", command(make([]byte, 256), 1, false), "00A4040C 00 0100" + strings.Repeat("00", 256) + "0001"},
		{"extended case 1", command(nil, 0, true), "00A4040C"},
	} {
		if got := c.from.Bytes(); !bytes.Equal(got, unhex(c.want)) {
			t.Errorf("%s: got %X, want %s", c.name, got, c.want)
		}
	}
	if got := head.Append([]byte{0x11}); !bytes.Equal(got, unhex("11 00A4040C")) {
		t.Errorf("Append: got %X", got)
	}
}

func TestAppendPanics(t *testing.T) {
	for name, c := range map[string]apdu.Command{
		"65536 bytes": command(make([]byte, 65536), 0, true),
		"Ne 65537":    command(nil, 65537, true),
		"Ne -1":       command(nil, -1, false),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: written", name)
				}
			}()
			c.Bytes()
		}()
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "00A4040C", "00A4040C 00", "00A4040C 01 AA", "00A4040C 01 AA 00",
		"00A4040C 00 0000", "00A4040C 00 0001 AA", "00A4040C 00 0001 AA 0000", "00A4040C 0A D392",
	} {
		f.Add(unhex(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := apdu.Parse(b)
		if err != nil {
			if !errors.Is(err, apdu.ErrMalformed) {
				t.Fatalf("%X: %v is not ErrMalformed", b, err)
			}
			return
		}
		written := c.Bytes()
		if !bytes.Equal(written, b) {
			t.Fatalf("read  %X\nwrote %X", b, written)
		}
		if again, err := apdu.Parse(written); err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("read %+v, then %+v, %v", c, again, err)
		}
	})
}
