package steps

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"kazasu/internal/apdu"
)

// Failure says that the subject is wrong: what was looked at, what was
// expected and what was observed.
type Failure struct{ What, Expected, Observed string }

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: expected %s, observed %s", f.What, f.Expected, f.Observed)
}

// Inconclusive says that there is no evidence either way: a control login
// failed, or nothing came in time.
type Inconclusive struct{ Why string }

func (i *Inconclusive) Error() string { return "inconclusive: " + i.Why }

// NotApplicable says that the subject or the rig hasn't got what is checked.
type NotApplicable struct{ Why string }

func (n *NotApplicable) Error() string { return "not applicable: " + n.Why }

// Expect is nil when want and got print the same, else a [Failure]. Bytes are
// compared whole and shown as a card would show them, in hex: long ones from
// a little before the first that differs.
func Expect(what string, want, got any) error {
	a, aBytes := want.([]byte)
	b, bBytes := got.([]byte)
	if aBytes && bBytes {
		return expectBytes(what, a, b)
	}
	if expected, observed := show(want), show(got); expected != observed {
		return &Failure{what, expected, observed}
	}
	return nil
}

func expectBytes(what string, want, got []byte) error {
	if bytes.Equal(want, got) {
		return nil
	}
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	return &Failure{what, showFrom(want, at), showFrom(got, at)}
}

// showFrom shows bytes around the offset at, which it names where the
// beginning is left out.
func showFrom(b []byte, at int) string {
	const before = 8
	if at < showMax-before || at >= len(b) {
		return showBytes(b)
	}
	from := at - before
	end := min(from+showMax, len(b))
	return fmt.Sprintf("at offset %d: … % X … (%d bytes)", from, b[from:end], len(b))
}

// ExpectThat is nil when ok, else a [Failure] that says what was expected.
func ExpectThat(ok bool, what, want string, got any) error {
	if ok {
		return nil
	}
	return &Failure{what, want, show(got)}
}

// control turns whatever went wrong in a control into an [Inconclusive]: the
// lie in between can't be judged then.
func control(what string, err error) error {
	if err == nil {
		return nil
	}
	return &Inconclusive{fmt.Sprintf("%s: %s", what, strings.TrimPrefix(err.Error(), "inconclusive: "))}
}

// failed takes the Failure out of an error.
func failed(err error) (*Failure, bool) {
	var f *Failure
	return f, errors.As(err, &f)
}

// showMax is how many bytes are shown of a long value.
const showMax = 48

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case []byte:
		return showBytes(v)
	case apdu.Status:
		return fmt.Sprintf("%04X", uint16(v))
	case error:
		return v.Error()
	case string:
		if v == "" {
			return "nothing"
		}
		return v
	}
	return fmt.Sprint(v)
}

func showBytes(b []byte) string {
	switch {
	case len(b) == 0:
		return "no bytes"
	case len(b) > showMax:
		return fmt.Sprintf("% X … (%d bytes)", b[:showMax], len(b))
	}
	return fmt.Sprintf("% X", b)
}

// sw is a status word as features write it: four hex digits.
func sw(s apdu.Status) string { return fmt.Sprintf("%04X", uint16(s)) }
