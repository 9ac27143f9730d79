package emulator_test

import (
	"context"
	"testing"
)

func TestVerifyCountsDown(t *testing.T) {
	for _, c := range []struct {
		name, application, query, wrong, right string
		down                                   []string // answers to wrong PINs
	}{
		{"auth", selectJPKI, "00200098", "00200098 04 '0000'", verifyAuth, []string{"63C2", "63C1", "63C0", "6984"}},
		{"sign", selectJPKI, "0020009B", "0020009B 06 'ABC124'", verifySign, []string{"63C4", "63C3", "63C2", "63C1", "63C0", "6984"}},
		{"text", selectText, "00200091", "00200091 04 '0000'", verifyText, []string{"63C2", "63C1", "63C0", "6984"}},
		{"number-a", selectText, "00200094", "00200094 0C '000000000000'", verifyA,
			[]string{"63C9", "63C8", "63C7", "63C6", "63C5", "63C4", "63C3", "63C2", "63C1", "63C0", "6984"}},
		{"number-b", selectText, "00200095", "00200095 0E '00000000000000'", verifyB,
			[]string{"63C9", "63C8", "63C7", "63C6", "63C5", "63C4", "63C3", "63C2", "63C1", "63C0", "6984"}},
		{"face-birth", selectFace, "00200091", "00200091 06 '000000'", verifyBirth,
			[]string{"63C9", "63C8", "63C7", "63C6", "63C5", "63C4", "63C3", "63C2", "63C1", "63C0", "6984"}},
		{"face-number-b", selectFace, "00200092", "00200092 0E '00000000000000'", verifyFaceB,
			[]string{"63C9", "63C8", "63C7", "63C6", "63C5", "63C4", "63C3", "63C2", "63C1", "63C0", "6984"}},
		{"face-number-a", selectFace, "00200093", "00200093 0C '000000000000'", verifyFaceA,
			[]string{"63C9", "63C8", "63C7", "63C6", "63C5", "63C4", "63C3", "63C2", "63C1", "63C0", "6984"}},
		{"juki", selectJuki, "0020009C", "0020009C 04 '0000'", verifyJuki, []string{"63C2", "63C1", "63C0", "6984"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			card := newCard(t, "standard")
			expect(t, card, c.application, "9000")
			for _, want := range c.down {
				expect(t, card, c.wrong, want)
			}
			expect(t, card, c.right, "6984", c.query, "63C0")
			for _, pin := range card.PINs() {
				if blocked := pin.Name == c.name; pin.Blocked != blocked {
					t.Errorf("PIN %s: %+v", pin.Name, pin)
				}
			}
			if err := card.ResetPIN(c.name); err != nil {
				t.Fatal(err)
			}
			expect(t, card, c.right, "9000")
		})
	}
}

func TestVerifyQuery(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		"00200080", "6986", // no current file
		"00200098", "6A82", // no application
		selectJPKI, "9000",
		"00200080", "6986",
		"00A4020C 02 0018", "9000",
		"00200080", "63C3", "00200080 00", "63C3", "00200080 000000", "63C3",
		verifyWrong, "63C2", "00200080", "63C2",
		verifyAuth, "9000", "00200080", "63C3", // after success too: OpenSC insists
		"0020009B", "63C5",
		"00200180", "6A86", "00200018", "6A86", "00200000", "6A86",
		"00200093", "6A82",
		"00A4020C 02 000A", "9000", "00200080", "6981", "00200080 04 '1234'", "6981",
		"00200097 04 '1234'", "6981",
	)
	for range 1000 {
		expect(t, card, "0020009B", "63C5")
	}
}

func TestVerifyLengthCosts(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000",
		"00200098 03 '123'", "63C2",
		"00200098 05 '12345'", "63C1",
		verifyAuth, "9000",
		"0020009B 08 'ABC123' 0000", "63C4",
		"0020009B 06 'abc123'", "63C3",
	)
}

// TestBlockedFromIssue: key 0012 of the text application, and the sign
// password of a child.
func TestBlockedFromIssue(t *testing.T) {
	card := newCard(t, "under-15")
	expect(t, card,
		selectText, "9000", "00200092", "63C0", "00200092 04 '1234'", "6984", "00240192 04 '1234'", "6984",
		selectJPKI, "9000", "0020009B", "63C0", verifySign, "6984",
		"00A4020C 02 0001", "9000", "00B00000 00", "6982", "802A009A 01 AA 00", "6982")
	if got := len(card.PINs()); got != 8 {
		t.Errorf("a child's card has %d PINs, want 8", got)
	}
	if err := card.ResetPIN("sign"); err == nil {
		t.Error("a sign password that was never set can be reset")
	}
}

func TestStatusLifetime(t *testing.T) {
	ctx := context.Background()
	card := newCard(t, "standard")
	opened := func(want bool) {
		t.Helper()
		sw := map[bool]string{true: "3082 9000", false: "6982"}[want]
		expect(t, card, selectJPKI, "9000", "00B08100 02", sw)
	}
	expect(t, card, selectJPKI, "9000", verifySign, "9000")
	opened(true) // selecting the same application keeps it
	expect(t, card, "00A4020C 02 0017", "9000", "00A4040C 06 A00000000101", "6A82")
	opened(true)
	expect(t, card, selectText, "9000")
	opened(false)
	expect(t, card, verifySign, "9000", "00A4040C 07 A0000001510000", "9000")
	opened(false)
	expect(t, card, verifySign, "9000", "0020009B 06 'WRONG0'", "63C4")
	opened(false)
	expect(t, card, verifySign, "9000")
	if _, err := card.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, card, "00B08100 02", "6A82") // nothing is selected after a reset
	opened(true)
	if err := card.PowerOff(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := card.PowerOn(ctx); err != nil {
		t.Fatal(err)
	}
	opened(false)
}

func TestStrictReset(t *testing.T) {
	card := newCard(t, "strict-reset")
	expect(t, card, selectJPKI, "9000", verifySign, "9000", "00B08100 02", "3082 9000")
	if _, err := card.Reset(context.Background()); err != nil {
		t.Fatal(err)
	}
	expect(t, card, selectJPKI, "9000", "00B08100 02", "6982")
}

// TestNumbers: 照合番号A opens 0001 alone and B 0002 alone; either opens 0003,
// 0006 and 0007.
func TestNumbers(t *testing.T) {
	for _, c := range []struct{ verify, first, second string }{
		{verifyA, "FF100C 9000", "6982"},
		{verifyB, "6982", "FF2065 9000"},
		{verifyText, "FF100C 9000", "FF2065 9000"},
	} {
		card := newCard(t, "standard")
		expect(t, card, selectText, "9000", c.verify, "9000",
			"00B08100 03", c.first, "00B08200 03", c.second,
			"00B08300 02", "FF30 9000", "00B08600 02", "A182 9000", "00B08700 02", "FF50 9000")
	}
}

func TestChange(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", "00A4020C 02 0018", "9000",
		"00240180 04 '4321'", "6982",
		"00200080 04 '1234'", "9000",
		"00240080 04 '4321'", "6A86",
		"00240180 03 '432'", "6A80",
		"00240180 05 '54321'", "6A80",
		"00240180 04 '432A'", "6A80",
		"00240180", "6A80",
		"00240180 04 '4321'", "9000",
		"00200080 04 '1234'", "63C2",
		"00240180 04 '1111'", "6982", // the wrong PIN took the status away
		"00200080 04 '4321'", "9000",
		"00240197 04 '4321'", "6981",
		verifySign, "9000",
		"0024019B 05 'AB123'", "6A80",
		"0024019B 06 'abcdef'", "6A80",
		"0024019B 10 'ABCDEFGH01234567'", "9000",
		verifySign, "63C4",
		"0020009B 10 'ABCDEFGH01234567'", "9000",
		selectText, "9000", verifyA, "9000",
		"00240194 0C '000000000000'", "6985",
		verifyText, "9000", "00240191 04 '8765'", "9000", "00200091 04 '8765'", "9000",
	)
	if err := card.ResetPIN("auth"); err != nil {
		t.Fatal(err)
	}
	expect(t, card, selectJPKI, "9000", verifyAuth, "9000")
}

func TestPhone(t *testing.T) {
	card := newCard(t, "android")
	expect(t, card,
		selectText, "6A82",
		selectJPKI, "9000",
		"00B08A00 02", "6982", "00B08B00 02", "3082 9000",
		verifySign, "9000", "00B08A00 02", "6982",
		verifyAuth, "9000", "00B08A00 02", "3082 9000",
	)
	plastic := newCard(t, "standard")
	expect(t, plastic, selectJPKI, "9000", "00B08A00 02", "3082 9000")
}

func TestSetPINTries(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000")
	for left, want := range []string{"63C0", "63C1", "63C2", "63C3"} {
		if err := card.SetPINTries("auth", left); err != nil {
			t.Fatal(err)
		}
		expect(t, card, "00200098", want)
	}
	for _, c := range []struct {
		name string
		left int
	}{{"auth", 4}, {"auth", -1}, {"nobody", 1}} {
		if err := card.SetPINTries(c.name, c.left); err == nil {
			t.Errorf("SetPINTries(%q, %d) is allowed", c.name, c.left)
		}
	}
}
