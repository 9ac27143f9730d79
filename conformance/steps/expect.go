package steps

import (
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
// shown as a card would show them, in hex.
func Expect(what string, want, got any) error {
	if expected, observed := show(want), show(got); expected != observed {
		return &Failure{what, expected, observed}
	}
	return nil
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
