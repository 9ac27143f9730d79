package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kazasu/internal/bench"
	"kazasu/internal/pcscd"
	"kazasu/rigs"
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
	portsFlag(c, &f.ports, portsFixed)
	c.Flags().StringVar(&f.clients, "clients", "", "YAML file with the relying parties that the provider knows")
	c.Flags().StringArrayVar(&f.faults, "fault", nil, "switch a fault on from the start (kazasu list --faults); repeatable")
	return c
}

func (f upFlags) run(ctx context.Context, w World) error {
	if err := checkPorts(f.ports); err != nil {
		return err
	}
	rig, err := loadRig(f.rig)
	if err != nil {
		return err
	}
	if err := checkClients(f.clients); err != nil {
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
		return startError(err, rig)
	}
	tellFaults(w, b)
	if f.asJSON {
		err = json.NewEncoder(w.Stdout).Encode(b.Info())
	} else {
		f.print(w, b.Info(), rig)
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

// tellFaults says that somebody lies, so that nobody is left to wonder.
func tellFaults(w World, b *bench.Bench) {
	sentences := map[string]string{}
	for _, fault := range b.ListFaults() {
		sentences[fault.ID()] = fault.Sentence
	}
	c := newConsole(w, w.Stderr)
	for _, on := range b.ActiveFaults() {
		player, _, _ := strings.Cut(on.ID, ".")
		c.printf("kazasu: %s %s=%s: the %s %s\n", c.yellow("fault:"), on.ID, on.Value, player, sentences[on.ID])
	}
}

// print tells a person what to do first, where everything is and what to type.
func (f upFlags) print(w World, info bench.Info, rig rigs.Rig) {
	c := newConsole(w, w.Stdout)
	c.printf("%s on rig %s: %s\n", c.green("kazasu is up"), c.bold(info.Rig), rig.Title)
	if f.auto != "" {
		printAuto(c, info, holderInfo(info.Holders, f.auto))
	} else {
		printFirstLogin(c, info, holderInfo(info.Holders, rig.Card.Holder))
	}
	printPlaces(c, w, info)
	printClients(c, w, info.Clients)
	printHolders(c, w, info.Holders)
	c.printf("\nCtrl-C stops it all. Everything here is for tests; none of it is worth anything elsewhere.\n")
}

// holderInfo is the holder with this ID, the first of all where there is none.
func holderInfo(holders []bench.HolderInfo, id string) bench.HolderInfo {
	at := slices.IndexFunc(holders, func(h bench.HolderInfo) bool { return h.ID == id })
	return holders[max(at, 0)]
}

// printFirstLogin leads a person who has never seen any of it to a login.
func printFirstLogin(c console, info bench.Info, h bench.HolderInfo) {
	c.printf("\n%s\n", c.bold("to be logged in as "+h.Name+", in a browser on this machine"))
	c.printf("  1  open %s and press the button\n", c.cyan(info.RP))
	c.printf("  2  on the login page press アプリを開く (Open the app): an emulated phone opens;\n")
	c.printf("     or click the QR code, and type the six digits that the phone shows into the page\n")
	c.printf("  3  on the phone choose %s, type PIN %s, then PIN %s for name and address,\n", h.Name, c.bold(h.AuthPIN), c.bold(h.HelperPIN))
	c.printf("     hold the card to it (読み取り開始, Start reading) and allow (許可, Allow)\n")
	if info.TLSCA != "" {
		c.printf("  The browser doesn't know the provider's certificate and will say so: go on, trust\n")
		c.printf("  the TLS root below, or start with --http.\n")
	}
}

// printAuto says what is different when a phone answers by itself.
func printAuto(c console, info bench.Info, h bench.HolderInfo) {
	c.printf("\n%s\n", c.bold("every login is finished by the phone of "+h.Name))
	c.printf("  open %s and press the button, or let a script do it\n", c.cyan(info.RP))
}

// printPlaces says where everything is.
func printPlaces(c console, w World, info bench.Info) {
	c.printf("\n%s\n", c.bold("where everything is"))
	t := table{indent: "  "}
	t.add("sample RP", c.cyan(info.RP))
	t.add("issuer", c.cyan(info.Issuer), "for a relying party of your own")
	t.add("phone", c.cyan(info.Phone), "emulated; the login page leads there")
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

// checkClients reads the client file before anything starts; what is wrong with
// it is the user's to mend.
func checkClients(path string) error {
	if path == "" {
		return nil
	}
	_, err := rigs.LoadClients(path)
	return userFile(withHint(err, "a client file lists relying parties, each with id, name, redirect_uris and keys; README.md shows one"))
}

// shellWord is a word as a person would type it.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return shellQuoted(s)
}

var plainWord = regexp.MustCompile(`^[\w./-]+$`)

// startError adds a cure to what can keep a bench from starting, where the
// error has none of its own.
func startError(err error, rig rigs.Rig) error {
	if errors.Is(err, pcscd.ErrNoPcscd) && onSystem(rig) {
		return &hinted{err, systemCure(find("pcscd"))}
	}
	hint := "kazasu doctor looks at everything that a bench needs"
	if runtime.GOOS != "linux" {
		hint += "; a private pcscd needs Linux"
	}
	return withHint(err, hint)
}
