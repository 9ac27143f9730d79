package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kazasu/conformance"
	"kazasu/internal/bench"
	"kazasu/internal/jpki"
	"kazasu/internal/phone"
	"kazasu/internal/relyingparty"
	"kazasu/internal/trace"
)

// demoHolder logs in at the demo.
const demoHolder = "hanako"

// demoParallel is how many scenarios the demo's suite runs at once.
const demoParallel = 4

// demoFlags are what a person chooses for a demo.
type demoFlags struct{ out, state, ports string }

func demoCommand(w World) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "The main job in one go: a login on a virtual card, the suite, a report",
		Long: `Brings a bench up in this process, logs a fictional person in at a sample relying
party while every step is printed, has OpenSSL verify what the card signed, runs
the suite on the rig "virtual" and writes report.html, results.json and
junit.xml.`,
		Example: `  kazasu demo --out out/demo
  kazasu demo --ports fixed`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemo(c.Context(), w, f)
		},
	}
	c.Flags().StringVar(&f.out, "out", filepath.Join("out", "demo"), "folder for the report")
	stateFlag(c, &f.state)
	c.Flags().Lookup("state").Usage = "state folder (default: one that is gone afterwards)"
	portsFlag(c, &f.ports, portsAuto)
	return c
}

// demo is one demonstration under way.
type demo struct {
	w          World
	c          console
	out, ports string
	bench      *bench.Bench
}

func runDemo(ctx context.Context, w World, f demoFlags) error {
	if err := checkPorts(f.ports); err != nil {
		return err
	}
	d := &demo{w: w, c: newConsole(w, w.Stdout), out: f.out, ports: f.ports}
	if err := os.MkdirAll(d.out, 0o755); err != nil {
		return usage("choose another folder with --out", "making the folder for the report: %w", err)
	}
	state, remove, err := scratchState(f.state)
	if err != nil {
		return fmt.Errorf("making a state folder: %w", err)
	}
	defer remove()
	if err := d.start(ctx, state); err != nil {
		return err
	}
	defer d.bench.Close()
	seen, err := d.login(ctx)
	if err != nil {
		return err
	}
	if err := d.verify(ctx, seen); err != nil {
		return err
	}
	results, err := d.suite(ctx)
	if err != nil {
		return err
	}
	d.where()
	if code := results.ExitCode(); code != exitOK {
		return exit(code)
	}
	return nil
}

func (d *demo) chapter(number int, title string) {
	d.c.printf("\n%s\n", d.c.bold(fmt.Sprintf("%d  %s", number, title)))
}

func (d *demo) start(ctx context.Context, state string) error {
	rig, err := loadRig(defaultRig)
	if err != nil {
		return err
	}
	d.c.printf("%s %s\n", d.c.bold("kazasu "+Version), d.c.dim("(test certificates, fictional people; not affiliated with デジタル庁 or J-LIS)"))
	d.chapter(1, "The bench: provider, relying party, phone, card and CA in this process")
	began := time.Now()
	if d.bench, err = bench.Start(ctx, rig, bench.Options{State: state, Ports: d.ports}); err != nil {
		return startError(err, rig)
	}
	info := d.bench.Info()
	t := table{indent: "   "}
	t.add("relying party", info.RP)
	t.add("provider", info.Issuer)
	t.add("test CA", info.CA.Auth.CRL)
	t.writeTo(d.w.Stdout)
	d.c.printf("   ready in %d ms\n", time.Since(began).Milliseconds())
	return nil
}

// login goes from the relying party's button to its logged-in page, printing
// each step as the recorder sees it, and returns what the card signed.
func (d *demo) login(ctx context.Context) (*witness, error) {
	holder, err := holderNamed(d.bench.Holders(), demoHolder)
	if err != nil {
		return nil, err
	}
	d.chapter(2, fmt.Sprintf("A login, step by step: %s (%s) holds a card to a phone", holder.Name, holder.ID))
	card, _, release, err := d.bench.ScenarioCard(ctx, holder.ID, "")
	if err != nil {
		return nil, fmt.Errorf("taking %s's card: %w", holder.ID, err)
	}
	defer release()
	seen := &witness{Slot: card}
	stop := d.follow(ctx)
	outcome, err := d.goThrough(ctx, holder, seen)
	stop()
	if err != nil {
		return nil, fmt.Errorf("logging in: %w", err)
	}
	if outcome.Refusal != nil {
		return nil, fmt.Errorf("logging in: the relying party refused: %w", outcome.Refusal)
	}
	d.c.printf("   %s sub %s\n", d.c.green("logged in:"), outcome.Session.Sub)
	for _, name := range []string{"name", "address", "birthdate", "gender"} {
		if value, ok := outcome.Session.Claims[name]; ok {
			d.c.printf("              %-9s %v\n", name, value)
		}
	}
	return seen, nil
}

func holderNamed(holders []jpki.Holder, id string) (jpki.Holder, error) {
	for _, h := range holders {
		if h.ID == id {
			return h, nil
		}
	}
	return jpki.Holder{}, fmt.Errorf("there is no holder %q", id)
}

// goThrough plays the person: the browser, the phone and the card in hand.
func (d *demo) goThrough(ctx context.Context, holder jpki.Holder, seen *witness) (relyingparty.Outcome, error) {
	agent := relyingparty.NewUserAgent(relyingparty.AgentConfig{
		Transport: d.bench.HTTP().Transport, Issuer: d.bench.Info().Issuer,
	})
	d.say("browser", "opens %s and presses the login button", d.bench.Info().RP)
	link, ended, err := agent.Start(ctx, d.bench.Info().RP)
	if err != nil {
		return relyingparty.Outcome{}, err
	}
	if ended != nil {
		return *ended, errors.New("the browser came to no login page")
	}
	d.say("phone", "opens the link of the login page")
	app := phone.Phone{HTTP: d.bench.HTTP(), Card: seen, Clock: d.bench.Clock()}
	login, err := app.Open(ctx, link)
	if err != nil {
		return relyingparty.Outcome{}, err
	}
	seen.challenge = login.Info().Challenge
	if err := login.WaitReady(ctx); err != nil {
		return relyingparty.Outcome{}, err
	}
	d.say("phone", "takes the PINs; the card is held to it (かざす)")
	if err := login.ReadCard(ctx, holder.AuthPIN, holder.TextPIN); err != nil {
		return relyingparty.Outcome{}, err
	}
	d.say("phone", "shows %s what %s asks for: %s; consent", holder.ID, login.Info().Client.Name, strings.Join(login.Info().Attributes, ", "))
	redirect, err := login.Consent(ctx, nil)
	if err != nil {
		return relyingparty.Outcome{}, err
	}
	d.say("browser", "goes back to the relying party with a code")
	return agent.Follow(ctx, redirect)
}

// say puts what a person does among what the recorder sees.
func (d *demo) say(player, format string, args ...any) {
	d.bench.Recorder().Record(trace.Event{Player: player, Kind: "act", Text: fmt.Sprintf(format, args...)})
}

// follow prints events as they come; stop prints what is left and returns.
func (d *demo) follow(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	events := d.bench.Recorder().Subscribe(ctx)
	story := narrator{c: d.c, began: d.bench.Clock().Now()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range events {
			story.tell(e)
		}
		story.flush()
	}()
	return func() {
		cancel()
		<-done
	}
}

func (d *demo) suite(ctx context.Context) (conformance.Results, error) {
	d.chapter(4, "The suite, on rig virtual")
	results, err := conformance.Run(ctx, conformance.Options{
		Bench:    func(context.Context) (conformance.Bench, error) { return d.bench, nil },
		Parallel: demoParallel, Seed: 1, Out: d.out, Version: Version,
		Progress: progress(ctx, d.c),
	})
	if err != nil {
		return results, suiteError(err)
	}
	printSummary(d.c, results)
	return results, nil
}

func (d *demo) where() {
	d.chapter(5, "Where to look")
	t := table{indent: "   "}
	t.add(filepath.Join(d.out, "report.html"), "the report: one file, offline, Japanese and English")
	t.add(filepath.Join(d.out, "results.json"), "the same for programs")
	t.add(filepath.Join(d.out, "junit.xml"), "the same for CI")
	t.add(filepath.Join(d.out, "signature"), "what the card signed, and its certificate")
	t.writeTo(d.w.Stdout)
	d.c.printf("   next: kazasu up, then open %s in a browser\n", "http://localhost:7080/")
}
