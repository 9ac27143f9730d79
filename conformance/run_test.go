package conformance

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kazasu/conformance/report"
)

const verdicts = `Feature: every way to end

  # clause: here
  @AA-01 @must
  Scenario: it holds
    Given the card of "x" is on the reader
    When the terminal sends 00 01 02 03
    Then the answer is 00 01 02 03

  # clause: here
  @AA-02 @must
  Scenario: it does not hold
    Given the card of "x" is on the reader
    When the terminal sends 00 01 02 03
    Then the answer is 00 01 02 04

  # clause: here
  @AA-03 @should
  Scenario: it should hold
    Given the card of "x" is on the reader
    When the terminal sends 00 01 02 03
    Then the status word is 6A82

  # clause: here
  @AA-04 @behaviour
  Scenario: the real one does
    Given the card of "x" is on the reader
    When the terminal sends 00 01 02 03
    Then the status word is 6A82

  # clause: here
  @AA-05 @must
  Scenario: the harness breaks
    Given the card of "x" is on the reader
    When the terminal sends 6E 01 00 00

  # clause: here
  @AA-06 @must @needs-moon
  Scenario: the rig hasn't got it
    Given the card of "x" is on the reader

  # clause: here
  @AA-07 @must
  Scenario: a control fails
    Given a control login of "nobody" succeeds

  # clause: here
  # part: what nobody looks at
  @AA-08 @must
  Scenario Outline: one row fails, by <what>
    Given the card of "x" is on the reader
    When the terminal sends <command>
    Then the answer is 00 00 00 00

    Examples:
      | what     | command     |
      | honesty  | 00 00 00 00 |
      | a lie    | 00 00 00 01 |
      |          | 00000000    |
`

func verdictsOf(r Results) map[string]Verdict {
	found := map[string]Verdict{}
	for _, c := range r.Checks {
		found[c.ID] = c.Verdict
	}
	return found
}

func TestEveryVerdict(t *testing.T) {
	path := feature(t, "verdicts.feature", verdicts)
	for _, row := range []struct {
		name     string
		parallel int
		strict   bool
		should   Verdict
	}{
		{"one at a time", 1, false, report.Warned},
		{"eight at once", 8, false, report.Warned},
		{"strict", 1, true, report.Failed},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := options(t, path)
			o.Parallel, o.Strict, o.Out = row.parallel, row.strict, t.TempDir()
			told := map[string]int{}
			o.Progress = func(c Check) { told[c.ID]++ }
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]Verdict{
				"AA-01": report.Passed, "AA-02": report.Failed, "AA-03": row.should, "AA-04": report.Warned,
				"AA-05": report.Error, "AA-06": report.NotApplicable, "AA-07": report.Inconclusive,
				"AA-08": report.Failed,
			}
			got := verdictsOf(r)
			for id, verdict := range want {
				if got[id] != verdict {
					t.Errorf("%s is %s, want %s", id, got[id], verdict)
				}
				if told[id] != 1 {
					t.Errorf("%s was told %d times", id, told[id])
				}
			}
			if code := ExitCode(r, nil); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
		})
	}
}

func TestFailureShowsBothSidesAndHowToRepeatIt(t *testing.T) {
	o := options(t, feature(t, "verdicts.feature", verdicts))
	o.Tags, o.Out = "@AA-02", t.TempDir()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c := r.Checks[0]
	if c.Expected != "data of the answer: 00 01 02 04" || c.Observed != "00 01 02 03" {
		t.Errorf("expected %q, observed %q", c.Expected, c.Observed)
	}
	if c.Replay != "kazasu run AA-02 --rig fake --seed 7" || c.Clause != "here" {
		t.Errorf("replay %q, clause %q", c.Replay, c.Clause)
	}
	content, err := os.ReadFile(filepath.Join(o.Out, filepath.FromSlash(c.Evidence[0])))
	if err != nil {
		t.Fatal(err)
	}
	var evidence struct {
		ID       string
		Observed string
		Events   []struct{ Command string }
	}
	if err := json.Unmarshal(content, &evidence); err != nil {
		t.Fatal(err)
	}
	if evidence.ID != "AA-02" || evidence.Observed != "00 01 02 03" || len(evidence.Events) == 0 {
		t.Errorf("evidence: %s", content)
	}
	for _, name := range []string{"results.json", "junit.xml", "report.html"} {
		if _, err := os.Stat(filepath.Join(o.Out, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestOutlineSaysWhichRowFailed(t *testing.T) {
	for _, parallel := range []int{1, 8} {
		o := options(t, feature(t, "verdicts.feature", verdicts))
		o.Tags, o.Parallel = "@AA-08", parallel
		var told []Check
		o.Progress = func(c Check) { told = append(told, c) }
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		c := r.Checks[0]
		if want := "one row fails, by honesty, a lie, nothing (part)"; c.Title != want {
			t.Errorf("title %q, want %q", c.Title, want)
		}
		if want := "a lie: 00 00 00 01\n  passed   honesty\n  failed   a lie\n  passed   nothing"; c.Observed != want {
			t.Errorf("observed:\n%s\nwant:\n%s", c.Observed, want)
		}
		if c.Part != "what nobody looks at" {
			t.Errorf("part %q", c.Part)
		}
		if len(told) != 1 || told[0].Observed != c.Observed {
			t.Errorf("told %d times: %+v", len(told), told)
		}
	}
}

func TestLongTitlesAreCut(t *testing.T) {
	words := []string{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccccccc", "dd"}
	for _, row := range []struct {
		values []string
		want   string
	}{
		{words[:1], words[0]},
		{words[:2], words[0] + ", " + words[1]},
		{words, words[0] + ", " + words[1] + " and 2 more"},
	} {
		if got := listed(row.values); got != row.want {
			t.Errorf("%q", got)
		}
	}
}

func TestTimeIsUp(t *testing.T) {
	o := options(t, feature(t, "slow.feature", `Feature: slow
  @AA-10 @must
  Scenario: no answer in time
    Given the card of "x" is on the reader
    When the terminal sends EE 00 00 00
`))
	o.Timeout = 20 * time.Millisecond
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Checks[0].Verdict; got != report.Inconclusive {
		t.Errorf("%s: %s", got, r.Checks[0].Observed)
	}
	if code := ExitCode(r, nil); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
}

func TestUndefinedStepProposesTheNearest(t *testing.T) {
	path := feature(t, "mine.feature", `# language: ja
機能: 自作
  シナリオ: 打ち間違い
    前提「hanako」のカードがかざされている
    ならば ステータスワードは 9000 です
`)
	_, err := Run(t.Context(), options(t, path))
	var wrong *UsageError
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(wrong.Message, path+":5: ") || !strings.Contains(wrong.Message, "ステータスワードは {word} である") {
		t.Errorf("message:\n%s", wrong.Message)
	}
	if ExitCode(Results{}, err) != 2 {
		t.Errorf("exit code %d, want 2", ExitCode(Results{}, err))
	}
}

// TestScenarioWithoutSteps: a mistyped keyword leaves a scenario empty.
func TestScenarioWithoutSteps(t *testing.T) {
	path := feature(t, "mine.feature", "Feature: mine\n\n  Scenario: mistyped\n    Give \"hanako\" logs in\n")
	_, err := Run(t.Context(), options(t, path))
	var wrong *UsageError
	if !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Message, path+":3: the scenario has no steps") {
		t.Fatalf("got %v", err)
	}
	if ExitCode(Results{}, err) != 2 {
		t.Errorf("exit code %d, want 2", ExitCode(Results{}, err))
	}
}

// TestReplayIsExact: what decides a verdict is in the line, and what doesn't
// is not.
func TestReplayIsExact(t *testing.T) {
	r := &run{Options: Options{
		Select: []string{"my features/a.feature", "CA"}, Tags: "@must and not @CA-11", Seed: 42, Parallel: 8, Strict: true,
		Faults: []string{"idp.wrong-nonce", "card.slow=2s"}, Rig: "rigs/mine.yaml", Out: "out",
	}}
	const check = "kazasu run OP-25 --rig rigs/mine.yaml --seed 42 --strict --fault idp.wrong-nonce --fault card.slow=2s"
	if got := r.replay("OP-25"); got != check {
		t.Errorf("check:\n got %s\nwant %s", got, check)
	}
	const whole = "kazasu run 'my features/a.feature' CA --rig rigs/mine.yaml --tags '@must and not @CA-11' --seed 42 --strict --fault idp.wrong-nonce --fault card.slow=2s"
	if got := r.replay(""); got != whole {
		t.Errorf("whole run:\n got %s\nwant %s", got, whole)
	}
	r = &run{Options: Options{Rig: "virtual", Seed: 1}}
	if got := r.replay("CA-01"); got != "kazasu run CA-01 --seed 1" {
		t.Errorf("honest run on the usual rig: %s", got)
	}
}

func TestStrangersFeatureInJapanese(t *testing.T) {
	path := feature(t, "mine.feature", `# language: ja
機能: 自作の検査
  シナリオ: カードが応答する
    前提「hanako」のカードがかざされている
    もし 端末が 00 A4 04 0C を送る
    ならば ステータスワードは 9000 である
    かつ 応答は 4 バイトである
`)
	r, err := Run(t.Context(), options(t, filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Checks[0]
	if c.Verdict != report.Passed || c.Level != report.Must || c.Group != "own" || c.ID != path+":3" {
		t.Errorf("%+v", c)
	}
}

func TestWrongRequests(t *testing.T) {
	twice := feature(t, "twice.feature", "Feature: f\n  @AA-01 @must\n  Scenario: a\n    Given the card of \"x\" is on the reader\n  @AA-01 @must\n  Scenario: b\n    Given the card of \"x\" is on the reader\n")
	broken := feature(t, "broken.feature", "Feature: f\n  Scenario: a\n    Given x\n    Nonsense here\n")
	for _, row := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"unknown check", func(o *Options) { o.Select = []string{"CA-O4"} }, `"CA-O4" is no check`},
		{"no such path", func(o *Options) { o.Select = []string{"nowhere/x.feature"} }, "is no check, no group and no feature file"},
		{"same ID twice", func(o *Options) { o.Select = []string{twice} }, "ID AA-01 is taken by"},
		{"not Gherkin", func(o *Options) { o.Select = []string{broken} }, "broken.feature"},
		{"broken tags", func(o *Options) { o.Tags = "@must and (" }, "tag expression"},
		{"nothing left", func(o *Options) { o.Tags = "@nobody" }, "no check fits"},
		{"unknown format", func(o *Options) { o.Formats = []string{"pdf"} }, "no format is called"},
		{"unknown fault", func(o *Options) { o.Faults = []string{"no.such"} }, "fault no.such"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := options(t, "CA-04")
			row.change(&o)
			_, err := Run(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), row.want) || ExitCode(Results{}, err) != 2 {
				t.Errorf("got %v (exit %d), want %q and exit 2", err, ExitCode(Results{}, err), row.want)
			}
		})
	}
}

func TestUnknownCheckProposesTheNearest(t *testing.T) {
	_, err := List([]string{"CA-O4"}, "")
	var wrong *UsageError
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Hint, "CA-04") {
		t.Errorf("got %v", err)
	}
}

func TestTagExpressions(t *testing.T) {
	tags := []string{"@must", "@CA-12"}
	for _, row := range []struct {
		expression string
		want       bool
	}{
		{"", true}, {"@must", true}, {"not @must", false}, {"@must and not @should", true},
		{"@should or @CA-12", true}, {"not (@should or @CA-12)", false}, {"@should and @must or @must", true},
	} {
		match, err := parseTags(row.expression)
		if err != nil {
			t.Fatalf("%s: %v", row.expression, err)
		}
		if got := match(tags); got != row.want {
			t.Errorf("%q is %v for %v, want %v", row.expression, got, tags, row.want)
		}
	}
}

func TestOneScenarioByItsLine(t *testing.T) {
	path := feature(t, "verdicts.feature", verdicts)
	r, err := Run(t.Context(), options(t, path+":7"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Checks) != 1 || r.Checks[0].ID != "AA-01" {
		t.Errorf("got %+v", r.Checks)
	}
}

func TestEvidenceKeepsNoPIN(t *testing.T) {
	o := options(t, feature(t, "pin.feature", `Feature: secrets
  @AA-11 @must
  Scenario: a PIN, by step and by table
    Given the card of "x" is on the reader
    And the application D3 92 F0 00 26 01 00 00 00 01 is selected
    And the file 00 18 is selected
    When the PIN "7391" is sent
    Then these commands are answered:
      | command              | status |
      | 00200080 04 37333931 | 63C2   |
`))
	o.Out = t.TempDir()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Checks[0]; c.Verdict != report.Failed || !strings.HasPrefix(c.Expected, "answer to 0020008004 …") {
		t.Errorf("%s: %s", c.Verdict, c.Expected)
	}
	err = filepath.WalkDir(o.Out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, secret := range []string{"7391", "37333931", "37 33 39 31"} {
			if strings.Contains(string(content), secret) {
				t.Errorf("%s holds the PIN as %q", filepath.Base(path), secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
