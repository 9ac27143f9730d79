package emulator

import (
	"fmt"
	"log/slog"

	"kazasu/internal/jpki"
)

// Secret is a PIN or number that a card is issued with. It prints, logs and
// marshals as [redacted], in an unexported field of another struct too, where
// fmt calls no method: the value stands behind a pointer. Only a Card compares
// it, and nothing gives it back.
type Secret struct{ value jpki.PIN }

// NewSecret takes the digits or letters, in ASCII.
func NewSecret(s string) Secret { return Secret{jpki.NewPIN(s)} }

// String is [redacted], as every other form is.
func (s Secret) String() string { return s.value.String() }

// GoString is String.
func (s Secret) GoString() string { return s.value.String() }

// Format prints String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return s.value.LogValue() }

// MarshalText is String.
func (s Secret) MarshalText() ([]byte, error) { return s.value.MarshalText() }
