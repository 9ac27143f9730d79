//go:build pcsc && cgo && linux

package pcsc_test

import (
	"strings"
	"testing"

	"kazasu/internal/pcsc"
)

// library is the way through libpcsclite.
var library way = pcsc.Open

func TestReaders(t *testing.T) {
	names, err := pcsc.Readers(t.Context(), start(t).Socket())
	if err != nil || strings.Join(names, ",") != "Kazasu 00 00,Kazasu 00 01" {
		t.Errorf("readers %q, %v", names, err)
	}
}
