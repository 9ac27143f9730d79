package steps

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"slices"

	"kazasu/internal/tlv"
)

func secureSteps() []Row {
	return []Row{
		{`a session key is made of the seed {hex}`, `シード {hex} からセッション鍵を作る`,
			"80 AE: the seed of 32 bytes in RSA-OAEP (SHA-256) under the key in the file 00 06, whatever comes back", sessionKey},
	}
}

// tagDelivery holds the key that session keys are delivered under
// (docs/FIDELITY.md C28).
const tagDelivery = 0xA1

func sessionKey(ctx context.Context, w *World, seed []byte) error {
	inside, err := w.readObject(ctx, []byte{0x00, 0x06}, tagDelivery)
	if err != nil {
		return err
	}
	r := tlv.NewReader(inside)
	exponent, modulus := r.Expect(0x90), r.Expect(0x91)
	if r.Err() != nil {
		return &Failure{"key for session keys", "objects 90 and 91", r.Err().Error()}
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	message := slices.Concat([]byte{0xA0, 0x22, 0x80, 0x20}, seed)
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, message, nil)
	if err != nil {
		return &Failure{"key for session keys", "one that RSA-OAEP can use", err.Error()}
	}
	command := append([]byte{0x80, 0xAE, 0x00, 0x00, 0x00, byte(len(sealed) >> 8), byte(len(sealed))}, sealed...)
	_, err = w.transmit(ctx, w.card.slot, command)
	return err
}
