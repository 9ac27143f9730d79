package emulator

import (
	"bytes"

	"kazasu/internal/apdu"
)

// byShortID in P1 says that its low bits are a short EF identifier.
const byShortID = 0x80

// readBinary gives the bytes from an offset to Le or the physical end of the
// file, whichever comes first, always with 9000 (J 6.4.1(4)).
func (c *Card) readBinary(cmd apdu.Command) (apdu.Response, error) {
	if cmd.Ne == 0 || len(cmd.Data) > 0 {
		return status(apdu.WrongLength), nil
	}
	f, offset, refusal := c.readTarget(cmd.P1, cmd.P2)
	if refusal != apdu.OK {
		return status(refusal), nil
	}
	if refusal := c.mayRead(f); refusal != apdu.OK {
		return status(refusal), nil
	}
	body := f.body
	if c.faults.SwappedCertificate && f.swap != nil {
		body = f.swap
	}
	if offset >= len(body) {
		return status(apdu.OffsetOutside), nil
	}
	end := min(offset+cmd.Ne, len(body))
	return apdu.Response{Data: body[offset:end], Status: apdu.OK}, nil
}

// readTarget resolves P1 and P2 of READ BINARY. A file named by its short
// identifier becomes the current one.
func (c *Card) readTarget(p1, p2 byte) (f *file, offset int, refusal apdu.Status) {
	if p1&byShortID == 0 {
		f, refusal = c.session.shortID(0)
		return f, int(p1)<<8 | int(p2), refusal
	}
	f, refusal = c.session.reference(p1)
	if f != nil {
		c.session.file = f
	}
	return f, int(p2), refusal
}

func (c *Card) mayRead(f *file) apdu.Status { return c.mayReadKind(f, transparent) }

func (c *Card) mayReadKind(f *file, want kind) apdu.Status {
	switch {
	case f.kind != want:
		return apdu.WrongFileType
	case !f.use.grants(c.session.verified):
		return apdu.SecurityNotSatisfied
	}
	return apdu.OK
}

// Low three bits of READ RECORD's P2: P1 is the number of the record, or of
// the first of all that follow.
const (
	recordOne = 0x04
	recordAll = 0x05
)

// readRecord gives one record or all from one on. A record that Le is too
// short for is cut off, as READ BINARY would, a guess.
func (c *Card) readRecord(cmd apdu.Command) (apdu.Response, error) {
	how := cmd.P2 & 0x07
	switch {
	case how != recordOne && how != recordAll:
		return status(apdu.WrongP1P2), nil
	case cmd.Ne == 0 || len(cmd.Data) > 0:
		return status(apdu.WrongLength), nil
	}
	f, refusal := c.session.shortID(cmd.P2 >> 3)
	if refusal != apdu.OK {
		return status(refusal), nil
	}
	c.session.file = f
	if refusal := c.mayReadKind(f, recordFile); refusal != apdu.OK {
		return status(refusal), nil
	}
	first := int(cmd.P1) - 1
	if first < 0 || first >= len(f.records) {
		return status(apdu.RecordNotFound), nil
	}
	wanted := f.records[first:]
	if how == recordOne {
		wanted = wanted[:1]
	}
	data := bytes.Join(wanted, nil)
	return apdu.Response{Data: data[:min(cmd.Ne, len(data))], Status: apdu.OK}, nil
}
