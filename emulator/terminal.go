package emulator

import "kazasu/internal/apdu"

// P1-P2 of 80 A2: the first and second part of a terminal's CV certificate.
const (
	terminalBody      = 0x06C1
	terminalSignature = 0x00C1
)

// presentTerminal trusts no terminal, so nobody reads without a PIN
// (特定機関認証). The status words are those of a real card that is not
// convinced; 6A80 is a guess.
func (c *Card) presentTerminal(cmd apdu.Command) (apdu.Response, error) {
	switch uint16(cmd.P1)<<8 | uint16(cmd.P2) {
	case terminalSignature: // out of order
		return status(apdu.WrongLength), nil
	case terminalBody:
		return status(apdu.WrongData), nil
	}
	return status(apdu.WrongP1P2), nil
}

// lastCommand is a phone's marker for the end of a session; a plastic card
// answers 6700.
func (c *Card) lastCommand(apdu.Command) (apdu.Response, error) {
	return status(apdu.WrongLength), nil
}
