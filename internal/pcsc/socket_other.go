//go:build pcsc && ((cgo && !linux) || windows)

package pcsc

import (
	"errors"

	"github.com/ebfe/scard"
)

// establish makes a context with the machine's PC/SC service, which is the
// only one.
func establish(socket string) (*scard.Context, error) {
	if socket != "" {
		return nil, errors.New("only Linux has more than the machine's own PC/SC service")
	}
	return scard.EstablishContext()
}
