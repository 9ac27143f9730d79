package apdu

import (
	"errors"
	"fmt"
)

// ErrShortResponse says that an answer has no room for its status word, as
// pcscd returns it when a virtual card vanished in mid-command.
var ErrShortResponse = errors.New("response APDU shorter than its status word")

// Response is a response APDU: data, and the status word behind it.
type Response struct {
	Data   []byte
	Status Status
}

// ParseResponse reads one response APDU. The Data of the result aliases b.
func ParseResponse(b []byte) (Response, error) {
	if len(b) < 2 {
		return Response{}, fmt.Errorf("%w: %d bytes", ErrShortResponse, len(b))
	}
	n := len(b) - 2
	return Response{Data: b[:n], Status: Status(b[n])<<8 | Status(b[n+1])}, nil
}

// Append writes r to the end of dst.
func (r Response) Append(dst []byte) []byte {
	dst = append(dst, r.Data...)
	return append(dst, byte(r.Status>>8), byte(r.Status))
}

// Err is nil for 9000 and a [StatusError] for anything else.
func (r Response) Err() error {
	if r.Status == OK {
		return nil
	}
	return StatusError{r.Status}
}

// StatusError is a status word other than 9000, taken as an error.
type StatusError struct{ Status Status }

func (e StatusError) Error() string { return "card answered " + e.Status.String() }
