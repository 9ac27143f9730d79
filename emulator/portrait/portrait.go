// Package portrait holds what is printed on the cards of the shipped holders:
// a photograph of nobody, and the texts as pictures.
//
// The photographs were drawn by genportraits, a dozen ellipses each, and
// packed as JPEG 2000 (JP2 container, greyscale) by Debian's opj_compress. The
// texts were set in Debian's Noto Sans CJK by ImageMagick, as PNG of one bit a
// pixel. All were made once and are embedded, so that a card is the same to
// the byte on every machine and nobody needs tools or fonts to run one.
package portrait

import (
	"embed"
	"errors"
	"fmt"
)

//go:generate go run ./genportraits

//go:embed images/*.jp2 images/*.png
var images embed.FS

// ErrNotDrawn says that nobody drew pictures for this holder: they are made
// for the shipped ones alone.
var ErrNotDrawn = errors.New("no pictures were drawn for this holder")

// Portrait is what is printed on one card. Sizes in pixels.
type Portrait struct {
	Photo        []byte // JP2, 192×240
	Name         []byte // PNG, 320×28
	Address      []byte // PNG
	Number       []byte // PNG, 72×12: the 個人番号
	SecurityCode []byte // PNG, 24×12
}

// Of is the portrait of the shipped holder with this ID, else [ErrNotDrawn].
func Of(id string) (p Portrait, err error) {
	for name, image := range map[string]*[]byte{
		"photo.jp2": &p.Photo, "name.png": &p.Name, "address.png": &p.Address,
		"number.png": &p.Number, "code.png": &p.SecurityCode,
	} {
		if *image, err = images.ReadFile("images/" + id + "-" + name); err != nil {
			return Portrait{}, fmt.Errorf("holder %q: %w", id, ErrNotDrawn)
		}
	}
	return p, nil
}
