package terminal

import (
	"context"
	"errors"
	"fmt"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
)

// ErrBlocked is what errors.Is finds in every error that leaves a PIN without
// a try: only the municipal office can help now.
var ErrBlocked = errors.New("PIN blocked")

// WrongPINError says that the card compared the PIN and refused it.
type WrongPINError struct {
	Credential jpki.Credential
	Left       int // tries left, as the card counts them
}

func (e *WrongPINError) Error() string {
	return fmt.Sprintf("wrong %s PIN, %d tries left", e.Credential.Name, e.Left)
}

// Is makes a wrong PIN that used the last try an ErrBlocked as well.
func (e *WrongPINError) Is(target error) bool { return target == ErrBlocked && e.Left == 0 }

// BlockedError says that the card takes this PIN no more. No PIN was sent, or
// the card answered 6984. It is an ErrBlocked.
type BlockedError struct{ Credential jpki.Credential }

func (e *BlockedError) Error() string { return e.Credential.Name + " " + ErrBlocked.Error() }

// Is makes it an ErrBlocked.
func (e *BlockedError) Is(target error) bool { return target == ErrBlocked }

// PINFormError says that what was typed can't be this PIN: its length or its
// characters are wrong. It was not sent and cost no try.
type PINFormError struct{ Credential jpki.Credential }

func (e *PINFormError) Error() string {
	if e.Credential.Min == e.Credential.Max {
		return fmt.Sprintf("%s PIN has %d digits", e.Credential.Name, e.Credential.Min)
	}
	return fmt.Sprintf("%s password has %d to %d characters of A-Z and 0-9",
		e.Credential.Name, e.Credential.Min, e.Credential.Max)
}

// TriesLeft selects a PIN and asks the card how many tries are left. It costs
// none.
func (t *Terminal) TriesLeft(ctx context.Context, credential jpki.Credential) (int, error) {
	if err := t.Select(ctx, credential.AID); err != nil {
		return 0, err
	}
	if err := t.SelectFile(ctx, credential.File); err != nil {
		return 0, err
	}
	r, err := t.send(ctx, apdu.Command{INS: insVerify, P2: currentFile})
	if err != nil {
		return 0, fmt.Errorf("asking for tries of %s PIN: %w", credential.Name, err)
	}
	left, known := triesLeft(r.Status, credential)
	if !known {
		return 0, fmt.Errorf("asking for tries of %s PIN: %w", credential.Name, r.Err())
	}
	return left, nil
}

// triesLeft reads the answer to a query. Some cards answer 9000 once the PIN
// was verified, and 6300 stands for a PIN without a limit: both have all
// their tries.
func triesLeft(s apdu.Status, credential jpki.Credential) (left int, known bool) {
	if n, ok := s.Tries(); ok {
		return n, true
	}
	switch s {
	case apdu.OK, apdu.NoLimit:
		return credential.TriesMax, true
	case apdu.Blocked:
		return 0, true
	}
	return 0, false
}

// Verify selects a PIN, asks for its tries and sends it. It never sends a PIN
// of the wrong form, nor one to a card that says 0 left. Errors that a caller
// branches on: *WrongPINError, *BlockedError (both ErrBlocked when no try is
// left), *PINFormError.
func (t *Terminal) Verify(ctx context.Context, credential jpki.Credential, pin jpki.PIN) error {
	if !fits(pin, credential) {
		return &PINFormError{credential}
	}
	left, err := t.TriesLeft(ctx, credential)
	if err != nil {
		return err
	}
	if left == 0 {
		return &BlockedError{credential}
	}
	if left == 1 && t.BeforeLastTry != nil {
		if err := t.BeforeLastTry(credential); err != nil {
			return err
		}
	}
	r, err := t.send(ctx, apdu.Command{INS: insVerify, P2: currentFile, Data: pin.Bytes()})
	if err != nil {
		return fmt.Errorf("verifying %s PIN: %w", credential.Name, err)
	}
	return verdict(r, credential)
}

func verdict(r apdu.Response, credential jpki.Credential) error {
	if r.Status == apdu.OK {
		return nil
	}
	if left, ok := r.Status.Tries(); ok {
		return &WrongPINError{credential, left}
	}
	if r.Status == apdu.Blocked {
		return &BlockedError{credential}
	}
	return fmt.Errorf("verifying %s PIN: %w", credential.Name, r.Err())
}

// fits says that the PIN has the length and the characters of its kind.
func fits(pin jpki.PIN, credential jpki.Credential) bool {
	typed := pin.Bytes()
	if len(typed) < credential.Min || len(typed) > credential.Max {
		return false
	}
	for _, c := range typed {
		digit := c >= '0' && c <= '9'
		letter := c >= 'A' && c <= 'Z'
		if !digit && (credential.Digits || !letter) {
			return false
		}
	}
	return true
}
