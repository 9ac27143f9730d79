package emulator

import "kazasu/internal/apdu"

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

func (c *Card) mayRead(f *file) apdu.Status {
	switch {
	case f.kind != transparent:
		return apdu.WrongFileType
	case !f.use.grants(c.session.verified):
		return apdu.SecurityNotSatisfied
	}
	return apdu.OK
}

// readRecord refuses: no file of these applications has records.
func (c *Card) readRecord(cmd apdu.Command) (apdu.Response, error) {
	_, refusal := c.session.shortID(cmd.P2 >> 3)
	if refusal != apdu.OK {
		return status(refusal), nil
	}
	return status(apdu.WrongFileType), nil
}
