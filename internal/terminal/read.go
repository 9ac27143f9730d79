package terminal

import (
	"context"
	"errors"
	"fmt"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// ErrShortFile says that a file ended before the object that it holds.
var ErrShortFile = errors.New("file ends inside its object")

// offsetMax is the first offset that READ BINARY's 15 bits can't name.
const offsetMax = 0x8000

// ReadFile selects a file of the current application and reads the object at
// its start: a certificate, or one of the text application's objects. The
// size comes from the object's header, so the filler behind it is left on the
// card. For a file without an object use ReadWhole.
func (t *Terminal) ReadFile(ctx context.Context, id jpki.FileID) ([]byte, error) {
	content, err := t.readObject(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading file %04X: %w", uint16(id), err)
	}
	return content, nil
}

func (t *Terminal) readObject(ctx context.Context, id jpki.FileID) ([]byte, error) {
	if err := t.SelectFile(ctx, id); err != nil {
		return nil, err
	}
	content, err := t.readBlock(ctx, 0, apdu.MaxShort)
	if err != nil {
		return nil, err
	}
	header, n, err := tlv.HeaderLen(content)
	if err != nil {
		return nil, err
	}
	size := header + n
	for len(content) < size {
		block, err := t.readBlock(ctx, len(content), min(size-len(content), apdu.MaxShort))
		if err != nil {
			return nil, err
		}
		if len(block) == 0 {
			return nil, fmt.Errorf("%w: %d of %d bytes", ErrShortFile, len(content), size)
		}
		content = append(content, block...)
	}
	return content[:size:size], nil
}

// ReadWhole selects a file of the current application and reads all of it,
// filler included, until the card says that there is no more.
func (t *Terminal) ReadWhole(ctx context.Context, id jpki.FileID) ([]byte, error) {
	if err := t.SelectFile(ctx, id); err != nil {
		return nil, err
	}
	var content []byte
	for len(content) < offsetMax {
		block, err := t.readBlock(ctx, len(content), apdu.MaxShort)
		if errors.Is(err, apdu.StatusError{Status: apdu.OffsetOutside}) && len(content) > 0 {
			return content, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading file %04X: %w", uint16(id), err)
		}
		content = append(content, block...)
		if len(block) < apdu.MaxShort {
			return content, nil
		}
	}
	return content, nil
}

// readBlock reads up to n bytes, 1 to 256, of the current file. The card may
// return fewer at the file's end.
func (t *Terminal) readBlock(ctx context.Context, offset, n int) ([]byte, error) {
	if offset >= offsetMax {
		return nil, fmt.Errorf("offset %d is beyond READ BINARY's reach", offset)
	}
	return t.ask(ctx, apdu.Command{INS: insReadBinary, P1: byte(offset >> 8), P2: byte(offset), Ne: n})
}

// AuthCertificate reads the 利用者証明用電子証明書, DER. A plastic card gives it
// away freely; a card in a phone wants the auth PIN verified first.
func (t *Terminal) AuthCertificate(ctx context.Context) ([]byte, error) {
	if err := t.Select(ctx, jpki.AIDJPKI); err != nil {
		return nil, err
	}
	return t.ReadFile(ctx, jpki.AuthCertificate)
}

// SignCertificate verifies the sign password and reads the 署名用電子証明書, DER.
func (t *Terminal) SignCertificate(ctx context.Context, pin jpki.PIN) ([]byte, error) {
	if err := t.Verify(ctx, jpki.CredentialSign, pin); err != nil {
		return nil, err
	}
	return t.ReadFile(ctx, jpki.SignCertificate)
}
