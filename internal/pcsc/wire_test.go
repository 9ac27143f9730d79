package pcsc

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"testing"

	"kazasu/internal/slot"
)

// scripted is a pcscd that expects one request, and gives one answer.
func scripted(t *testing.T, request, answer string) *client {
	t.Helper()
	ours, theirs := net.Pipe()
	want, give := unhex(t, request), unhex(t, answer)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer theirs.Close()
		got := make([]byte, len(want))
		if _, err := bufio.NewReader(theirs).Read(got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("request %X, %v, want %X", got, err, want)
		}
		theirs.Write(give)
	}()
	t.Cleanup(func() { ours.Close(); <-done })
	return newClient(ours)
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTransmitOnTheWire: the fields as winscard_msg.h has them, on a machine
// that writes the low byte first.
func TestTransmitOnTheWire(t *testing.T) {
	c := scripted(t,
		"20000000 09000000 44332211 02000000 08000000 04000000 00000000 08000000 0C000100 00000000 00A4040C",
		"44332211 02000000 08000000 04000000 02000000 08000000 02000000 00000000 9000")
	got, err := c.transmit(0x11223344, 2, []byte{0x00, 0xA4, 0x04, 0x0C})
	if err != nil || !bytes.Equal(got, []byte{0x90, 0x00}) {
		t.Errorf("transmit = %X, %v, want 9000", got, err)
	}
}

func TestReturnValues(t *testing.T) {
	c := scripted(t,
		"18000000 05000000 01000000 02000000 03000000 02000000 00000000 00000000",
		"01000000 02000000 03000000 02000000 00000000 69001080")
	if _, err := c.reconnect(1, unpowerCard); !errors.Is(err, errRemoved) || err.Error() != "pcscd answered 80100069 (card was removed)" {
		t.Errorf("reconnect: %v", err)
	}
}

// TestTornAnswers: an answer that ends early, and a response longer than any.
func TestTornAnswers(t *testing.T) {
	const request = "20000000 09000000 01000000 02000000 08000000 01000000 00000000 08000000 0C000100 00000000 00"
	for name, answer := range map[string]string{
		"in the fields":   "01000000 02000000",
		"in the response": "01000000 02000000 08000000 01000000 02000000 08000000 02000000 00000000 90",
		"too long":        "01000000 02000000 08000000 01000000 02000000 08000000 0D000100 00000000",
	} {
		if got, err := scripted(t, request, answer).transmit(1, 2, []byte{0}); err == nil {
			t.Errorf("%s: %X and no error", name, got)
		}
	}
}

// FuzzReaders: no list of readers makes us panic, and no ATR is longer than
// its field.
func FuzzReaders(f *testing.F) {
	entry := make([]byte, readerSize)
	copy(entry, "Kazasu 00 00")
	entry[atrLen] = 5
	f.Add(entry)
	f.Add(bytes.Repeat([]byte{0xFF}, readerSize))
	f.Fuzz(func(t *testing.T, list []byte) {
		for _, s := range parseReaders(list) {
			if s.name == "" || len(s.atr) > 33 {
				t.Errorf("reader %q, ATR %X", s.name, s.atr)
			}
		}
	})
}

func TestLostPcscd(t *testing.T) {
	ours, theirs := net.Pipe()
	theirs.Close()
	d := &dialled{name: "Kazasu 00 00", client: newClient(ours), handle: 1}
	for range 2 {
		if _, err := d.Transmit(t.Context(), []byte{0, 0, 0, 0}); err == nil || errors.Is(err, slot.ErrCardGone) || !strings.Contains(err.Error(), "lost pcscd") {
			t.Errorf("got %v, want that pcscd was lost", err)
		}
	}
}
