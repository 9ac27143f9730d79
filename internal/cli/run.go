package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kazasu/conformance"
	"kazasu/conformance/report"
	"kazasu/internal/bench"
	"kazasu/rigs"
)

// runFlags are what a person chooses for a run of the suite.
type runFlags struct {
	rig, state, tags, out string
	seed                  int64
	parallel              int
	strict, asJSON        bool
	formats, faults       []string
}

func runCommand(w World) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [ID|GROUP|PATH…]",
		Short: "Run checks, and feature files of one's own",
		Long: `Runs the whole catalogue, or the checks named: by ID (CA-12), by group (CA), or
by the path of a .feature file or folder, with :LINE for one scenario. The bench
is made for the run and gone afterwards.

Exit code: 0 at least one check passed and no required one failed, was in error
or inconclusive; 1 some failed; 2 the command line or a feature is wrong;
3 inconclusive only; 4 the harness broke.`,
		Example: `  kazasu run CA-01
  kazasu run CA OP --parallel 8 --out out/run
  kazasu run features/mine.feature --seed 7 --fault card.slow=200ms`,
		RunE: func(c *cobra.Command, args []string) error { return runSuite(c.Context(), w, f, args) },
	}
	rigFlag(c, &f.rig)
	stateFlag(c, &f.state)
	c.Flags().StringVar(&f.tags, "tags", "", "tag expression, such as '@must and not @needs-reader'")
	c.Flags().Int64Var(&f.seed, "seed", 1, "seed of every random choice; the same seed repeats a run")
	c.Flags().IntVar(&f.parallel, "parallel", 1, "how many scenarios run at once")
	c.Flags().BoolVar(&f.strict, "strict", false, "what a @should check finds is a failure too")
	c.Flags().StringVar(&f.out, "out", "", "folder for report.html, results.json, junit.xml and evidence")
	c.Flags().StringSliceVar(&f.formats, "format", nil, "which files to write: "+strings.Join(report.Formats(), ", ")+" (default all)")
	c.Flags().StringArrayVar(&f.faults, "fault", nil, "switch a fault on for the whole run (kazasu list --faults); repeatable")
	c.Flags().BoolVar(&f.asJSON, "json", false, "results.json to stdout")
	return c
}

func runSuite(ctx context.Context, w World, f runFlags, selectors []string) error {
	rig, err := loadRig(f.rig)
	if err != nil {
		return err
	}
	if f.parallel < 1 {
		return usage("--parallel 1 runs one at a time", "--parallel %d runs nothing", f.parallel)
	}
	state, remove, err := scratchState(f.state)
	if err != nil {
		return fmt.Errorf("making a state folder: %w", err)
	}
	defer remove()
	results, err := f.judge(ctx, w, rig, state, selectors)
	if err != nil {
		return err
	}
	return f.conclude(w, results)
}

// judge starts a bench once the plan stands, runs the suite and closes it.
func (f runFlags) judge(ctx context.Context, w World, rig rigs.Rig, state string, selectors []string) (conformance.Results, error) {
	var b *bench.Bench
	defer func() {
		if b != nil {
			b.Close()
		}
	}()
	to := newConsole(w, w.Stdout)
	if f.asJSON {
		to = newConsole(w, w.Stderr)
	}
	results, err := conformance.Run(ctx, conformance.Options{
		Bench: func(ctx context.Context) (conformance.Bench, error) {
			var err error
			if b, err = bench.Start(ctx, rig, bench.Options{State: state, Ports: portsAuto}); err != nil {
				return nil, startError(err, rig)
			}
			return b, nil
		},
		Select: selectors, Tags: f.tags, Seed: f.seed, Parallel: f.parallel, Strict: f.strict,
		Rig: f.rig, Faults: f.faults, Out: f.out, Formats: f.formats, Version: Version,
		Progress: progress(ctx, to),
	})
	return results, suiteError(err)
}

func (f runFlags) conclude(w World, results conformance.Results) error {
	if f.asJSON {
		b, err := report.JSON(results)
		if err != nil {
			return err
		}
		w.Stdout.Write(b)
	} else {
		printSummary(newConsole(w, w.Stdout), results)
	}
	talk := newConsole(w, w.Stderr)
	if f.out != "" {
		talk.printf("the results are in %s\n", filepath.Clean(f.out))
	} else {
		talk.printf("--out DIR keeps report.html, results.json, junit.xml and the evidence\n")
	}
	if code := results.ExitCode(); code != exitOK {
		return exit(code)
	}
	return nil
}

// progress prints checks as they end. Of those that are tried with several
// examples, only the first that passes is worth a line; what an interrupt cut
// off is worth none.
func progress(ctx context.Context, c console) func(conformance.Check) {
	passed := map[string]bool{}
	return func(check conformance.Check) {
		if ctx.Err() != nil || check.Verdict == report.Passed && passed[check.ID] {
			return
		}
		passed[check.ID] = check.Verdict == report.Passed
		printCheck(c, check)
	}
}

// printCheck is one line for a check, and what was expected when it isn't well.
func printCheck(c console, check conformance.Check) {
	c.printf("%s %-6s %s %s\n", mark(c, check.Verdict), check.ID, check.Title,
		c.dim(fmt.Sprintf("%.2f s", check.Seconds)))
	switch check.Verdict {
	case report.Passed:
		return
	case report.NotApplicable, report.Skipped:
		c.printf("         %s\n", c.dim(check.Observed))
		return
	}
	if check.Expected != "" {
		c.printf("         expected  %s\n", indent(check.Expected))
	}
	c.printf("         observed  %s\n", indent(check.Observed))
	if check.Replay != "" {
		c.printf("         again     %s\n", check.Replay)
	}
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n                   ") }

// mark is a verdict in eight columns.
func mark(c console, v conformance.Verdict) string {
	word := fmt.Sprintf("%-8s", map[conformance.Verdict]string{
		report.Passed: "ok", report.Failed: "FAILED", report.Warned: "warned",
		report.NotApplicable: "n/a", report.Skipped: "skipped",
		report.Inconclusive: "unclear", report.Error: "ERROR",
	}[v])
	switch v {
	case report.Passed:
		return c.green(word)
	case report.Failed, report.Error:
		return c.red(word)
	case report.NotApplicable, report.Skipped:
		return c.dim(word)
	}
	return c.yellow(word)
}

// printSummary counts the verdicts on one line.
func printSummary(c console, r conformance.Results) {
	var parts []string
	parts = append(parts, fmt.Sprintf("%d passed, %d failed", r.Summary.Passed, r.Summary.Failed))
	for _, v := range report.Verdicts() {
		if n := r.Summary.Of(v); n > 0 && v != report.Passed && v != report.Failed {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	lies := ""
	if len(r.Faults) > 0 {
		lies = ", with " + strings.Join(r.Faults, " ")
	}
	c.printf("%s (rig %s, seed %d%s, %.1f s)\n", c.bold(strings.Join(parts, ", ")), r.Rig, r.Seed, lies, r.Seconds)
}
