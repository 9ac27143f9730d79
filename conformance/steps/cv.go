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
	}
}

const tagCVSignature = 0x5F37

// textRoot is the key that signs CV certificates, as the CA publishes it.
func (w *World) textRoot(ctx context.Context) (*rsa.PublicKey, error) {
	address := w.Bench.Info().CA.Text.Key
	if address == "" {
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
func (w *World) verifyCV(ctx context.Context, file []byte, change func([]byte)) error {
	root, err := w.textRoot(ctx)
	if err != nil {
		return err
	}
	inside, err := w.readObject(ctx, file, tagCV)
	if err != nil {
		return err
	}
	r := tlv.NewReader(inside)
	body, signature := bytes.Clone(r.Expect(tagCVBody)), r.Expect(tagCVSignature)
	if r.Err() != nil {
		return &Failure{"CV certificate", "objects 5F4E and 5F37", r.Err().Error()}
	}
	change(body)
	digest := sha256.Sum256(body)
	if err := rsa.VerifyPKCS1v15(root, crypto.SHA256, digest[:], signature); err != nil {
		return &Failure{"signature of the CV certificate", "one that the root key verifies", err.Error()}
	}
	return nil
}

func cvSigned(ctx context.Context, w *World, file []byte) error {
	return w.verifyCV(ctx, file, func([]byte) {})
}

func cvFlipped(ctx context.Context, w *World, file []byte) error {
	err := w.verifyCV(ctx, file, func(body []byte) { body[w.Rand.IntN(len(body))] ^= 1 })
	if _, refused := failed(err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	return &Failure{"CV certificate with one flipped byte", "not verified", "verified"}
}
