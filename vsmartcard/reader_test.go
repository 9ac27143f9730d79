package vsmartcard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"kazasu/internal/slot"
)

// Reader is a slot.
var _ slot.Slot = (*Reader)(nil)

// peer is the card's end of a reader's connection, played by hand.
func peer(t *testing.T) (*Reader, net.Conn) {
	ours, theirs := net.Pipe()
	r := NewReader(ours)
	t.Cleanup(func() { r.Close(); theirs.Close() })
	return r, theirs
}

// play runs the other end of a conversation: what is expected, then what is
// answered, in turns.
func play(t *testing.T, conn net.Conn, turns ...string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i, wire := range turns {
			want := unhex(t, wire)
			if i%2 == 1 {
				conn.Write(want)
				continue
			}
			got := make([]byte, len(want))
			n, err := readFull(conn, got)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("turn %d: reader sent %X, %v, want %X", i, got[:n], err, want)
				conn.Close()
				return
			}
		}
	}()
	return done
}

func readFull(conn net.Conn, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = conn.Read(b[n:])
		n += m
	}
	return n, err
}

func TestReaderConversation(t *testing.T) {
	r, card := peer(t)
	done := play(t, card,
		"0001 04", "0005 3B80800101",
		"0001 00 0001 01 0001 04", "0005 3B80800101",
		"000C 00A40400 07 D2760001240102", "0002 9000",
		"0001 02 0001 04", "0002 3B00",
		"0001 00")
	ctx := t.Context()
	atr, err := r.Probe(ctx)
	same(t, "Probe", atr, err, "3B80800101")
	atr, err = r.PowerOn(ctx)
	same(t, "PowerOn", atr, err, "3B80800101")
	response, err := r.Transmit(ctx, unhex(t, "00A40400 07 D2760001240102"))
	same(t, "Transmit", response, err, "9000")
	atr, err = r.Reset(ctx)
	same(t, "Reset", atr, err, "3B00")
	same(t, "ATR", r.ATR(), nil, "3B00")
	if err := r.PowerOff(ctx); err != nil {
		t.Error(err)
	}
	<-done
}

func same(t *testing.T, what string, got []byte, err error, want string) {
	t.Helper()
	if err != nil || !bytes.Equal(got, unhex(t, want)) {
		t.Errorf("%s = %X, %v, want %s", what, got, err, want)
	}
}

// TestReaderRefuses shows what never reaches the wire.
func TestReaderRefuses(t *testing.T) {
	r, card := peer(t)
	ctx := t.Context()
	if _, err := r.Transmit(ctx, []byte{0, 0xA4, 0, 0}); !errors.Is(err, slot.ErrNotPowered) {
		t.Errorf("before PowerOn: %v, want %v", err, slot.ErrNotPowered)
	}
	if _, err := r.Reset(ctx); !errors.Is(err, slot.ErrNotPowered) {
		t.Errorf("Reset before PowerOn: %v, want %v", err, slot.ErrNotPowered)
	}
	done := play(t, card, "0001 00 0001 01 0001 04", "0002 3B00", "0004 00A40000", "0002 9000")
	if _, err := r.PowerOn(ctx); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		command []byte
		want    error
	}{
		{"nothing", ctx, nil, ErrEmpty},
		{"one byte", ctx, []byte{0x04}, ErrOneByte},
		{"too long", ctx, make([]byte, 65536), ErrTooLong},
		{"context ended", ended, []byte{0, 0xA4, 0, 0}, context.Canceled},
	} {
		if _, err := r.Transmit(c.ctx, c.command); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	response, err := r.Transmit(ctx, []byte{0, 0xA4, 0, 0})
	same(t, "the next command", response, err, "9000")
	<-done
}

// TestReaderLosesCard shows the ways in which a card leaves in mid-command.
func TestReaderLosesCard(t *testing.T) {
	for _, c := range []struct{ name, answer string }{
		{"closes", ""}, {"answers nothing", "0000"}, {"answers in part", "000A 0102"}, {"answers half a length", "00"},
	} {
		r, card := peer(t)
		done := play(t, card, "0001 00 0001 01 0001 04", "0002 3B00", "0004 00A40000", c.answer)
		if _, err := r.PowerOn(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() { <-done; card.Close() }()
		if _, err := r.Transmit(t.Context(), []byte{0, 0xA4, 0, 0}); !errors.Is(err, slot.ErrCardGone) {
			t.Errorf("%s: %v, want %v", c.name, err, slot.ErrCardGone)
		}
		if atr := r.ATR(); atr != nil {
			t.Errorf("%s: ATR %X of a card that is gone", c.name, atr)
		}
		if _, err := r.PowerOn(t.Context()); !errors.Is(err, slot.ErrCardGone) {
			t.Errorf("%s: PowerOn afterwards: %v, want %v", c.name, err, slot.ErrCardGone)
		}
		if err := r.PowerOff(t.Context()); err != nil {
			t.Errorf("%s: PowerOff afterwards: %v", c.name, err)
		}
	}
}

// TestReaderGivesWay: a card that is silent is given up when ctx ends, and is
// gone, as its late answer would be taken for another's.
func TestReaderGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, card := peer(t)
		done := play(t, card, "0001 00 0001 01 0001 04", "0002 3B00", "0004 00A40000")
		if _, err := r.PowerOn(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		if _, err := r.Transmit(ctx, []byte{0, 0xA4, 0, 0}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silent card: %v, want %v", err, context.DeadlineExceeded)
		}
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("gave way after %v, want 2s", waited)
		}
		if atr := r.ATR(); atr != nil {
			t.Errorf("ATR %X of a card that was given up", atr)
		}
		if _, err := r.Transmit(t.Context(), []byte{0, 0xA4, 0, 0}); !errors.Is(err, slot.ErrCardGone) {
			t.Errorf("afterwards: %v, want %v", err, slot.ErrCardGone)
		}
		<-done
	})
}

// TestListen: a card of ours presents itself to a reader of ours over TCP,
// leaves, and comes back.
func TestListen(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	l, err := Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	presenting, stop := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() { result <- Present(presenting, dial, &fakeCard{response: unhex(t, "6A82")}, Options{}) }()
	for range 2 {
		r, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "ATR", r.ATR(), nil, "3B80800101")
		if _, err := r.PowerOn(ctx); err != nil {
			t.Error(err)
		}
		response, err := r.Transmit(ctx, []byte{0, 0xA4, 0, 0})
		same(t, "Transmit", response, err, "6A82")
		r.Close()
	}
	stop()
	<-result
	if _, err := l.Accept(presenting); !errors.Is(err, context.Canceled) {
		t.Errorf("Accept after the end: %v, want %v", err, context.Canceled)
	}
}

// splitPeer plays a driver up to 2019 on TCP: length and payload in two
// writes, with Nagle's algorithm on.
func splitPeer(b testing.TB, conn *net.TCPConn, command []byte) {
	conn.Write([]byte{byte(len(command) >> 8), byte(len(command))})
	conn.Write(command)
	if _, err := ReadFrame(conn); err != nil {
		b.Fatal(err)
	}
}

// TestQuickAck: a hundred commands of such a driver take four seconds unless
// each length is acknowledged at once.
func TestQuickAck(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	dial := func(ctx context.Context) (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	result := make(chan error, 1)
	go func() { result <- Present(ctx, dial, &fakeCard{response: []byte{0x90, 0}}, Options{}) }()
	defer func() { cancel(); <-result }()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tcp := conn.(*net.TCPConn)
	tcp.SetNoDelay(false)
	start := time.Now()
	for range 100 {
		splitPeer(t, tcp, []byte{0x00, 0xA4, 0x04, 0x0C})
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("100 commands in two writes each took %v, want far less than 40ms each", took)
	}
}

// BenchmarkPresentReader is a round trip over loopback TCP between our card
// side and our reader side.
func BenchmarkPresentReader(b *testing.B) {
	l, err := Listen(b.Context(), "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for _, size := range []int{2, 258} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			dial := func(ctx context.Context) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
			}
			result := make(chan error, 1)
			card := &benchCard{response: make([]byte, size)}
			go func() { result <- Present(ctx, dial, card, Options{}) }()
			r, err := l.Accept(ctx)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := r.PowerOn(ctx); err != nil {
				b.Fatal(err)
			}
			command := []byte{0x00, 0xB0, 0x00, 0x00, 0x00}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Transmit(ctx, command); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "APDU/s")
			cancel()
			<-result
			r.Close()
		})
	}
}

// benchCard is a fakeCard without a diary.
type benchCard struct{ response []byte }

func (c *benchCard) PowerOn(context.Context) ([]byte, error)          { return c.ATR(), nil }
func (c *benchCard) Reset(context.Context) ([]byte, error)            { return c.ATR(), nil }
func (c *benchCard) PowerOff(context.Context) error                   { return nil }
func (c *benchCard) ATR() []byte                                      { return []byte{0x3B, 0x00} }
func (c *benchCard) Transmit(context.Context, []byte) ([]byte, error) { return c.response, nil }
