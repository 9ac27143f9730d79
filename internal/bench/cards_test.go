package bench

import (
	"crypto/x509"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"kazasu/emulator/testca"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/terminal"
)

func pinsLeft(t *testing.T, c CardControl, name string) int {
	t.Helper()
	for _, p := range c.PINs() {
		if p.Name == name {
			return p.Left
		}
	}
	t.Fatalf("no PIN %s in %+v", name, c.PINs())
	return 0
}

// wrongPIN types a wrong auth PIN.
func wrongPIN(t *testing.T, s slot.Slot) {
	t.Helper()
	if _, err := s.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := terminal.New(s).Verify(t.Context(), jpki.CredentialAuth, jpki.NewPIN("9999"))
	var wrong *terminal.WrongPINError
	if !errors.As(err, &wrong) {
		t.Fatalf("VERIFY with a wrong PIN: %v", err)
	}
}

func TestOwnCardRemembersItsTries(t *testing.T) {
	state := filepath.Join(t.TempDir(), "s")
	inState := func(o *Options) { o.State = state }
	b := start(t, inState)
	s, release, err := b.phoneCard("hanako")
	if err != nil {
		t.Fatal(err)
	}
	wrongPIN(t, s)
	release()
	b.Close()

	b = start(t, inState)
	card, err := b.Card("")
	if err != nil {
		t.Fatal(err)
	}
	if card.Holder() != "hanako" || pinsLeft(t, card, "auth") != 2 {
		t.Errorf("%s has %d tries after a restart, want hanako and 2", card.Holder(), pinsLeft(t, card, "auth"))
	}
	if err := card.ResetPIN("auth"); err != nil || pinsLeft(t, card, "auth") != 3 {
		t.Errorf("after a reset %d tries (%v), want 3", pinsLeft(t, card, "auth"), err)
	}
}

func TestScenarioCardIsFreshEachTime(t *testing.T) {
	b := start(t)
	s, control, release, err := b.ScenarioCard(t.Context(), "hanako", "")
	if err != nil {
		t.Fatal(err)
	}
	wrongPIN(t, s)
	if got := pinsLeft(t, control, "auth"); got != 2 {
		t.Errorf("%d tries left, want 2", got)
	}
	_, another, releaseAnother, err := b.ScenarioCard(t.Context(), "hanako", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := pinsLeft(t, another, "auth"); got != 3 {
		t.Errorf("a fresh card has %d tries, want 3", got)
	}
	release()
	release() // twice is no harm
	releaseAnother()
	if n := len(b.lies.controls); n != 1 {
		t.Errorf("%d cards are reached by faults after release, want the rig's own", n)
	}
}

func TestProfiles(t *testing.T) {
	b := start(t)
	s, control, release, err := b.ScenarioCard(t.Context(), "hanako", "android")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if control.Profile() != "android" || len(s.ATR()) == 0 {
		t.Errorf("profile %s, ATR %X", control.Profile(), s.ATR())
	}
	_, _, _, err = b.ScenarioCard(t.Context(), "hanako", "gold")
	if !errors.Is(err, ErrUnknown) || hintOf(err) == "" {
		t.Errorf("profile gold: %v (%s)", err, hintOf(err))
	}
	_, _, _, err = b.ScenarioCard(t.Context(), "nobody", "")
	if !errors.Is(err, ErrUnknown) || hintOf(err) != "holders are hanako, taro, yoshiko, choju, mirai, tsuru" {
		t.Errorf("holder nobody: %v (%s)", err, hintOf(err))
	}
}

func TestInsertRemoveSwap(t *testing.T) {
	b := start(t)
	holders := func() (in string, all []string) {
		for _, c := range b.Cards() {
			if c.Slot {
				in = c.Holder
			}
			all = append(all, c.Holder)
		}
		return in, all
	}
	if in, _ := holders(); in != "hanako" {
		t.Errorf("%q is in the slot, want the rig's hanako", in)
	}
	if err := b.Insert(t.Context(), "taro", ""); err != nil {
		t.Fatal(err)
	}
	if in, all := holders(); in != "taro" || !slices.Equal(all, []string{"taro", "hanako"}) {
		t.Errorf("%q in the slot of %v", in, all)
	}
	b.Remove()
	b.Remove()
	if in, _ := holders(); in != "" {
		t.Errorf("%q is in an empty slot", in)
	}
	if _, err := b.Card(""); !errors.Is(err, slot.ErrNoCard) {
		t.Errorf("Card of an empty slot: %v", err)
	}
	if err := b.Insert(t.Context(), "nobody", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("Insert(nobody) = %v", err)
	}
}

func TestControlRefuses(t *testing.T) {
	b := start(t)
	card, err := b.Card("")
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another player's fault": card.SetFault("idp.wrong-nonce", "on"),
		"a fault nobody has":     card.SetFault("card.shy", "on"),
		"a PIN nobody has":       card.ResetPIN("moon"),
		"too many tries":         card.SetPINTries("auth", 4),
	} {
		if err == nil || hintOf(err) == "" {
			t.Errorf("%s: %v, hint %q", name, err, hintOf(err))
		}
	}
}

// TestPersonOutlivesTheCertificate issues a second generation: another serial
// number, the same person.
func TestPersonOutlivesTheCertificate(t *testing.T) {
	b := start(t)
	h, _ := jpki.HolderByID("hanako")
	first, err := b.people.certificates(h)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.authority.Issue(testca.Person{
		ID: h.ID, Generation: 1, Prefecture: h.Prefecture, City: h.City, Municipality: h.Municipality,
		Birth: h.Birth, CardExpiry: h.CardExpiry, UnderFifteen: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if again.Auth.Certificate.SerialNumber.Cmp(first.Auth.Certificate.SerialNumber) == 0 {
		t.Fatal("both generations have one serial number: this test sees nothing")
	}
	stranger := b.people.person(again.Auth.Certificate)
	if stranger == b.people.person(first.Auth.Certificate) {
		t.Error("a certificate that nobody remembers is hanako's")
	}
	if err := b.people.remember(h, again); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{first.Auth.Certificate, again.Auth.Certificate} {
		if got := b.people.person(c); got != "holder:hanako" {
			t.Errorf("certificate %X belongs to %s, want holder:hanako", c.SerialNumber, got)
		}
	}
}

func TestLinkedCard(t *testing.T) {
	b := start(t)
	s, control, release, err := b.LinkedCard(t.Context(), "hanako", "")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := s.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	challenge := []byte{0x00, 0x84, 0x00, 0x00, 0x08}
	if response, err := s.Transmit(t.Context(), challenge); err != nil || len(response) != 10 {
		t.Fatalf("GET CHALLENGE = %X, %v", response, err)
	}
	if err := control.SetFault("link.cut", "on"); err != nil {
		t.Fatal(err)
	}
	if response, err := s.Transmit(t.Context(), challenge); err == nil {
		t.Errorf("a cut link carried %X", response)
	}
	control.ClearFaults()
	if _, err := s.PowerOn(t.Context()); err != nil {
		t.Fatalf("the card didn't come back: %v", err)
	}
	if _, err := s.Transmit(t.Context(), challenge); err != nil {
		t.Errorf("after the cut: %v", err)
	}
}
