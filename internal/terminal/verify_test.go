package terminal

import (
	"errors"
	"fmt"
	"testing"

	"kazasu/internal/jpki"
)

func TestVerify(t *testing.T) {
	const send = "00 20 00 80 04 31323334" // 1234
	for _, test := range []struct {
		name       string
		exchanges  []exchange // after the selection
		wantLeft   int        // of a WrongPINError, -1 none
		wantBlocks bool
	}{
		{"right", []exchange{{query, "63C3"}, {send, "9000"}}, -1, false},
		{"right, verified before", []exchange{{query, "9000"}, {send, "9000"}}, -1, false},
		{"wrong", []exchange{{query, "63C3"}, {send, "63C2"}}, 2, false},
		{"wrong with the last try", []exchange{{query, "63C1"}, {send, "63C0"}}, 0, true},
		{"no try left: never sent", []exchange{{query, "63C0"}}, -1, true},
		{"query says 6984: never sent", []exchange{{query, "6984"}}, -1, true},
		{"blocked meanwhile", []exchange{{query, "63C1"}, {send, "6984"}}, -1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := play(t, append([]exchange{selectJPKI, selectAuthPIN}, test.exchanges...)...)
			err := New(s).Verify(t.Context(), jpki.CredentialAuth, jpki.NewPIN("1234"))
			left := -1
			var wrong *WrongPINError
			if errors.As(err, &wrong) {
				left = wrong.Left
			}
			if left != test.wantLeft {
				t.Errorf("%d tries left, want %d (%v)", left, test.wantLeft, err)
			}
			if got := errors.Is(err, ErrBlocked); got != test.wantBlocks {
				t.Errorf("blocked is %t, want %t (%v)", got, test.wantBlocks, err)
			}
			if (err == nil) != (test.wantLeft == -1 && !test.wantBlocks) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestVerifyOtherStatus(t *testing.T) {
	s := play(t, selectJPKI, selectAuthPIN, exchange{query, "6D00"})
	if err := New(s).Verify(t.Context(), jpki.CredentialAuth, jpki.NewPIN("1234")); err == nil || errors.Is(err, ErrBlocked) {
		t.Errorf("got %v, want the status word", err)
	}
}

func TestAPINOfTheWrongFormIsNeverSent(t *testing.T) {
	for _, test := range []struct {
		credential jpki.Credential
		pin        string
	}{
		{jpki.CredentialAuth, "123"},
		{jpki.CredentialAuth, "12345"},
		{jpki.CredentialAuth, "12A4"},
		{jpki.CredentialAuth, "１２３４"},
		{jpki.CredentialText, ""},
		{jpki.CredentialSign, "ABC12"},
		{jpki.CredentialSign, "abc123"},
		{jpki.CredentialSign, "ABCDEFGHIJ1234567"},
	} {
		var form *PINFormError
		err := New(play(t)).Verify(t.Context(), test.credential, jpki.NewPIN(test.pin))
		if !errors.As(err, &form) {
			t.Errorf("%s %q: got %v, want a form error", test.credential.Name, test.pin, err)
		}
	}
}

func TestBeforeLastTry(t *testing.T) {
	stop := errors.New("ask the person first")
	s := play(t, selectJPKI, selectAuthPIN, exchange{query, "63C1"})
	terminal := New(s)
	terminal.BeforeLastTry = func(jpki.Credential) error { return stop }
	if err := terminal.Verify(t.Context(), jpki.CredentialAuth, jpki.NewPIN("1234")); !errors.Is(err, stop) {
		t.Errorf("got %v, want the hook's error", err)
	}
}

func TestErrorsDontShowThePIN(t *testing.T) {
	err := New(play(t, selectJPKI, selectAuthPIN, exchange{query, "63C3"}, exchange{"00 20 00 80 04 39383736", "63C2"})).
		Verify(t.Context(), jpki.CredentialAuth, jpki.NewPIN("9876"))
	if got, want := fmt.Sprint(err), "wrong auth PIN, 2 tries left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTriesLeft(t *testing.T) {
	for answer, want := range map[string]int{"63C3": 3, "63C0": 0, "6984": 0, "9000": 3, "6300": 3} {
		s := play(t, selectText, selectTextPIN, exchange{query, answer})
		if got, err := New(s).TriesLeft(t.Context(), jpki.CredentialText); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", answer, got, err, want)
		}
	}
}
