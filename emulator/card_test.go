package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kazasu/emulator"
	"kazasu/internal/apdu/apdutest"
	"kazasu/internal/slot"
)

func TestSlot(t *testing.T) {
	for _, profile := range emulator.Profiles() {
		t.Run(profile.Name, func(t *testing.T) {
			apdutest.TestSlot(t, func(t *testing.T) slot.Slot {
				card := newCard(t, profile.Name)
				if err := card.PowerOff(context.Background()); err != nil {
					t.Fatal(err)
				}
				return card
			})
		})
	}
}

func TestProfiles(t *testing.T) {
	want := map[string]string{
		"standard":     "3BE000FF8131FE4514",
		"contactless":  "3B8880010000 41E0 B381A1003B",
		"contact-da":   "3BDA13FF8131FB468012392F31C173C601C03B",
		"contact-c5":   "3BC5FF8131FB458073C6010000",
		"under-15":     "3BE000FF8131FE4514",
		"android":      "3B80800101",
		"strict-reset": "3BE000FF8131FE4514",
		"iphone":       "3B80800101",
		"older":        "3BE000FF8131FE4514",
	}
	got := emulator.Profiles()
	if len(got) != len(want) {
		t.Errorf("%d profiles, want %d", len(got), len(want))
	}
	for _, p := range got {
		if !bytes.Equal(p.ATR, unhex(want[p.Name])) {
			t.Errorf("%s: ATR %X, want %s", p.Name, p.ATR, want[p.Name])
		}
		if p.Sentence == "" {
			t.Errorf("%s has no sentence", p.Name)
		}
		if !bytes.Equal(newCard(t, p.Name).ATR(), p.ATR) {
			t.Errorf("%s: card and list disagree about the ATR", p.Name)
		}
		if check := checkSum(p.ATR); check != 0 {
			t.Errorf("%s: TCK wrong, the exclusive or is %02X", p.Name, check)
		}
	}
}

// checkSum is the exclusive or over T0 to TCK, 0 when TCK is right
// (ISO/IEC 7816-3 8.2.5).
func checkSum(atr []byte) (sum byte) {
	for _, b := range atr[1:] {
		sum ^= b
	}
	return sum
}

func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := newCard(t, "standard")
		card.SetFaults(emulator.Faults{Mute: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := card.Transmit(ctx, unhex(selectJPKI))
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, slot.ErrMute) {
			t.Errorf("got %v, want no answer until the deadline", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("gave up after %v, want 1m0s", took)
		}
		card.SetFaults(emulator.Faults{})
		expect(t, card, "00B00000 00", "6986") // the mute card ran nothing
	})
}

// TestMuteEndsWithPower: a mute card lets go when it loses power, and does so
// only then.
func TestMuteEndsWithPower(t *testing.T) {
	for name, end := range map[string]func(*emulator.Card) error{
		"power off": func(c *emulator.Card) error { return c.PowerOff(context.Background()) },
		"reset":     func(c *emulator.Card) error { _, err := c.Reset(context.Background()); return err },
		"power on":  func(c *emulator.Card) error { _, err := c.PowerOn(context.Background()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := newCard(t, "standard")
				card.SetFaults(emulator.Faults{Mute: true})
				answered := make(chan error, 1)
				go func() {
					_, err := card.Transmit(context.Background(), unhex(selectJPKI))
					answered <- err
				}()
				synctest.Wait()
				select {
				case err := <-answered:
					t.Fatalf("the mute card answered: %v", err)
				default:
				}
				if err := end(card); err != nil {
					t.Fatal(err)
				}
				if err := <-answered; !errors.Is(err, slot.ErrCardGone) {
					t.Errorf("got %v, want card gone", err)
				}
			})
		})
	}
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := newCard(t, "standard")
		card.SetFaults(emulator.Faults{Slow: 3 * time.Second})
		start := time.Now()
		expect(t, card, selectJPKI, "9000")
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the answer took %v, want 3s", took)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := card.Transmit(ctx, unhex(selectJPKI)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want deadline exceeded", err)
		}
	})
}

// TestTear: power lost while a slow card works is no answer, but the try is
// counted.
func TestTear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := newCard(t, "standard")
		expect(t, card, selectJPKI, "9000")
		card.SetFaults(emulator.Faults{Slow: time.Hour})
		answered := make(chan error, 1)
		go func() {
			_, err := card.Transmit(context.Background(), unhex(verifyWrong))
			answered <- err
		}()
		synctest.Wait()
		if err := card.PowerOff(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := <-answered; !errors.Is(err, slot.ErrCardGone) {
			t.Errorf("got %v, want card gone", err)
		}
		if left := card.PINs()[0].Left; left != 2 {
			t.Errorf("%d tries left after the tear, want 2", left)
		}
	})
}

func TestWrongSignature(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", verifyAuth, "9000")
	honest := read(t, card, "802A0097 01 AA 00")
	card.SetFaults(emulator.Faults{WrongSignature: true})
	wrong := read(t, card, "802A0097 01 AA 00")
	if len(wrong) != 256 || bytes.Equal(wrong, honest) {
		t.Errorf("the faulty signature has %d bytes and is the honest one: %t", len(wrong), bytes.Equal(wrong, honest))
	}
	card.SetFaults(emulator.Faults{})
	expect(t, card, "802A0097 01 AA 00", signatureOfAA)
}

func TestSwappedCertificate(t *testing.T) {
	given := func(t *testing.T, want []byte, change ...func(*emulator.Contents)) {
		t.Helper()
		card := newCard(t, "standard", change...)
		card.SetFaults(emulator.Faults{SwappedCertificate: true})
		expect(t, card, selectJPKI, "9000")
		if got := read(t, card, "00B08A00 000000"); !bytes.HasPrefix(got, want) {
			t.Errorf("got a certificate that begins %X, want %X", got[:32], want[:32])
		}
	}
	c := testContents()
	given(t, c.SignCertificate)
	given(t, c.AuthCA, underFifteen)
	given(t, c.SignCA, func(other *emulator.Contents) { other.SwapCertificate = c.SignCA })
}

func TestCounterNotDecremented(t *testing.T) {
	card := newCard(t, "standard")
	card.SetFaults(emulator.Faults{CounterNotDecremented: true})
	expect(t, card, selectJPKI, "9000", verifyWrong, "63C3", verifyWrong, "63C3", "00200098", "63C3")
}

// TestProfileIsCopied: a card keeps its answer to reset whatever happens to
// the profile that it was made of.
func TestProfileIsCopied(t *testing.T) {
	profile, err := emulator.Build("standard", testContents())
	if err != nil {
		t.Fatal(err)
	}
	card, err := emulator.New(profile, emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	clear(profile.ATR)
	if got := card.ATR(); got[0] != 0x3B {
		t.Errorf("the card's answer to reset became %X", got)
	}
}

func TestEmptyProfile(t *testing.T) {
	if _, err := emulator.New(emulator.Profile{}, emulator.Options{}); err == nil {
		t.Error("a card of an empty profile was made")
	}
	if got := fmt.Sprint(emulator.Profile{}); got != "card without contents" {
		t.Errorf("an empty profile prints %q", got)
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	card := newCard(t, "standard")
	if _, err := card.Transmit(ctx, unhex(selectJPKI)); !errors.Is(err, context.Canceled) {
		t.Errorf("Transmit: %v", err)
	}
	if _, err := card.PowerOn(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("PowerOn: %v", err)
	}
	if _, err := card.Reset(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Reset: %v", err)
	}
	if err := card.PowerOff(ctx); err != nil { // whoever leaves may always cut the power
		t.Errorf("PowerOff: %v", err)
	}
}

// TestConcurrent is for the race detector: everything at once.
func TestConcurrent(t *testing.T) {
	card := newCardWith(t, "standard", emulator.Options{State: &memoryState{}})
	ctx := context.Background()
	work := []func() error{
		func() error { _, err := card.Transmit(ctx, unhex(selectJPKI)); return err },
		func() error { _, err := card.Transmit(ctx, unhex(verifyAuth)); return err },
		func() error { _, err := card.Transmit(ctx, unhex(readAuthCert)); return err },
		func() error { _, err := card.Reset(ctx); return err },
		func() error { _, err := card.PowerOn(ctx); return err },
		func() error { card.SetFaults(emulator.Faults{WrongSignature: true}); return nil },
		func() error { card.PINs(); card.Faults(); card.ATR(); return nil },
		func() error { return card.ResetPIN("auth") },
	}
	var wg sync.WaitGroup
	for _, f := range work {
		wg.Go(func() {
			for range 200 {
				if err := f(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestSecretsDontPrint: no way of printing a card, its profile or contents
// shows a PIN or a number.
func TestSecretsDontPrint(t *testing.T) {
	contents := testContents()
	card := newCard(t, "standard")
	profile, err := emulator.Build("standard", contents)
	if err != nil {
		t.Fatal(err)
	}
	both := struct {
		Contents emulator.Contents
		Profile  emulator.Profile
	}{contents, profile}
	for name, v := range map[string]any{
		"contents": contents, "profile": profile, "card": card, "status": card.PINs(), "struct of both": both,
	} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "v", v)
		marshalled, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text := logged.String() + string(marshalled)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			text += fmt.Sprintf(verb, v)
		}
		noSecret(t, name, text)
	}
	hidden := struct { // fmt can't call methods here
		profile  emulator.Profile
		card     *emulator.Card
		contents emulator.Contents
	}{profile, card, contents}
	noSecret(t, "unexported fields", fmt.Sprintf("%v %+v %#v", hidden, hidden, hidden))
}

// TestSecretPrintsRedacted shows the one form of a Secret, whatever prints it.
func TestSecretPrintsRedacted(t *testing.T) {
	for _, secret := range []emulator.Secret{emulator.NewSecret(signPassword), {}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			if got := fmt.Sprintf(verb, secret); got != "[redacted]" {
				t.Errorf("%s prints %s", verb, got)
			}
		}
		marshalled, err := json.Marshal(map[string]any{"pin": secret})
		if got := string(marshalled); err != nil || got != `{"pin":"[redacted]"}` {
			t.Errorf("marshals as %s, %v", got, err)
		}
	}
}

func noSecret(t *testing.T, name, text string) {
	t.Helper()
	for _, secret := range []string{signPassword, numberA, numberB} {
		decimal := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), decimal} {
			if strings.Contains(text, form) {
				t.Errorf("%s: a secret shows, as %s", name, form)
			}
		}
	}
}
