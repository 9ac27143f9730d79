// Package apdu is the language a card speaks: command and response APDUs as
// ISO/IEC 7816-4 §5.1 writes them, short and extended, and the status words
// that the My Number Card answers with.
//
// A command comes off a wire as bytes and is read with [Parse]; what Parse
// refuses, a card answers with 6700. A Command goes back to bytes with
// [Command.Append], and the two agree byte for byte: a command remembers
// whether it was written in the extended form. Status words are answers, not
// errors, until somebody asks [Response.Err].
package apdu

import (
	"errors"
	"fmt"
)

// MaxShort is the number of bytes that Le 00 asks for in the short form, and
// MaxExtended that of Le 0000 in the extended form (ISO/IEC 7816-4 §5.1).
const (
	MaxShort    = 256
	MaxExtended = 65536
)

// ErrMalformed says that bytes are no command APDU: shorter than a header, or
// with an Lc that the length contradicts.
var ErrMalformed = errors.New("malformed command APDU")

// Command is a command APDU. The zero value is the case 1 command 00 00 00 00.
type Command struct {
	CLA, INS, P1, P2 byte

	// Data is the command data field, 0 to 255 bytes in the short form and
	// up to 65535 in the extended form.
	Data []byte

	// Ne is the number of response bytes asked for: 0 when there is no Le
	// field, else 1 to 256 (short) or 1 to 65536 (extended).
	Ne int

	// Extended says that Lc and Le are written in the extended form. It has
	// no effect on a case 1 command, which has neither.
	Extended bool
}

// Parse reads one command APDU, all of b. The Data of the result aliases b.
func Parse(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, fmt.Errorf("%w: %d bytes, a header has 4", ErrMalformed, len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body := b[4:]
	switch {
	case len(body) == 0:
		return c, nil
	case len(body) == 1:
		c.Ne = shortNe(body[0])
		return c, nil
	case body[0] != 0:
		return c.parseShort(body)
	case len(body) >= 3:
		return c.parseExtended(body)
	}
	return Command{}, fmt.Errorf("%w: Lc 00 followed by %d byte", ErrMalformed, len(body)-1)
}

// parseShort reads the body of a short case 3 or 4 command.
func (c Command) parseShort(body []byte) (Command, error) {
	lc, rest := int(body[0]), body[1:]
	switch len(rest) {
	case lc:
		c.Data = rest
	case lc + 1:
		c.Data, c.Ne = rest[:lc], shortNe(rest[lc])
	default:
		return Command{}, fmt.Errorf("%w: Lc %d, %d bytes follow", ErrMalformed, lc, len(rest))
	}
	return c, nil
}

// parseExtended reads the body of an extended case 2, 3 or 4 command.
func (c Command) parseExtended(body []byte) (Command, error) {
	c.Extended = true
	n, rest := int(body[1])<<8|int(body[2]), body[3:]
	if len(rest) == 0 {
		c.Ne = extendedNe(n)
		return c, nil
	}
	switch {
	case n == 0:
		return Command{}, fmt.Errorf("%w: extended Lc 0000", ErrMalformed)
	case len(rest) == n:
		c.Data = rest
	case len(rest) == n+2:
		c.Data, c.Ne = rest[:n], extendedNe(int(rest[n])<<8|int(rest[n+1]))
	default:
		return Command{}, fmt.Errorf("%w: extended Lc %d, %d bytes follow", ErrMalformed, n, len(rest))
	}
	return c, nil
}

// Append writes c to the end of dst. A command that does not fit the short
// form is written in the extended form; one that fits neither panics, since
// only our own tables build such a command.
func (c Command) Append(dst []byte) []byte {
	if len(c.Data) > 65535 || c.Ne < 0 || c.Ne > MaxExtended {
		panic(fmt.Sprintf("apdu: no form holds Lc %d, Le %d", len(c.Data), c.Ne))
	}
	dst = append(dst, c.CLA, c.INS, c.P1, c.P2)
	if len(c.Data) == 0 && c.Ne == 0 {
		return dst
	}
	if c.Extended || len(c.Data) > 255 || c.Ne > MaxShort {
		return c.appendExtended(dst)
	}
	if len(c.Data) > 0 {
		dst = append(dst, byte(len(c.Data)))
		dst = append(dst, c.Data...)
	}
	if c.Ne > 0 {
		dst = append(dst, byte(c.Ne))
	}
	return dst
}

func (c Command) appendExtended(dst []byte) []byte {
	dst = append(dst, 0)
	if n := len(c.Data); n > 0 {
		dst = append(dst, byte(n>>8), byte(n))
		dst = append(dst, c.Data...)
	}
	if c.Ne > 0 {
		dst = append(dst, byte(c.Ne>>8), byte(c.Ne))
	}
	return dst
}

// Bytes is Append to nothing.
func (c Command) Bytes() []byte { return c.Append(nil) }

func shortNe(le byte) int {
	if le == 0 {
		return MaxShort
	}
	return int(le)
}

func extendedNe(le int) int {
	if le == 0 {
		return MaxExtended
	}
	return le
}
