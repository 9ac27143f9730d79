package emulator

import "kazasu/internal/apdu"

// Tags of the card's own data objects.
const (
	tagMunicipality = 0x00F0 // 全国地方公共団体コード, 5 digits
	tagExpiry       = 0x00F2 // YYYYMMDD
	tagATR          = 0x5F51 // contact answer to reset without TS
)

// getData gives the data objects of the card itself. Inside an application
// only the answer to reset is found; the objects of the issuer's key chain
// are not on this card, as on older real ones.
func (c *Card) getData(cmd apdu.Command) (apdu.Response, error) {
	object := c.dataObject(uint16(cmd.P1)<<8 | uint16(cmd.P2))
	switch {
	case object == nil:
		return status(apdu.DataNotFound), nil
	case cmd.Ne < len(object) || len(cmd.Data) > 0:
		return status(apdu.WrongLength), nil
	}
	return apdu.Response{Data: object, Status: apdu.OK}, nil
}

func (c *Card) dataObject(tag uint16) []byte {
	switch {
	case tag == tagATR:
		return atrContact[1:]
	case c.session.application != nil:
		return nil
	case tag == tagMunicipality:
		return c.profile.municipality
	case tag == tagExpiry:
		return c.profile.expiry
	}
	return nil
}
