package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kazasu/internal/bench"
)

// cardCommand steers the card of a running bench.
func cardCommand(w World) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "card",
		Short:   "Steer the card of a running bench",
		Example: "  kazasu card show",
	})
	state := new(string)
	c.PersistentFlags().StringVar(state, "state", "", "state folder of the bench (default: the user's own)")
	c.AddCommand(
		cardLsCommand(w, state), cardShowCommand(w, state),
		cardInsertCommand(w, state), cardRemoveCommand(w, state),
		cardPINCommand(w, state), cardFaultCommand(w, state),
	)
	return c
}

// running is a client of the bench whose state folder the flag names.
func (w World) running(stateFlag string) (*bench.AdminClient, error) {
	folder, err := w.stateFolder(stateFlag)
	if err != nil {
		return nil, err
	}
	return bench.NewAdminClient(folder), nil
}

// steer is a command's run that asks a running bench.
func (w World) steer(state *string, do func(context.Context, *bench.AdminClient, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		client, err := w.running(*state)
		if err != nil {
			return err
		}
		defer client.Close()
		return do(c.Context(), client, args)
	}
}

// talk says something on stderr.
func (w World) talk(format string, args ...any) {
	newConsole(w, w.Stderr).printf(format+"\n", args...)
}

func cardLsCommand(w World, state *string) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "ls",
		Short:   "List the cards that the bench has had to do with, the inserted one first",
		Example: "  kazasu card ls",
		Args:    noArgs,
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, _ []string) error {
			cards, err := b.Cards(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(w.Stdout).Encode(bench.CardsAnswer{Schema: "kazasu.cards/1", Cards: cards})
			}
			var t table
			for _, card := range cards {
				where := "elsewhere"
				if card.Slot {
					where = "in the slot"
				}
				t.add(card.Holder, card.Profile, where, pinSummary(card.PINs))
			}
			t.writeTo(w.Stdout)
			return nil
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

// pinSummary is "auth 3/3, sign 5/5, …".
func pinSummary(pins []bench.PIN) string {
	var parts []string
	for _, p := range pins {
		parts = append(parts, fmt.Sprintf("%s %d/%d", p.Name, p.Left, p.Max))
	}
	return strings.Join(parts, ", ")
}

func cardShowCommand(w World, state *string) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "show [HOLDER]",
		Short:   "Show the card in the slot, or a holder's",
		Example: "  kazasu card show --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, args []string) error {
			cards, err := b.Cards(ctx)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(cards, func(card bench.CardStatus) bool {
				return card.Slot && len(args) == 0 || len(args) > 0 && card.Holder == args[0]
			})
			switch {
			case at < 0 && len(args) > 0:
				return usage("kazasu card insert "+args[0]+" puts it in", "the bench has had nothing to do with a card of %q", args[0])
			case asJSON:
				return printCardJSON(w, cards, at)
			case at < 0:
				fmt.Fprintln(w.Stdout, "the slot is empty")
			default:
				printCard(w, cards[at])
			}
			return nil
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

func printCardJSON(w World, cards []bench.CardStatus, at int) error {
	one := struct {
		Schema string            `json:"schema"`
		Card   *bench.CardStatus `json:"card"` // null: the slot is empty
	}{Schema: "kazasu.card/1"}
	if at >= 0 {
		one.Card = &cards[at]
	}
	return json.NewEncoder(w.Stdout).Encode(one)
}

func printCard(w World, card bench.CardStatus) {
	c := newConsole(w, w.Stdout)
	where := ""
	if card.Slot {
		where = ", in the slot"
	}
	c.printf("%s, profile %s%s\n", c.bold(card.Holder), card.Profile, where)
	t := table{indent: "  "}
	t.add("ATR", card.ATR)
	for _, p := range card.PINs {
		blocked := ""
		if p.Blocked {
			blocked = c.red("blocked")
		}
		t.add(p.Name, fmt.Sprintf("%d of %d", p.Left, p.Max), blocked, p.Japanese)
	}
	t.writeTo(w.Stdout)
}

func cardInsertCommand(w World, state *string) *cobra.Command {
	var profile string
	c := &cobra.Command{
		Use:     "insert HOLDER",
		Short:   "Put a holder's card into the slot, in place of the one there",
		Example: "  kazasu card insert taro",
		Args:    exactArgs("a holder"),
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, args []string) error {
			if _, err := b.Insert(ctx, args[0], profile); err != nil {
				return err
			}
			w.talk("the card of %s is in the slot", args[0])
			return nil
		}),
	}
	c.Flags().StringVar(&profile, "profile", "", "the card's profile (default: the rig's, or standard)")
	return c
}

func cardRemoveCommand(w World, state *string) *cobra.Command {
	return &cobra.Command{
		Use:     "remove",
		Short:   "Take the card out of the slot",
		Example: "  kazasu card remove",
		Args:    noArgs,
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, _ []string) error {
			if _, err := b.Remove(ctx); err != nil {
				return err
			}
			w.talk("the slot is empty")
			return nil
		}),
	}
}

func cardPINCommand(w World, state *string) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "pin",
		Short: "Reset a PIN's tries, or set how many are left",
		Example: `  kazasu card pin reset auth
  kazasu card pin set auth 1`,
	})
	var holder string
	c.PersistentFlags().StringVar(&holder, "holder", "", "whose card (default: the one in the slot)")
	c.AddCommand(&cobra.Command{
		Use:     "reset NAME",
		Short:   "Give a PIN all its tries back, as the municipal office does",
		Example: "  kazasu card pin reset auth",
		Args:    exactArgs("a PIN's name"),
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, args []string) error {
			if _, err := b.ResetPIN(ctx, holder, args[0]); err != nil {
				return err
			}
			w.talk("PIN %s has all its tries again", args[0])
			return nil
		}),
	}, &cobra.Command{
		Use:     "set NAME LEFT",
		Short:   "Set how many tries a PIN has left",
		Example: "  kazasu card pin set auth 1",
		Args:    exactArgs("a PIN's name", "a number"),
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, args []string) error {
			left, err := strconv.Atoi(args[1])
			if err != nil || left < 0 {
				return usage("for example: kazasu card pin set auth 1", "%q is no number of tries", args[1])
			}
			if _, err := b.SetPINTries(ctx, holder, args[0], left); err != nil {
				return err
			}
			w.talk("PIN %s has %d tries left", args[0], left)
			return nil
		}),
	})
	return c
}

func cardFaultCommand(w World, state *string) *cobra.Command {
	var clear bool
	c := &cobra.Command{
		Use:   "fault [ID[=VALUE]…]",
		Short: "Switch faults of the running bench, or list those that are on",
		Long: `Switches faults of any player (kazasu list --faults) on the running bench: ID or
ID=on, ID=off, or ID=200ms for those that delay. Without an ID it lists those
that are on.`,
		Example: `  kazasu card fault card.slow=200ms
  kazasu card fault --clear`,
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, args []string) error {
			if clear {
				if err := b.ClearFaults(ctx); err != nil {
					return err
				}
			}
			for _, arg := range args {
				id, value, _ := strings.Cut(arg, "=")
				if err := b.SetFault(ctx, "", id, value); err != nil {
					return err
				}
			}
			if clear || len(args) > 0 {
				return nil
			}
			return printActive(ctx, w, b)
		}),
	}
	c.Flags().BoolVar(&clear, "clear", false, "make every player honest first")
	return c
}

func printActive(ctx context.Context, w World, b *bench.AdminClient) error {
	on, err := b.Faults(ctx)
	if err != nil {
		return err
	}
	for _, f := range on.Active {
		fmt.Fprintf(w.Stdout, "%s=%s\n", f.ID, f.Value)
	}
	if len(on.Active) == 0 {
		w.talk("everybody is honest")
	}
	return nil
}
