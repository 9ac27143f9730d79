package emulator

import (
	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
)

// session is what dies with the power. Its zero value is a card just powered
// on: the issuer security domain is current, which holds no file.
type session struct {
	application *application // nil: issuer security domain
	file        *file        // current EF

	// verified are the PINs presented in the application owner. They go
	// when another application is selected and stay when the same one is
	// selected again (measured).
	verified access
	owner    *application

	secure *secure // nil: no secure messaging

	terminal bool // the first part of a terminal's certificate has come
}

// enter makes an application current, nil for the issuer security domain.
func (s *session) enter(a *application) {
	if s.owner != a {
		s.verified, s.owner = 0, a
	}
	s.application, s.file, s.terminal, s.secure = a, nil, false, nil
}

// afterWarmReset is the session that a warm reset leaves. That selection is
// lost while PIN status stays is how the measurements fit together, a guess.
func (s session) afterWarmReset(strict bool) session {
	if strict {
		return session{}
	}
	return session{verified: s.verified, owner: s.owner}
}

// find is a file of the current application, nil when there is none.
func (s *session) find(id jpki.FileID) *file {
	if s.application == nil {
		return nil
	}
	return s.application.file(id)
}

// reference resolves the key reference in P2 of VERIFY, CHANGE and 80 2A: 80
// is the current EF, 80|SFI a file by its short identifier.
func (s *session) reference(p2 byte) (*file, apdu.Status) {
	if p2&0xE0 != 0x80 {
		return nil, apdu.WrongP1P2
	}
	return s.shortID(p2 & 0x1F)
}

// shortID resolves a short EF identifier; 0 is the current EF.
func (s *session) shortID(sfi byte) (*file, apdu.Status) {
	if sfi == 0 {
		if s.file == nil {
			return nil, apdu.NoCurrentEF
		}
		return s.file, apdu.OK
	}
	if f := s.find(jpki.FileID(sfi)); f != nil {
		return f, apdu.OK
	}
	return nil, apdu.FileNotFound
}
