package steps

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"kazasu/internal/apdu"
)

// sweep tries every class and instruction. The listed instructions, in hex and
// separated by spaces, are those that class 00 has. The commands go past the
// recorder: they would drown the evidence.
func sweep(ctx context.Context, w *World, listed string) error {
	known, err := hexOf(listed)
	if err != nil {
		return err
	}
	for cla := range 256 {
		for ins := range 256 {
			answer, err := w.transmit(ctx, w.card.raw, []byte{byte(cla), byte(ins), 0x00, 0x00})
			if err != nil {
				return err
			}
			if err := sweptStatus(byte(cla), byte(ins), known, answer.Status); err != nil {
				return err
			}
		}
	}
	w.Measure("commands", 256*256, "1")
	return nil
}

func sweptStatus(cla, ins byte, known []byte, got apdu.Status) error {
	what := fmt.Sprintf("answer to %02X %02X 00 00", cla, ins)
	switch {
	case cla >= 0x90:
		return Expect(what, "6E00", sw(got))
	case cla == 0x00 && !slices.Contains(known, ins):
		return Expect(what, "6D00", sw(got))
	}
	return ExpectThat(got != 0x6F00, what, "a refusal that is foreseen", sw(got))
}

// challenges asks for random bytes and looks whether they could be random: the
// right number, never the same block twice, and ones and zeros balanced to
// within five standard deviations.
func challenges(ctx context.Context, w *World, times, n int) error {
	seen := make(map[string]bool, times)
	ones := 0
	for range times {
		answer, err := w.transmit(ctx, w.card.raw, []byte{0x00, 0x84, 0x00, 0x00, byte(n)})
		if err != nil {
			return err
		}
		if err := Expect("answer to GET CHALLENGE", "9000", sw(answer.Status)); err != nil {
			return err
		}
		if err := Expect("random bytes", n, len(answer.Data)); err != nil {
			return err
		}
		if seen[string(answer.Data)] {
			return &Failure{"random bytes", "never the same twice", "a repetition after " + fmt.Sprint(len(seen))}
		}
		seen[string(answer.Data)] = true
		ones += popcount(answer.Data)
	}
	bits := float64(times * n * 8)
	deviation := math.Abs(float64(ones)-bits/2) / math.Sqrt(bits/4)
	w.Measure("deviation of the number of ones", deviation, "sigma")
	return ExpectThat(deviation < 5, "balance of ones and zeros", "within 5 standard deviations", fmt.Sprintf("%.1f", deviation))
}

// challengesOfEveryLength asks for each number of random bytes that a short
// command can ask for.
func challengesOfEveryLength(ctx context.Context, w *World) error {
	for n := 1; n <= 256; n++ {
		answer, err := w.transmit(ctx, w.card.raw, []byte{0x00, 0x84, 0x00, 0x00, byte(n)})
		if err != nil {
			return err
		}
		what := fmt.Sprintf("answer to GET CHALLENGE for %d bytes", n)
		if err := Expect(what, fmt.Sprintf("9000, %d bytes", n), fmt.Sprintf("%s, %d bytes", sw(answer.Status), len(answer.Data))); err != nil {
			return err
		}
	}
	return nil
}

func popcount(data []byte) int {
	n := 0
	for _, b := range data {
		for ; b != 0; b &= b - 1 {
			n++
		}
	}
	return n
}

// answersWithin measures SELECT of a file that isn't there, which every state
// of the card answers.
func answersWithin(ctx context.Context, w *World, times int, limit time.Duration) error {
	took := make([]time.Duration, 0, times)
	late := 0
	for range times {
		if _, err := w.transmit(ctx, w.card.raw, selectCommand(0x02, []byte{0x7F, 0xFF})); err != nil {
			return err
		}
		took = append(took, w.card.took)
		if w.card.took > limit {
			late++
		}
		if late > times/100 { // the 99 % can't be reached any more
			break
		}
	}
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	w.Measure("p50", float64(p50.Nanoseconds())/1e6, "ms")
	w.Measure("p99", float64(p99.Nanoseconds())/1e6, "ms")
	return ExpectThat(p99 <= limit, "time to answer (99 %)", "at most "+limit.String(), strings.TrimSpace(p99.String()))
}
