package jpki

import (
	"fmt"
	"log/slog"
)

// PIN is a secret that a person types: four digits, or 6 to 16 characters of
// A–Z and 0–9. It prints, logs and marshals as [redacted]; only Bytes gives
// it away, to whoever builds the VERIFY command.
//
// What was typed stands behind a pointer, since fmt calls no method on a
// PIN in an unexported field of another struct: it would print the digits.
type PIN struct{ typed *string }

// redacted is what a secret looks like wherever it is printed.
const redacted = "[redacted]"

// NewPIN takes what the person typed.
func NewPIN(s string) PIN { return PIN{&s} }

// Bytes is the PIN as VERIFY carries it: ASCII, no padding.
func (p PIN) Bytes() []byte { return []byte(p.text()) }

// IsZero says that nothing was typed.
func (p PIN) IsZero() bool { return p.text() == "" }

// Equal says that p and other are the same PIN.
func (p PIN) Equal(other PIN) bool { return p.text() == other.text() }

func (p PIN) text() string {
	if p.typed == nil {
		return ""
	}
	return *p.typed
}

func (PIN) String() string                  { return redacted }
func (PIN) GoString() string                { return redacted }
func (PIN) LogValue() slog.Value            { return slog.StringValue(redacted) }
func (PIN) MarshalText() ([]byte, error)    { return []byte(redacted), nil }
func (PIN) Format(s fmt.State, verb rune)   { fmt.Fprint(s, redacted) }
func (p *PIN) UnmarshalText(b []byte) error { *p = NewPIN(string(b)); return nil }
