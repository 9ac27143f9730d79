package steps

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"

	"kazasu/internal/tlv"
)

func integritySteps() []Row {
	return []Row{
		{`the integrity record matches number and attributes`, `真正性の記録が番号と属性に一致する`,
			"EF 0003 of the selected application: SHA-256 of EF 0001, and of EF 0002 behind its offsets", integrityMatches},
		{`the integrity record is signed by the key in the file {hex}`, `真正性の記録はファイル {hex} の鍵で署名されている`,
			"PKCS#1 v1.5 with SHA-256, by the key of the CV certificate", integritySigned},
		{`one flipped byte of the integrity record is detected`, `真正性の記録の1バイトの改変が検出される`,
			"the same verification, which must fail now", integrityFlipped},
		{`the attributes' offsets lead to their tags`, `属性の位置情報がタグを指している`,
			"the four offsets of DF21 count from the file's first byte", offsetsLead},
	}
}

// Tags of the files (docs/FIDELITY.md C23, C24, K14).
const (
	tagHashes       = 0xFF30
	tagNumberHash   = 0xDF31
	tagTextHash     = 0xDF32
	tagHashesSigned = 0xDF33
	tagText         = 0xFF20
	tagTextOffsets  = 0xDF21
	tagCV           = 0x7F21
	tagCVBody       = 0x5F4E
)

// readObject reads a file and gives back the value of its outer object.
func (w *World) readObject(ctx context.Context, id []byte, tag tlv.Tag) ([]byte, error) {
	if err := readFile(ctx, w, id); err != nil {
		return nil, err
	}
	r := tlv.NewReader(w.card.content)
	value := r.Expect(tag)
	if r.Err() != nil {
		return nil, &Failure{fmt.Sprintf("file %X", id), fmt.Sprintf("an object %X", uint32(tag)), r.Err().Error()}
	}
	return value, nil
}

// integrityRecord is EF 0003 taken apart: two hashes, the signature, and what
// is signed.
func (w *World) integrityRecord(ctx context.Context) (number, text, signed, signature []byte, err error) {
	inside, err := w.readObject(ctx, []byte{0x00, 0x03}, tagHashes)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	r := tlv.NewReader(inside)
	number, text, signature = r.Expect(tagNumberHash), r.Expect(tagTextHash), r.Expect(tagHashesSigned)
	if r.Err() != nil {
		return nil, nil, nil, nil, &Failure{"integrity record", "DF31, DF32 and DF33", r.Err().Error()}
	}
	return number, text, inside[:len(inside)-signatureObjectLen], signature, nil
}

func integrityMatches(ctx context.Context, w *World) error {
	numberHash, textHash, _, _, err := w.integrityRecord(ctx)
	if err != nil {
		return err
	}
	if err := readFile(ctx, w, []byte{0x00, 0x01}); err != nil {
		return err
	}
	number := sha256.Sum256(w.card.content)
	if !bytes.Equal(number[:], numberHash) { // a number and its hash are not to be shown
		return &Failure{"hash of the number", "that of file 0001", "another"}
	}
	inside, err := w.readObject(ctx, []byte{0x00, 0x02}, tagText)
	if err != nil {
		return err
	}
	r := tlv.NewReader(inside)
	offsets := r.Expect(tagTextOffsets)
	said := inside[2+1+len(offsets):]
	text := sha256.Sum256(said)
	if !bytes.Equal(text[:], textHash) {
		return &Failure{"hash of the attributes", "that of file 0002 behind its offsets", "another"}
	}
	return nil
}

// cvKey is the RSA key inside a CV certificate: key ids of issuer and subject,
// 16 bytes each, then 90 and 91 (docs/FIDELITY.md K14).
func (w *World) cvKey(ctx context.Context, file []byte) (*rsa.PublicKey, error) {
	inside, err := w.readObject(ctx, file, tagCV)
	if err != nil {
		return nil, err
	}
	return cvSubjectKey(tlv.NewReader(inside).Expect(tagCVBody))
}

// cvSubjectKey is the same out of what the certificate's signature covers.
func cvSubjectKey(body []byte) (*rsa.PublicKey, error) {
	if len(body) < 32 {
		return nil, &Failure{"CV certificate", "two key ids and a key", show(body)}
	}
	r := tlv.NewReader(body[32:])
	exponent, modulus := r.Expect(0x90), r.Expect(0x91)
	if r.Err() != nil {
		return nil, &Failure{"CV certificate", "objects 90 and 91", r.Err().Error()}
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}, nil
}

func (w *World) verifyIntegrity(ctx context.Context, file []byte, change func([]byte)) error {
	key, err := w.cvKey(ctx, file)
	if err != nil {
		return err
	}
	_, _, signed, signature, err := w.integrityRecord(ctx)
	if err != nil {
		return err
	}
	signed = bytes.Clone(signed)
	change(signed)
	digest := sha256.Sum256(signed)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		return &Failure{"signature of the integrity record", "one that the CV certificate's key verifies", err.Error()}
	}
	return nil
}

func integritySigned(ctx context.Context, w *World, file []byte) error {
	return w.verifyIntegrity(ctx, file, func([]byte) {})
}

func integrityFlipped(ctx context.Context, w *World) error {
	err := w.verifyIntegrity(ctx, []byte{0x00, 0x04}, func(signed []byte) { signed[w.Rand.IntN(len(signed))] ^= 1 })
	if _, refused := failed(err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	return &Failure{"signature over a record with one flipped byte", "not verified", "verified"}
}

func offsetsLead(_ context.Context, w *World) error {
	content := w.card.content
	outer := tlv.NewReader(content)
	r := tlv.NewReader(outer.Expect(tagText))
	offsets := r.Expect(tagTextOffsets)
	if r.Err() != nil || len(offsets) != 8 {
		return &Failure{"attributes file", "eight bytes of offsets in DF21", show(offsets)}
	}
	for i, tag := range [][]byte{{0xDF, 0x22}, {0xDF, 0x23}, {0xDF, 0x24}, {0xDF, 0x25}} {
		at := int(offsets[2*i])<<8 | int(offsets[2*i+1])
		if at+2 > len(content) {
			return &Failure{"offset of an attribute", "inside the file", show(at)}
		}
		if err := Expect(fmt.Sprintf("bytes at offset %d", at), tag, content[at:at+2]); err != nil {
			return err
		}
	}
	return nil
}
