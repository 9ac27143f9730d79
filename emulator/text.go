package emulator

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// Tags of the text application that nobody but the card writes.
const (
	tagBasic         = 0xFF40 // EF 0005
	tagBasicVersion  = 0xDF41
	tagBasicKeyID    = 0xDF42
	tagBasicUnknown  = 0xDF43
	tagSessionKey    = 0xA1   // EF 0006
	tagCardKey       = 0xFF50 // EF 0007
	tagCardKeyPublic = 0xDF51
	tagCardKeySig    = 0xDF52
)

// object is a tag and its value.
type object struct {
	tag   tlv.Tag
	value []byte
}

// objects writes them one after the other, by the card's length rule.
func objects(list ...object) []byte {
	var b tlv.Builder
	for _, o := range list {
		b.Add(o.tag, o.value)
	}
	return b.Bytes()
}

// text is 券面事項入力補助AP. File 0012 stands blocked from issue on real cards;
// that 0008 is free to read is a guess.
func (b *builder) text() (application, error) {
	number := fmt.Appendf([]byte{0xFF, 0x10, 0x0C}, "%s\xFF\xFF", b.MyNumber.value.Bytes())
	attributes, attributesHash := b.attributes()
	integrity, err := b.integrity(sha256.Sum256(number), attributesHash)
	if err != nil {
		return application{}, err
	}
	cardKey, err := b.cardKey()
	if err != nil {
		return application{}, err
	}
	anyPIN := anyOf(jpki.TextPIN, jpki.TextNumberA, jpki.TextNumberB)
	return application{aid: jpki.AIDText, delivery: true, signer: jpki.TextSigningKey, files: []file{
		readable(jpki.TextMyNumber, anyOf(jpki.TextPIN, jpki.TextNumberA), number),
		readable(jpki.TextAttributes, anyOf(jpki.TextPIN, jpki.TextNumberB), padded(attributes, attributesSize)),
		readable(jpki.TextIntegrity, anyPIN, integrity),
		readable(jpki.TextCV, always, bytes.Clone(b.CV)),
		readable(jpki.TextBasic, always, padded(b.basic(), basicSize)),
		readable(jpki.TextSessionKey, anyPIN, objects(object{tagSessionKey, rsaPublic(&b.CardKey.PublicKey)})),
		readable(jpki.TextCardKey, anyPIN, cardKey),
		readable(0x0008, always, padded(nil, 16)),
		hidden(0x0010),
		b.pin(jpki.CredentialText, b.TextPIN),
		verifying(0x0012, pinNone),
		signing(jpki.TextSigningKey, always, b.CardKey),
		b.pin(jpki.CredentialNumberA, b.MyNumber),
		b.pin(jpki.CredentialNumberB, b.NumberB),
		hidden(0x001C),
		hidden(0x001E),
	}}, nil
}

// attributes is EF 0002, and the hash that EF 0003 has of it: over all that
// follows the offsets. The offsets lead from the file's first byte to the tags
// of name, address, birth and sex, and so depend on the header's length, 3 or
// 5 bytes by how much there is to say.
func (b *builder) attributes() (file []byte, hash [sha256.Size]byte) {
	parts := []object{
		{jpki.TagName, []byte(b.Name)},
		{jpki.TagAddress, []byte(b.Address)},
		{jpki.TagBirth, []byte(b.Birth)},
		{jpki.TagSex, []byte{b.Sex}},
	}
	said := objects(parts...)
	start := len(offsetsObject(0, nil)) + 2*len(parts)
	header := len(objects(object{jpki.TagAttributes, make([]byte, start+len(said))})) - start - len(said)
	inside := append(offsetsObject(header+start, parts), said...)
	return objects(object{jpki.TagAttributes, inside}), sha256.Sum256(said)
}

// offsetsObject is DF21: where each part begins, 2 bytes each, the first of
// them at first.
func offsetsObject(first int, parts []object) []byte {
	var out []byte
	for _, part := range parts {
		out = binary.BigEndian.AppendUint16(out, uint16(first))
		first += len(objects(part))
	}
	return objects(object{jpki.TagOffsets, out})
}

// integrity is EF 0003: the hashes of 0001 and 0002, and a signature over both
// objects with the key that EF 0004 certifies.
func (b *builder) integrity(number, attributes [sha256.Size]byte) ([]byte, error) {
	hashes := objects(object{jpki.TagNumberHash, number[:]}, object{jpki.TagAttributesHash, attributes[:]})
	signed, err := withSignature(b.IntegrityKey, hashes, jpki.TagIntegritySig)
	return objects(object{jpki.TagIntegrity, signed}), err
}

// cardKey is EF 0007: the card's public key, signed likewise.
func (b *builder) cardKey() ([]byte, error) {
	public := objects(object{tagCardKeyPublic, rsaPublic(&b.CardKey.PublicKey)})
	signed, err := withSignature(b.IntegrityKey, public, tagCardKeySig)
	return objects(object{tagCardKey, signed}), err
}

// withSignature is content with an integrity key's signature over it behind,
// as an object with this tag.
func withSignature(key *rsa.PrivateKey, content []byte, tag tlv.Tag) ([]byte, error) {
	digest := sha256.Sum256(content)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return nil, fmt.Errorf("signing with integrity key: %w", err)
	}
	return append(content, objects(object{tag, signature})...), nil
}

// basic is EF 0005. The 32 bytes that begin DF43 look like a digest of we
// don't know what; here it is that of the serial.
func (b *builder) basic() []byte {
	version := []byte{0x01, 0x03, 0x0E, 0x01} // format, extended length, maker, option
	keyID := []byte("6000034\x08\x05001\x00\x00\x00\x00")
	digest := sha256.Sum256([]byte(b.issue.serial))
	return objects(object{tagBasic, objects(
		object{tagBasicVersion, version},
		object{tagBasicKeyID, keyID},
		object{tagBasicUnknown, padded(digest[:], 128)},
	)})
}
