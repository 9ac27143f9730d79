package emulator

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// Tags of 券面事項確認AP.
const (
	tagAge       = 0xFF10 // EF 0001
	tagAgeBirth  = 0xDF11
	tagAgeKey    = 0xDF12
	tagAgeSig    = 0xDF13
	tagFront     = 0xFF20 // EF 0002
	tagBirth     = 0xDF22
	tagSex       = 0xDF23
	tagFrontKey  = 0xDF24
	tagName      = 0xDF25
	tagAddress   = 0xDF26
	tagPhoto     = 0xDF27
	tagFrontSig  = 0xDF28
	tagValid     = 0xDF29
	tagCode      = 0xDF2A
	tagFaceBasic = 0xFF30 // EF 0003
	tagVersion   = 0xDF31
	tagKeyID     = 0xDF32
	tagRevision  = 0xDF33
	tagPlace     = 0xDF34
	tagEncrypted = 0xDF35
	tagBack      = 0xFF40 // EF 0005
	tagNumber    = 0xDF41
	tagBackKey   = 0xDF42
	tagBackSig   = 0xDF43
)

func (b *builder) addFace() error {
	if b.Face == nil {
		return nil
	}
	if err := b.checkFace(); err != nil {
		return err
	}
	face, err := b.face()
	if err != nil {
		return fmt.Errorf("writing the face: %w", err)
	}
	b.add(face)
	return nil
}

// face is 券面事項確認AP: what a clerk sees, signed. That 0006 is free to read is
// a guess; nobody knows what 0014 and 0015 are.
func (b *builder) face() (application, error) {
	f := b.Face
	age, err := withSignature(f.IntegrityKey,
		objects(object{tagAgeBirth, []byte(b.Birth)}, b.faceKey(tagAgeKey)), tagAgeSig)
	if err != nil {
		return application{}, err
	}
	front, err := b.front()
	if err != nil {
		return application{}, err
	}
	back, err := withSignature(f.IntegrityKey,
		objects(object{tagNumber, f.Number}, b.faceKey(tagBackKey)), tagBackSig)
	if err != nil {
		return application{}, err
	}
	return application{aid: jpki.AIDSurface, noDelivery: true, signer: jpki.FaceSigningKey, files: []file{
		readable(jpki.FaceAge, after(jpki.FaceBirth), objects(object{tagAge, age})),
		readable(jpki.FaceFront, anyOf(jpki.FaceNumberA, jpki.FaceNumberB), padded(objects(object{tagFront, front}), faceSize)),
		readable(jpki.FaceBasic, always, objects(object{tagFaceBasic, b.faceBasic()})),
		readable(jpki.FaceCV, always, bytes.Clone(f.CV)),
		readable(jpki.FaceBack, after(jpki.FaceNumberA), objects(object{tagBack, back})),
		readable(0x0006, always, padded(nil, 16)),
		b.pin(jpki.CredentialFaceBirth, f.BirthKey),
		b.pin(jpki.CredentialFaceNumberB, b.NumberB),
		b.pin(jpki.CredentialFaceNumberA, b.MyNumber),
		hidden(0x0014),
		hidden(0x0015),
		signing(jpki.FaceSigningKey, always, f.CardKey),
		hidden(0x001C),
		hidden(0x001E),
	}}, nil
}

// faceKey is the card's public key, which stands in three files.
func (b *builder) faceKey(tag tlv.Tag) object {
	return object{tag, rsaPublic(&b.Face.CardKey.PublicKey)}
}

// front is the value of EF 0002: nine offsets from the file's first byte to
// the tags behind them, and these. With a photograph inside, the header has
// the long form.
func (b *builder) front() ([]byte, error) {
	f := b.Face
	text := []object{{tagBirth, []byte(b.Birth)}, {tagSex, []byte{b.Sex}}, b.faceKey(tagFrontKey)}
	images := []object{{tagName, f.Name}, {tagAddress, f.Address}}
	photo := object{tagPhoto, f.Photo}
	signature, err := signThree(f.IntegrityKey, objects(text...), objects(images...), objects(photo))
	if err != nil {
		return nil, err
	}
	parts := append(append(text, images...), photo, object{tagFrontSig, signature},
		object{tagValid, []byte(b.CardExpiry)}, object{tagCode, f.SecurityCode})
	const header = 2 + 3 // FF20 82 hi lo
	first := header + len(offsetsObject(0, parts))
	return append(offsetsObject(first, parts), objects(parts...)...), nil
}

// threeDigests is the head of a DigestInfo that names SHA-256 and says that 96
// bytes follow: more than RFC 8017 knows, and what real cards have.
var threeDigests = []byte{
	0x30, 0x71, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x60,
}

// signThree signs the digests of three parts at once, so that who shows one
// part need not show the others.
func signThree(key *rsa.PrivateKey, parts ...[]byte) ([]byte, error) {
	block := bytes.Clone(threeDigests)
	for _, part := range parts {
		digest := sha256.Sum256(part)
		block = append(block, digest[:]...)
	}
	signature, err := rsa.SignPKCS1v15(nil, key, 0, block)
	if err != nil {
		return nil, fmt.Errorf("signing three digests: %w", err)
	}
	return signature, nil
}

// faceBasic is EF 0003. DF35 holds a 照合番号, encrypted with a key whose other
// half nobody here has: these bytes only look like it.
func (b *builder) faceBasic() []byte {
	encrypted := []byte("6900025\x08\x05001\x00\x00\x00\x00")
	for i := range byte(signatureLen / sha256.Size) {
		digest := sha256.Sum256(append([]byte(b.issue.serial), i))
		encrypted = append(encrypted, digest[:]...)
	}
	return objects(
		object{tagVersion, []byte{0x06, 0x03, 0x0E, 0x01}},
		object{tagKeyID, []byte("6000024\x08\x05001\x00\x00\x00\x00")},
		object{tagRevision, []byte{0x00}},
		object{tagPlace, []byte(b.Municipality)},
		object{tagEncrypted, encrypted},
	)
}
