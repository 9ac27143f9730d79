//go:build linux

package pcsc_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"kazasu/internal/pcsc"
	"kazasu/internal/pcscd"
	"kazasu/internal/realparts"
	"kazasu/internal/slot"
	"kazasu/vsmartcard"
)

func TestMain(m *testing.M) {
	if handled, exit := pcscd.Helper(os.Args); handled {
		os.Exit(exit)
	}
	os.Exit(m.Run())
}

// card answers with status, or as answer says.
type card struct {
	status []byte
	answer func(ctx context.Context) ([]byte, error)
}

func (c card) PowerOn(context.Context) ([]byte, error) { return c.ATR(), nil }
func (c card) Reset(context.Context) ([]byte, error)   { return c.ATR(), nil }
func (c card) PowerOff(context.Context) error          { return nil }
func (c card) ATR() []byte                             { return []byte{0x3B, 0x80, 0x80, 0x01, 0x01} }

func (c card) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if c.answer != nil {
		return c.answer(ctx)
	}
	return c.status, nil
}

func start(t testing.TB) *pcscd.Daemon {
	t.Helper()
	realparts.Need(t, "pcscd", "pcscd")
	realparts.Need(t, "vpcd", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
	d, err := pcscd.Start(t.Context(), pcscd.Config{Dir: t.TempDir()})
	if errors.Is(err, pcscd.ErrNoNamespace) {
		realparts.Skip(t, "pcscd", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// insert puts a card into the first slot, waits until pcscd sees it, and
// takes it out again at the end, or when remove is called.
func insert(t testing.TB, d *pcscd.Daemon, c vsmartcard.Card, o vsmartcard.Options) (remove func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		vsmartcard.Present(ctx, func(ctx context.Context) (net.Conn, error) { return d.Dial(ctx, 0) }, c, o)
	}()
	remove = func() { cancel(); <-done }
	t.Cleanup(remove)
	return remove
}

// way is one of the two ways to a reader.
type way func(ctx context.Context, socket, reader string) (pcsc.Slot, error)

// eachWay runs a test over pcscd's protocol, and over the library where it is
// built in.
func eachWay(t *testing.T, test func(t *testing.T, open way)) {
	t.Run("protocol", func(t *testing.T) { test(t, pcsc.Dial) })
	if library != nil {
		t.Run("library", func(t *testing.T) { test(t, library) })
	}
}

// powered opens the first reader and powers its card on as soon as it is there.
func powered(t testing.TB, d *pcscd.Daemon, open way) pcsc.Slot {
	t.Helper()
	s, err := open(t.Context(), d.Socket(), d.Readers()[0])
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
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var selectCommand = []byte{0x00, 0xA4, 0x04, 0x0C}

func TestSelect(t *testing.T) { eachWay(t, selecting) }

func selecting(t *testing.T, open way) {
	d := start(t)
	empty, err := open(t.Context(), d.Socket(), "Kazasu 00 01")
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if _, err := empty.PowerOn(t.Context()); !errors.Is(err, slot.ErrNoCard) || empty.ATR() != nil {
		t.Errorf("empty slot: %v, ATR %X, want %v", err, empty.ATR(), slot.ErrNoCard)
	}

	insert(t, d, card{status: []byte{0x90, 0x00}}, vsmartcard.Options{})
	s := powered(t, d, open)
	for what, call := range map[string]func(context.Context) ([]byte, error){"PowerOn": s.PowerOn, "Reset": s.Reset} {
		if atr, err := call(t.Context()); err != nil || !bytes.Equal(atr, []byte{0x3B, 0x80, 0x80, 0x01, 0x01}) {
			t.Errorf("%s = %X, %v", what, atr, err)
		}
	}
	if answer, err := s.Transmit(t.Context(), selectCommand); err != nil || !bytes.Equal(answer, []byte{0x90, 0x00}) {
		t.Errorf("SELECT: %X, %v, want 9000", answer, err)
	}
	if _, err := s.Transmit(t.Context(), nil); err == nil {
		t.Error("an empty command was sent")
	}
	if err := errors.Join(s.PowerOff(t.Context()), s.PowerOff(t.Context())); err != nil {
		t.Error(err)
	}
	if _, err := s.Transmit(t.Context(), selectCommand); !errors.Is(err, slot.ErrNotPowered) {
		t.Errorf("after PowerOff: %v, want %v", err, slot.ErrNotPowered)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.PowerOn(t.Context()); err == nil {
		t.Error("a closed reader was powered on")
	}
}

func TestOpenErrors(t *testing.T) { eachWay(t, refusals) }

func refusals(t *testing.T, open way) {
	d := start(t)
	if _, err := open(t.Context(), d.Socket(), "Nobody's reader"); err == nil || !strings.Contains(err.Error(), "Nobody's reader") {
		t.Errorf("unknown reader: %v", err)
	}
	if _, err := open(t.Context(), "/nowhere/pcscd.comm", "Kazasu 00 00"); err == nil || !strings.Contains(err.Error(), "/nowhere/pcscd.comm") {
		t.Errorf("no socket: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(ctx, d.Socket(), "Kazasu 00 00"); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

// TestTwoDaemons: one process talks to two pcscd, in turns.
func TestTwoDaemons(t *testing.T) { eachWay(t, twoDaemons) }

func twoDaemons(t *testing.T, open way) {
	var slots []pcsc.Slot
	for i := range 2 {
		d := start(t)
		insert(t, d, card{status: []byte{0x6A, byte(i)}}, vsmartcard.Options{})
		slots = append(slots, powered(t, d, open))
	}
	for range 2 {
		for i, s := range slots {
			if answer, err := s.Transmit(t.Context(), selectCommand); err != nil || !bytes.Equal(answer, []byte{0x6A, byte(i)}) {
				t.Errorf("daemon %d answers %X, %v, want 6A%02X", i, answer, err, i)
			}
		}
	}
	if value, there := os.LookupEnv("PCSCLITE_CSOCK_NAME"); there {
		t.Errorf("PCSCLITE_CSOCK_NAME is left as %q", value)
	}
}

// TestCut: the card leaves in mid-command, and comes back.
func TestCut(t *testing.T) { eachWay(t, cutLink) }

func cutLink(t *testing.T, open way) {
	d := start(t)
	cut := make(chan vsmartcard.Link, 1)
	link := func() vsmartcard.Link {
		select {
		case l := <-cut:
			return l
		default:
			return vsmartcard.Link{}
		}
	}
	insert(t, d, card{status: []byte{0x90, 0x00}}, vsmartcard.Options{Link: link})
	s := powered(t, d, open)
	cut <- vsmartcard.Link{Cut: true}
	if _, err := s.Transmit(t.Context(), selectCommand); !errors.Is(err, slot.ErrCardGone) {
		t.Errorf("cut: %v, want %v", err, slot.ErrCardGone)
	}
	if s.ATR() != nil {
		t.Errorf("ATR %X of a card that is gone", s.ATR())
	}
	back := powered(t, d, open)
	if answer, err := back.Transmit(t.Context(), selectCommand); err != nil || !bytes.Equal(answer, []byte{0x90, 0x00}) {
		t.Errorf("after it came back: %X, %v", answer, err)
	}
}

// TestMute: the caller is freed at its deadline, the reader is reported until
// the bridge's own deadline frees it, and works again afterwards.
func TestMute(t *testing.T) { eachWay(t, muteCard) }

func muteCard(t *testing.T, open way) {
	d := start(t)
	insert(t, d, card{answer: func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() }},
		vsmartcard.Options{Deadline: 600 * time.Millisecond})
	s := powered(t, d, open)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, command := range []string{"the mute one", "the next one"} {
		_, err := s.Transmit(ctx, selectCommand)
		var stuck *pcsc.StuckError
		if command == "the next one" {
			late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err = s.Transmit(late, selectCommand)
			cancel()
		}
		if !errors.As(err, &stuck) || stuck.Call != "SCardTransmit" || !errors.Is(err, slot.ErrMute) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want a StuckError in SCardTransmit", command, err)
		}
	}
	if _, err := s.Transmit(t.Context(), selectCommand); err == nil {
		t.Error("a card that left answered")
	}
}

// TestResetByAnother: a program beside us resets the card.
func TestResetByAnother(t *testing.T) { eachWay(t, resetByAnother) }

func resetByAnother(t *testing.T, open way) {
	realparts.Need(t, "opensc", "opensc-tool")
	d := start(t)
	insert(t, d, card{status: []byte{0x90, 0x00}}, vsmartcard.Options{})
	s := powered(t, d, open)
	cmd := exec.CommandContext(t.Context(), "opensc-tool", "--reader", "Kazasu 00 00", "--reset")
	cmd.Env = append(os.Environ(), "PCSCLITE_CSOCK_NAME="+d.Socket())
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("opensc-tool: %v\n%s", err, output)
	}
	if _, err := s.Transmit(t.Context(), selectCommand); !errors.Is(err, pcsc.ErrReset) {
		t.Errorf("got %v, want %v", err, pcsc.ErrReset)
	}
	if _, err := s.PowerOn(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Transmit(t.Context(), selectCommand); err != nil {
		t.Errorf("after PowerOn: %v", err)
	}
}
