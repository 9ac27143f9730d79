//go:build !pcsc || !(cgo || windows)

package pcsc

import (
	"errors"
	"strings"
	"testing"
)

func TestNotBuilt(t *testing.T) {
	_, openErr := Open(t.Context(), "", "Kazasu 00 00")
	_, listErr := Readers(t.Context(), "")
	for _, err := range []error{openErr, listErr} {
		var cured interface{ Hint() string }
		if !errors.Is(err, ErrNotBuilt) || !errors.As(err, &cured) || !strings.Contains(cured.Hint(), "-tags pcsc") {
			t.Errorf("got %v, want %v with its hint", err, ErrNotBuilt)
		}
	}
}
