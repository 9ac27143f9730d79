package emulator

import "kazasu/internal/apdu"

// instruction is a row of the dispatch table.
type instruction struct {
	cla, ins byte
	name     string
	clause   string
	run      func(*Card, apdu.Command) (apdu.Response, error)
	secured  securing
}

// securing is what a command carries under secure messaging.
type securing int

const (
	notSecured securing = iota
	securedData
	securedLe
)

// instructions is what the card understands. J is JICSAP 1.1, K what is known
// of this card alone.
var instructions = [...]instruction{
	{0x00, 0xB0, "READ BINARY", "ISO/IEC 7816-4 7.2.3, J 6.4.1", (*Card).readBinary, securedLe},
	{0x00, 0xA4, "SELECT", "ISO/IEC 7816-4 7.1.1, J 4.2", (*Card).selectFile, securedData},
	{0x00, 0x20, "VERIFY", "ISO/IEC 7816-4 7.5.6", (*Card).verify, securedData},
	{0x80, 0x2A, "COMPUTE DIGITAL SIGNATURE", "K", (*Card).sign, notSecured},
	{0x00, 0x84, "GET CHALLENGE", "ISO/IEC 7816-4 7.5.3", (*Card).getChallenge, notSecured},
	{0x00, 0xB2, "READ RECORD", "ISO/IEC 7816-4 7.3.3", (*Card).readRecord, notSecured},
	{0x00, 0x24, "CHANGE REFERENCE DATA", "ISO/IEC 7816-4 7.5.7", (*Card).change, notSecured},
	{0x80, 0x32, "CHANGE KEY", "J; K, 共通カードAP and 住基AP", (*Card).changeKey, notSecured},
	{0x00, 0x88, "INTERNAL AUTHENTICATE", "ISO/IEC 7816-4 7.5.2", (*Card).authenticate, notSecured},
	{0x00, 0xCA, "GET DATA", "ISO/IEC 7816-4 7.4.2", (*Card).getData, notSecured},
	{0x80, 0xAE, "SET SESSION KEY", "J; K, 券面事項入力補助AP", (*Card).setSessionKey, notSecured},
	{0x80, 0xA2, "PRESENT TERMINAL CERTIFICATE", "K", (*Card).presentTerminal, notSecured},
	{0x80, 0xFC, "LAST COMMAND", "K, phones only", (*Card).lastCommand, notSecured},
}

// lookUp finds the row of a command, or the status word that refuses it.
func lookUp(cla, ins byte) (*instruction, apdu.Status) {
	if cla&0x7F != 0 {
		return nil, refuseClass(cla, ins)
	}
	for i := range instructions {
		if instructions[i].ins == ins && instructions[i].cla == cla {
			return &instructions[i], apdu.OK
		}
	}
	return nil, apdu.INSNotSupported
}

// refuseClass answers the classes that no row has. Measured: 01 to 03 6881,
// SELECT with 04 or 0C 6882, READ and VERIFY with 08 or 0C 69FC. The rest is
// a guess between them.
func refuseClass(cla, ins byte) apdu.Status {
	const chaining, secure, proprietarySecure, channel = 0x10, 0x04, 0x08, 0x03
	switch {
	case cla == chaining:
		return apdu.ChainingNotSupported
	case cla > 0x0F:
		return apdu.CLANotSupported
	case cla&channel != 0:
		return apdu.ChannelNotSupported
	}
	row, unknown := lookUp(0x00, ins)
	switch {
	case row == nil:
		return unknown
	case cla == secure, cla == secure|proprietarySecure && row.name == "SELECT":
		return apdu.SMNotSupported
	}
	return apdu.NoSMSession
}
