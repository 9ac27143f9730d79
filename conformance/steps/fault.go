package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

func faultSteps() []Row {
	return []Row{
		{`the fault {string} is on`, `障害{string}を入れる`,
			"a lie until the scenario ends: card and link for the card at hand, idp for this scenario's logins, ca for all", faultOn},
		{`the fault {string} is {string}`, `障害{string}を{string}にする`,
			"sets a fault to on, off or a duration such as 200ms", faultSet},
		{`everybody is honest again`, `全員が正直に戻る`, "ends the lies of this scenario", faultsOff},
		{`{duration} pass on the bench's clock`, `ベンチの時計で {duration} が過ぎる`,
			"travels in time; needs the lane of those that touch the whole issuer", timePasses},
	}
}

func faultOn(ctx context.Context, w *World, id string) error {
	return faultSet(ctx, w, id, "on")
}

// faultSet switches a fault by its ID, in kebab-case. Whose it is says its
// first word.
func faultSet(_ context.Context, w *World, id, value string) error {
	player, _, _ := strings.Cut(id, ".")
	switch player {
	case "card", "link":
		if w.card.control == nil {
			return fmt.Errorf("fault %s: no card is at hand: say whose, first", id)
		}
		if err := w.card.control.SetFault(id, value); err != nil {
			return fmt.Errorf("fault %s: %w", id, err)
		}
		return nil
	case "idp":
		if err := w.Bench.SetFault(w.Tag, id, value); err != nil {
			return fmt.Errorf("fault %s: %w", id, err)
		}
		w.cleanup(func() { w.Bench.ClearFaults(w.Tag) })
		return nil
	}
	return w.setShared(id, value)
}

// setShared switches a fault that everybody on the bench sees; when the
// scenario ends it is again as the run wants it.
func (w *World) setShared(id, value string) error {
	if err := w.Bench.SetFault("", id, value); err != nil {
		return fmt.Errorf("fault %s: %w", id, err)
	}
	w.story.shared = append(w.story.shared, id)
	w.cleanup(func() { _ = w.Bench.SetFault("", id, w.runValue(id)) }) // it was set before: it can be again
	return nil
}

// runValue is the value that a fault has for the whole run.
func (w *World) runValue(id string) string {
	at := slices.IndexFunc(w.Faults, func(f string) bool { return f == id || strings.HasPrefix(f, id+"=") })
	if at < 0 {
		return "off"
	}
	if _, value, given := strings.Cut(w.Faults[at], "="); given {
		return value
	}
	return "on"
}

func faultsOff(_ context.Context, w *World) error {
	w.Bench.ClearFaults(w.Tag)
	if w.card.control != nil {
		w.card.control.ClearFaults()
	}
	for _, id := range w.story.shared {
		if err := w.Bench.SetFault("", id, w.runValue(id)); err != nil {
			return fmt.Errorf("fault %s: %w", id, err)
		}
	}
	return nil
}

func timePasses(_ context.Context, w *World, d time.Duration) error {
	clock := w.Bench.Clock()
	clock.Travel(d)
	w.cleanup(func() { clock.Travel(-d) })
	return nil
}
