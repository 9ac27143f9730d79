package terminal

import (
	"context"
	"crypto/sha256"
	"fmt"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
)

// sha256Header stands before a SHA-256 in a DigestInfo (RFC 8017 §9.2).
var sha256Header = [19]byte{
	0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
}

// DigestInfo is what the card pads and signs for a SHA-256: 51 bytes.
func DigestInfo(digest [sha256.Size]byte) []byte {
	return append(append(make([]byte, 0, 51), sha256Header[:]...), digest[:]...)
}

// Sign has the card sign digestInfo, 1 to 245 bytes, with a key of the current
// application: PKCS#1 v1.5, 256 bytes for the card's RSA-2048 keys. The key's
// PIN must have been verified.
func (t *Terminal) Sign(ctx context.Context, key jpki.FileID, digestInfo []byte) ([]byte, error) {
	if err := t.SelectFile(ctx, key); err != nil {
		return nil, err
	}
	signature, err := t.ask(ctx, apdu.Command{
		CLA: proprietary, INS: insSign, P1: verbatimPKCS1, P2: currentFile,
		Data: digestInfo, Ne: apdu.MaxShort,
	})
	if err != nil {
		return nil, fmt.Errorf("signing with key %04X: %w", uint16(key), err)
	}
	if len(signature) == 0 {
		return nil, fmt.Errorf("signing with key %04X: card returned no signature", uint16(key))
	}
	return signature, nil
}
