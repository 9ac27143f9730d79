package emulator_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"testing"
)

func TestFaceGates(t *testing.T) {
	for _, c := range []struct {
		name, verify     string
		age, front, back string // answers to 2 bytes of 0001, 0002, 0005
	}{
		{"nothing", "00200091", "6982", "6982", "6982"},
		{"birth", verifyBirth, "FF10 9000", "6982", "6982"},
		{"number B", verifyFaceB, "6982", "FF20 9000", "6982"},
		{"number A", verifyFaceA, "6982", "FF20 9000", "FF40 9000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			card := newCard(t, "standard")
			expect(t, card, selectFace, "9000")
			send(t, card, c.verify)
			expect(t, card,
				"00B08100 02", c.age, "00B08200 02", c.front, "00B08500 02", c.back,
				"00B08300 02", "FF30 9000", "00B08400 05", "7F21820233 9000",
				"00B08600 00", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 9000",
				"00B09100 00", "6981", "00B09400 00", "6981", "00B09500 00", "6981", "00B09A00 00", "6981", "00B09E00 00", "6981")
		})
	}
}

// TestFaceCounters: the numbers count by themselves in each application.
func TestFaceCounters(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectFace, "9000", "00200093 0C '000000000000'", "63C9",
		"00200092", "63CA", "00240193 0C '123456789010'", "6982",
		verifyFaceA, "9000", "00240193 0C '123456789010'", "6985",
		selectText, "9000", "00200094", "63CA", "00200094 0C '000000000000'", "63C9",
		selectFace, "9000", "00200093", "63CA", "00B08200 02", "6982")
}

// TestFaceFiles takes the files apart by the lengths that are known of real
// ones.
func TestFaceFiles(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectFace, "9000", verifyBirth, "9000", verifyFaceA, "9000")
	integrity, own := &testKeys()["face-integrity"].PublicKey, testKeys()["face"].PublicKey.N.Bytes()

	age := read(t, card, "00B08100 000000")
	wantBytes(t, "EF 0001", age, 0, "FF10 82021E DF11 08 '19800217' DF12 820109 90 03 010001 91 820100")
	wantBytes(t, "the card's key", age, 30, fmt.Sprintf("%X", own))
	wantBytes(t, "signature's head", age, 286, "DF13 820100")
	checkSignature(t, integrity, age[5:286], age[291:547])

	basic := read(t, card, "00B08300 000000")
	wantBytes(t, "EF 0003", basic, 0, "FF30 82013B DF31 04 06030E01 DF32 10 '6000024' 0805 '001' 00000000 DF33 01 00 DF34 05 '13221' DF35 820110")
	back := read(t, card, "00B08500 000000")
	wantBytes(t, "EF 0005", back, 0, "FF40 820229 DF41 13 'image' 20 'of' 20 'the' 20 'number' DF42 820109 90")
	checkSignature(t, integrity, back[5:297], back[302:558])
	for name, x := range map[string][2]int{"0001": {len(age), 547}, "0003": {len(basic), 320}, "0005": {len(back), 558}} {
		if x[0] != x[1] {
			t.Errorf("EF %s has %d bytes, want %d", name, x[0], x[1])
		}
	}
}

func wantBytes(t *testing.T, what string, got []byte, at int, want string) {
	t.Helper()
	wanted := unhex(want)
	if len(got) < at+len(wanted) || !bytes.Equal(got[at:at+len(wanted)], wanted) {
		t.Errorf("%s at %d:\ngot  %X\nwant %X", what, at, got[min(at, len(got)):min(at+len(wanted), len(got))], wanted)
	}
}

// TestFront follows the nine offsets, and verifies the signature over three
// digests.
func TestFront(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectFace, "9000", verifyFaceB, "9000")
	front := read(t, card, "00B08200 000000")
	if len(front) != 16384 || front[len(front)-1] != 0xFF {
		t.Errorf("EF 0002 has %d bytes, the last %X; want 16384 and filler", len(front), front[len(front)-1])
	}
	wantBytes(t, "EF 0002", front, 0, "FF20 82086E DF21 12")
	tags := []string{"DF22", "DF23", "DF24", "DF25", "DF26", "DF27", "DF28", "DF29", "DF2A"}
	var at []int
	for i, tag := range tags {
		at = append(at, int(front[8+2*i])<<8|int(front[9+2*i]))
		wantBytes(t, "offset of "+tag, front, at[i], tag)
	}
	wantBytes(t, "birth and sex", front, 26, "DF22 08 '19800217' DF23 01 31 DF24 820109 90 03 010001 91 820100")
	wantBytes(t, "images", front, at[3], "DF25 11 'image' 20 'of' 20 'the' 20 'name' DF26 14 'image'")
	wantBytes(t, "photograph", front, at[5], "DF27 8205E8 0000000C 6A502020")
	wantBytes(t, "expiry and code", front, at[7], "DF29 08 '20350217' DF2A 11 'image' 20 'of' 20 'the' 20 'code' FFFF")

	block := unhex("3071 300D 0609608648016503040201 0500 0460")
	for _, part := range [][]byte{front[at[0]:at[3]], front[at[3]:at[5]], front[at[5]:at[6]]} {
		digest := sha256.Sum256(part)
		block = append(block, digest[:]...)
	}
	key := &testKeys()["face-integrity"].PublicKey
	signature := front[at[6]+5 : at[7]]
	if err := rsa.VerifyPKCS1v15(key, 0, block, signature); err != nil {
		t.Errorf("signature over three digests: %v", err)
	}
	block[40] ^= 1
	if rsa.VerifyPKCS1v15(key, 0, block, signature) == nil {
		t.Error("a flipped bit goes unnoticed")
	}
}

// TestFaceSigns: the key without a PIN, whose public half the files have.
func TestFaceSigns(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectFace, "9000")
	digest := sha256.Sum256([]byte("kazasu"))
	for _, p2 := range []string{"00", "9A"} {
		signature := read(t, card, "802A03"+p2+" 06 'kazasu' 00")
		if err := rsa.VerifyPKCS1v15(&testKeys()["face"].PublicKey, crypto.SHA256, digest[:], signature); err != nil {
			t.Errorf("P2 %s: %v", p2, err)
		}
	}
	expect(t, card, "0088009A 01 AA 00", "6985")
	expect(t, newCard(t, "standard", withoutCommon), selectFace, "6A82")
	expect(t, newCard(t, "android"), selectFace, "6A82")
}
