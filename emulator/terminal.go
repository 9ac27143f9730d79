package emulator

import (
	"bytes"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
)

// P1-P2 of 80 A2: the first and second part of a terminal's CV certificate.
const (
	terminalBody      = 0x06C1
	terminalSignature = 0x00C1
)

// Headers of the two parts: 7F21 820233 { 5F4E 820129 …, 5F37 820100 … }.
var (
	terminalBodyHead      = []byte{0x7F, 0x21, 0x82, 0x02, 0x33, 0x5F, 0x4E, 0x82, 0x01, 0x29}
	terminalSignatureHead = []byte{0x5F, 0x37, 0x82, 0x01, 0x00}
)

// Lengths of the two parts in bytes.
const (
	terminalBodyLen      = 307
	terminalSignatureLen = 261
)

// presentTerminal takes a terminal's CV certificate in two parts and then
// trusts it not, since the key above it is nobody's here: nobody reads without
// a PIN (特定機関認証). That a well-formed first part is 9000, the end 6982 and
// what is malformed 6A80 are guesses; P1-P2 and the order are measured.
func (c *Card) presentTerminal(cmd apdu.Command) (apdu.Response, error) {
	pending := c.session.terminal
	c.session.terminal = false
	switch uint16(cmd.P1)<<8 | uint16(cmd.P2) {
	case terminalBody:
		if !hasForm(cmd.Data, terminalBodyHead, terminalBodyLen) || !c.session.knowsTerminals() {
			return status(apdu.WrongData), nil
		}
		c.session.terminal = true
		return status(apdu.OK), nil
	case terminalSignature:
		switch {
		case !pending:
			return status(apdu.WrongLength), nil
		case !hasForm(cmd.Data, terminalSignatureHead, terminalSignatureLen):
			return status(apdu.WrongData), nil
		}
		return status(apdu.SecurityNotSatisfied), nil
	}
	return status(apdu.WrongP1P2), nil
}

func hasForm(data, head []byte, length int) bool {
	return len(data) == length && bytes.HasPrefix(data, head)
}

// knowsTerminals says that the application has a key for terminals.
func (s *session) knowsTerminals() bool { return s.find(jpki.TerminalCAKey) != nil }

// lastCommand is an iPhone's marker for the end of a session; a plastic card
// answers 6700. That the marker ends nothing is a guess.
func (c *Card) lastCommand(cmd apdu.Command) (apdu.Response, error) {
	if c.profile.lastCommand && cmd.P1 == 0 && cmd.P2 == 0 && len(cmd.Data) == 0 {
		return status(apdu.OK), nil
	}
	return status(apdu.WrongLength), nil
}
