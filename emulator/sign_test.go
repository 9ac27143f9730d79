package emulator_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"testing"

	"kazasu/emulator"
)

// block is the PKCS#1 v1.5 block inside a signature, by plain arithmetic.
func block(key *rsa.PublicKey, signature []byte) []byte {
	m := new(big.Int).Exp(new(big.Int).SetBytes(signature), big.NewInt(int64(key.E)), key.N)
	return m.FillBytes(make([]byte, 256))
}

// padding is 00 01 FF … FF 00 before content, to 256 bytes.
func padding(content []byte) []byte {
	out := append([]byte{0x00, 0x01}, bytes.Repeat([]byte{0xFF}, 253-len(content))...)
	return append(append(out, 0x00), content...)
}

// digestInfo is the header of SHA-256's DigestInfo (RFC 8017 9.2, note 1).
const digestInfo = "3031300D060960864801650304020105000420"

func TestSignBlocks(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", verifyAuth, "9000")
	key := &testKeys()["auth"].PublicKey
	hash := sha256.Sum256([]byte("kazasu"))
	for _, c := range []struct {
		name, command string
		want          []byte
	}{
		{"one byte", "802A0097 01 AA 00", unhex("AA")},
		{"DigestInfo", "802A0097 33" + digestInfo + fmt.Sprintf("%x", hash) + "00", append(unhex(digestInfo), hash[:]...)},
		{"zeros", "802A0097 03 000000 00", unhex("000000")},
		{"longest", fmt.Sprintf("802A0097 F5 %0490d 00", 0), make([]byte, 245)},
		{"extended", "802A0097 000001 AA 0000", unhex("AA")},
		{"bare hash of a message", "802A0197 06 'kazasu' 00", hash[:]},
		{"hash in a DigestInfo", "802A0297 20" + fmt.Sprintf("%x", hash) + "00", append(unhex(digestInfo), hash[:]...)},
		{"message in a DigestInfo", "802A0397 06 'kazasu' 00", append(unhex(digestInfo), hash[:]...)},
	} {
		signature := read(t, card, c.command)
		if got := block(key, signature); !bytes.Equal(got, padding(c.want)) {
			t.Errorf("%s\ngot  %X\nwant %X", c.name, got, padding(c.want))
		}
		if again := read(t, card, c.command); !bytes.Equal(again, signature) {
			t.Errorf("%s: a second signature differs", c.name)
		}
	}
}

func TestSignPSS(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", verifyAuth, "9000")
	hash := sha256.Sum256([]byte("kazasu"))
	for _, command := range []string{"802A0497 20" + fmt.Sprintf("%x", hash) + "00", "802A0597 06 'kazasu' 00"} {
		one, two := read(t, card, command), read(t, card, command)
		if bytes.Equal(one, two) {
			t.Errorf("> %s: the same signature twice", command)
		}
		for _, signature := range [][]byte{one, two} {
			err := rsa.VerifyPSS(&testKeys()["auth"].PublicKey, crypto.SHA256, hash[:], signature, &rsa.PSSOptions{SaltLength: 32})
			if err != nil {
				t.Errorf("> %s: %v", command, err)
			}
		}
	}
}

func TestSignAccess(t *testing.T) {
	const byAuth, bySign = "802A0097 01 AA 00", "802A009A 01 AA 00"
	card := newCard(t, "standard")
	expect(t, card,
		"802A0080 01 AA 00", "6986",
		selectJPKI, "9000",
		"802A0080 01 AA 00", "6986",
		byAuth, "6982", bySign, "6982",
		verifyAuth, "9000",
		bySign, "6982", byAuth, signatureOfAA,
		"00A4020C 02 0017", "9000", "802A0080 01 AA 00", signatureOfAA,
		verifyWrong, "63C2", byAuth, "6982",
		verifySign, "9000", byAuth, "6982",
		"802A0098 01 AA 00", "6981", "802A008A 01 AA 00", "6981", "802A0083 01 AA 00", "6A82",
		"802A0000 01 AA 00", "6A86", // JPKI-AP has no key without PIN
		"802A0017 01 AA 00", "6A86",
	)
	if got := block(&testKeys()["sign"].PublicKey, read(t, card, bySign)); got[255] != 0xAA {
		t.Errorf("signature of the sign key: %X", got)
	}
	expect(t, card, selectText, "9000")
	for _, command := range []string{"802A0000 01 AA 00", "802A0093 01 AA 00"} {
		if got := block(&testKeys()["card"].PublicKey, read(t, card, command)); got[255] != 0xAA {
			t.Errorf("> %s: %X", command, got)
		}
	}
	child := newCard(t, "under-15")
	expect(t, child, selectJPKI, "9000", bySign, "6982", verifyAuth, "9000", byAuth, signatureOfAA)
}

func TestSignLengths(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", verifyAuth, "9000",
		"802A0097", "6700", "802A0097 00", "6700", // nothing to sign
		"802A0097 01 AA", "6700", "802A0097 01 AA FF", "6700", // no room for the answer
		fmt.Sprintf("802A0097 F6 %0492d 00", 0), "6985",
		fmt.Sprintf("802A0197 000100 %0512d 0000", 0), "6985",
		fmt.Sprintf("802A0297 1F %062d 00", 0), "6985",
		fmt.Sprintf("802A0297 21 %066d 00", 0), "6985",
		fmt.Sprintf("802A0497 1F %062d 00", 0), "6985",
		"802A0697 01 AA 00", "6A86", "802AFF97 01 AA 00", "6A86",
	)
}

func TestTerminalRefused(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000",
		fmt.Sprintf("80A200C1 000100 %0512d", 0), "6700",
		"80A206C1 02 7F21", "6A80",
		"80A20000 01 00", "6A86", "80A200AE 01 00", "6A86", "80A28000 01 00", "6A86", "80A200B6 01 00", "6A86",
		"80FC0000", "6700",
	)
	first := "80A206C1 000133 7F21 820233 5F4E 820129" + fmt.Sprintf("%0594d", 0)
	second := "80A200C1 000105 5F37 820100" + fmt.Sprintf("%0512d", 0)
	expect(t, card,
		second, "6700", // out of order
		first, "9000", second, "6982",
		second, "6700", // the first is used up
		first, "9000", "80A200C1 01 00", "6A80", second, "6700",
		first, "9000", selectJPKI, "9000", second, "6700",
		first+"00", "6700", // Lc and data differ
		"00B08100 02", "6982",
		selectText, "9000", first, "6A80", // no key for terminals here
	)
}

func TestLastCommand(t *testing.T) {
	card := newCard(t, "iphone")
	expect(t, card, selectJPKI, "9000",
		"00B08600 0E", "4A504B494150494F53544F4B454E 9000",
		"00B08A00 02", "6982", verifyAuth, "9000", "00B08A00 02", "3082 9000",
		"80FC0000", "9000", "80FC0100", "6700", "80FC0000 01 00", "6700",
		selectText, "6A82", selectCommon, "6A82")
	expect(t, newCard(t, "android"), selectJPKI, "9000", "80FC0000", "6700")
}

func TestBuildRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		want   string
		change func(*emulator.Contents)
	}{
		{"key of 1024 bits", "auth key is missing or has not its form", func(c *emulator.Contents) { c.AuthKey = smallKey() }},
		{"no key", "card key is missing or has not its form", func(c *emulator.Contents) { c.CardKey = nil }},
		{"short certificate", "sign CA certificate is missing or has not its form", func(c *emulator.Contents) { c.SignCA = unhex("3003020100") }},
		{"PIN of letters", "PIN auth is missing or has not its form", func(c *emulator.Contents) { c.AuthPIN = emulator.NewSecret("12A4") }},
		{"small letters", "PIN sign is missing or has not its form", func(c *emulator.Contents) { c.SignPassword = emulator.NewSecret("abc123") }},
		{"no PIN", "PIN text is missing or has not its form", func(c *emulator.Contents) { c.TextPIN = emulator.Secret{} }},
		{"number of 11 digits", "PIN number-a is missing or has not its form", func(c *emulator.Contents) { c.MyNumber = emulator.NewSecret("12345678901") }},
		{"birth", "birth is missing or has not its form", func(c *emulator.Contents) { c.Birth = "1980-2-17" }},
		{"serial", "serial is missing or has not its form", func(c *emulator.Contents) { c.Serial = "12345678901234567" }},
	} {
		contents := testContents()
		c.change(&contents)
		_, err := emulator.Build("standard", contents)
		if err == nil || err.Error() != "building standard card: "+c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := emulator.Build("gold", testContents()); err == nil ||
		err.Error() != `no card profile is called "gold"; there are standard, contactless, contact-da, contact-c5, under-15, android, iphone, older, strict-reset` {
		t.Errorf("unknown profile: %v", err)
	}
}

func smallKey() *rsa.PrivateKey {
	return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}}
}
