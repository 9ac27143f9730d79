// Package terminal is the honest terminal: what any well-behaved program does
// with a My Number Card, over any [slot.Slot].
//
// A login goes like this. The card is powered on by whoever owns the slot.
// [Terminal.Verify] selects the application and the PIN's file, asks the card
// how many tries are left, and only then sends the PIN: a card that says
// nought is never bothered again. [Terminal.AuthCertificate] reads the
// certificate, [Terminal.Sign] has the card sign a DigestInfo, and
// [Terminal.Attributes] reads name, address, birth date and sex together with
// the files that prove them.
//
// Commands are short APDUs; files are read in blocks of at most 256 bytes,
// their size taken from the header of the object that they hold. A status
// word other than 9000 comes back as an [apdu.StatusError], except where a
// caller has to branch: [WrongPINError], [BlockedError], [PINFormError].
package terminal

import (
	"context"
	"fmt"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
)

// Terminal talks to the card in one slot. It keeps no state of its own: what
// is selected and what was verified is the card's to know. Like the slot, it
// serves one caller at a time.
type Terminal struct {
	slot slot.Slot

	// BeforeLastTry is asked, when it is set, before a PIN is sent that has
	// one try left. An error keeps the PIN from being sent and is returned
	// by Verify as it is.
	BeforeLastTry func(jpki.Credential) error
}

// New is a terminal for the powered card in s.
func New(s slot.Slot) *Terminal { return &Terminal{slot: s} }

// Instructions and parameters that the terminal sends, as every public client
// does (docs/FIDELITY.md C33).
const (
	insVerify     = 0x20
	insSign       = 0x2A // COMPUTE DIGITAL SIGNATURE, CLA 80
	insSelect     = 0xA4
	insReadBinary = 0xB0

	selectByName  = 0x04 // P1: application by its AID
	selectFile    = 0x02 // P1: file of the application by its identifier
	noFCI         = 0x0C // P2: no answer wanted
	currentFile   = 0x80 // P2: the key or PIN in the selected file
	proprietary   = 0x80 // CLA
	verbatimPKCS1 = 0x00 // P1 of 80 2A: pad the input as it comes
)

// send transmits one command. An error means that no answer came.
func (t *Terminal) send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	answer, err := t.slot.Transmit(ctx, c.Bytes())
	if err != nil {
		return apdu.Response{}, err
	}
	return apdu.ParseResponse(answer)
}

// ask is send for commands where anything but 9000 is an error.
func (t *Terminal) ask(ctx context.Context, c apdu.Command) ([]byte, error) {
	r, err := t.send(ctx, c)
	if err != nil {
		return nil, err
	}
	return r.Data, r.Err()
}

// Select makes the application with this AID current.
func (t *Terminal) Select(ctx context.Context, aid []byte) error {
	_, err := t.ask(ctx, apdu.Command{INS: insSelect, P1: selectByName, P2: noFCI, Data: aid})
	if err != nil {
		return fmt.Errorf("selecting application %X: %w", aid, err)
	}
	return nil
}

// SelectFile makes a file of the current application current.
func (t *Terminal) SelectFile(ctx context.Context, id jpki.FileID) error {
	name := []byte{byte(id >> 8), byte(id)}
	_, err := t.ask(ctx, apdu.Command{INS: insSelect, P1: selectFile, P2: noFCI, Data: name})
	if err != nil {
		return fmt.Errorf("selecting file %04X: %w", uint16(id), err)
	}
	return nil
}
