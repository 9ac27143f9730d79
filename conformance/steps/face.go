package steps

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"kazasu/internal/tlv"
)

func faceSteps() []Row {
	return []Row{
		{`the face's nine offsets lead to their tags`, `券面の9つの位置情報がタグを指している`,
			"DF21 of the file read last: offsets of DF22 to DF2A from the file's first byte", faceOffsets},
		{`the face holds a photograph in JPEG 2000 and three texts in PNG`, `券面にはJPEG 2000の写真と3つのPNGの文字がある`,
			"DF27 begins as a JP2 container; DF25, DF26 and DF2A as PNG of one bit a pixel", faceImages},
		{`the face's signature over 96 bytes is by the key in the file {hex}`, `券面の96バイトへの署名はファイル {hex} の鍵による`,
			"DF28: PKCS#1 v1.5, a DigestInfo with the SHA-256 of DF22–DF24, of DF25 and DF26, and of DF27", faceSigned},
		{`one flipped byte of the face is detected`, `券面の1バイトの改変が検出される`,
			"the same verification after a change to the photograph, which must fail now", faceFlipped},
		{`the file {hex} ends with a signature by the key in the file {hex}`, `ファイル {hex} の末尾の署名はファイル {hex} の鍵による`,
			"one object: the last inside is PKCS#1 v1.5 with SHA-256 over all before it", fileSigned},
	}
}

// Tags of the face (docs/FIDELITY.md C35).
const (
	tagFaceOffsets = 0xDF21
	tagFaceName    = 0xDF25
	tagFacePhoto   = 0xDF27
	tagFaceSigned  = 0xDF28
	tagFaceCode    = 0xDF2A
)

// Lengths: the nine offsets, and a signature's object, tag, three bytes of
// length and 256 bytes.
const (
	faceOffsetsLen     = 18
	signatureObjectLen = 2 + 3 + 256
)

// faceParts are the objects of the file read last, by tag from DF22 to DF2A,
// each with its header.
func (w *World) faceParts() (parts [][]byte, err error) {
	r := tlv.NewReader(w.card.content)
	inside := r.Expect(tagText)
	objects := tlv.NewReader(inside)
	objects.Expect(tagFaceOffsets)
	for tag := tlv.Tag(tagTextOffsets + 1); tag <= tagFaceCode; tag++ {
		from := objects.Pos()
		objects.Expect(tag)
		if objects.Err() != nil {
			return nil, &Failure{"face of the card", fmt.Sprintf("an object %X", uint32(tag)), objects.Err().Error()}
		}
		parts = append(parts, inside[from:objects.Pos()])
	}
	return parts, r.Err()
}

// partOf is one of these parts.
func partOf(parts [][]byte, tag int) []byte { return parts[tag-tagFaceOffsets-1] }

func faceOffsets(_ context.Context, w *World) error {
	content := w.card.content
	r := tlv.NewReader(content)
	offsets := tlv.NewReader(r.Expect(tagText)).Expect(tagFaceOffsets)
	if r.Err() != nil || len(offsets) != faceOffsetsLen {
		return &Failure{"face of the card", "18 bytes of offsets in DF21", show(offsets)}
	}
	for i := range faceOffsetsLen / 2 {
		at := int(offsets[2*i])<<8 | int(offsets[2*i+1])
		if at+2 > len(content) {
			return &Failure{"offset of a part of the face", "inside the file", show(at)}
		}
		if err := Expect(fmt.Sprintf("bytes at offset %d", at), []byte{0xDF, byte(0x22 + i)}, content[at:at+2]); err != nil {
			return err
		}
	}
	return nil
}

func faceImages(_ context.Context, w *World) error {
	parts, err := w.faceParts()
	if err != nil {
		return err
	}
	value := func(tag int) []byte { _, v := tlv.NewReader(partOf(parts, tag)).Next(); return v }
	jp2 := []byte{0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20}
	if err := Expect("first bytes of the photograph", jp2, head(value(tagFacePhoto), len(jp2))); err != nil {
		return err
	}
	png := []byte{0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A}
	for _, tag := range []int{tagFaceName, tagFaceName + 1, tagFaceCode} {
		text := value(tag)
		if err := Expect(fmt.Sprintf("first bytes of the text %X", tag), png, head(text, len(png))); err != nil {
			return err
		}
		const depth = 24 // of IHDR, the first chunk (PNG 3rd edition 11.2.1)
		if len(text) <= depth || text[depth] != 1 {
			return &Failure{fmt.Sprintf("text %X", tag), "one bit a pixel", show(text)}
		}
	}
	return nil
}

// faceDigests is what stands before the three digests in the block signed.
var faceDigests = []byte{
	0x30, 0x71, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x60,
}

func faceSigned(ctx context.Context, w *World, file []byte) error {
	return w.verifyFace(ctx, file, func([][]byte) {})
}

func (w *World) verifyFace(ctx context.Context, file []byte, change func(parts [][]byte)) error {
	parts, err := w.faceParts()
	if err != nil {
		return err
	}
	content := w.card.content
	key, err := w.cvKey(ctx, file)
	w.card.content = content // the face is still what was read
	if err != nil {
		return err
	}
	parts = bytesOf(parts)
	change(parts)
	block := bytes.Clone(faceDigests)
	for _, part := range [][]byte{bytes.Join(parts[:3], nil), bytes.Join(parts[3:5], nil), parts[5]} {
		digest := sha256.Sum256(part)
		block = append(block, digest[:]...)
	}
	_, signature := tlv.NewReader(partOf(parts, tagFaceSigned)).Next()
	if err := rsa.VerifyPKCS1v15(key, 0, block, signature); err != nil {
		return &Failure{"signature of the face", "one over three digests that the CV certificate's key verifies", err.Error()}
	}
	return nil
}

// bytesOf is a copy that may be changed.
func bytesOf(parts [][]byte) (out [][]byte) {
	for _, part := range parts {
		out = append(out, bytes.Clone(part))
	}
	return out
}

func faceFlipped(ctx context.Context, w *World) error {
	err := w.verifyFace(ctx, []byte{0x00, 0x04}, func(parts [][]byte) {
		photo := partOf(parts, tagFacePhoto)
		photo[len(photo)/2] ^= 1
	})
	if _, refused := failed(err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	return &Failure{"signature over a face with one flipped byte", "not verified", "verified"}
}

func fileSigned(ctx context.Context, w *World, file, cv []byte) error {
	if err := readFile(ctx, w, file); err != nil {
		return err
	}
	_, inside := tlv.NewReader(w.card.content).Next()
	if len(inside) < signatureObjectLen {
		return &Failure{fmt.Sprintf("file %X", file), "an object with a signature at its end", show(inside)}
	}
	signed, signature := inside[:len(inside)-signatureObjectLen], inside[len(inside)-256:]
	key, err := w.cvKey(ctx, cv)
	if err != nil {
		return err
	}
	return verifySHA256(fmt.Sprintf("signature in the file %X", file), key, signed, signature)
}
