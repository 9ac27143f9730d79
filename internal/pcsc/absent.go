//go:build !pcsc || !(cgo || windows)

package pcsc

import (
	"context"
	"fmt"
)

// Open opens a reader by name at the pcscd behind socket; this binary can't.
func Open(ctx context.Context, socket, reader string) (Slot, error) {
	return nil, fmt.Errorf("opening reader %q: %w", reader, ErrNotBuilt)
}

// Readers lists the readers of the pcscd behind socket; this binary can't.
func Readers(ctx context.Context, socket string) ([]string, error) {
	return nil, fmt.Errorf("listing readers: %w", ErrNotBuilt)
}
