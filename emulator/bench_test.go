package emulator_test

import (
	"context"
	"testing"
)

func BenchmarkReadBinary256(b *testing.B) {
	benchmark(b, "00B00000 00", 258, selectJPKI, "00A4020C 02 000A")
}

func BenchmarkSelect(b *testing.B) { benchmark(b, selectJPKI, 2) }

func BenchmarkSign(b *testing.B) {
	benchmark(b, "802A0397 06 'kazasu' 00", 258, selectJPKI, verifyAuth)
}

func BenchmarkVerify(b *testing.B) { benchmark(b, verifyAuth, 2, selectJPKI) }

// benchmark sends one command over and over, after those that lead to it.
func benchmark(b *testing.B, command string, length int, before ...string) {
	card := newCard(b, "standard")
	for _, c := range before {
		expect(b, card, c, "9000")
	}
	raw, ctx := unhex(command), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		response, err := card.Transmit(ctx, raw)
		if err != nil || len(response) != length {
			b.Fatalf("got %X, %v", response, err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "APDU/s")
}

// TestReadAllocates: READ BINARY allocates its answer and nothing else.
func TestReadAllocates(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", "00A4020C 02 000A", "9000")
	raw, ctx := unhex("00B00000 00"), context.Background()
	got := testing.AllocsPerRun(100, func() {
		if _, err := card.Transmit(ctx, raw); err != nil {
			t.Fatal(err)
		}
	})
	if got > 1 {
		t.Errorf("%v allocations, want 1", got)
	}
}
