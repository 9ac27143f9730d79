package emulator

import (
	"bytes"
	"fmt"

	"kazasu/internal/jpki"
)

// common is 共通カードAP: the card's number as a record in simple TLV (one byte
// of tag, one of length), and a key by which the card shows that it is there.
// Its public half is nowhere on the card. The key's PIN file 001C is 住基AP's
// too.
func (b *builder) common(pin file) application {
	return application{aid: jpki.AIDCommon, noDelivery: true, files: []file{
		recorded(jpki.CommonSerial, always, simple(0x01, []byte(b.number()+b.placeAndExpiry()))),
		recorded(jpki.CommonKeyID, always, b.cardKeyID()),
		proving(jpki.CommonKey, b.CommonKey),
		pin,
		hidden(0x001E),
	}}
}

// juki is 住基AP; a PIN that is verified there opens nothing that anybody found.
func (b *builder) juki(pin file) application {
	return application{aid: jpki.AIDJuki, files: []file{
		recorded(jpki.CommonKeyID, always, b.cardKeyID()),
		pin,
		hidden(0x001E),
	}}
}

// jukiPIN is one PIN in two applications. A card that was issued without has
// it blocked, a guess.
func (b *builder) jukiPIN() file {
	if b.JukiPIN.value.IsZero() {
		return verifying(jpki.JukiPIN, pinNone)
	}
	return b.pin(jpki.CredentialJuki, b.JukiPIN)
}

// number is 製造番号, 15 digits.
func (b *builder) number() string {
	if b.CardNumber != "" {
		return b.CardNumber
	}
	var sum uint64
	for _, ch := range []byte(b.issue.serial) {
		sum = (sum*131 + uint64(ch)) % 1e14
	}
	return fmt.Sprintf("4%014d", sum)
}

// placeAndExpiry is zeros where the contents name none.
func (b *builder) placeAndExpiry() string { return zeros(b.Municipality, 5) + zeros(b.CardExpiry, 8) }

// cardKeyID is the one record of EF 0002: the name of the key that certifies
// the card, as the root of the test hierarchy bears it. Which key a real card
// names there, and that the tag is 01, are guesses.
func (b *builder) cardKeyID() []byte {
	return simple(0x01, bytes.Clone(cardRootID))
}

// cardRootID names the root of the card's own certificates. Keys of the card
// itself end in A8.
var cardRootID = []byte("6000020\x08\x05001\x00\x00\x00\xA8")

// simple is an object in simple TLV (JICSAP; ISO/IEC 7816-4 5.2.1).
func simple(tag byte, value []byte) []byte {
	return append([]byte{tag, byte(len(value))}, value...)
}
