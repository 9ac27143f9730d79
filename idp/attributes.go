package idp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"unicode/utf8"

	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// person is who a proof showed: an internal key, and the card's text where it
// was agreed to.
type person struct {
	key  string
	text text
}

// text is the 基本4情報 as the card has them (docs/FIDELITY.md C23).
type text struct {
	name, address string
	birth         string // YYYYMMDD; unknown parts are 00
	sex           string // 1 male, 2 female, 9 not applicable, 0 unknown
}

// The text's chain of trust: the root's key signed the CV certificate (EF
// 0004), its key signed the integrity record (EF 0003), which has the hash of
// the text (EF 0002). docs/FIDELITY.md C24, K14. EF 0003 also has the hash of the
// 個人番号, which is short enough to be guessed from it: the files are looked at
// here and kept nowhere.

// checkTextSent is the first of the text's checks. All of them skip when no
// attribute was agreed to: then nothing that came is even looked at.
func checkTextSent(_ context.Context, e *evidence) error {
	switch {
	case len(e.proof.Consent) == 0:
		e.proof.Files = nil
		return errSkip
	case e.proof.Files == nil:
		return errors.New("no files")
	}
	return nil
}

// Lengths in a CV certificate, before the key.
const cvKeyIDs = 16 + 16 // issuer's and subject's key identifier

func checkCV(_ context.Context, e *evidence) error {
	if e.proof.Files == nil {
		return errSkip
	}
	r := tlv.NewReader(e.proof.Files.CV)
	r = tlv.NewReader(r.Expect(jpki.TagCV))
	body, signature := r.Expect(jpki.TagCVBody), r.Expect(jpki.TagCVSignature)
	if err := r.Err(); err != nil {
		return fmt.Errorf("reading EF 0004: %w", err)
	}
	if err := verify(e.provider.config.TextRoot, body, signature); err != nil {
		return err
	}
	if len(body) < cvKeyIDs {
		return errors.New("EF 0004 is too short")
	}
	r = tlv.NewReader(body[cvKeyIDs:])
	exponent, modulus := new(big.Int).SetBytes(r.Expect(jpki.TagRSAExponent)), new(big.Int).SetBytes(r.Expect(jpki.TagRSAModulus))
	if r.Err() != nil || !exponent.IsInt64() {
		return errors.New("EF 0004 holds no key")
	}
	e.cvKey = &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
	return checkRSA(e.cvKey)
}

// checkIntegrity verifies EF 0003: the signature is over everything before it,
// tags included.
func checkIntegrity(_ context.Context, e *evidence) error {
	if e.proof.Files == nil {
		return errSkip
	}
	r := tlv.NewReader(e.proof.Files.Integrity)
	record := r.Expect(jpki.TagIntegrity)
	r = tlv.NewReader(record)
	r.Expect(jpki.TagNumberHash)
	e.attributeHash = r.Expect(jpki.TagAttributesHash)
	end := r.Pos()
	signature := r.Expect(jpki.TagIntegritySig)
	if err := r.Err(); err != nil {
		return fmt.Errorf("reading EF 0003: %w", err)
	}
	return verify(e.cvKey, record[:end], signature)
}

// checkText compares the hash over what follows the table of offsets in EF 0002.
func checkText(_ context.Context, e *evidence) error {
	if e.proof.Files == nil {
		return errSkip
	}
	r := tlv.NewReader(e.proof.Files.Attributes)
	value := r.Expect(jpki.TagAttributes)
	r = tlv.NewReader(value)
	r.Expect(jpki.TagOffsets)
	if err := r.Err(); err != nil {
		return fmt.Errorf("reading EF 0002: %w", err)
	}
	hash := sha256.Sum256(value[r.Pos():])
	if !bytes.Equal(hash[:], e.attributeHash) {
		return errors.New("hashes differ")
	}
	return nil
}

func readText(_ context.Context, e *evidence) error {
	if e.proof.Files == nil {
		return errSkip
	}
	r := tlv.NewReader(e.proof.Files.Attributes)
	r = tlv.NewReader(r.Expect(jpki.TagAttributes))
	r.Expect(jpki.TagOffsets)
	name, address := r.Expect(jpki.TagName), r.Expect(jpki.TagAddress)
	birth, sex := r.Expect(jpki.TagBirth), r.Expect(jpki.TagSex)
	switch {
	case r.Err() != nil:
		return fmt.Errorf("reading EF 0002: %w", r.Err())
	case !utf8.Valid(name) || !utf8.Valid(address):
		return errors.New("name or address is not UTF-8")
	case len(birth) != 8 || !all(string(birth), isDigit):
		return errors.New("birth date is not eight digits")
	case len(sex) != 1 || !bytes.Contains([]byte("0129"), sex):
		return errors.New("sex is none of 0, 1, 2, 9")
	}
	e.text = text{string(name), string(address), string(birth), string(sex)}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// verify checks an RSASSA-PKCS1-v1_5 signature with SHA-256.
func verify(key *rsa.PublicKey, message, signature []byte) error {
	hash := sha256.Sum256(message)
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, hash[:], signature)
}
