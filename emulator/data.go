package emulator

import (
	"fmt"

	"kazasu/internal/apdu"
)

// Tags of the card's own data objects.
const (
	tagIssuer       = 0x0042 // issuer identification number: a key's name, 16 bytes
	tagCardNumber   = 0x0045 // card identification number
	tagRecognition  = 0x0066 // GlobalPlatform's card recognition data
	tagMunicipality = 0x00F0 // 全国地方公共団体コード, 5 digits
	tagExpiry       = 0x00F2 // YYYYMMDD
	tagCardKeyID    = 0x00F7 // name of the key that signs 7F21
	tagCardCV       = 0x00F8 // CV certificate of that key, without its header
	tagOfficeCV     = 0x7F21 // CV certificate of the next, likewise; not on older cards
	tagATR          = 0x5F51 // contact answer to reset without TS
)

// getData gives the data objects of the card itself. Inside an application
// only the answer to reset is found. An object that Le is too short for is
// 6700, and so wants the extended form when it is longer than 256 bytes.
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
	}
	return c.profile.data[tag]
}

// placeData are the objects that a phone has too, a guess.
func (b *builder) placeData() map[uint16][]byte {
	data := map[uint16][]byte{}
	if b.Municipality != "" {
		data[tagMunicipality] = []byte(b.Municipality)
	}
	if b.CardExpiry != "" {
		data[tagExpiry] = []byte(b.CardExpiry)
	}
	return data
}

// Offsets in a CV certificate: its contents, and the name of its subject.
const (
	cvContents   = 5
	cvSubject    = 26
	cvSubjectEnd = 42
)

// cardData are all objects. The bytes of 0042, 0045 and 0066 are not
// published: these are guesses that have the form.
func (b *builder) cardData() map[uint16][]byte {
	data := b.placeData()
	data[tagIssuer] = fmt.Appendf(nil, "%s21\x08\x05000\x00\x00\x00\xA8", zeros(b.Municipality, 5))
	data[tagCardNumber] = []byte(b.number())
	data[tagRecognition] = recognition
	if b.CardCV != nil {
		data[tagCardKeyID] = b.CardCV[cvSubject:cvSubjectEnd]
		data[tagCardCV] = b.CardCV[cvContents:]
	}
	if b.OfficeCV != nil && !b.variant.older {
		data[tagOfficeCV] = b.OfficeCV[cvContents:]
	}
	return data
}

// recognition is the least that GlobalPlatform's card specification (2.2,
// appendix H.2) asks for: 73 { 06 the arc, 60 card management 2.1.1, 63 the
// card's identification scheme, 64 secure channel 02 option 55 }.
var recognition = []byte{
	0x73, 0x2F,
	0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x01,
	0x60, 0x0C, 0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x02, 0x02, 0x01, 0x01,
	0x63, 0x09, 0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x03,
	0x64, 0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x04, 0x02, 0x55,
}
