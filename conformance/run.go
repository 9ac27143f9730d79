package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"kazasu/conformance/report"
	"kazasu/conformance/steps"
)

// The results of a run and their parts.
type (
	Results = report.Results
	Check   = report.Check
	Verdict = report.Verdict
	Level   = report.Level
)

// Bench is what the suite needs of a bench.
type Bench = steps.Bench

// Options say what to run, on what, and what to leave behind.
type Options struct {
	// Bench switches the bench on; it is asked once the plan stands, and
	// closed by whoever made it. Required.
	Bench func(context.Context) (Bench, error)

	// Select holds IDs (CA-12), groups (CA), and paths of feature files
	// (with :LINE for one scenario) or folders. Empty is the catalogue.
	Select []string
	// Tags is a tag expression that narrows the selection.
	Tags string
	// Seed makes the run repeatable; 0 is a seed like any other.
	Seed int64
	// Parallel is how many scenarios may run at once, at least 1.
	Parallel int
	// Strict turns what @should checks find into failures.
	Strict bool
	// Timeout of one scenario; default one minute.
	Timeout time.Duration
	// Faults are on for the whole run: "idp.wrong-nonce", "card.slow=2s".
	Faults []string
	// Rig is how the rig was asked for, a name or a file, for the replay
	// lines; empty is the name of the bench's rig.
	Rig string

	// Out is the folder for results and evidence; empty writes nothing.
	Out string
	// Formats are the files to write: json, junit, html; empty is all.
	Formats []string

	// Version of the suite, Subject and Profile go into the results.
	// Defaults: "dev", "kazasu reference" and "daa".
	Version, Subject, Profile string

	// Progress is told each check as it ends, from one goroutine at a time.
	Progress func(Check)
}

func (o Options) withDefaults() Options {
	if o.Parallel < 1 {
		o.Parallel = 1
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Subject == "" {
		o.Subject = "kazasu reference"
	}
	if o.Profile == "" {
		o.Profile = "daa"
	}
	return o
}

// Run runs the chosen checks and returns what it found, also written to
// Options.Out. An error means that no results are to be trusted: the request
// was wrong (a [UsageError]), the bench didn't start, ctx ended, or the files
// couldn't be written. What checks found, failures included, is no error.
func Run(ctx context.Context, o Options) (Results, error) {
	o = o.withDefaults()
	if err := report.CheckFormats(o.Formats); err != nil {
		return Results{}, usage("%v", err)
	}
	p, err := makePlan(o.Select, o.Tags)
	if err != nil {
		return Results{}, err
	}
	bound := steps.Bind()
	if err := p.undefined(bound); err != nil {
		return Results{}, err
	}
	b, err := o.Bench(ctx)
	if err != nil {
		return Results{}, err
	}
	r := &run{Options: o, plan: p, bound: bound, bench: b, shows: b.Rig().Shows(), rows: map[string][]row{}}
	return r.all(ctx)
}

// run is one run under way.
type run struct {
	Options
	plan  *plan
	bound *steps.Bound
	bench Bench
	shows []string

	mu   sync.Mutex
	rows map[string][]row // by check
}

// row is one pickle of a check: the only one, or one of an outline's.
type row struct {
	example      int // where it stands in the scenario's rows
	verdict      Verdict
	expected     string
	observed     string
	seconds      float64
	measurements []report.Measurement
	evidence     []byte
}

func (r *run) all(ctx context.Context) (Results, error) {
	if err := r.switchFaults(); err != nil {
		return Results{}, err
	}
	if len(r.Faults) > 0 {
		defer r.bench.ClearFaults("")
	}
	started := time.Now()
	var parallel, serial []scenario
	for _, s := range r.plan.chosen {
		switch {
		case !r.shown(s):
		case s.serial:
			serial = append(serial, s)
		default:
			parallel = append(parallel, s)
		}
	}
	r.lane(ctx, parallel, r.Parallel)
	r.lane(ctx, serial, 1)
	if err := ctx.Err(); err != nil {
		return Results{}, fmt.Errorf("running the suite: %w", err)
	}
	results := r.results(started)
	return results, r.write(results)
}

// switchFaults turns on what is on for the whole run.
func (r *run) switchFaults() error {
	for _, fault := range r.Faults {
		id, value, _ := strings.Cut(fault, "=")
		if err := r.bench.SetFault("", id, value); err != nil {
			return usage("fault %s: %v", fault, err)
		}
	}
	return nil
}

// shown says that the rig has what the scenario needs; if not, that is its
// verdict.
func (r *run) shown(s scenario) bool {
	for _, need := range s.Needs {
		if !slices.Contains(r.shows, need) {
			s.rows = s.rows[:min(1, len(s.rows))]
			r.finish(s, row{verdict: report.NotApplicable,
				observed: fmt.Sprintf("the rig %s shows no %s", r.bench.Rig().Name, need)})
			return false
		}
	}
	return true
}

// lane runs scenarios, so many at once, and returns when all have ended.
func (r *run) lane(ctx context.Context, scenarios []scenario, atOnce int) {
	if len(scenarios) == 0 {
		return
	}
	byKey := map[string]scenario{}
	var paths []string
	for _, s := range scenarios {
		byKey[s.key()] = s
		paths = append(paths, s.key())
	}
	if atOnce > 1 {
		shuffle := rand.New(rand.NewPCG(uint64(r.Seed), uint64(len(paths))))
		shuffle.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	}
	registerSilent()
	godog.TestSuite{
		Name: "kazasu",
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			r.bound.Register(sc)
			r.attach(sc, byKey)
		},
		Options: &godog.Options{
			Format: silentName, Output: io.Discard, NoColors: true, Strict: true,
			Concurrency: atOnce, DefaultContext: ctx, FS: memory(r.plan.files), Paths: paths,
		},
	}.Run()
	for _, s := range scenarios {
		if r.missing(s) {
			r.finish(s, row{verdict: report.Error, observed: "the runner left the scenario out"})
		}
	}
}

func (r *run) missing(s scenario) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.rows[s.ID]) == 0
}

// attach gives one scenario of the runner its world, and takes its verdict.
func (r *run) attach(sc *godog.ScenarioContext, byKey map[string]scenario) {
	var (
		s     scenario
		w     *steps.World
		began time.Time
		stop  context.CancelFunc = func() {}
	)
	sc.Before(func(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
		s = byKey[pickle.Uri]
		w = steps.NewWorld(s.ID, s.ID+"."+pickle.Id, r.Seed, r.bench, r.Faults)
		began = time.Now()
		ctx, stop = context.WithTimeout(ctx, r.Timeout)
		return steps.Enter(ctx, w), nil
	})
	sc.After(func(ctx context.Context, pickle *godog.Scenario, err error) (context.Context, error) {
		timedOut := errors.Is(ctx.Err(), context.DeadlineExceeded)
		stop()
		w.Close()
		if w.Err() != nil {
			err = w.Err()
		}
		found := r.judge(s, err, timedOut)
		found.example, found.seconds = s.exampleOf(pickle), time.Since(began).Seconds()
		for _, m := range w.Measurements() {
			found.measurements = append(found.measurements, report.Measurement(m))
		}
		found.evidence, _ = w.Evidence() // of plain values: it always marshals
		r.finish(s, found)
		return ctx, nil
	})
}

// judge makes a verdict of how a scenario ended.
func (r *run) judge(s scenario, err error, timedOut bool) row {
	var (
		failure      *steps.Failure
		inconclusive *steps.Inconclusive
		notThere     *steps.NotApplicable
	)
	switch {
	case err == nil:
		return row{verdict: report.Passed}
	case timedOut:
		return row{verdict: report.Inconclusive, observed: fmt.Sprintf("no evidence within %s: %v", r.Timeout, err)}
	case errors.As(err, &inconclusive):
		return row{verdict: report.Inconclusive, observed: inconclusive.Why}
	case errors.As(err, &failure):
		return row{verdict: r.failed(s.Level), expected: failure.What + ": " + failure.Expected, observed: failure.Observed}
	case errors.As(err, &notThere):
		return row{verdict: report.NotApplicable, observed: notThere.Why}
	}
	return row{verdict: report.Error, observed: err.Error()}
}

// failed is what a failure weighs at this level.
func (r *run) failed(level Level) Verdict {
	switch {
	case level == report.Behaviour, level == report.Imported, level == report.Should && !r.Strict:
		return report.Warned
	}
	return report.Failed
}

// finish keeps a row and, when it was the check's last, tells of the check.
func (r *run) finish(s scenario, found row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[s.ID] = append(r.rows[s.ID], found)
	if len(r.rows[s.ID]) >= len(s.rows) && r.Progress != nil {
		r.Progress(r.check(s))
	}
}

// check is what is known of a scenario so far: the worst of its rows.
func (r *run) check(s scenario) Check {
	rows := r.rows[s.ID]
	slices.SortStableFunc(rows, func(a, b row) int { return a.example - b.example })
	c := Check{
		ID: s.ID, Group: s.Group, Level: s.Level, Title: s.Title, Clause: s.Clause, Part: s.Part,
		Measurements: []report.Measurement{}, Evidence: []string{},
		Replay: r.replay(s.ID),
	}
	worst := rows[0]
	for _, other := range rows {
		if other.verdict.Worse(worst.verdict) {
			worst = other
		}
		c.Seconds += other.seconds
		c.Measurements = append(c.Measurements, other.measurements...)
	}
	c.Verdict, c.Expected, c.Observed = worst.verdict, worst.expected, s.observed(worst, rows)
	if r.Out != "" && worst.evidence != nil {
		c.Evidence = []string{evidencePath(s.ID)}
	}
	return c
}

// evidencePath is where a check's evidence lies, relative to Options.Out; a
// check without an ID is named after its file and line.
func evidencePath(id string) string {
	name := strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\: `, c) {
			return '-'
		}
		return c
	}, id)
	return "evidence/" + strings.Trim(name, "-.") + ".json"
}

func (r *run) results(started time.Time) Results {
	r.mu.Lock()
	defer r.mu.Unlock()
	results := Results{
		Schema: report.Schema, Suite: "kazasu " + r.Version, Subject: r.Subject, Profile: r.Profile,
		Rig: r.bench.Rig().Name, Faults: append([]string{}, r.Faults...), Replay: r.replay(""), Seed: r.Seed, Started: started.UTC().Truncate(time.Millisecond),
		Seconds: time.Since(started).Seconds(),
	}
	for _, s := range r.plan.chosen {
		results.Checks = append(results.Checks, r.check(s))
	}
	results.Summary = report.Count(results.Checks)
	return results
}

// write puts results and evidence into Options.Out.
func (r *run) write(results Results) error {
	if r.Out == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(r.Out, "evidence"), 0o755); err != nil {
		return fmt.Errorf("making the folder for evidence: %w", err)
	}
	for _, s := range r.plan.chosen {
		evidence := r.worstEvidence(s)
		if evidence == nil {
			continue
		}
		if err := report.WriteFile(filepath.Join(r.Out, filepath.FromSlash(evidencePath(s.ID))), evidence); err != nil {
			return err
		}
	}
	return report.Write(r.Out, results, r.Formats...)
}

func (r *run) worstEvidence(s scenario) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	worst := r.rows[s.ID][0]
	for _, other := range r.rows[s.ID] {
		if other.verdict.Worse(worst.verdict) {
			worst = other
		}
	}
	return worst.evidence
}

// ExitCode is what the program ends with after Run: 2 when the request was
// wrong, 4 when the harness broke, else what the results say.
func ExitCode(r Results, err error) int {
	var wrong *UsageError
	switch {
	case errors.As(err, &wrong):
		return 2
	case err != nil:
		return 4
	}
	return r.ExitCode()
}

// memory is the planned feature files as a file system, by their own names,
// absolute ones too.
type memory map[string][]byte

// Open is a file by the name under which it was planned.
func (m memory) Open(name string) (fs.File, error) {
	content, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryFile{bytes.NewReader(content), name}, nil
}

type memoryFile struct {
	*bytes.Reader
	name string
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return memoryInfo{f}, nil }
func (f *memoryFile) Close() error               { return nil }

type memoryInfo struct{ f *memoryFile }

func (i memoryInfo) Name() string       { return filepath.Base(i.f.name) }
func (i memoryInfo) Size() int64        { return i.f.Reader.Size() }
func (i memoryInfo) Mode() fs.FileMode  { return 0o444 }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return false }
func (i memoryInfo) Sys() any           { return nil }
