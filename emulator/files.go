package emulator

import (
	"bytes"
	"crypto/rsa"

	"kazasu/internal/jpki"
)

// application is a DF with its elementary files.
type application struct {
	aid   []byte
	files []file

	// signer is the key that 80 2A with P2=00 takes, 0 when the
	// application has none.
	signer jpki.FileID

	// delivery says that the application takes session keys for secure
	// messaging, noDelivery that it knows of them and takes none.
	delivery, noDelivery bool
}

func (a *application) file(id jpki.FileID) *file {
	for i := range a.files {
		if a.files[i].id == id {
			return &a.files[i]
		}
	}
	return nil
}

// kind is what a file is for.
type kind int

const (
	internal    kind = iota // selectable, neither readable nor usable
	transparent             // bytes to read
	pinFile                 // a PIN or 照合番号 to verify
	keyFile                 // a private key to sign with
	recordFile              // records to read
	proofKey                // a private key for INTERNAL AUTHENTICATE
)

// file is an elementary file.
type file struct {
	id   jpki.FileID
	kind kind
	use  access // who may read it, or sign with it

	body    []byte   // transparent: every physical byte, filler included
	records [][]byte // recordFile: the first is number 1

	swap []byte // what the fault SwappedCertificate shows instead, or nil

	pin int             // PIN: its place in Profile.pins, or pinNone
	key *rsa.PrivateKey // key: nil when the card was issued without one
}

// pinNone marks a PIN file that was blocked when the card was issued.
const pinNone = -1

// filler is what lies behind the contents of a file up to its physical end.
const filler = 0xFF

// padded is b with filler up to size; b that needs more room gets the next
// multiple of 256 with at least one filler byte, since clients look for it.
func padded(b []byte, size int) []byte {
	if len(b) >= size {
		size = (len(b)/256 + 1) * 256
	}
	out := bytes.Repeat([]byte{filler}, size)
	copy(out, b)
	return out
}

func readable(id jpki.FileID, use access, body []byte) file {
	return file{id: id, kind: transparent, use: use, body: body, pin: pinNone}
}

func recorded(id jpki.FileID, use access, records ...[]byte) file {
	return file{id: id, kind: recordFile, use: use, records: records, pin: pinNone}
}

func proving(id jpki.FileID, key *rsa.PrivateKey) file {
	return file{id: id, kind: proofKey, use: always, key: key, pin: pinNone}
}

func signing(id jpki.FileID, use access, key *rsa.PrivateKey) file {
	return file{id: id, kind: keyFile, use: use, key: key, pin: pinNone}
}

func verifying(id jpki.FileID, pin int) file { return file{id: id, kind: pinFile, pin: pin} }

func hidden(id jpki.FileID) file { return file{id: id, kind: internal, pin: pinNone} }
