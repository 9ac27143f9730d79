package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"kazasu/emulator"
	"kazasu/internal/slot"
)

func TestEveryFaultCanBeSet(t *testing.T) {
	b := start(t)
	for _, f := range b.ListFaults() {
		t.Run(f.ID(), func(t *testing.T) {
			value := "on"
			if f.Takes == "duration" {
				value = "5ms"
			}
			if err := b.SetFault("", f.ID(), value); err != nil {
				t.Fatal(err)
			}
			if got := b.ActiveFaults(); !slices.Equal(got, []ActiveFault{{f.ID(), value}}) {
				t.Errorf("active %v, want %s alone", got, f.ID())
			}
			if err := b.SetFault("", f.ID(), "off"); err != nil {
				t.Fatal(err)
			}
			if got := b.ActiveFaults(); len(got) != 0 {
				t.Errorf("active %v after off", got)
			}
		})
	}
}

func TestListFaultsNeedsNoBench(t *testing.T) {
	var ids []string
	for _, f := range new(Bench).ListFaults() {
		ids = append(ids, f.ID())
	}
	for _, want := range []string{
		"card.wrong-signature", "card.swapped-certificate", "card.mute", "card.slow", "link.cut", "link.delay",
		"idp.wrong-nonce", "idp.wrong-issuer", "idp.wrong-audience", "idp.expired", "idp.unsigned", "idp.foreign-key", "idp.userinfo-of-another",
		"ca.revoked", "ca.ocsp-down", "ca.stale-crl",
	} {
		if !slices.Contains(ids, want) {
			t.Errorf("%s is missing from %v", want, ids)
		}
	}
}

// TestFaultsReachTheLogin lets one login of each kind fail, and the next succeed.
func TestFaultsReachTheLogin(t *testing.T) {
	b := start(t, plainHTTP)
	for _, c := range []struct{ fault, reason string }{
		{"idp.wrong-nonce", "nonce-mismatch"},
		{"idp.wrong-audience", "id-token-audience"},
		{"idp.unsigned", "id-token-alg"},
		{"idp.userinfo-of-another", "userinfo-sub-mismatch"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			if err := b.SetFault("mine", c.fault, "on"); err != nil {
				t.Fatal(err)
			}
			outcome, err := login(t.Context(), b, "mine", "hanako")
			if err != nil || outcome.Refusal == nil || outcome.Refusal.Reason != c.reason {
				t.Errorf("login with the tag: %+v, %v, want refusal %s", outcome, err, c.reason)
			}
			if outcome, err := login(t.Context(), b, "other", "hanako"); err != nil || outcome.Session == nil {
				t.Errorf("login with another tag: %+v, %v", outcome, err)
			}
			b.ClearFaults("mine")
			if outcome, err := login(t.Context(), b, "mine", "hanako"); err != nil || outcome.Session == nil {
				t.Errorf("login after clearing: %+v, %v", outcome, err)
			}
		})
	}
	for _, fault := range []string{"card.wrong-signature", "card.swapped-certificate", "ca.revoked", "ca.ocsp-down", "ca.stale-crl"} {
		t.Run(fault, func(t *testing.T) {
			if err := b.SetFault("", fault, "on"); err != nil {
				t.Fatal(err)
			}
			if outcome, err := login(t.Context(), b, "", "hanako"); err == nil && outcome.Session != nil {
				t.Errorf("%s let hanako in", fault)
			}
			b.ClearFaults("")
			if outcome, err := login(t.Context(), b, "", "hanako"); err != nil || outcome.Session == nil {
				t.Errorf("login after clearing: %+v, %v", outcome, err)
			}
		})
	}
}

func TestRevocation(t *testing.T) {
	b := start(t, plainHTTP)
	if err := b.Revoke("taro", Auth, 6); err != nil {
		t.Fatal(err)
	}
	if outcome, err := login(t.Context(), b, "", "taro"); err == nil && outcome.Session != nil {
		t.Error("a revoked card logged in")
	}
	mustLogin(t, b, "hanako")
	families, err := b.Authorities()
	if err != nil {
		t.Fatal(err)
	}
	if r := families[0].Revoked; len(r) != 1 || r[0].Holder != "taro" || r[0].Reason != 6 {
		t.Errorf("revoked %+v, want taro for reason 6", r)
	}
	if err := b.Reinstate("taro", Auth); err != nil {
		t.Fatal(err)
	}
	mustLogin(t, b, "taro")
	for name, err := range map[string]error{
		"reason 7":          b.Revoke("taro", Auth, 7),
		"no such family":    b.Revoke("taro", "blood", 1),
		"child's signature": b.Revoke("mirai", Sign, 1),
	} {
		if err == nil || hintOf(err) == "" {
			t.Errorf("%s: %v, hint %q", name, err, hintOf(err))
		}
	}
}

// TestBenchWideFaultsReachCardsThatAreAbout sets a fault while a card is in
// use, and one of its own beside it.
func TestBenchWideFaultsReachCardsThatAreAbout(t *testing.T) {
	b := start(t)
	s, control, release, err := b.ScenarioCard(t.Context(), "hanako", "")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := s.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	mute := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := s.Transmit(ctx, []byte{0x00, 0x84, 0x00, 0x00, 0x01})
		return errors.Is(err, slot.ErrMute)
	}
	if err := errors.Join(b.SetFault("", "card.mute", "on"), control.SetFault("card.wrong-signature", "on")); err != nil {
		t.Fatal(err)
	}
	if !mute() {
		t.Error("the card speaks")
	}
	b.ClearFaults("")
	if mute() {
		t.Error("the card is mute after the bench's faults were cleared")
	}
	if err := control.SetFault("card.mute", "on"); err != nil {
		t.Fatal(err)
	}
	if !mute() {
		t.Error("the card speaks against its own fault")
	}
	control.ClearFaults()
	if mute() {
		t.Error("the card is mute after its own faults were cleared")
	}
}

func TestUnion(t *testing.T) {
	got := union(emulator.Faults{Mute: true, Slow: time.Second}, emulator.Faults{WrongSignature: true, Slow: time.Minute})
	want := emulator.Faults{WrongSignature: true, Mute: true, Slow: time.Minute}
	if got != want {
		t.Errorf("union %+v, want %+v", got, want)
	}
}
