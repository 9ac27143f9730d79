package emulator_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"kazasu/emulator"
)

func TestReadWithinAndAcross(t *testing.T) {
	card := newCard(t, "standard")
	certificate := testContents().AuthCertificate
	physical := append(bytes.Clone(certificate), bytes.Repeat([]byte{0xFF}, 2048-len(certificate))...)
	expect(t, card, selectJPKI, "9000", "00A4020C 02 000A", "9000")
	for _, read := range []struct {
		command  string
		from, to int
	}{
		{"00B00000 04", 0, 4},
		{"00B00000 00", 0, 256},
		{"00B00100 00", 256, 512},
		{"00B00000 000100", 0, 256},
		{"00B00000 000400", 0, 1024},
		{"00B00000 000000", 0, 2048},
		{"00B007FF 01", 2047, 2048},
		{"00B007FE 00", 2046, 2048},
		{"00B00700 000000", 1792, 2048},
		{"00B08A00 00", 0, 256},
		{"00B08A10 10", 16, 32},
		{"00B08A04 000000", 4, 2048},
	} {
		expect(t, card, read.command, show(append(bytes.Clone(physical[read.from:read.to]), 0x90, 0x00)))
	}
	expect(t, card,
		"00B00800 01", "6B00",
		"00B07FFF 00", "6B00",
		"00B00000", "6700", // no Le
		"00B00000 01 00", "6700", // data, no Le
		"00B0CA00 00", "6A86",
	)
}

// TestFillerBehindEveryCertificate: clients look for it, so a certificate that
// fills the file to the last byte gets a larger one.
func TestFillerBehindEveryCertificate(t *testing.T) {
	for length, want := range map[int]int{2047: 2048, 2048: 2304, 2303: 2304, 2304: 2560} {
		certificate := append(unhex("3082"), make([]byte, length-2)...)
		card := newCard(t, "standard", func(c *emulator.Contents) { c.AuthCertificate = certificate })
		expect(t, card, selectJPKI, "9000")
		got := read(t, card, "00B08A00 000000")
		if len(got) != want || got[length] != 0xFF {
			t.Errorf("a certificate of %d bytes lies in a file of %d, want %d with filler", length, len(got), want)
		}
	}
}

func TestShortIdentifierMakesCurrent(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		"00B00000 00", "6986",
		selectJPKI, "9000",
		"00B00000 00", "6986",
		"00B08600 0F", "4A504B494150494343544F4B454E32 9000",
		"00B00000 05", "4A504B4941 9000",
		"00B08300 00", "6A82",
		"00B00000 05", "4A504B4941 9000",
		"00B08000 05", "4A504B4941 9000", // 0 is the current EF
	)
}

func TestReadRefused(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000",
		readFile1, "6982", // sign certificate, no PIN
		"00B08900 00", "6982", // 0009 opens to nobody
		verifyAuth, "9000",
		readFile1, "6982", // the auth PIN doesn't open it
		"00B08900 00", "6982",
		verifySign, "9000",
		"00B08100 02", "3082 9000",
		"00B08900 00", "6982",
	)
	for _, id := range []string{"05", "10", "16", "17", "18", "19", "1A", "1B", "1C", "1E"} {
		expect(t, card, "00A4020C 02 00"+id, "9000", "00B00000 00", "6981", "00B20104 00", "6981")
	}
	expect(t, card,
		"00B2010C 00", "6981",
		"00B2011C 00", "6A82",
	)
}

func TestTokenInfo(t *testing.T) {
	want := unhex(`4A504B49415049434354 4F4B454E32 2020202020202020202020202020202020
		3030303030303030303030303030303030303030303030303030303030303031
		4B415A4153553031 2020202020202020
		30303030303030303230353030303033
		0000040D 00000001 00000000 00000001 00000000 00000010 00000006
		FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF
		3033 3031 39393939393939393939393939393939`)
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000")
	if got := read(t, card, "00B08600 00"); !bytes.Equal(got, want) {
		t.Errorf("EF 0006\ngot  %X\nwant %X", got, want)
	}
	phone := newCard(t, "android")
	expect(t, phone, selectJPKI, "9000", "00B08600 10", "4A504B49415047505345544F4B454E20 9000")
}

func TestCertificatesThere(t *testing.T) {
	adult, child := newCard(t, "standard"), newCard(t, "standard", underFifteen)
	expect(t, adult, selectJPKI, "9000", "00B08800 00", "8F8F00 9000")
	expect(t, child, selectJPKI, "9000", "00B08800 00", "008F00 9000")
}

// TestAttributes compares EF 0002 with the one published of a synthetic card,
// and the two lengths of header at their border.
func TestAttributes(t *testing.T) {
	want := unhex(`FF2065 DF2108000E002000590064
		DF220FE9BB92E6A190E38080E5B9B9E4B99F
		DF2336E69DB1E4BAACE983BDE6B885E780ACE5B882E8A6B3E5B883E5AD90E58D97EFBC91EFBC92EFBC8DEFBC97EFBC8DEFBC92EFBC90EFBC92
		DF24083139383030323137 DF250131`)
	card := newCard(t, "standard")
	expect(t, card, selectText, "9000", verifyText, "9000")
	got := read(t, card, "00B08200 000000")
	if len(got) != 1024 || !bytes.Equal(got[:len(want)], want) || bytes.Count(got[len(want):], []byte{0xFF}) != 1024-len(want) {
		t.Errorf("EF 0002\ngot  %X\nwant %X and filler to 1024 bytes", got, want)
	}
	for _, c := range []struct{ address, want string }{
		{"東京都清瀬市観布子南１２－７－２０２ＡＡＡＡＡＡＡＡ", "FF207DDF2108000E0020007100 9000"},
		{"東京都清瀬市観布子南１２－７－２０２ＡＡＡＡＡＡＡＡＡ", "FF20820080DF21080010002200 9000"},
	} {
		card := newCard(t, "standard", func(contents *emulator.Contents) { contents.Address = c.address })
		expect(t, card, selectText, "9000", verifyText, "9000", "00B08200 0D", c.want)
	}
}

// TestLongAddress: an address of 128 bytes or more has a long length itself,
// and 200 characters each of name and address still fit.
func TestLongAddress(t *testing.T) {
	address := string(bytes.Repeat([]byte("字"), 200))
	card := newCard(t, "standard", func(c *emulator.Contents) { c.Address, c.Name = address, address })
	expect(t, card, selectText, "9000", verifyText, "9000",
		"00B08200 12", "FF208204D4DF21080010026D04CA04D5DF22 9000",
		"00B0026D 05", "DF23820258 9000")
	head := read(t, card, "00B00000 000000")
	if len(head) != 1280 || head[1279] != 0xFF {
		t.Errorf("EF 0002 has %d bytes, the last %X; want 1280 and filler", len(head), head[len(head)-1])
	}
}

func TestTextFiles(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectText, "9000",
		readFile1, "6982", readFile2, "6982", "00B08300 00", "6982", "00B08600 00", "6982", "00B08700 00", "6982",
		"00B08400 05", "7F21820233 9000",
		"00B08500 24", "FF4082009FDF410401030E01DF421036303030303334080530303100000000DF43820080 9000",
		"00B08800 00", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 9000",
		verifyText, "9000",
		readFile1, "FF100C313233343536373839303130FFFF 9000",
		"00B08300 28", "FF3082014BDF31209E1B3DF8D689E316E22E193821543FF9D217352B7BFE7DAF5DF46E275173292D 9000",
		"00B08600 0D", "A1820109900301000191820100 9000",
	)
	for id, size := range map[string]int{"81": 17, "83": 336, "84": 568, "85": 256, "86": 269, "87": 536} {
		if got := read(t, card, "00B0"+id+"00 000000"); len(got) != size {
			t.Errorf("EF 00%s: %d bytes, want %d", id[1:], len(got), size)
		}
	}
}

// TestIntegrity verifies EF 0003 and 0007 with nothing but offsets.
func TestIntegrity(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectText, "9000", verifyText, "9000")
	number := read(t, card, readFile1)
	attributes := read(t, card, "00B08200 000000")
	record := read(t, card, "00B08300 000000")
	key := &testKeys()["integrity"].PublicKey
	said := attributes[14:104] // from DF22 to the end of DF25
	numberHash, saidHash := sha256.Sum256(number), sha256.Sum256(said)
	if got := record[8:40]; !bytes.Equal(got, numberHash[:]) {
		t.Errorf("DF31 is %X, SHA-256 of EF 0001 is %X", got, numberHash)
	}
	if got := record[43:75]; !bytes.Equal(got, saidHash[:]) {
		t.Errorf("DF32 is %X, SHA-256 of the attributes is %X", got, saidHash)
	}
	checkSignature(t, key, record[5:75], record[80:336])
	cardKey := read(t, card, "00B08700 000000")
	checkSignature(t, key, cardKey[5:275], cardKey[280:536])
	said[20] ^= 1
	if changed := sha256.Sum256(said); bytes.Equal(record[43:75], changed[:]) {
		t.Error("a flipped byte goes unnoticed")
	}
}

func checkSignature(t *testing.T, key *rsa.PublicKey, message, signature []byte) {
	t.Helper()
	digest := sha256.Sum256(message)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		t.Errorf("signature over %d bytes: %v", len(message), err)
	}
}

func TestCardData(t *testing.T) {
	card := newCard(t, "contactless")
	chain := cvLike("6000020", "6000021", 0x11)[5:]
	next := cvLike("6000021", "1322121", 0x22)[5:]
	expect(t, card,
		"00CA0042 00", "313332323132310805303030000000A8 9000",
		"00CA0045 00", "343030303030303132373139383433 9000",
		"00CA0066 00", "732F06072A864886FC6B01600C060A2A864886FC6B02020101630906072A864886FC6B03640B06092A864886FC6B040255 9000",
		"00CA00F0 00", "3133323231 9000",
		"00CA00F2 00", "3230333530323137 9000",
		"00CA00F2 07", "6700",
		"00CA00F7 00", "363030303032310805303031000000A8 9000",
		"00CA00F8 00", "6700", "00CA7F21 00", "6700", "00CA00F8 000232", "6700",
		"00CA5F51 00", "E000FF8131FE4514 9000",
		"00CA0200 00", "6A88", "00CA0000 00", "6A88",
		selectJPKI, "9000",
		"00CA00F0 00", "6A88", "00CA7F21 000000", "6A88", "00CA0045 00", "6A88",
		"00CA5F51 00", "E000FF8131FE4514 9000",
		"00A4040C 07 A0000001510000", "9000",
	)
	for _, le := range []string{"000233", "000000"} {
		if got := read(t, card, "00CA00F8 "+le); !bytes.Equal(got, chain) {
			t.Errorf("00F8 with Le %s is %X", le, got)
		}
		if got := read(t, card, "00CA7F21 "+le); !bytes.Equal(got, next) {
			t.Errorf("7F21 with Le %s is %X", le, got)
		}
	}
	expect(t, newCard(t, "older"), "00CA7F21 000000", "6A88", "00CA00F7 00", "363030303032310805303031000000A8 9000")
	expect(t, newCard(t, "standard", withoutCommon), "00CA7F21 000000", "6A88", "00CA00F8 000000", "6A88", "00CA00F7 00", "6A88",
		"00CA0045 0F", "343334343232373932343331343438 9000")
	expect(t, newCard(t, "android"), "00CA0042 00", "6A88", "00CA00F0 00", "3133323231 9000")
}

func TestChallenge(t *testing.T) {
	card := newCard(t, "standard")
	for _, le := range []string{"01", "08", "FF", "00"} {
		want := int(unhex(le)[0])
		if want == 0 {
			want = 256
		}
		if got := read(t, card, "00840000 "+le); len(got) != want {
			t.Errorf("Le %s: %d bytes", le, len(got))
		}
	}
	if a, b := read(t, card, "00840000 10"), read(t, card, "00840000 10"); bytes.Equal(a, b) {
		t.Errorf("the same challenge twice: %X", a)
	}
	expect(t, card,
		"00840000 000010", "6985", "00840000 000101", "6985",
		"00840000", "6700", "00840001 08", "6A86")
}
