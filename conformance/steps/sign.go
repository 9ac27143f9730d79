package steps

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
)

// digestInfoSHA256 is what stands before a SHA-256 digest in a PKCS#1 v1.5
// signature (RFC 8017 §9.2, note 1).
var digestInfoSHA256 = []byte{
	0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
}

func signSteps() []Row {
	return []Row{
		{`the certificate in the file {hex} is kept`, `ファイル {hex} の証明書を控える`,
			"reads a certificate, to verify signatures with it later", certificateKept},
		{`the card signs {hex}`, `カードが {hex} に署名する`,
			"signs these bytes with the selected key: 80 2A 00 80, whatever comes back", signs},
		{`the card signs {int} bytes of {hex}`, `カードが {int} バイトの {hex} に署名する`,
			"signs one byte repeated with the selected key, whatever comes back", signsRepeated},
		{`the answer is the RSA block of type 1 over {int} bytes of {hex}`, `応答は {int} バイトの {hex} のタイプ1のRSAブロックである`,
			"opens the answer with the kept certificate: 00 01 FF … 00 and the bytes", blockOver},
		{`the signature over {string} verifies`, `文字列{string}への署名が検証できる`,
			"the selected key signs a SHA-256 DigestInfo, and the kept certificate verifies it", signatureVerifies},
		{`signing {string} twice gives the same bytes`, `文字列{string}への署名は2回とも同じである`,
			"PKCS#1 v1.5 has no randomness", signatureRepeats},
		{`mode {hex} signs {string} as {string}`, `モード {hex} が文字列{string}に方式{string}で署名する`,
			"P1 of 80 2A: the scheme is bare, digest-info or pss, and the kept certificate verifies it", modeSigns},
	}
}

func certificateKept(ctx context.Context, w *World, file []byte) error {
	if err := readFile(ctx, w, file); err != nil {
		return err
	}
	certificate, err := certificateIn(w.card.content)
	if err != nil {
		return err
	}
	w.pki.kept = certificate
	return nil
}

func certificateIn(content []byte) (*x509.Certificate, error) {
	der, _, err := splitDER(content)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, &Failure{"certificate", "one that crypto/x509 reads", err.Error()}
	}
	return certificate, nil
}

// signCommand is 80 2A with the key of the current file and all of the answer
// wanted (docs/FIDELITY.md P12, P20).
func signCommand(mode byte, data []byte) []byte {
	command := append([]byte{0x80, 0x2A, mode, 0x80, byte(len(data))}, data...)
	return append(command, 0x00)
}

func signs(ctx context.Context, w *World, data []byte) error {
	_, err := w.transmit(ctx, w.card.slot, signCommand(0x00, data))
	return err
}

func signsRepeated(ctx context.Context, w *World, n int, filler []byte) error {
	return signs(ctx, w, bytes.Repeat(filler, n))
}

// key is the public key of the kept certificate.
func (w *World) key() (*rsa.PublicKey, error) {
	if w.pki.kept == nil {
		return nil, errors.New("no certificate is kept: keep one first")
	}
	key, ok := w.pki.kept.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, &Failure{"key in the certificate", "RSA", fmt.Sprintf("%T", w.pki.kept.PublicKey)}
	}
	return key, nil
}

func blockOver(_ context.Context, w *World, n int, filler []byte) error {
	key, err := w.key()
	if err != nil {
		return err
	}
	signature := w.card.answer.Data
	if err := Expect("bytes in the signature", key.Size(), len(signature)); err != nil {
		return err
	}
	opened := new(big.Int).Exp(new(big.Int).SetBytes(signature), big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	data := bytes.Repeat(filler, n)
	want := append([]byte{0x00, 0x01}, bytes.Repeat([]byte{0xFF}, key.Size()-3-len(data))...)
	want = append(append(want, 0x00), data...)
	if !bytes.Equal(want, opened) {
		return &Failure{"block that was signed", show(want), show(opened)}
	}
	return nil
}

func digestInfo(message string) []byte {
	digest := sha256.Sum256([]byte(message))
	return append(bytes.Clone(digestInfoSHA256), digest[:]...)
}

func signatureVerifies(ctx context.Context, w *World, message string) error {
	if err := w.expectOK(ctx, "signing", signCommand(0x00, digestInfo(message))); err != nil {
		return err
	}
	return w.verify("digest-info", message)
}

// verify checks the last answer as a signature over message.
func (w *World) verify(scheme, message string) error {
	key, err := w.key()
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(message))
	signature := w.card.answer.Data
	switch scheme {
	case "bare":
		err = rsa.VerifyPKCS1v15(key, 0, digest[:], signature)
	case "digest-info":
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
	case "pss":
		err = rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: 32})
	default:
		return fmt.Errorf("no scheme is called %q: bare, digest-info or pss", scheme)
	}
	if err != nil {
		return &Failure{"signature of the card", "one that the certificate on the card verifies", err.Error()}
	}
	return nil
}

func signatureRepeats(ctx context.Context, w *World, message string) error {
	if err := w.expectOK(ctx, "signing", signCommand(0x00, digestInfo(message))); err != nil {
		return err
	}
	first := bytes.Clone(w.card.answer.Data)
	if err := w.expectOK(ctx, "signing again", signCommand(0x00, digestInfo(message))); err != nil {
		return err
	}
	return Expect("second signature", first, w.card.answer.Data)
}

func modeSigns(ctx context.Context, w *World, mode []byte, message, scheme string) error {
	input := []byte(message)
	digest := sha256.Sum256(input)
	switch mode[0] {
	case 0x00:
		input = digestInfo(message)
	case 0x02, 0x04: // the terminal hashes
		input = digest[:]
	}
	if err := w.expectOK(ctx, "signing", signCommand(mode[0], input)); err != nil {
		return err
	}
	return w.verify(scheme, message)
}
