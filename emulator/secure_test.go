package emulator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"kazasu/emulator"
)

// The session key of these tests is 00 01 … 0F. The cryptograms were computed
// by openssl enc -aes-128-ecb (the counter makes the IV) and -aes-128-cbc.
const (
	seedBytes = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

	selectCV1    = "08A4020C 13 8611 01 C8171E9AB65BD28816B344CFB3CFE871"
	selectNone2  = "08A4020C 13 8611 01 C0211D775F2C2194A63696E24602D273" // 0009
	verifyText3  = "08200091 13 8611 01 EE27FB9AC300E4445AA16292B8F7133E"
	read10       = "08B00000 000005 96 03 00000A 0000"
	head2, head4 = "861101035B72107D69C3163B492C5E5308DBCD 9000", "861101DDA55366DFC79EFAC4A79BD9DBFCEC17 9000"
)

// deliver is SET SESSION KEY with these bytes inside.
func deliver(t testing.TB, inside string) string {
	t.Helper()
	key := &testKeys()["card"].PublicKey
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key, unhex(inside), nil)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("80AE0000 000100 %X", sealed)
}

// session is a card with secure messaging, counter 1.
func session(t testing.TB) *emulator.Card {
	t.Helper()
	card := newCard(t, "standard")
	expect(t, card, selectText, "9000", verifyText, "9000", deliver(t, "A022 8020"+seedBytes), "9000")
	return card
}

func TestSessionKeyDelivery(t *testing.T) {
	card := newCard(t, "standard")
	good := deliver(t, "A022 8020"+seedBytes)
	expect(t, card,
		good, "6982", // no application
		selectJPKI, "9000", verifyAuth, "9000", good, "6982",
		selectJuki, "9000", good, "6982",
		selectCommon, "9000", good, "66F1",
		selectFace, "9000", good, "66F1",
		selectText, "9000", good, "6982", verifyB, "9000", good, "6982", verifyA, "9000", good, "6982",
		read10, "69FC",
		verifyText, "9000",
		"80AE0000 000100"+strings.Repeat("FF", 256), "6F00", // above the modulus
		"80AE0000 000100"+strings.Repeat("11", 256), "6A80", // no OAEP
		deliver(t, "A022 8120"+seedBytes), "6A80",
		deliver(t, "A023 8020"+seedBytes+"00"), "6A80",
		deliver(t, "A021 801F"+seedBytes[2:]), "6A80",
		"80AE0000 01 AA", "6700", "80AE0000", "6700", "80AE0100 01 AA", "6A86",
		read10, "69FC",
		good, "9000", "08B00000 00", "6988", // a session, so the object is asked for
	)
}

func TestSecuredCommands(t *testing.T) {
	card := session(t)
	expect(t, card,
		selectCV1, "9000",
		"00B00000 05", "7F21820233 9000", // plain commands go on and don't count
		read10, head2,
		verifyText3, "9000",
		read10, head4,
	)
	whole := read(t, card, "08B00000 000005 96 03 000000 0000")
	if len(whole) != 4+1+576 { // 568 bytes, padded
		t.Errorf("the whole file comes as %d bytes", len(whole))
	}
	expect(t, card, "08B0023C 000005 96 03 000001 0000", "6B00")
}

// TestCounterGoesOn: refusals of the command inside count, too.
func TestCounterGoesOn(t *testing.T) {
	expect(t, session(t), selectCV1, "9000", "08B07FFF 000005 96 03 000001 0000", "6B00",
		verifyText3, "9000", read10, head4)
	expect(t, session(t), selectCV1, "9000", selectNone2, "6A82", verifyText3, "9000", read10, head4)
}

// TestSessionDies: of one bad object, and with the application.
func TestSessionDies(t *testing.T) {
	for name, command := range map[string]string{
		"no object":         "08B00000 00",
		"wrong tag":         "08B00000 000005 97 03 00000A 0000",
		"Le of two bytes":   "08B00000 000004 96 02 000A 0000",
		"Le of 24 bits":     "08B00000 000005 96 03 01000A 0000",
		"two objects":       "08B00000 00000A 96 03 00000A 96 03 00000A 0000",
		"length of 82":      "08A4020C 15 86820011 01 C8171E9AB65BD28816B344CFB3CFE871",
		"length of 80":      "08A4020C 13 8680 01 C8171E9AB65BD28816B344CFB3CFE871",
		"half a length":     "08A4020C 02 8681",
		"padding indicator": "08A4020C 13 8611 02 C8171E9AB65BD28816B344CFB3CFE871",
		"half a block":      "08A4020C 0B 8609 01 C8171E9AB65BD288",
		"no padding":        "08A4020C 13 8611 01 C8171E9AB65BD28816B344CFB3CFE872",
		"empty VERIFY":      "08200091",
		"Le for VERIFY":     "08200091 05 96 03 00000A",
		"replay":            selectCV1,
	} {
		t.Run(name, func(t *testing.T) {
			card := session(t)
			if name == "replay" {
				expect(t, card, selectCV1, "9000")
			}
			expect(t, card, command, "6988", read10, "69FC", selectCV1, "69FC", "0CB00000 00", "69FC",
				"00200091", "63C3", // no try was lost
				deliver(t, "A022 8020"+seedBytes), "9000", selectCV1, "9000")
		})
	}
	card := session(t)
	expect(t, card, "0CB00000 00", "6987", "082A0097 01 AA 00", "6D00", "08840000 08", "6882", selectCV1, "9000",
		selectText, "9000", read10, "69FC")
	card = session(t)
	if _, err := card.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(t, card, read10, "69FC")
}

// TestLongLength: an object's length may be written 81 xx.
func TestLongLength(t *testing.T) {
	expect(t, session(t), "08A4020C 14 868111 01 C8171E9AB65BD28816B344CFB3CFE871", "9000", read10, head2)
}

// FuzzSecured sends one command after the other behind a session's class.
func FuzzSecured(f *testing.F) {
	f.Add(unhex("A4020C 13 8611 01 C8171E9AB65BD28816B344CFB3CFE871"), unhex("B00000 000005 96 03 00000A 0000"))
	f.Add(unhex("200091 02 8681"), unhex("B00000 000004 96 82 0000 0000"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		card := session(t)
		for _, command := range [][]byte{first, second} {
			response, err := card.Transmit(t.Context(), append([]byte{0x08}, command...))
			if err != nil || len(response) < 2 {
				t.Fatalf("> 08%X\n< %X, %v", command, response, err)
			}
		}
	})
}
