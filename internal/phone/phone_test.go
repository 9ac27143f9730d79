package phone

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/terminal"
)

var pin = jpki.NewPIN("1234")

func TestFinish(t *testing.T) {
	p, card := newScripted(t), newFakeCard()
	redirect, err := p.phone(card).Finish(t.Context(), p.link(), pin, pin)
	if err != nil {
		t.Fatal(err)
	}
	if redirect != "http://rp.test/callback?code=1" {
		t.Errorf("redirect %q", redirect)
	}
	if card.powered {
		t.Error("the card is still powered")
	}
	// DigestInfo of SHA-256, then the digest of the challenge, worked out by
	// hand in docs/APP-API.md.
	if want := "3031300D060960864801650304020105000420" + "0EA49182EB83201AAC0FCA409F1BE33E71BECB3ABCF7C9A4286B73DC813B6A96"; card.signed != want {
		t.Errorf("the card signed\n     %s\nwant %s", card.signed, want)
	}
	checkProof(t, p.proofs)
}

func checkProof(t *testing.T, proofs []appapi.Proof) {
	t.Helper()
	if len(proofs) != 1 || proofs[0].Files == nil {
		t.Fatalf("proofs %+v", proofs)
	}
	proof := proofs[0]
	for name, pair := range map[string][2]string{
		"certificate": {hex.EncodeToString(proof.Certificate), fileCertificate},
		"signature":   {hex.EncodeToString(proof.Signature), strings.Repeat("5A", 256)},
		"EF 0002":     {hex.EncodeToString(proof.Files.Attributes), fileAttributes},
		"EF 0003":     {hex.EncodeToString(proof.Files.Integrity), fileIntegrity},
		"EF 0004":     {hex.EncodeToString(proof.Files.CV), fileCV},
	} {
		if !strings.EqualFold(pair[0], pair[1]) {
			t.Errorf("%s\n got %s\nwant %s", name, pair[0], pair[1])
		}
	}
	if want := []string{"name", "address", "birthdate", "gender"}; !slices.Equal(proof.Consent, want) {
		t.Errorf("consent %q, want %q", proof.Consent, want)
	}
}

func TestCommandsOfALogin(t *testing.T) {
	p, card := newScripted(t), newFakeCard()
	p.opened.Attributes = nil
	if _, err := p.phone(card).Finish(t.Context(), p.link(), pin, jpki.PIN{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"00A4040C0AD392F000260100000001", "00A4020C020018", "00200080", "002000800431323334",
		"00A4020C02000A", "00B0000000",
		"00A4020C020017",
		"802A0080333031300D0609608648016503040201050004200EA49182EB83201AAC0FCA409F1BE33E71BECB3ABCF7C9A4286B73DC813B6A9600",
	}
	if !slices.Equal(card.commands, want) {
		t.Errorf("commands\n got %s\nwant %s", strings.Join(card.commands, "\n     "), strings.Join(want, "\n     "))
	}
	if p.proofs[0].Files != nil || len(p.proofs[0].Consent) != 0 {
		t.Errorf("attributes were handed over: %+v", p.proofs[0])
	}
}

func TestWaitReady(t *testing.T) {
	for _, test := range []struct {
		name     string
		statuses []appapi.Status
		want     error
	}{
		{"typed", []appapi.Status{{State: appapi.StateReady}}, nil},
		{"typed after a while", []appapi.Status{{State: appapi.StateNumber}, {State: appapi.StateReady}}, nil},
		{"cancelled on the PC", []appapi.Status{{State: appapi.StateClosed, Reason: "cancelled"}}, ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newScripted(t)
			p.opened.State, p.opened.Flow, p.opened.Number = appapi.StateNumber, appapi.CrossDevice, "012345"
			p.statuses = test.statuses
			login, err := p.phone(nil).Open(t.Context(), p.link())
			if err != nil {
				t.Fatal(err)
			}
			if got := login.Info().Number; got != "012345" {
				t.Errorf("number %q", got)
			}
			if err := login.WaitReady(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if p.waits[0] != "" {
				t.Errorf("status was asked with %q, want a call that waits", p.waits[0])
			}
		})
	}
}

func TestWaitReadyGivesWay(t *testing.T) {
	p := newScripted(t)
	p.opened.State, p.statuses = appapi.StateNumber, []appapi.Status{{State: appapi.StateNumber}}
	login, err := p.phone(nil).Open(t.Context(), p.link())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := login.WaitReady(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFinishCancelsWhenTheCardRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(*fakeCard)
		want  string
	}{
		{"wrong PIN", func(c *fakeCard) { c.left["jpki"] = 3 }, "card-unusable"},
		{"blocked", func(c *fakeCard) { c.left["jpki"] = 0 }, "pin-blocked"},
		{"last try used up", func(c *fakeCard) { c.left["jpki"] = 1 }, "pin-blocked"},
		{"card gone", func(c *fakeCard) { c.fail = errField }, "card-unusable"},
		{"too slow", func(c *fakeCard) { c.fail = context.DeadlineExceeded }, "timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, card := newScripted(t), newFakeCard()
			test.spoil(card)
			redirect, err := p.phone(card).Finish(t.Context(), p.link(), jpki.NewPIN("9999"), pin)
			if err == nil || redirect == "" {
				t.Errorf("got %q, %v; want both", redirect, err)
			}
			if !slices.Equal(p.cancels, []string{test.want}) || len(p.proofs) != 0 {
				t.Errorf("cancelled for %q with %d proofs, want %q", p.cancels, len(p.proofs), test.want)
			}
		})
	}
}

func TestProblemsComeThrough(t *testing.T) {
	p, card := newScripted(t), newFakeCard()
	p.problem["proof"] = appapi.Problem{Code: "certificate-revoked", Message: "the certificate was revoked"}
	_, err := p.phone(card).Finish(t.Context(), p.link(), pin, pin)
	var problem appapi.Problem
	if !errors.As(err, &problem) || problem.Code != "certificate-revoked" {
		t.Errorf("got %v", err)
	}
	p.problem["open"] = appapi.Problem{Code: "already-opened", Message: "login was already opened"}
	if _, err := p.phone(nil).Open(t.Context(), p.link()); !errors.As(err, &problem) || problem.Code != "already-opened" {
		t.Errorf("got %v", err)
	}
}

func TestARefusalWithoutAProblemGetsOne(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := (&Phone{}).Open(t.Context(), appapi.Link("http://phone.test/open", server.URL+"/x"))
	var problem appapi.Problem
	if !errors.As(err, &problem) || problem.Code != "http-404" {
		t.Errorf("got %v", err)
	}
}

func TestAChallengeForAnotherProviderIsNotSigned(t *testing.T) {
	for _, domain := range []string{"https://auth.kazasu.test/api/realms/main", "http://idp.kazasu.test/api/realms/main", "https://idp.kazasu.test:444/", ""} {
		p, card := newScripted(t), newFakeCard()
		p.opened.Challenge.Domain = domain
		if _, err := p.phone(card).Finish(t.Context(), p.link(), pin, pin); !errors.Is(err, ErrDomain) || card.signed != "" {
			t.Errorf("%q: got %v, signed %q", domain, err, card.signed)
		}
	}
}

func TestConsentToLess(t *testing.T) {
	p, card := newScripted(t), newFakeCard()
	login, err := p.phone(card).Open(t.Context(), p.link())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := login.Consent(t.Context(), nil); !errors.Is(err, ErrNotRead) {
		t.Errorf("before reading: %v", err)
	}
	if err := login.ReadCard(t.Context(), pin, pin); err != nil {
		t.Fatal(err)
	}
	if _, err := login.Consent(t.Context(), []string{}); err != nil {
		t.Fatal(err)
	}
	if proof := p.proofs[0]; proof.Files != nil || len(proof.Consent) != 0 {
		t.Errorf("handed over %+v", proof)
	}
}

func TestReadAgainAfterAWrongPIN(t *testing.T) {
	p, card := newScripted(t), newFakeCard()
	login, err := p.phone(card).Open(t.Context(), p.link())
	if err != nil {
		t.Fatal(err)
	}
	var wrong *terminal.WrongPINError
	if err := login.ReadCard(t.Context(), pin, jpki.NewPIN("0000")); !errors.As(err, &wrong) || wrong.Left != 2 || wrong.Credential.Name != "text" {
		t.Errorf("got %v, want a wrong text PIN with 2 left", err)
	}
	if err := login.ReadCard(t.Context(), pin, pin); err != nil {
		t.Error(err)
	}
	if got := login.Value("birthdate") + login.Value("gender"); got != "199004012" {
		t.Errorf("values %q", got)
	}
}

func TestLinksThatOpenNothing(t *testing.T) {
	for _, link := range []string{"", "http://phone.test/open", "http://phone.test/open?login=nowhere", "%zz"} {
		if _, err := (&Phone{}).Open(t.Context(), link); err == nil {
			t.Errorf("%q opened a login", link)
		}
	}
}

func TestNoSecretInAPrintedPIN(t *testing.T) {
	if got := fmt.Sprint(pin); strings.Contains(got, "1234") {
		t.Errorf("a PIN prints as %s", got)
	}
}
