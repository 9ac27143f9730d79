package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample is a run with every verdict.
func sample() Results {
	r := Results{
		Suite: "kazasu 0.1", Subject: "kazasu reference", Profile: "daa", Rig: "virtual", Seed: 7,
		Started: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC), Seconds: 4.2,
		Checks: []Check{
			{ID: "CA-02", Group: "CA", Level: Must, Title: "SELECT by name", Clause: "ISO/IEC 7816-4 §7.1.1", Verdict: Passed, Seconds: 0.004, Replay: "kazasu run CA-02 --seed 7", Evidence: []string{"evidence/CA-02.json"}},
			{ID: "CA-35", Group: "CA", Level: Must, Title: `<script>alert("x")</script>`, Verdict: Failed, Expected: "signature: one that verifies", Observed: "verification error", Replay: "kazasu run CA-35 --seed 7"},
			{ID: "CA-36", Group: "CA", Level: Behaviour, Title: "modes", Verdict: Warned, Expected: "6A86", Observed: "6D00"},
			{ID: "RN-07", Group: "RN", Level: Must, Title: "wrong nonce", Verdict: Inconclusive, Observed: "control login failed"},
			{ID: "RD-41", Group: "RD", Level: Performance, Title: "bridge", Verdict: NotApplicable, Observed: "the rig shows no link", Measurements: []Measurement{{"rate", 7012.4, "1/s"}}},
			{ID: "PH-01", Group: "PH", Level: Must, Title: "phone", Verdict: Skipped, Observed: "nobody there"},
			{ID: "OP-01", Group: "OP", Level: Must, Title: "metadata", Verdict: Error, Observed: "connection refused"},
		},
	}
	r.Summary = Count(r.Checks)
	return r
}

func TestResultsHaveTheMembersThatProgramsRead(t *testing.T) {
	b, err := JSON(sample())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(b), "{\n  \"schema\": \"kazasu.results/1\"") {
		t.Errorf("the schema is not first: %.60s", b)
	}
	var got struct {
		Summary map[string]int
		Checks  []map[string]any
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{"clause", "evidence", "expected", "group", "id", "level", "measurements", "observed", "replay", "seconds", "title", "verdict", "waived"}
	var members []string
	for name := range got.Checks[0] {
		members = append(members, name)
	}
	slices.Sort(members)
	if !slices.Equal(members, want) {
		t.Errorf("members of a check: %v, want %v", members, want)
	}
	for _, name := range []string{"passed", "failed", "warned", "not_applicable", "skipped", "inconclusive", "error"} {
		if got.Summary[name] != 1 {
			t.Errorf("summary.%s = %d, want 1", name, got.Summary[name])
		}
	}
}

func TestResultsComeBack(t *testing.T) {
	b, err := JSON(sample())
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(b)
	if err != nil || len(r.Checks) != 7 || r.Checks[4].Measurements[0].Value != 7012.4 {
		t.Errorf("%v %+v", err, r)
	}
	if _, err := Parse([]byte(`{"schema":"kazasu.results/9"}`)); !errors.Is(err, ErrSchema) {
		t.Errorf("another version: %v", err)
	}
	if _, err := Parse([]byte(`{`)); err == nil {
		t.Error("half a file was read")
	}
}

func TestExitCode(t *testing.T) {
	check := func(v Verdict, l Level) Check { return Check{Verdict: v, Level: l} }
	waived := Check{Verdict: Failed, Level: Must, Waived: &Waiver{"known", "2027-01-01"}}
	for _, row := range []struct {
		name   string
		checks []Check
		want   int
	}{
		{"all passed", []Check{check(Passed, Must)}, 0},
		{"one failed", []Check{check(Passed, Must), check(Failed, Must)}, 1},
		{"failed before error", []Check{check(Error, Must), check(Failed, Must)}, 1},
		{"error", []Check{check(Passed, Must), check(Error, Must)}, 4},
		{"inconclusive", []Check{check(Passed, Must), check(Inconclusive, Should)}, 3},
		{"nothing said anything", []Check{check(Skipped, Must)}, 3},
		{"behaviour never counts", []Check{check(Passed, Must), check(Error, Behaviour)}, 0},
		{"waived", []Check{check(Passed, Must), waived}, 0},
		{"warned", []Check{check(Passed, Must), check(Warned, Should)}, 0},
	} {
		r := Results{Checks: row.checks, Summary: Count(row.checks)}
		if got := r.ExitCode(); got != row.want {
			t.Errorf("%s: exit %d, want %d", row.name, got, row.want)
		}
	}
}

func TestJUnitCounts(t *testing.T) {
	b, err := JUnit(sample())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	if err := xml.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 7 || got.Failures != 1 || got.Errors != 2 || got.Skipped != 2 {
		t.Errorf("%+v, want 7 tests, 1 failure, 2 errors (error and inconclusive), 2 skipped", got)
	}
}

func TestPageAsksNobodyAndEscapes(t *testing.T) {
	b, err := HTML(sample())
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	if found := regexp.MustCompile(`(?i)(src|href|action)="(https?:)?//`).FindString(page); found != "" {
		t.Errorf("the page asks somebody: %s", found)
	}
	if strings.Contains(page, `<script>alert`) {
		t.Error("a title became a script")
	}
	for _, want := range []string{"デジタル庁", "J-LIS", "自己検査", "self-test", "kazasu run CA-35 --seed 7", "verification error", "ISO/IEC 7816-4 §7.1.1", "evidence/CA-02.json"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page doesn't say %q", want)
		}
	}
}

func TestWriteIsWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	if err := Write(dir, sample(), "html"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"report.html", "results.json"}) {
		t.Errorf("files: %v", names)
	}
	if err := Write(dir, sample(), "pdf"); err == nil {
		t.Error("an unknown format was written")
	}
}
