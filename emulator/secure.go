package emulator

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"math/big"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// Secure messaging of 券面事項入力補助AP hides what travels and authenticates
// nothing: a session key, brought in by the terminal, a counter, and AES-CBC
// with an IV made of that counter. It lives from SET SESSION KEY to the next
// SELECT of an application, the first malformed object, or the loss of power.

// classSecured is the class byte of a protected command; classWrapped is
// another form of ISO/IEC 7816-4, which the card refuses.
const (
	classSecured = 0x08
	classWrapped = 0x0C
)

// Data objects of protected commands, and the padding indicator 01: ISO/IEC
// 9797-1 method 2, which is always there.
const (
	tagCryptogram    = 0x86
	tagLe            = 0x96
	paddingIndicator = 0x01
	paddingFirst     = 0x80
)

// seedHead stands before the 32 bytes of seed: A0 22 { 80 20 … }.
var seedHead = [4]byte{0xA0, 0x22, 0x80, 0x20}

const seedLen = 32

// secure is a session. Counter and key make each command's IV.
type secure struct {
	block   cipher.Block
	counter uint64
}

// setSessionKey takes the seed of a session key, encrypted with RSA-OAEP under
// the key in EF 0006. It wants the PIN; 照合番号A is not enough.
func (c *Card) setSessionKey(cmd apdu.Command) (apdu.Response, error) {
	a := c.session.application
	switch {
	case a == nil || !a.delivery && !a.noDelivery:
		return status(apdu.SecurityNotSatisfied), nil
	case a.noDelivery:
		return status(apdu.SessionKeyUnavailable), nil
	case cmd.P1 != 0 || cmd.P2 != 0:
		return status(apdu.WrongP1P2), nil
	case !after(jpki.TextPIN).grants(c.session.verified):
		return status(apdu.SecurityNotSatisfied), nil
	case len(cmd.Data) != signatureLen:
		return status(apdu.WrongLength), nil
	}
	key := a.file(a.signer).key
	if new(big.Int).SetBytes(cmd.Data).Cmp(key.N) >= 0 {
		return status(apdu.Internal), nil
	}
	seed, err := rsa.DecryptOAEP(sha256.New(), nil, key, cmd.Data, nil)
	if err != nil || len(seed) != len(seedHead)+seedLen || [4]byte(seed) != seedHead {
		return status(apdu.WrongData), nil
	}
	block, err := aes.NewCipher(seed[len(seedHead):][:aes.BlockSize])
	if err != nil {
		return apdu.Response{}, err
	}
	c.session.secure = &secure{block: block, counter: 1}
	return status(apdu.OK), nil
}

// runSecured is a command of class 08 or 0C while a session lives. Whatever
// the card says to the command inside, the counter goes on.
func (c *Card) runSecured(cmd apdu.Command) (apdu.Response, error) {
	if cmd.CLA == classWrapped {
		return status(apdu.SMObjectMissing), nil
	}
	row, refusal := lookUp(0x00, cmd.INS)
	switch {
	case row == nil:
		return status(refusal), nil
	case row.secured == notSecured:
		return status(apdu.SMNotSupported), nil
	}
	s := c.session.secure
	inside, ok := s.open(cmd, row.secured)
	if !ok {
		c.session.secure = nil
		return status(apdu.SMObjectIncorrect), nil
	}
	iv := s.next()
	response, err := row.run(c, inside)
	if err == nil && len(response.Data) > 0 {
		response.Data = s.seal(iv, response.Data)
	}
	return response, err
}

// open is the command inside. Its counter is the present one.
func (s *secure) open(cmd apdu.Command, how securing) (apdu.Command, bool) {
	tag, value, ok := oneObject(cmd.Data)
	inside := apdu.Command{INS: cmd.INS, P1: cmd.P1, P2: cmd.P2}
	switch {
	case !ok:
		return inside, false
	case how == securedLe:
		if tag != tagLe || len(value) != 3 || value[0] != 0 {
			return inside, false
		}
		inside.Extended = true
		if inside.Ne = int(binary.BigEndian.Uint16(value[1:])); inside.Ne == 0 {
			inside.Ne = 1 << 16
		}
		return inside, true
	case tag != tagCryptogram || len(value) < 1+aes.BlockSize || value[0] != paddingIndicator || len(value)%aes.BlockSize != 1:
		return inside, false
	}
	plain := make([]byte, len(value)-1)
	cipher.NewCBCDecrypter(s.block, s.iv()).CryptBlocks(plain, value[1:])
	inside.Data, ok = unpad(plain)
	return inside, ok
}

// oneObject reads a data field that is exactly one object, whose length is one
// byte or 81 and one byte.
func oneObject(data []byte) (tag byte, value []byte, ok bool) {
	if len(data) < 2 {
		return 0, nil, false
	}
	n, head := int(data[1]), 2
	switch {
	case n == 0x81 && len(data) > 2:
		n, head = int(data[2]), 3
	case n >= 0x80:
		return 0, nil, false
	}
	return data[0], data[head:], len(data) == head+n
}

// unpad takes 80 and the zeros behind it off.
func unpad(b []byte) ([]byte, bool) {
	end := len(b) - 1
	for end >= 0 && b[end] == 0 {
		end--
	}
	if end < 0 || b[end] != paddingFirst {
		return nil, false
	}
	return b[:end], true
}

// iv is the counter as 16 bytes, encrypted as one block of CBC with IV zero.
func (s *secure) iv() []byte {
	iv := make([]byte, aes.BlockSize)
	binary.BigEndian.PutUint64(iv[aes.BlockSize-8:], s.counter)
	s.block.Encrypt(iv, iv)
	return iv
}

// next counts, and gives the IV of the command that was counted: its answer
// has the same.
func (s *secure) next() []byte {
	iv := s.iv()
	s.counter++
	return iv
}

// seal is 86 { 01, cryptogram }. Its length is written by the card's rule, a
// guess.
func (s *secure) seal(iv, data []byte) []byte {
	padded := make([]byte, 1, 1+len(data)+aes.BlockSize)
	padded[0] = paddingIndicator
	padded = append(append(padded, data...), paddingFirst)
	for len(padded)%aes.BlockSize != 1 {
		padded = append(padded, 0)
	}
	cipher.NewCBCEncrypter(s.block, iv).CryptBlocks(padded[1:], padded[1:])
	var b tlv.Builder
	return b.Add(tagCryptogram, padded).Bytes()
}
