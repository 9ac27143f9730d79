package apdu

import "fmt"

// Status is the status word SW1-SW2 of a response.
type Status uint16

// Status words that the card is known to answer, by ISO/IEC 7816-4 §5.1.3,
// with 66F1 and 69FC from JICSAP 1.1. How each was seen stands in
// docs/FIDELITY.md.
const (
	OK                    Status = 0x9000
	NoLimit               Status = 0x6300 // VERIFY query on a key without a limit
	TriesLeft0            Status = 0x63C0 // TriesLeft(n) is 63Cn
	SessionKeyUnavailable Status = 0x66F1 // JICSAP: no key delivery configured
	WrongLength           Status = 0x6700
	ChannelNotSupported   Status = 0x6881
	SMNotSupported        Status = 0x6882
	ChainingNotSupported  Status = 0x6884
	WrongFileType         Status = 0x6981
	SecurityNotSatisfied  Status = 0x6982
	Blocked               Status = 0x6984 // reference data not usable: the PIN is blocked
	ConditionsNotMet      Status = 0x6985
	NoCurrentEF           Status = 0x6986
	SMObjectMissing       Status = 0x6987
	SMObjectIncorrect     Status = 0x6988
	NoSMSession           Status = 0x69FC // JICSAP: secure messaging without a session
	WrongData             Status = 0x6A80
	FunctionNotSupported  Status = 0x6A81
	FileNotFound          Status = 0x6A82
	RecordNotFound        Status = 0x6A83
	WrongP1P2             Status = 0x6A86
	DataNotFound          Status = 0x6A88
	OffsetOutside         Status = 0x6B00
	INSNotSupported       Status = 0x6D00
	CLANotSupported       Status = 0x6E00
	Internal              Status = 0x6F00
)

// TriesLeft is 63Cn: n tries are left, 0 to 15.
func TriesLeft(n int) Status {
	if n < 0 || n > 15 {
		panic(fmt.Sprintf("apdu: 63Cx holds 0 to 15 tries, not %d", n))
	}
	return TriesLeft0 | Status(n)
}

// Tries reads n from 63Cn; ok is false for any other status.
func (s Status) Tries() (n int, ok bool) {
	if s&0xFFF0 != TriesLeft0 {
		return 0, false
	}
	return int(s & 0xF), true
}

// meanings is the table behind Status.Meaning.
var meanings = map[Status]string{
	OK:                    "ok",
	NoLimit:               "not verified, no limit of tries",
	SessionKeyUnavailable: "session key can't be set",
	WrongLength:           "wrong length",
	ChannelNotSupported:   "logical channel not supported",
	SMNotSupported:        "secure messaging not supported",
	ChainingNotSupported:  "command chaining not supported",
	WrongFileType:         "command does not fit the file",
	SecurityNotSatisfied:  "PIN not verified",
	Blocked:               "PIN blocked",
	ConditionsNotMet:      "conditions of use not satisfied",
	NoCurrentEF:           "no current file",
	SMObjectMissing:       "secure messaging object missing",
	SMObjectIncorrect:     "secure messaging object incorrect",
	NoSMSession:           "no secure messaging session",
	WrongData:             "wrong data",
	FunctionNotSupported:  "function not supported",
	FileNotFound:          "file or application not found",
	RecordNotFound:        "record not found",
	WrongP1P2:             "wrong P1 or P2",
	DataNotFound:          "data object not found",
	OffsetOutside:         "offset outside the file",
	INSNotSupported:       "instruction not supported",
	CLANotSupported:       "class not supported",
	Internal:              "internal error",
}

// Meaning is a short English phrase, "" for a status word not in the table.
func (s Status) Meaning() string {
	if n, ok := s.Tries(); ok {
		return fmt.Sprintf("wrong PIN or query, %d tries left", n)
	}
	return meanings[s]
}

// String is four hex digits, with the meaning where one is known.
func (s Status) String() string {
	if m := s.Meaning(); m != "" {
		return fmt.Sprintf("%04X (%s)", uint16(s), m)
	}
	return fmt.Sprintf("%04X", uint16(s))
}
