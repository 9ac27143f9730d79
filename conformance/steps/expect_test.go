package steps

import (
	"bytes"
	"testing"
)

// TestExpectComparesWholeBytes flips one byte far behind what is shown of a
// long value: a comparison of what is shown would call the two equal.
func TestExpectComparesWholeBytes(t *testing.T) {
	want := bytes.Repeat([]byte{0xAB}, 2048)
	if err := Expect("file", want, bytes.Clone(want)); err != nil {
		t.Fatalf("equal bytes: %v", err)
	}
	got := bytes.Clone(want)
	got[1000] = 0xCD
	f, ok := failed(Expect("file", want, got))
	if !ok {
		t.Fatal("a byte that differs at offset 1000 was not noticed")
	}
	const observed = "at offset 992: … AB AB AB AB AB AB AB AB CD AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB AB … (2048 bytes)"
	if f.Observed != observed {
		t.Errorf("observed %q, want %q", f.Observed, observed)
	}
	if _, ok := failed(Expect("file", want, want[:2047])); !ok {
		t.Error("a missing last byte was not noticed")
	}
}
