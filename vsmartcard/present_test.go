package vsmartcard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kazasu/internal/slot"
)

// fakeCard answers every APDU with response, and keeps a diary.
type fakeCard struct {
	response []byte
	transmit func(ctx context.Context, command []byte) ([]byte, error) // in place of response
	noATR    bool

	mu    sync.Mutex
	diary []string
}

func (c *fakeCard) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.diary = append(c.diary, fmt.Sprintf(format, args...))
}

func (c *fakeCard) read() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.diary, " ")
}

func (c *fakeCard) PowerOn(context.Context) ([]byte, error) { c.note("on"); return c.ATR(), nil }
func (c *fakeCard) Reset(context.Context) ([]byte, error)   { c.note("reset"); return c.ATR(), nil }
func (c *fakeCard) PowerOff(context.Context) error          { c.note("off"); return nil }

func (c *fakeCard) ATR() []byte {
	if c.noATR {
		return nil
	}
	return []byte{0x3B, 0x80, 0x80, 0x01, 0x01}
}

func (c *fakeCard) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	c.note("%X", command)
	if c.transmit != nil {
		return c.transmit(ctx, command)
	}
	return c.response, nil
}

// serve runs Serve over a pipe and returns the reader's end and the result.
func serve(ctx context.Context, card Card, o Options) (net.Conn, <-chan error) {
	ours, theirs := net.Pipe()
	result := make(chan error, 1)
	go func() { result <- Serve(ctx, theirs, card, o) }()
	return ours, result
}

// expect reads exactly the bytes of wire.
func expect(t *testing.T, conn io.Reader, wire string) {
	t.Helper()
	want := unhex(t, wire)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %X, %v, want %X", got, err, want)
	}
}

// expectClosed says that the other end closed without another byte.
func expectClosed(t *testing.T, conn io.Reader) {
	t.Helper()
	rest, err := io.ReadAll(conn)
	if len(rest) > 0 || err != nil {
		t.Fatalf("read %X, %v, want a closed connection and no byte", rest, err)
	}
}

func write(t *testing.T, conn io.Writer, wire string) {
	t.Helper()
	if _, err := conn.Write(unhex(t, wire)); err != nil {
		t.Fatal(err)
	}
}

// TestServeSession is what pcscd does at insertion, a connect, a command, a
// reset and the end.
func TestServeSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := &fakeCard{response: []byte{0x6A, 0x82}}
		conn, result := serve(t.Context(), card, Options{})
		write(t, conn, "0001 04")
		expect(t, conn, "0005 3B80800101")
		write(t, conn, "0001 01 0001 04")
		expect(t, conn, "0005 3B80800101")
		write(t, conn, "0004 00A40000")
		expect(t, conn, "0002 6A82")
		write(t, conn, "0001 02 0001 04")
		expect(t, conn, "0005 3B80800101")
		write(t, conn, "0001 00 0001 04 0001 03 0001 04")
		expect(t, conn, "0005 3B80800101 0005 3B80800101")
		conn.Close()
		if err := <-result; err != nil {
			t.Errorf("Serve: %v, want nil when the reader closes", err)
		}
		if got, want := card.read(), "on 00A40000 reset off off"; got != want {
			t.Errorf("card saw %q, want %q", got, want)
		}
	})
}

// TestServeSegments sends the same frames a byte at a time.
func TestServeSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := &fakeCard{response: []byte{0x90, 0x00}}
		conn, result := serve(t.Context(), card, Options{})
		go func() {
			for _, b := range unhex(t, "0001 01 0001 04 0005 00B0000000") {
				conn.Write([]byte{b})
			}
		}()
		expect(t, conn, "0005 3B80800101 0002 9000")
		conn.Close()
		<-result
		if got, want := card.read(), "on 00B0000000 off"; got != want {
			t.Errorf("card saw %q, want %q", got, want)
		}
	})
}

// writeCounter counts what reaches the wire in one piece.
type writeCounter struct {
	net.Conn
	writes [][]byte
}

func (w *writeCounter) Write(b []byte) (int, error) {
	w.writes = append(w.writes, append([]byte(nil), b...))
	return w.Conn.Write(b)
}

func TestServeWritesAFrameAtOnce(t *testing.T) {
	ours, theirs := net.Pipe()
	counter := &writeCounter{Conn: theirs}
	long := bytes.Repeat([]byte{0x5A}, 65535)
	result := make(chan error, 1)
	go func() { result <- Serve(t.Context(), counter, &fakeCard{response: long}, Options{}) }()
	write(t, ours, "0004 00B00000")
	got, err := ReadFrame(ours)
	if err != nil || !bytes.Equal(got, long) {
		t.Errorf("answer of %d bytes, %v, want 65535", len(got), err)
	}
	ours.Close()
	<-result
	if len(counter.writes) != 1 || len(counter.writes[0]) != 65537 {
		t.Errorf("%d writes, want one of 65537 bytes", len(counter.writes))
	}
}

// TestServeEnds shows each way in which Serve closes the connection: always
// between two frames.
func TestServeEnds(t *testing.T) {
	failed := errors.New("torn")
	for _, c := range []struct {
		name string
		card *fakeCard
		o    Options
		send string
		want error
	}{
		{name: "card fails", send: "0004 00A40000", want: failed,
			card: &fakeCard{transmit: func(context.Context, []byte) ([]byte, error) { return nil, failed }}},
		{name: "answer too long", send: "0004 00A40000", want: ErrTooLong, card: &fakeCard{response: make([]byte, 65536)}},
		{name: "answer empty", send: "0004 00A40000", want: ErrEmpty, card: &fakeCard{response: []byte{}}},
		{name: "no card", send: "0001 04", want: slot.ErrNoCard, card: &fakeCard{noATR: true}},
		{name: "frame of nothing", send: "0000", want: ErrEmpty, card: &fakeCard{}},
		{name: "cut", send: "0004 00A40000", want: ErrCut, card: &fakeCard{response: []byte{0x90, 0}},
			o: Options{Link: func() Link { return Link{Cut: true} }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, result := serve(t.Context(), c.card, c.o)
				write(t, conn, c.send)
				expectClosed(t, conn)
				if err := <-result; !errors.Is(err, c.want) {
					t.Errorf("Serve: %v, want %v", err, c.want)
				}
				if got := c.card.read(); !strings.HasSuffix(got, "off") {
					t.Errorf("card saw %q, want it powered off at the end", got)
				}
			})
		})
	}
}

func TestServeTruncated(t *testing.T) {
	for _, sent := range []string{"00", "0004", "0004 00A4"} {
		conn, result := serve(t.Context(), &fakeCard{}, Options{})
		write(t, conn, sent)
		conn.Close()
		if err := <-result; !errors.Is(err, ErrTruncated) {
			t.Errorf("after %s: %v, want %v", sent, err, ErrTruncated)
		}
	}
}

// mute waits until its context ends, as a card that gives way does.
func mute(ctx context.Context, _ []byte) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestServeDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, result := serve(t.Context(), &fakeCard{transmit: mute}, Options{Deadline: 3 * time.Second})
		start := time.Now()
		write(t, conn, "0004 00A40000")
		expectClosed(t, conn)
		if err := <-result; !errors.Is(err, slot.ErrMute) {
			t.Errorf("Serve: %v, want %v", err, slot.ErrMute)
		}
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("closed after %v, want 3s", waited)
		}
	})
}

// TestServeDeadlineStubborn: even a card that doesn't give way frees the
// reader in time.
func TestServeDeadlineStubborn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		card := &fakeCard{transmit: func(context.Context, []byte) ([]byte, error) { <-free; return []byte{0x90, 0}, nil }}
		conn, result := serve(t.Context(), card, Options{})
		start := time.Now()
		write(t, conn, "0004 00A40000")
		expectClosed(t, conn)
		if waited := time.Since(start); waited != 30*time.Second {
			t.Errorf("closed after %v, want the default of 30s", waited)
		}
		close(free)
		if err := <-result; !errors.Is(err, slot.ErrMute) {
			t.Errorf("Serve: %v, want %v", err, slot.ErrMute)
		}
	})
}

// TestServeDeadlineIsPerCommand: many commands may take longer together, and
// an idle reader never runs into it.
func TestServeDeadlineIsPerCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := &fakeCard{transmit: func(context.Context, []byte) ([]byte, error) {
			<-time.After(2 * time.Second)
			return []byte{0x90, 0}, nil
		}}
		conn, result := serve(t.Context(), card, Options{Deadline: 3 * time.Second})
		for range 5 {
			write(t, conn, "0004 00A40000")
			expect(t, conn, "0002 9000")
			<-time.After(time.Minute)
		}
		conn.Close()
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

func TestServeLinkDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := Link{Delay: 200 * time.Millisecond}
		conn, result := serve(t.Context(), &fakeCard{response: []byte{0x90, 0}}, Options{Link: func() Link { return link }})
		start := time.Now()
		write(t, conn, "0004 00A40000")
		expect(t, conn, "0002 9000")
		if waited := time.Since(start); waited != 200*time.Millisecond {
			t.Errorf("answered after %v, want 200ms", waited)
		}
		link = Link{} // honest again with the next answer
		write(t, conn, "0004 00A40000")
		expect(t, conn, "0002 9000")
		if waited := time.Since(start); waited != 200*time.Millisecond {
			t.Errorf("second answer after %v, want no further delay", waited)
		}
		conn.Close()
		<-result
	})
}

func TestServeContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		conn, result := serve(ctx, &fakeCard{transmit: mute}, Options{})
		write(t, conn, "0004 00A40000")
		cancel()
		expectClosed(t, conn)
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("Serve: %v, want %v", err, context.Canceled)
		}
	})
}
