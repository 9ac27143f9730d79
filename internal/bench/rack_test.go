package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kazasu/internal/pcsc"
	"kazasu/internal/pcscd"
	"kazasu/internal/realparts"
	"kazasu/rigs"
)

// startVpcd is a bench whose card lies in a reader of a private pcscd.
func startVpcd(t *testing.T, change ...func(*Options)) *Bench {
	t.Helper()
	realparts.Need(t, "pcscd", "pcscd")
	realparts.Need(t, "vpcd", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
	rig, err := rigs.Load("vpcd")
	if err != nil {
		t.Fatal(err)
	}
	// pcscd wants a short path for its socket
	dir, err := os.MkdirTemp("", "kz")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	state := filepath.Join(dir, "s")
	lendKeys(t, state)
	o := Options{State: state, Ports: "auto", HTTP: true, Log: testLog{t}}
	for _, f := range change {
		f(&o)
	}
	b, err := Start(t.Context(), rig, o)
	if errors.Is(err, pcscd.ErrNoNamespace) {
		realparts.Skip(t, "pcscd", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// opensc runs a tool of OpenSC against the bench's reader until it says what
// is wanted, or five seconds are over: pcscd looks for cards every 400 ms.
func opensc(t *testing.T, b *Bench, want string, args ...string) {
	t.Helper()
	realparts.Need(t, "opensc", "opensc-tool")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var said []byte
	for {
		cmd := exec.CommandContext(ctx, "opensc-tool", append([]string{"--reader", *b.Info().Reader}, args...)...)
		cmd.Env = os.Environ()
		for name, value := range b.Info().Env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, _ := cmd.CombinedOutput() // no card is an error to it
		if strings.Contains(string(out), want) {
			return
		}
		said = out
		if b.pause(ctx, 100*time.Millisecond) != nil {
			t.Fatalf("opensc-tool %v never said %q but\n%s", args, want, said)
		}
	}
}

func TestVpcdCardComesAndGoes(t *testing.T) {
	b := startVpcd(t)
	if b.Info().Reader == nil || b.Info().Env["PCSCLITE_CSOCK_NAME"] == "" {
		t.Fatalf("info %+v names no reader", b.Info())
	}
	opensc(t, b, "3b:e0:00:ff:81:31:fe:45:14", "--atr")
	b.Remove()
	opensc(t, b, "Card not present", "--atr")
	if err := b.Insert(t.Context(), "taro", "contactless"); err != nil {
		t.Fatal(err)
	}
	opensc(t, b, "3b:88:80:01:00:00:41:e0:b3:81:a1:00:3b", "--atr")
	opensc(t, b, "SW1=0x90, SW2=0x00", "--send-apdu", "00A4040C0AD392F000260100000001")
	for _, e := range b.Recorder().Events() {
		if e.Text == "SELECT JPKI-AP" && e.Player == "card" {
			return
		}
	}
	t.Error("what OpenSC sent was not recorded")
}

// TestVpcdReadyMeansSeen: who asks pcscd as soon as the bench is up finds the
// card, and after a swap the new one.
func TestVpcdReadyMeansSeen(t *testing.T) {
	b := startVpcd(t)
	atr := func() string {
		s, err := pcsc.Dial(t.Context(), b.rack.socket, b.rack.readers[traySeat])
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return fmt.Sprintf("%X", s.ATR())
	}
	if got := atr(); got != "3BE000FF8131FE4514" {
		t.Errorf("after Start pcscd tells ATR %q, want that of the standard card", got)
	}
	if err := b.Insert(t.Context(), "taro", "contactless"); err != nil {
		t.Fatal(err)
	}
	if got := atr(); got != "3B888001000041E0B381A1003B" {
		t.Errorf("after the swap pcscd tells ATR %q, want that of the contactless card", got)
	}
}

func TestVpcdLoginThroughPCSC(t *testing.T) {
	b := startVpcd(t)
	outcome, err := login(t.Context(), b, "", "hanako")
	if err != nil || outcome.Session == nil {
		t.Fatalf("login: %+v, %v", outcome, err)
	}
	// more cards at once than there are readers: each waits for its turn
	var wg sync.WaitGroup
	for _, holder := range []string{"hanako", "taro", "yoshiko", "choju", "tsuru"} {
		wg.Go(func() {
			if outcome, err := login(t.Context(), b, "", holder); err != nil || outcome.Session == nil {
				t.Errorf("login of %s: %+v, %v", holder, outcome, err)
			}
		})
	}
	wg.Wait()
	for _, holder := range []string{"hanako", "taro"} { // in the slot, and not
		s, release, err := b.phoneCard(holder)
		if err != nil {
			t.Fatalf("%s's card at the phone: %v", holder, err)
		}
		if _, err := s.PowerOn(t.Context()); err != nil {
			t.Errorf("%s's card at the phone: %v", holder, err)
		}
		release()
	}
}

func TestVpcdWithoutPcscd(t *testing.T) {
	rig, err := rigs.Load("vpcd")
	if err != nil {
		t.Fatal(err)
	}
	rig.Reader.PCSCD = "system"
	if _, err := os.Stat("/run/pcscd/pcscd.comm"); err == nil {
		t.Skip("this machine runs a pcscd")
	}
	state := filepath.Join(t.TempDir(), "s")
	_, err = Start(t.Context(), rig, Options{State: state, Ports: "auto"})
	if !errors.Is(err, pcscd.ErrNoPcscd) || hintOf(err) == "" {
		t.Errorf("Start = %v, hint %q", err, hintOf(err))
	}
	start(t, func(o *Options) { o.State = state }) // what was begun was undone
}
