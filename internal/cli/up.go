package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kazasu/internal/bench"
)

// upFlags are what a person chooses for a bench that stays up.
type upFlags struct {
	rig, state, auto, ports, clients string
	http, asJSON, env                bool
	faults                           []string
}

func upCommand(w World) *cobra.Command {
	var f upFlags
	c := &cobra.Command{
		Use:   "up",
		Short: "Bring the bench up and keep it up until Ctrl-C",
		Long: `Brings up the provider, the card in its slot, the test CA, a sample relying
party, an emulated phone, metrics and the admin API, all on loopback, and prints
where they are. Keys, ports, PIN counters and revocations stay in the state
folder, so the next bench is the same.

With --env it starts nothing, but prints the variables with which a PC/SC
program reaches the reader of the bench that is running.`,
		Example: `  kazasu up
  kazasu up --rig vpcd
  kazasu up --json --auto hanako --ports auto
  eval "$(kazasu up --env)"`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.env {
				return printEnv(c.Context(), w, f.state)
			}
			return f.run(c.Context(), w)
		},
	}
	rigFlag(c, &f.rig)
	stateFlag(c, &f.state)
	c.Flags().BoolVar(&f.http, "http", false, "serve the provider on plain http on localhost")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object on one line when everything answers")
	c.Flags().BoolVar(&f.env, "env", false, "print the variables for a PC/SC client of the running bench")
	c.Flags().StringVar(&f.auto, "auto", "", "this holder's phone finishes every login by itself")
	c.Flags().StringVar(&f.ports, "ports", "fixed", "fixed: the rig's; auto: free ones, chosen once and kept")
	c.Flags().StringVar(&f.clients, "clients", "", "YAML file with the relying parties that the provider knows")
	c.Flags().StringArrayVar(&f.faults, "fault", nil, "switch a fault on from the start (kazasu list --faults); repeatable")
	return c
}

func (f upFlags) run(ctx context.Context, w World) error {
	if f.ports != "fixed" && f.ports != "auto" {
		return usage("one of: fixed auto", "--ports can't be %q", f.ports)
	}
	rig, err := loadRig(f.rig)
	if err != nil {
		return err
	}
	state, err := w.stateFolder(f.state)
	if err != nil {
		return err
	}
	b, err := bench.Start(ctx, rig, bench.Options{
		State: state, HTTP: f.http, Auto: f.auto, Ports: f.ports,
		Clients: f.clients, Faults: f.faults, Log: w.Stderr,
	})
	if err != nil {
		return startError(err)
	}
	if f.asJSON {
		err = json.NewEncoder(w.Stdout).Encode(b.Info())
	} else {
		f.print(w, b.Info(), rig.Title)
	}
	if err != nil {
		b.Close()
		return err
	}
	<-ctx.Done()
	newConsole(w, w.Stderr).printf("kazasu: closing down\n")
	if err := b.Close(); err != nil {
		return afterwards{fmt.Errorf("closing down: %w", err)}
	}
	return nil
}

// print tells a person where everything is and what to type.
func (f upFlags) print(w World, info bench.Info, title string) {
	c := newConsole(w, w.Stdout)
	c.printf("%s on rig %s: %s\n\n", c.green("kazasu is up"), c.bold(info.Rig), title)
	t := table{indent: "  "}
	t.add("sample RP", c.cyan(info.RP), "open it and press the button")
	t.add("issuer", c.cyan(info.Issuer))
	t.add("phone", c.cyan(info.Phone), "the login page leads there")
	t.add("test CA", info.CA.Auth.CRL)
	t.add("metrics", info.Metrics)
	if info.TLSCA != "" {
		t.add("TLS root", info.TLSCA, "for your client; or start with --http")
	}
	if info.Reader != nil {
		t.add("reader", *info.Reader, `in another terminal: eval "$(kazasu up --env)"`)
	}
	t.add("state", info.State)
	t.writeTo(w.Stdout)
	printClients(c, w, info.Clients)
	printHolders(c, w, info.Holders)
	c.printf("\n")
	if f.auto != "" {
		c.printf("Every login is finished by the phone of %s.\n", f.auto)
	}
	c.printf("Ctrl-C stops it all. Everything here is for tests; none of it is worth anything elsewhere.\n")
}

func printClients(c console, w World, clients []bench.ClientInfo) {
	c.printf("\n%s\n", c.bold("relying parties that the provider knows"))
	t := table{indent: "  "}
	for _, client := range clients {
		t.add(client.ID, client.Alg, strings.Join(client.RedirectURIs, " "), client.Key)
	}
	t.writeTo(w.Stdout)
}

func printHolders(c console, w World, holders []bench.HolderInfo) {
	c.printf("\n%s\n", c.bold("holders: fictional, so their PINs are shown"))
	t := table{indent: "  "}
	t.add("", "", "auth PIN", "text PIN", "sign password")
	for _, h := range holders {
		sign := h.SignPassword
		if sign == "" {
			sign = "(under 15: none)"
		}
		t.add(h.ID, h.Name, h.AuthPIN, h.HelperPIN, sign)
	}
	t.writeTo(w.Stdout)
}

// printEnv prints shell commands that point a PC/SC client at the bench's
// reader.
func printEnv(ctx context.Context, w World, state string) error {
	b, err := w.running(state)
	if err != nil {
		return err
	}
	defer b.Close()
	info, err := b.Info(ctx)
	if err != nil {
		return err
	}
	if len(info.Env) == 0 {
		return usage("kazasu up --rig vpcd puts the card behind a PC/SC reader", "rig %s has no reader for other programs", info.Rig)
	}
	for _, name := range slices.Sorted(maps.Keys(info.Env)) {
		fmt.Fprintf(w.Stdout, "export %s=%s\n", name, shellQuoted(info.Env[name]))
	}
	return nil
}

func shellQuoted(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// startError adds a cure to what can keep a bench from starting, where the
// error has none of its own.
func startError(err error) error {
	hint := "kazasu doctor looks at everything that a bench needs"
	if runtime.GOOS != "linux" {
		hint += "; a private pcscd needs Linux"
	}
	return withHint(err, hint)
}
