// Package apdutest is the suite that any [slot.Slot] must pass: the emulated
// card, a peer behind a bridge, a real card in a real reader. It asks of the
// card only what every My Number Card has, JPKI-AP with its free files, and
// spends no PIN try.
package apdutest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"kazasu/internal/slot"
)

// Commands and answers of the suite, in hex.
const (
	selectJPKI  = "00A4040C0AD392F000260100000001"
	readLabel   = "00B086000F"
	labelPrefix = "4A504B4941"             // JPKIA…, the label of every token
	readCA      = "00B08B0000"             // 256 bytes of the auth CA's certificate
	readLongCA  = "00B08B00000400"         // 1,024 bytes of it, extended
	selectNone  = "00A4040C06A00000000101" // nobody's name
	noSuchINS   = "00FE0000"
	badLength   = "00A4040C0AD392" // Lc says more than there is
	inside      = "00B0000005"     // of the current file, if there is one
	challenge   = "0084000010"     // 16 random bytes
	query       = "00200098"       // tries of the auth PIN, without spending one
)

// TestSlot runs the suite. Each part opens a slot of its own, not powered;
// open registers with t whatever has to be closed.
func TestSlot(t *testing.T, open func(t *testing.T) slot.Slot) {
	for _, part := range []struct {
		name string
		test func(*testing.T, slot.Slot)
	}{
		{"answers to reset", testATR},
		{"power", testPower},
		{"power off forgets", testForgets},
		{"reset", testReset},
		{"commands", testCommands},
		{"malformed commands travel", testMalformed},
		{"answers belong to the caller", testOwnership},
		{"ended contexts", testContext},
		{"random bytes differ", testRandom},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
	}
}

func testATR(t *testing.T, s slot.Slot) {
	before := s.ATR()
	atr := powerOn(t, s)
	switch {
	case len(atr) < 2 || len(atr) > 33:
		t.Fatalf("the answer to reset has %d bytes", len(atr))
	case atr[0] != 0x3B && atr[0] != 0x3F:
		t.Errorf("TS is %02X, want 3B or 3F", atr[0])
	case !bytes.Equal(atr, s.ATR()):
		t.Errorf("PowerOn gave %X, ATR %X", atr, s.ATR())
	case before != nil && !bytes.Equal(atr, before):
		t.Errorf("ATR was %X before power on, %X after", before, atr)
	}
	want := bytes.Clone(atr)
	clear(atr)
	clear(s.ATR())
	if got := s.ATR(); !bytes.Equal(got, want) {
		t.Errorf("writing to an ATR changed it to %X, was %X", got, want)
	}
}

func testPower(t *testing.T, s slot.Slot) {
	if response, err := s.Transmit(t.Context(), unhex(selectJPKI)); err == nil {
		t.Errorf("a card without power answered %X", response)
	}
	powerOn(t, s)
	powerOn(t, s) // a second cold start is no error
	expect(t, s, selectJPKI, "9000")
	for range 2 {
		if err := s.PowerOff(t.Context()); err != nil {
			t.Errorf("powering off: %v", err)
		}
	}
	if response, err := s.Transmit(t.Context(), unhex(selectJPKI)); err == nil {
		t.Errorf("a card switched off answered %X", response)
	}
	powerOn(t, s)
	expect(t, s, selectJPKI, "9000")
}

func testForgets(t *testing.T, s slot.Slot) {
	powerOn(t, s)
	expect(t, s, selectJPKI, "9000")
	if err := s.PowerOff(t.Context()); err != nil {
		t.Fatalf("powering off: %v", err)
	}
	powerOn(t, s)
	if sw := last(send(t, s, readLabel), 2); sw == "9000" {
		t.Error("the application is still selected after power off")
	}
}

func testReset(t *testing.T, s slot.Slot) {
	powerOn(t, s)
	expect(t, s, selectJPKI, "9000")
	atr, err := s.Reset(t.Context())
	if err != nil {
		t.Fatalf("resetting: %v", err)
	}
	if !bytes.Equal(atr, s.ATR()) {
		t.Errorf("Reset gave %X, ATR %X", atr, s.ATR())
	}
	expect(t, s, selectJPKI, "9000")
}

func testCommands(t *testing.T, s slot.Slot) {
	powerOn(t, s)
	expect(t, s, selectNone, "6A82")
	expect(t, s, selectJPKI, "9000")
	if got := send(t, s, readLabel); len(got) != 2*17 || got[:10] != labelPrefix || last(got, 2) != "9000" {
		t.Errorf("> %s: got %s, want 15 bytes that begin %s", readLabel, got, labelPrefix)
	}
	if got := send(t, s, inside); got != labelPrefix+"9000" {
		t.Errorf("> %s: got %s, want %s9000", inside, got, labelPrefix)
	}
	short, long := send(t, s, readCA), send(t, s, readLongCA)
	switch {
	case len(short) != 2*258 || last(short, 2) != "9000":
		t.Errorf("> %s: got %s, want 256 bytes", readCA, short)
	case len(long) != 2*1026 || last(long, 2) != "9000":
		t.Errorf("> %s: got %s, want 1024 bytes", readLongCA, long)
	case short[:512] != long[:512]:
		t.Error("the short and the extended form read different bytes")
	}
	expect(t, s, noSuchINS, "6D00")
	if got := send(t, s, query); len(got) != 4 || got[:3] != "63C" {
		t.Errorf("> %s: got %s, want 63Cx", query, got)
	}
}

func testMalformed(t *testing.T, s slot.Slot) {
	powerOn(t, s)
	if got := last(send(t, s, badLength), 2); got == "9000" {
		t.Errorf("> %s: got 9000, want a refusal", badLength)
	}
	expect(t, s, selectJPKI, "9000")
}

func testOwnership(t *testing.T, s slot.Slot) {
	powerOn(t, s)
	command := unhex(selectJPKI)
	if _, err := s.Transmit(t.Context(), command); err != nil {
		t.Fatalf("> %s: %v", selectJPKI, err)
	}
	if !bytes.Equal(command, unhex(selectJPKI)) {
		t.Errorf("Transmit changed the command to %X", command)
	}
	first := transmit(t, s, readCA)
	kept := bytes.Clone(first)
	transmit(t, s, challenge)
	if !bytes.Equal(first, kept) {
		t.Error("the next command changed an answer already given")
	}
	clear(first)
	if again := transmit(t, s, readCA); !bytes.Equal(again, kept) {
		t.Error("writing to an answer changed the card")
	}
}

func testContext(t *testing.T, s slot.Slot) {
	powerOn(t, s)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Transmit(ended, unhex(selectJPKI)); !errors.Is(err, context.Canceled) {
		t.Errorf("Transmit after the end of its context: got %v, want context canceled", err)
	}
	if _, err := s.PowerOn(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("PowerOn after the end of its context: got %v, want context canceled", err)
	}
	powerOn(t, s)
	expect(t, s, selectJPKI, "9000")
}

func testRandom(t *testing.T, s slot.Slot) {
	powerOn(t, s)
	one, two := send(t, s, challenge), send(t, s, challenge)
	if len(one) != 36 || last(one, 2) != "9000" || one == two {
		t.Errorf("> %s: got %s, then %s; want 16 bytes, not the same twice", challenge, one, two)
	}
}

func powerOn(t *testing.T, s slot.Slot) []byte {
	t.Helper()
	atr, err := s.PowerOn(t.Context())
	if err != nil {
		t.Fatalf("powering on: %v", err)
	}
	return atr
}

func transmit(t *testing.T, s slot.Slot, command string) []byte {
	t.Helper()
	response, err := s.Transmit(t.Context(), unhex(command))
	if err != nil {
		t.Fatalf("> %s: %v", command, err)
	}
	if len(response) < 2 {
		t.Fatalf("> %s: %d bytes, an answer has at least two", command, len(response))
	}
	return response
}

// send is transmit in hex.
func send(t *testing.T, s slot.Slot, command string) string {
	t.Helper()
	return hexOf(transmit(t, s, command))
}

func expect(t *testing.T, s slot.Slot, command, want string) {
	t.Helper()
	if got := send(t, s, command); got != want {
		t.Errorf("> %s: got %s, want %s", command, got, want)
	}
}

// last is the last n bytes of a hex string.
func last(s string, n int) string { return s[len(s)-2*n:] }

func hexOf(b []byte) string { return fmt.Sprintf("%X", b) }

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic("apdutest: " + err.Error())
	}
	return b
}
