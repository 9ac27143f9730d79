package emulator

import "kazasu/internal/jpki"

// access is a set of PINs, one bit for each PIN file's short identifier. As a
// rule it says who may read a file or use a key: any PIN of the set opens it.
// As a state it says which PINs were verified.
type access uint32

const (
	// never opens to nobody.
	never access = 0
	// always opens to everybody. Short identifiers end at 1E.
	always access = 1 << 31
)

// after opens once this PIN was verified.
func after(pin jpki.FileID) access { return 1 << pin }

// anyOf opens once one of these PINs was verified.
func anyOf(pins ...jpki.FileID) access {
	var a access
	for _, pin := range pins {
		a |= after(pin)
	}
	return a
}

// grants says that the rule lets in who has verified these PINs.
func (a access) grants(verified access) bool { return a == always || a&verified != 0 }
