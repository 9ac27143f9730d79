package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"kazasu/internal/bench"
	"kazasu/internal/slot"
)

// linker is a bench that can put a card behind a link of its own: presented
// over TCP as a virtual reader's driver sees it.
type linker interface {
	LinkedCard(ctx context.Context, holder, profile string) (slot.Slot, bench.CardControl, func(), error)
}

func readerSteps() []Row {
	return []Row{
		{`the card of {string} is behind a link`, `{string}のカードが回線の向こうにある`,
			"a fresh card, presented over TCP to a reader of ours, and powered on", cardBehindLink},
		{`at least {int} commands a second go through`, `毎秒 {int} 以上のコマンドが通る`,
			"GET CHALLENGE of one byte, over and over; the best of twenty spans of 100 ms counts", commandsPerSecond},
		{`a command of {int} bytes goes through whole`, `{int} バイトのコマンドがそのまま通る`,
			"a SELECT that is too long for the card, answered with 6700 and nothing broken", longCommand},
		{`an answer of {int} bytes comes through whole`, `{int} バイトの応答がそのまま届く`,
			"reads the same file at once and in blocks, and compares", longAnswer},
		{`the link answers no more`, `回線が応答しない`, "a command gets an error, not an answer, within five seconds", linkSilent},
		{`the card answers again within {duration}`, `カードが {duration} 以内に再び応答する`,
			"powers on, over and over, until an answer comes", answersAgain},
	}
}

func cardBehindLink(ctx context.Context, w *World, holder string) error {
	links, ok := w.Bench.(linker)
	if !ok {
		return &NotApplicable{"this bench can't put a card behind a link"}
	}
	card, control, release, err := links.LinkedCard(ctx, holder, "")
	if err != nil {
		return fmt.Errorf("linking the card of %s: %w", holder, err)
	}
	w.card = cardHand{slot: w.recorder.Slot("card", card), raw: card, control: control, release: release}
	w.cleanup(release)
	return w.powerOn(ctx)
}

// Spans of the measurement: what the link can do shows in the best of several,
// whatever else the machine does meanwhile.
const (
	rateSpan  = 100 * time.Millisecond
	rateSpans = 20
)

func commandsPerSecond(ctx context.Context, w *World, least int) error {
	best := 0.0
	for range rateSpans {
		rate, err := w.commandRate(ctx)
		if err != nil {
			return err
		}
		best = max(best, rate)
		if best >= float64(least) {
			break
		}
	}
	w.Measure("APDU rate", best, "1/s")
	return ExpectThat(best >= float64(least), "commands a second", fmt.Sprintf("at least %d", least), fmt.Sprintf("%.0f", best))
}

// commandRate is how many commands a second went through in one span.
func (w *World) commandRate(ctx context.Context) (float64, error) {
	began := time.Now()
	n := 0
	for time.Since(began) < rateSpan {
		if _, err := w.transmit(ctx, w.card.raw, []byte{0x00, 0x84, 0x00, 0x00, 0x01}); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// longCommand fills up SELECT in the extended form: header, 00, Lc in two
// bytes, data.
func longCommand(ctx context.Context, w *World, n int) error {
	data := n - 7
	command := append([]byte{0x00, 0xA4, 0x04, 0x0C, 0x00, byte(data >> 8), byte(data)}, bytes.Repeat([]byte{0xD3}, data)...)
	answer, err := w.transmit(ctx, w.card.raw, command)
	if err != nil {
		return err
	}
	return Expect(fmt.Sprintf("answer to a command of %d bytes", n), "6700", sw(answer.Status))
}

func longAnswer(ctx context.Context, w *World, n int) error {
	for _, step := range []func() error{
		func() error {
			return selectApplication(ctx, w, []byte{0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01})
		},
		func() error { return readFile(ctx, w, []byte{0x00, 0x0A}) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	answer, err := w.transmit(ctx, w.card.raw, []byte{0x00, 0xB0, 0x00, 0x00, 0x00, byte(n >> 8), byte(n)})
	if err != nil {
		return err
	}
	return Expect("file read at once", head(w.card.content, n), answer.Data)
}

func linkSilent(ctx context.Context, w *World) error {
	_, err := w.transmit(ctx, w.card.raw, []byte{0x00, 0x84, 0x00, 0x00, 0x01})
	if err == nil {
		return &Failure{"link", "no answer", "one with " + sw(w.card.answer.Status)}
	}
	return nil
}

// answersAgain asks until an answer comes. Between two tries it waits on the
// bench's clock.
func answersAgain(ctx context.Context, w *World, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	began := time.Now()
	for {
		err := w.powerOn(ctx)
		if err == nil {
			_, err = w.transmit(ctx, w.card.raw, []byte{0x00, 0x84, 0x00, 0x00, 0x01})
		}
		if err == nil {
			w.Measure("time until the card answered", float64(time.Since(began).Milliseconds()), "ms")
			return nil
		}
		if waitErr := w.wait(ctx, 50*time.Millisecond); waitErr != nil {
			return &Failure{"card behind the link", "an answer within " + within.String(), errors.Join(err).Error()}
		}
	}
}

// wait pauses on the bench's clock.
func (w *World) wait(ctx context.Context, d time.Duration) error {
	timer := w.Bench.Clock().NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
