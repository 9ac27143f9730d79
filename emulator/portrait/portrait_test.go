package portrait

import (
	"bytes"
	"errors"
	"image/png"
	"testing"
)

// The holders whose cards are shipped, by name: this package knows no table.
var shipped = []string{"hanako", "taro", "yoshiko", "choju", "mirai", "tsuru"}

func TestPhotographs(t *testing.T) {
	signature := []byte{0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A}
	// The image header box: height 240, width 192, one component of 8 bits, compressed (ISO/IEC 15444-1 I.5.3.1).
	header := []byte{'i', 'h', 'd', 'r', 0, 0, 0, 240, 0, 0, 0, 192, 0, 1, 7, 7}
	seen := map[string]string{}
	for _, id := range shipped {
		p, err := Of(id)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(p.Photo, signature) || !bytes.Contains(p.Photo, header) || !bytes.HasSuffix(p.Photo, []byte{0xFF, 0xD9}) {
			t.Errorf("%s: %d bytes are no grey JP2 file of 192×240", id, len(p.Photo))
		}
		if other := seen[string(p.Photo)]; other != "" {
			t.Errorf("%s looks like %s", id, other)
		}
		seen[string(p.Photo)] = id
	}
}

func TestTexts(t *testing.T) {
	for _, id := range shipped {
		p, err := Of(id)
		if err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string]struct {
			image         []byte
			width, height int // 0: whatever the text needs
		}{"name": {p.Name, 320, 28}, "address": {p.Address, 0, 0}, "number": {p.Number, 72, 12}, "code": {p.SecurityCode, 24, 12}} {
			picture, err := png.Decode(bytes.NewReader(x.image))
			if err != nil {
				t.Errorf("%s, %s: %v", id, name, err)
				continue
			}
			size := picture.Bounds().Size()
			if x.width > 0 && (size.X != x.width || size.Y != x.height) {
				t.Errorf("%s, %s: %v, want %d×%d", id, name, size, x.width, x.height)
			}
			if depth, colour := x.image[24], x.image[25]; depth != 1 || colour != 0 { // IHDR
				t.Errorf("%s, %s: %d bits a pixel, colour type %d; want 1 and 0", id, name, depth, colour)
			}
		}
	}
}

func TestNobodyElse(t *testing.T) {
	for _, id := range []string{"", "nobody", "../images/hanako"} {
		if _, err := Of(id); !errors.Is(err, ErrNotDrawn) {
			t.Errorf("%q: %v, want ErrNotDrawn", id, err)
		}
	}
}
