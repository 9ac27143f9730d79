//go:build pcsc && (cgo || windows)

package pcsc

import (
	"context"
	"errors"
	"fmt"

	"github.com/ebfe/scard"
)

// library guards what belongs to the process, not to a reader: which pcscd
// the PC/SC library talks to is fixed by an environment variable that it reads
// once. See establish in socket_linux.go.
var library = newTurn()

// newContext connects to the pcscd behind socket.
func newContext(ctx context.Context, socket string) (*scard.Context, error) {
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	type result struct {
		context *scard.Context
		err     error
	}
	results := make(chan result, 1)
	if !library.do(ctx, func() {
		c, err := establish(socket)
		results <- result{c, err}
	}) {
		return nil, fmt.Errorf("connecting to pcscd: %w", ctx.Err())
	}
	r := <-results
	if r.err != nil {
		return nil, fmt.Errorf("connecting to pcscd: %w", r.err)
	}
	return r.context, nil
}

// Readers lists the readers of the pcscd behind socket, which is a value for
// PCSCLITE_CSOCK_NAME, or "" for the system's.
func Readers(ctx context.Context, socket string) ([]string, error) {
	c, err := newContext(ctx, socket)
	if err != nil {
		return nil, err
	}
	defer c.Release()
	names, err := c.ListReaders()
	if err != nil && !errors.Is(err, scard.ErrNoReadersAvailable) {
		return nil, fmt.Errorf("listing readers: %w", err)
	}
	return names, nil
}
