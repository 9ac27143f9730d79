//go:build linux

package pcscd_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"kazasu/internal/apdu/apdutest"
	"kazasu/internal/pcsc"
	"kazasu/internal/pcscd"
	"kazasu/internal/slot"
	"kazasu/vsmartcard"
)

// open opens a reader, and returns when its card can be powered on. The card
// is left without power.
func open(t testing.TB, d *pcscd.Daemon, reader int) pcsc.Slot {
	t.Helper()
	return openBy(t, d, reader, pcsc.Dial)
}

// dialer is one of the two ways to a reader.
type dialer func(ctx context.Context, socket, reader string) (pcsc.Slot, error)

func openBy(t testing.TB, d *pcscd.Daemon, reader int, dial dialer) pcsc.Slot {
	t.Helper()
	s, err := dial(t.Context(), d.Socket(), d.Readers()[reader])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 250 {
		if _, err = s.PowerOn(t.Context()); !errors.Is(err, slot.ErrNoCard) {
			break
		}
		<-tick.C
	}
	if err := errors.Join(err, s.PowerOff(t.Context())); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSlotThroughPcscd: the emulated card, behind vpcd, pcscd and PC/SC,
// passes the suite that any slot passes.
func TestSlotThroughPcscd(t *testing.T) {
	d := start(t, pcscd.Config{})
	apdutest.TestSlot(t, func(t *testing.T) slot.Slot {
		_, _, card := issue(t, "hanako")
		insert(t, d, 0, card, vsmartcard.Options{})
		return open(t, d, 0)
	})
}

// BenchmarkVPCDThroughPcscd sends the same command the same way to two cards:
// ours, and one that answers as a plain vpicc does, with TCP_NODELAY and one
// write a frame, but without hurrying acknowledgements. Ours is reached in
// pcscd's own protocol and, where it is built in, through the library.
func BenchmarkVPCDThroughPcscd(b *testing.B) {
	d := start(b, pcscd.Config{})
	insert(b, d, 0, tinyCard{}, vsmartcard.Options{})
	plainCard(b, d, 1)
	const plainCommands = 40 // 44 ms each
	plainRate := rate(b, open(b, d, 1), plainCommands)

	for _, way := range []struct {
		name string
		dial dialer
	}{{"protocol", pcsc.Dial}, {"library", pcsc.Open}} {
		b.Run(way.name, func(b *testing.B) {
			if _, err := way.dial(b.Context(), d.Socket(), d.Readers()[0]); errors.Is(err, pcsc.ErrNotBuilt) {
				b.Skip(err)
			}
			ours := openBy(b, d, 0, way.dial)
			powerOn(b, ours)
			command := []byte{0x00, 0xA4, 0x04, 0x0C}
			b.ResetTimer()
			for range b.N {
				if _, err := ours.Transmit(b.Context(), command); err != nil {
					b.Fatal(err)
				}
			}
			oursRate := float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(oursRate, "APDU/s")
			b.ReportMetric(plainRate, "plain-APDU/s")
			b.ReportMetric(oursRate/plainRate, "times-plain")
		})
	}
}

// rate is how many commands a second the slot answers.
func rate(b *testing.B, s slot.Slot, commands int) float64 {
	b.Helper()
	powerOn(b, s)
	start := time.Now()
	for range commands {
		if _, err := s.Transmit(b.Context(), []byte{0x00, 0xA4, 0x04, 0x0C}); err != nil {
			b.Fatal(err)
		}
	}
	return float64(commands) / time.Since(start).Seconds()
}

func powerOn(b *testing.B, s slot.Slot) {
	b.Helper()
	if _, err := s.PowerOn(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// plainCard is a card as programs for this protocol commonly are.
func plainCard(b *testing.B, d *pcscd.Daemon, slot int) {
	b.Helper()
	conn, err := d.Dial(context.Background(), slot)
	if err != nil {
		b.Fatal(err)
	}
	conn.(*net.TCPConn).SetNoDelay(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for answerPlainly(conn) == nil {
		}
	}()
	b.Cleanup(func() { conn.Close(); <-done })
}

func answerPlainly(conn net.Conn) error {
	var header [2]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return err
	}
	payload := make([]byte, binary.BigEndian.Uint16(header[:]))
	if _, err := io.ReadFull(conn, payload); err != nil {
		return err
	}
	var err error
	switch {
	case len(payload) == 1 && payload[0] == 0x04:
		_, err = conn.Write([]byte{0x00, 0x05, 0x3B, 0x80, 0x80, 0x01, 0x01})
	case len(payload) > 1:
		_, err = conn.Write([]byte{0x00, 0x02, 0x90, 0x00})
	}
	return err
}
