package emulator

import (
	"bytes"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// P1 of SELECT.
const (
	selectMF   = 0x00
	selectEF   = 0x02
	selectName = 0x04
)

// P2 of SELECT: what to return.
const (
	returnFCI     = 0x00
	returnNothing = 0x0C
)

// Length of a DF name, and of a file identifier, in bytes.
const (
	nameMax   = 16
	fileIDLen = 2
)

func (c *Card) selectFile(cmd apdu.Command) (apdu.Response, error) {
	switch {
	case cmd.P1 == selectMF:
		return status(c.selectMaster(cmd)), nil
	case cmd.P2 != returnFCI && cmd.P2 != returnNothing:
		return status(apdu.WrongP1P2), nil
	case cmd.P1 == selectName:
		return c.selectApplication(cmd), nil
	case cmd.P1 == selectEF:
		return status(c.selectElementary(cmd.Data)), nil
	}
	return status(apdu.WrongP1P2), nil
}

// selectMaster is odd, and measured so: the card has no MF. Without a name it
// is refused at card level and changes nothing inside an application; 3F00 is
// never found.
func (c *Card) selectMaster(cmd apdu.Command) apdu.Status {
	switch {
	case len(cmd.Data) > 0:
		return apdu.FileNotFound
	case c.session.application == nil:
		return apdu.WrongP1P2
	}
	return apdu.OK
}

// selectElementary makes a file current; PIN status stays.
func (c *Card) selectElementary(id []byte) apdu.Status {
	if len(id) != fileIDLen {
		return apdu.WrongLength
	}
	f := c.session.find(jpki.FileID(id[0])<<8 | jpki.FileID(id[1]))
	if f == nil {
		return apdu.FileNotFound
	}
	c.session.file = f
	return apdu.OK
}

// selectApplication finds a DF by its name or the beginning of it. A name that
// nobody bears leaves the current application as it was.
func (c *Card) selectApplication(cmd apdu.Command) apdu.Response {
	if len(cmd.Data) > nameMax {
		return status(apdu.WrongLength)
	}
	a, aid := c.profile.byName(cmd.Data)
	if aid == nil {
		return status(apdu.FileNotFound)
	}
	c.session.enter(a)
	if cmd.P2 == returnNothing || cmd.Ne == 0 {
		return status(apdu.OK)
	}
	info := controlInformation(aid)
	return apdu.Response{Data: info[:min(cmd.Ne, len(info))], Status: apdu.OK}
}

// byName is the first application whose name begins with name, in the order
// of the card's list, the issuer security domain last; an empty name is the
// issuer security domain (GlobalPlatform). aid is nil when nobody's does. The
// name of an application must begin with what was asked for, never the other
// way round: else the card would answer to every foreign driver's probe.
func (p *Profile) byName(name []byte) (a *application, aid []byte) {
	if len(name) == 0 {
		return nil, jpki.AIDISD
	}
	for i := range p.applications {
		if a := &p.applications[i]; bytes.HasPrefix(a.aid, name) {
			return a, a.aid
		}
	}
	if bytes.HasPrefix(jpki.AIDISD, name) {
		return nil, jpki.AIDISD
	}
	return nil, nil
}

// controlInformation is the FCI: 6F { 84 name }. What a real card answers is
// not published; this is the least that ISO/IEC 7816-4 5.3.3 allows, a guess.
func controlInformation(aid []byte) []byte {
	var inner, outer tlv.Builder
	inner.Add(0x84, aid)
	return outer.Add(0x6F, inner.Bytes()).Bytes()
}
