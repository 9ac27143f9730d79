// Package report is what a run of the suite leaves behind, and the files made
// from it: results.json is the truth, and report.html and junit.xml are pure
// functions of it.
//
// A [Results] holds one [Check] for each check that was selected, in the
// order of the catalogue, whatever the order in which they ran. Verdicts are
// ours, not the runner's: failed means that the subject is wrong, error that
// we are, inconclusive that there was no evidence in time.
//
// What is written is written whole: a reader finds the old file or the new
// one, never half of one.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Schema names the format of results.json and its version; readers refuse
// another one.
const Schema = "kazasu.results/1"

// Verdict is what a check says of its subject.
type Verdict string

// The verdicts, and what each means.
const (
	Passed        Verdict = "passed"
	Failed        Verdict = "failed"         // the subject is wrong
	Warned        Verdict = "warned"         // it differs, and nothing obliges it not to
	NotApplicable Verdict = "not-applicable" // the subject or the rig doesn't have what it checks
	Skipped       Verdict = "skipped"        // not implemented, or nobody there to help
	Inconclusive  Verdict = "inconclusive"   // no evidence in time, or a control login failed
	Error         Verdict = "error"          // we are wrong
)

// Verdicts lists every verdict, the gravest first.
func Verdicts() []Verdict {
	return []Verdict{Error, Failed, Inconclusive, Warned, Skipped, NotApplicable, Passed}
}

// Worse says that v weighs more than other when both are found for one check.
func (v Verdict) Worse(other Verdict) bool { return v.gravity() < other.gravity() }

func (v Verdict) gravity() int {
	for i, known := range Verdicts() {
		if v == known {
			return i
		}
	}
	return len(Verdicts())
}

// Level says how binding a check is.
type Level string

// The levels of the catalogue.
const (
	Must        Level = "must"        // a standard or the service's own text demands it
	Should      Level = "should"      // recommended; warned unless the run is strict
	Behaviour   Level = "behaviour"   // the real thing was seen to do it; warned at most
	Performance Level = "performance" // time or robustness
	Imported    Level = "imported"    // evidence that a laboratory brought
)

// Levels lists every level, the most binding first.
func Levels() []Level { return []Level{Must, Should, Behaviour, Performance, Imported} }

// Results is one run of the suite.
type Results struct {
	Schema  string    `json:"schema"`
	Suite   string    `json:"suite"`   // name and version of the suite
	Subject string    `json:"subject"` // what was judged
	Profile string    `json:"profile"` // what the subject claims to be; "daa" is デジタル認証アプリ
	Rig     string    `json:"rig"`     // what stood on the bench
	Faults  []string  `json:"faults"`  // those that were on for the whole run
	Seed    int64     `json:"seed"`
	Replay  string    `json:"replay"` // the line that does the whole run again
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Summary Summary   `json:"summary"`
	Checks  []Check   `json:"checks"`
}

// Summary counts the checks by verdict.
type Summary struct {
	Passed        int `json:"passed"`
	Failed        int `json:"failed"`
	Warned        int `json:"warned"`
	NotApplicable int `json:"not_applicable"`
	Skipped       int `json:"skipped"`
	Inconclusive  int `json:"inconclusive"`
	Error         int `json:"error"`
}

// Check is one check and its verdict.
type Check struct {
	ID       string  `json:"id"`
	Group    string  `json:"group"`
	Level    Level   `json:"level"`
	Title    string  `json:"title"`
	Clause   string  `json:"clause"`         // where it is written
	Part     string  `json:"part,omitempty"` // what the catalogue asks that was not looked at
	Verdict  Verdict `json:"verdict"`
	Waived   *Waiver `json:"waived"` // null unless a waiver stands beside the verdict
	Expected string  `json:"expected"`
	Observed string  `json:"observed"`
	Seconds  float64 `json:"seconds"`

	Measurements []Measurement `json:"measurements"`
	Evidence     []string      `json:"evidence"` // files, relative to results.json
	Replay       string        `json:"replay"`   // the line that runs it again
}

// Waiver excuses one check until a day.
type Waiver struct {
	Reason  string `json:"reason"`
	Expires string `json:"expires"` // YYYY-MM-DD
}

// Measurement is a number that a check took.
type Measurement struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Count adds up the checks by verdict.
func Count(checks []Check) Summary {
	var s Summary
	for _, c := range checks {
		*s.of(c.Verdict)++
	}
	return s
}

// Of is the number of checks with verdict v.
func (s Summary) Of(v Verdict) int { return *s.of(v) }

func (s *Summary) of(v Verdict) *int {
	switch v {
	case Passed:
		return &s.Passed
	case Failed:
		return &s.Failed
	case Warned:
		return &s.Warned
	case NotApplicable:
		return &s.NotApplicable
	case Skipped:
		return &s.Skipped
	case Inconclusive:
		return &s.Inconclusive
	case Error:
		return &s.Error
	}
	panic(fmt.Sprintf("report: no verdict is called %q", v))
}

// Total is the number of checks.
func (s Summary) Total() int {
	return s.Passed + s.Failed + s.Warned + s.NotApplicable + s.Skipped + s.Inconclusive + s.Error
}

// ExitCode is what the program ends with: 0 when at least one check passed
// and no required one failed, was in error or inconclusive; 1 when some
// failed; 4 when the harness broke; 3 when nothing conclusive was found.
// A check of level behaviour or imported is never required, and a waived
// failure is excused.
func (r Results) ExitCode() int {
	var failed, broke, open bool
	for _, c := range r.Checks {
		if c.Level == Behaviour || c.Level == Imported || c.Waived != nil {
			continue
		}
		failed = failed || c.Verdict == Failed
		broke = broke || c.Verdict == Error
		open = open || c.Verdict == Inconclusive
	}
	switch {
	case failed:
		return 1
	case broke:
		return 4
	case open, r.Summary.Passed == 0:
		return 3
	}
	return 0
}

// JSON is results.json: indented, and the schema first.
func JSON(r Results) ([]byte, error) {
	r.Schema = Schema
	if r.Checks == nil {
		r.Checks = []Check{}
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing results.json: %w", err)
	}
	return append(b, '\n'), nil
}

// ErrSchema says that a file is no results.json of a version we read.
var ErrSchema = errors.New("not a " + Schema + " file")

// Parse reads results.json.
func Parse(b []byte) (Results, error) {
	var r Results
	if err := json.Unmarshal(b, &r); err != nil {
		return Results{}, fmt.Errorf("reading results.json: %w", err)
	}
	if r.Schema != Schema {
		return Results{}, fmt.Errorf("reading results.json: schema %q: %w", r.Schema, ErrSchema)
	}
	return r, nil
}

// groupNames are what the catalogue calls its groups, in English and Japanese.
var groupNames = map[string][2]string{
	"CA": {"Card", "カード"},
	"OP": {"Provider", "プロバイダー"},
	"RP": {"Relying party: does it right", "サービス側・正常系"},
	"RN": {"Relying party: refuses lies", "サービス側・異常系"},
	"PK": {"Certificates and revocation", "証明書と失効"},
	"RD": {"Reader and link", "リーダーと接続"},
	"PH": {"Phone", "スマートフォン"},
	"SG": {"Signing", "署名"},
	"ST": {"Stories", "利用者の物語"},
}

// GroupName is the group's name in lang ("ja", else English); a group that
// isn't in the catalogue is called by itself.
func GroupName(group, lang string) string {
	names, ok := groupNames[strings.ToUpper(group)]
	switch {
	case !ok:
		return group
	case lang == "ja":
		return names[1]
	}
	return names[0]
}
