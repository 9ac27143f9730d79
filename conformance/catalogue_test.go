package conformance

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"kazasu/conformance/report"
	"kazasu/conformance/steps"
	"kazasu/features"
)

// groups of the catalogue, and of our stories.
var groups = []string{"CA", "OP", "PH", "PK", "RD", "RN", "RP", "ST"}

func TestEveryScenarioIsAccountedFor(t *testing.T) {
	_, scenarios, err := readFeatures(features.Files)
	if err != nil {
		t.Fatal(err)
	}
	byGroup := map[string]int{}
	where := map[string]string{}
	for _, s := range scenarios {
		if first := where[s.ID]; first != "" {
			t.Errorf("%s: ID %s is taken by %s", s.key(), s.ID, first)
		}
		where[s.ID] = s.key()
		if !regexp.MustCompile(`^[A-Z]{2}-[0-9]{2}$`).MatchString(s.ID) || !slices.Contains(groups, s.Group) {
			t.Errorf("%s: ID %q is not the catalogue's", s.key(), s.ID)
		}
		if !slices.Contains(report.Levels(), s.Level) {
			t.Errorf("%s: level %q is unknown", s.key(), s.Level)
		}
		if s.Clause == "" {
			t.Errorf("%s: no comment line says \"# clause: …\"", s.key())
		}
		byGroup[s.Group]++
	}
	if len(scenarios) < 60 || byGroup["ST"] != 6 {
		t.Errorf("%d scenarios, %v", len(scenarios), byGroup)
	}
	t.Logf("%d scenarios: %v", len(scenarios), byGroup)
}

func TestEveryStepIsInTheVocabulary(t *testing.T) {
	p, err := makePlan(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.undefined(steps.Bind()); err != nil {
		t.Error(err)
	}
}

func TestStoriesAreToldInJapanese(t *testing.T) {
	files, scenarios, err := readFeatures(features.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		if s.Group == "ST" && !strings.HasPrefix(string(files[s.path]), "# language: ja\n") {
			t.Errorf("%s is not in Japanese", s.key())
		}
	}
}

// whole are the lies that concern everybody on the bench.
var whole = regexp.MustCompile(`"ca\.|revoked with reason|on the bench's clock|失効し`)

func TestWhatConcernsEverybodyRunsAlone(t *testing.T) {
	_, scenarios, err := readFeatures(features.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		for _, step := range s.steps {
			if whole.MatchString(step.text) && !s.serial {
				t.Errorf("%s: %q needs @lane-issuer", s.key(), step.text)
			}
		}
	}
}

// A lie to a relying party stands between two honest logins, and so does what
// else is tagged so: without the controls a refusal proves nothing.
func TestEveryLieStandsBetweenControls(t *testing.T) {
	_, scenarios, err := readFeatures(features.Files)
	if err != nil {
		t.Fatal(err)
	}
	control := regexp.MustCompile(`^a control login of "[a-z]+" succeeds$`)
	lies := []string{"PH-15", "PH-21", "PH-22", "PK-25", "PK-41"}
	for _, s := range scenarios {
		if s.Group != "RN" && !slices.Contains(lies, s.ID) {
			continue
		}
		var controls []int
		for i, step := range s.steps {
			if control.MatchString(step.text) {
				controls = append(controls, i)
			}
		}
		lie := slices.IndexFunc(s.steps, func(step stepText) bool { return strings.Contains(step.text, " refuses ") })
		if len(controls) < 2 || controls[0] > lie || controls[len(controls)-1] != len(s.steps)-1 {
			t.Errorf("%s: the lie doesn't stand between two controls", s.ID)
		}
	}
}

func TestEveryNoticeNamesACheck(t *testing.T) {
	infos, err := List(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range Notices() {
		at := slices.IndexFunc(infos, func(i Info) bool { return i.ID == row.Check })
		if at < 0 {
			t.Errorf("%s is noticed by %s, which is not there", row.Fault, row.Check)
			continue
		}
		if !slices.Contains(infos[at].Faults, row.Fault) {
			t.Errorf("%s doesn't list %s", row.Check, row.Fault)
		}
	}
}
