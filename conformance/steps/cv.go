package steps

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"kazasu/internal/tlv"
)

func cvSteps() []Row {
	return []Row{
		{`the CV certificate in the file {hex} is signed by the root`, `ファイル {hex} のCV証明書はルートに署名されている`,
			"PKCS#1 v1.5 with SHA-256, by the root key that the bench's CA publishes", cvSigned},
		{`one flipped byte of the CV certificate in the file {hex} is detected`, `ファイル {hex} のCV証明書の1バイトの改変が検出される`,
			"the same verification, which must fail now", cvFlipped},
		{`the CV certificate in the file {hex} is signed by the root called {string}`, `ファイル {hex} のCV証明書は{string}のルートに署名されている`,
			"the same with another of the CA's roots: text, face or card", cvSignedBy},
		{`the root called {string} refuses the CV certificate in the file {hex}`, `{string}のルートはファイル {hex} のCV証明書を拒む`,
			"the same verification, which must fail", cvRefusedBy},
		{`the card's CV certificates lead from the root called {string} to a second one`, `カードのCV証明書が{string}のルートから2枚目まで連なる`,
			"GET DATA 00F8 and 7F21: the root signed the first, whose key signed the second; 00F7 names it", cvChain},
	}
}

const tagCVSignature = 0x5F37

// cvRoot is one of the keys that sign CV certificates, as the CA publishes it.
func (w *World) cvRoot(ctx context.Context, name string) (*rsa.PublicKey, error) {
	ca := w.Bench.Info().CA
	address, known := map[string]string{"text": ca.Text.Key, "face": ca.Face.Key, "card": ca.Card.Key}[name]
	switch {
	case !known:
		return nil, fmt.Errorf("no root is called %q: text, face or card", name)
	case address == "":
		return nil, &NotApplicable{"the bench publishes no root key of CV certificates"}
	}
	if err := w.get(ctx, address); err != nil {
		return nil, err
	}
	if err := Expect("HTTP status of the root key", 200, w.exchange.status); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(w.exchange.body)
	if block == nil {
		return nil, &Failure{"root key of CV certificates", "PEM", clip(w.exchange.body)}
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, &Failure{"root key of CV certificates", "a public key", err.Error()}
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, &Failure{"root key of CV certificates", "an RSA key", fmt.Sprintf("%T", key)}
	}
	return public, nil
}

// verifyCV verifies the CV certificate of a file after a change to what is
// signed.
func (w *World) verifyCV(ctx context.Context, root string, file []byte, change func([]byte)) error {
	key, err := w.cvRoot(ctx, root)
	if err != nil {
		return err
	}
	inside, err := w.readObject(ctx, file, tagCV)
	if err != nil {
		return err
	}
	body, signature, err := splitCV(inside)
	if err != nil {
		return err
	}
	body = bytes.Clone(body)
	change(body)
	return verifySHA256("signature of the CV certificate", key, body, signature)
}

// splitCV takes what is inside a CV certificate apart.
func splitCV(inside []byte) (body, signature []byte, err error) {
	r := tlv.NewReader(inside)
	body, signature = r.Expect(tagCVBody), r.Expect(tagCVSignature)
	if r.Err() != nil {
		return nil, nil, &Failure{"CV certificate", "objects 5F4E and 5F37", r.Err().Error()}
	}
	return body, signature, nil
}

// verifySHA256 is PKCS#1 v1.5 with SHA-256.
func verifySHA256(what string, key *rsa.PublicKey, signed, signature []byte) error {
	digest := sha256.Sum256(signed)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		return &Failure{what, "one that the key verifies", err.Error()}
	}
	return nil
}

func cvSignedBy(ctx context.Context, w *World, file []byte, root string) error {
	return w.verifyCV(ctx, root, file, func([]byte) {})
}

func cvRefusedBy(ctx context.Context, w *World, root string, file []byte) error {
	err := cvSignedBy(ctx, w, file, root)
	if _, refused := failed(err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	return &Failure{"CV certificate with the root " + root, "refused", "verified"}
}

// getCardData is GET DATA in the extended form (docs/FIDELITY.md C26).
func (w *World) getCardData(ctx context.Context, tag uint16) ([]byte, error) {
	command := []byte{0x00, 0xCA, byte(tag >> 8), byte(tag), 0x00, 0x00, 0x00}
	err := w.expectOK(ctx, fmt.Sprintf("data object %04X", tag), command)
	return w.card.answer.Data, err
}

func cvChain(ctx context.Context, w *World, root string) error {
	key, err := w.cvRoot(ctx, root)
	if err != nil {
		return err
	}
	var subject []byte // of the certificate before
	for _, tag := range []uint16{0x00F8, 0x7F21} {
		inside, err := w.getCardData(ctx, tag)
		if err != nil {
			return err
		}
		body, signature, err := splitCV(inside)
		if err != nil {
			return err
		}
		if err := verifySHA256(fmt.Sprintf("signature of the CV certificate %04X", tag), key, body, signature); err != nil {
			return err
		}
		if subject != nil && !bytes.Equal(subject, body[:16]) {
			return &Failure{"issuer of the second CV certificate", show(subject), show(body[:16])}
		}
		if key, err = cvSubjectKey(body); err != nil {
			return err
		}
		if subject == nil {
			subject = bytes.Clone(body[16:32])
		}
	}
	named, err := w.getCardData(ctx, 0x00F7)
	if err != nil {
		return err
	}
	return Expect("key named by 00F7", subject, named)
}

func cvSigned(ctx context.Context, w *World, file []byte) error {
	return w.verifyCV(ctx, "text", file, func([]byte) {})
}

func cvFlipped(ctx context.Context, w *World, file []byte) error {
	err := w.verifyCV(ctx, "text", file, func(body []byte) { body[w.Rand.IntN(len(body))] ^= 1 })
	if _, refused := failed(err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	return &Failure{"CV certificate with one flipped byte", "not verified", "verified"}
}
