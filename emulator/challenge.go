package emulator

import (
	"fmt"
	"io"

	"kazasu/internal/apdu"
)

// getChallenge gives Le random bytes, 1 to 256, with or without an
// application. The extended form is refused with 6985.
func (c *Card) getChallenge(cmd apdu.Command) (apdu.Response, error) {
	switch {
	case cmd.P1 != 0 || cmd.P2 != 0:
		return status(apdu.WrongP1P2), nil
	case cmd.Extended:
		return status(apdu.ConditionsNotMet), nil
	case cmd.Ne == 0 || len(cmd.Data) > 0:
		return status(apdu.WrongLength), nil
	}
	challenge := make([]byte, cmd.Ne)
	if _, err := io.ReadFull(c.rand, challenge); err != nil {
		return apdu.Response{}, fmt.Errorf("reading random bytes: %w", err)
	}
	return apdu.Response{Data: challenge, Status: apdu.OK}, nil
}
