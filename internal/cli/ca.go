package cli

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"kazasu/internal/bench"
)

// caCommand steers the test CA of a running bench.
func caCommand(w World) *cobra.Command {
	c := group(&cobra.Command{
		Use:     "ca",
		Short:   "Steer the test CA of a running bench",
		Example: "  kazasu ca status",
	})
	state := new(string)
	c.PersistentFlags().StringVar(state, "state", "", "state folder of the bench (default: the user's own)")
	c.AddCommand(caStatusCommand(w, state), caRevokeCommand(w, state))
	return c
}

func caStatusCommand(w World, state *string) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "status",
		Short:   "Show both families of the CA and what they have revoked",
		Example: "  kazasu ca status --json",
		Args:    noArgs,
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, _ []string) error {
			families, err := b.Authorities(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(w.Stdout).Encode(bench.CAAnswer{Schema: "kazasu.ca/1", Families: families})
			}
			for _, f := range families {
				printFamily(w, f)
			}
			return nil
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

func printFamily(w World, f bench.CAStatus) {
	c := newConsole(w, w.Stdout)
	c.printf("%s  %s, valid to %s, %d revoked\n", c.bold(string(f.Family)), f.Subject, f.NotAfter.Format("2006-01-02"), len(f.Revoked))
	t := table{indent: "  "}
	for _, r := range f.Revoked {
		holder := r.Holder
		if holder == "" {
			holder = "(nobody of ours)"
		}
		t.add("revoked", holder, "serial "+r.Serial, "reason "+reason(r.Reason).inWords(), r.Time.Format("2006-01-02 15:04:05Z"))
	}
	t.writeTo(w.Stdout)
}

func caRevokeCommand(w World, state *string) *cobra.Command {
	var family string
	var why reason
	var undo bool
	c := &cobra.Command{
		Use:   "revoke HOLDER",
		Short: "Revoke a holder's certificate, or take that back",
		Long: `Puts a holder's certificate on the CA's list: CRL and OCSP say so from now on, and
after a restart too. The reason is a CRLReason of RFC 5280 §5.3.1, by name or number;
JPKI knows 0 to 6, of which 3 (affiliationChanged) is changed facts, 4 (superseded)
renewal and 6 (certificateHold) suspension.`,
		Example: `  kazasu ca revoke hanako --family auth --reason 4
  kazasu ca revoke hanako --reason keyCompromise
  kazasu ca revoke hanako --undo`,
		Args: exactArgs("a holder"),
		RunE: w.steer(state, func(ctx context.Context, b *bench.AdminClient, args []string) error {
			if undo {
				if err := b.Reinstate(ctx, args[0], bench.Family(family)); err != nil {
					return err
				}
				w.talk("the %s certificate of %s is good again", family, args[0])
				return nil
			}
			if err := b.Revoke(ctx, args[0], bench.Family(family), int(why)); err != nil {
				return err
			}
			w.talk("the %s certificate of %s is revoked", family, args[0])
			return nil
		}),
	}
	c.Flags().StringVar(&family, "family", "auth", "which certificate: auth (for logging in) or sign (for signing)")
	c.Flags().Var(&why, "reason", "CRLReason: "+strings.Join(reasonNames(), ", ")+"; or its number")
	c.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions(reasonNames(), cobra.ShellCompDirectiveNoFileComp))
	c.Flags().BoolVar(&undo, "undo", false, "take it off the list again")
	return c
}
