package vsmartcard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxFrame is the number of bytes that a frame can carry: its length field
// has 16 bits. A driver given a longer command closes the connection.
const MaxFrame = 65535

// headerSize is the length field in front of each frame.
const headerSize = 2

// Control bytes: the only payload of a one-byte frame from reader to card
// (vpcd.h of the vsmartcard project). 03 is unused. Only controlATR is
// answered, with a frame that holds the ATR.
const (
	controlPowerOff = 0x00
	controlPowerOn  = 0x01
	controlReset    = 0x02
	controlATR      = 0x04
)

// Errors of the wire. Test with errors.Is.
var (
	// ErrTruncated says that the connection ended inside a frame.
	ErrTruncated = errors.New("connection ended inside a frame")
	// ErrEmpty says that a frame of no bytes came, or was to be sent. A
	// driver that gets one blocks until the next byte arrives.
	ErrEmpty = errors.New("empty frame")
	// ErrTooLong says that a payload doesn't fit a frame: more than MaxFrame.
	ErrTooLong = errors.New("payload too long for a frame")
)

// AppendFrame writes payload, 1 to MaxFrame bytes, as one frame to the end of
// dst.
func AppendFrame(dst, payload []byte) ([]byte, error) {
	switch {
	case len(payload) == 0:
		return dst, ErrEmpty
	case len(payload) > MaxFrame:
		return dst, fmt.Errorf("%w: %d bytes", ErrTooLong, len(payload))
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(payload)))
	return append(dst, payload...), nil
}

// ReadFrame reads one frame and returns its payload, which belongs to the
// caller. An end between two frames is io.EOF; one inside a frame is
// [ErrTruncated]; a length of zero is [ErrEmpty].
func ReadFrame(r io.Reader) ([]byte, error) {
	return readFrame(r, nil)
}

// readFrame is ReadFrame, calling incomplete with the payload's length once
// that is known and before waiting for the payload.
func readFrame(r io.Reader, incomplete func(length int)) ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, truncated(err)
	}
	length := int(binary.BigEndian.Uint16(header[:]))
	if length == 0 {
		return nil, ErrEmpty
	}
	if incomplete != nil {
		incomplete(length)
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, truncated(err)
	}
	return payload, nil
}

// truncated names an end in mid-frame; any other error passes as it is.
func truncated(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}
