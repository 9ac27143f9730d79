//go:build !linux

package pcscd

import (
	"context"
	"fmt"
	"runtime"
)

// Helper does nothing where there is no private pcscd.
func Helper(args []string) (handled bool, exit int) { return false, 0 }

func startPrivate(context.Context, Config, int) (*Daemon, error) {
	return nil, fmt.Errorf("%w: %s has none", ErrNoNamespace, runtime.GOOS)
}
