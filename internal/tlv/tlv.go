// Package tlv reads and writes the tag-length-value objects of the card.
//
// Two length rules live here. [DER] is X.690 §10.1: the shortest form. [Card]
// is the rule of the 券面 files, worked out from every published report of
// them: below 128 one byte, else always 82 hi lo; 81 xx is never written. So
// FF 40 82 00 9F is normal on a card and wrong in DER, which is why
// encoding/asn1 can't read these files.
//
// Reading is lenient about the rule and strict about the bounds: [Reader]
// takes either form, keeps the first error and never reads past its input.
package tlv

import (
	"errors"
	"fmt"
)

// Tag is a one- or two-byte tag as written: 0x30, 0xDF21, 0x7F21.
type Tag uint16

// Errors of a Reader, wrapped with the offset where they arose.
var (
	ErrTruncated = errors.New("object runs past the end")
	ErrLength    = errors.New("length form not supported")
	ErrTag       = errors.New("unexpected tag")
)

// Reader walks the objects of a byte string. Its first error sticks: every
// later call returns nothing, and Err tells what went wrong.
type Reader struct {
	in  []byte
	pos int
	err error
}

// NewReader reads the objects in b. Values that it returns alias b.
func NewReader(b []byte) *Reader { return &Reader{in: b} }

// Err is the first error met, nil when there was none.
func (r *Reader) Err() error { return r.err }

// Pos is the offset of the next object from the start of the input.
func (r *Reader) Pos() int { return r.pos }

// Rest is what has not been read, such as the filler behind a file's object.
func (r *Reader) Rest() []byte { return r.in[r.pos:] }

// More says that objects are left: no error so far, and the next byte is
// neither the end nor filler (00 or FF FF).
func (r *Reader) More() bool {
	if r.err != nil || r.pos >= len(r.in) || r.in[r.pos] == 0 {
		return false
	}
	return r.in[r.pos] != 0xFF || (r.pos+1 < len(r.in) && r.in[r.pos+1] != 0xFF)
}

// Next returns the next object's tag and value.
func (r *Reader) Next() (Tag, []byte) {
	if r.err != nil {
		return 0, nil
	}
	start := r.pos
	tag, pos, ok := readTag(r.in, start)
	if !ok {
		return 0, r.fail(start, ErrTruncated)
	}
	n, pos, err := readLength(r.in, pos)
	if err != nil {
		return 0, r.fail(start, err)
	}
	if n > len(r.in)-pos {
		return 0, r.fail(start, ErrTruncated)
	}
	r.pos = pos + n
	return tag, r.in[pos:r.pos:r.pos]
}

// Expect returns the value of the next object, which must have this tag.
func (r *Reader) Expect(want Tag) []byte {
	start := r.pos
	tag, value := r.Next()
	if r.err == nil && tag != want {
		r.pos = start
		return r.fail(start, fmt.Errorf("%w: got %s, want %s", ErrTag, tag, want))
	}
	return value
}

func (r *Reader) fail(at int, err error) []byte {
	r.err = fmt.Errorf("object at offset %d: %w", at, err)
	return nil
}

func (t Tag) String() string {
	if t > 0xFF {
		return fmt.Sprintf("%04X", uint16(t))
	}
	return fmt.Sprintf("%02X", uint16(t))
}

// HeaderLen is the number of bytes that tag and length of the object at the
// start of b take, and n the length of its value, which may lie beyond b. It
// is what a client needs to know how much more to read.
func HeaderLen(b []byte) (header, n int, err error) {
	_, pos, ok := readTag(b, 0)
	if !ok {
		return 0, 0, ErrTruncated
	}
	n, pos, err = readLength(b, pos)
	return pos, n, err
}

func readTag(b []byte, pos int) (Tag, int, bool) {
	if pos >= len(b) {
		return 0, pos, false
	}
	if b[pos]&0x1F != 0x1F {
		return Tag(b[pos]), pos + 1, true
	}
	if pos+1 >= len(b) {
		return 0, pos, false
	}
	return Tag(b[pos])<<8 | Tag(b[pos+1]), pos + 2, true
}

func readLength(b []byte, pos int) (n, next int, err error) {
	if pos >= len(b) {
		return 0, pos, ErrTruncated
	}
	first := b[pos]
	switch first {
	case 0x81:
		if pos+1 >= len(b) {
			return 0, pos, ErrTruncated
		}
		return int(b[pos+1]), pos + 2, nil
	case 0x82:
		if pos+2 >= len(b) {
			return 0, pos, ErrTruncated
		}
		return int(b[pos+1])<<8 | int(b[pos+2]), pos + 3, nil
	}
	if first >= 0x80 {
		return 0, pos, fmt.Errorf("%w: %02X", ErrLength, first)
	}
	return int(first), pos + 1, nil
}

// Rule says how a Builder writes lengths.
type Rule int

const (
	// Card writes one byte below 128, else always 82 hi lo.
	Card Rule = iota
	// DER writes the shortest form.
	DER
)

// Builder appends objects to a byte string. The zero value is empty and
// writes by the card's rule.
type Builder struct {
	Rule Rule
	out  []byte
}

// Add appends one object and returns the builder.
func (b *Builder) Add(tag Tag, value []byte) *Builder {
	if tag > 0xFF {
		b.out = append(b.out, byte(tag>>8))
	}
	b.out = append(b.out, byte(tag))
	b.out = appendLength(b.out, len(value), b.Rule)
	b.out = append(b.out, value...)
	return b
}

// Bytes is what has been added so far.
func (b *Builder) Bytes() []byte { return b.out }

// Len is the number of bytes added so far, the offset of the next object.
func (b *Builder) Len() int { return len(b.out) }

func appendLength(dst []byte, n int, rule Rule) []byte {
	switch {
	case n > 0xFFFF:
		panic(fmt.Sprintf("tlv: no object of ours holds %d bytes", n))
	case n < 0x80:
		return append(dst, byte(n))
	case n < 0x100 && rule == DER:
		return append(dst, 0x81, byte(n))
	}
	return append(dst, 0x82, byte(n>>8), byte(n))
}
