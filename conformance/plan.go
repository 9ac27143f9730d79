package conformance

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"kazasu/conformance/report"
)

// Info is what is known of a check before it runs.
type Info struct {
	ID     string       `json:"id"`
	Group  string       `json:"group"`
	Level  report.Level `json:"level"`
	Title  string       `json:"title"`
	Clause string       `json:"clause"`
	Part   string       `json:"part"`   // what the catalogue's check asks that this one doesn't look at; "" is nothing
	Needs  []string     `json:"needs"`  // what a rig must show
	Faults []string     `json:"faults"` // those it switches on, and those it must notice
}

// scenario is one check as its feature file has it.
type scenario struct {
	Info
	path    string // of the feature file
	line    int
	serial  bool         // runs in the lane of those that touch the whole issuer
	foreign bool         // not from our catalogue
	rows    []exampleRow // one, or one for each example
	tags    []string
	steps   []stepText
}

// stepText is one line that the vocabulary must know.
type stepText struct {
	text string
	line int
}

// key is how the runner knows the scenario: path:line.
func (s scenario) key() string { return s.path + ":" + strconv.Itoa(s.line) }

// groupOwn is the group of checks that a stranger wrote without an ID.
const groupOwn = "own"

var idTag = regexp.MustCompile(`^@([A-Z]{2,4}-[0-9]{2,3})$`)

// parseFeature reads the scenarios of one feature file.
func parseFeature(path string, content []byte, foreign bool) ([]scenario, error) {
	ids := (&messages.Incrementing{}).NewId
	doc, err := gherkin.ParseGherkinDocumentForLanguage(bytes.NewReader(content), gherkin.DefaultDialect, ids)
	if err != nil {
		return nil, usage("%s: %v", path, err)
	}
	if doc.Feature == nil {
		return nil, nil
	}
	doc.Uri = path
	pickles := gherkin.Pickles(*doc, path, ids)
	var found []scenario
	for _, node := range nodes(doc.Feature) {
		s := scenario{path: path, line: int(node.scenario.Location.Line), foreign: foreign}
		s.tags = append(tagNames(doc.Feature.Tags), append(node.tags, tagNames(node.scenario.Tags)...)...)
		s.Clause = commentAbove(doc.Comments, node, clauseComment)
		s.steps, s.rows = stepsOf(node, pickles)
		s.Title = titleOf(node.scenario)
		if s.Part = commentAbove(doc.Comments, node, partComment); s.Part != "" {
			s.Title += " (part)"
		}
		if err := s.readTags(); err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

// node is a scenario with what it inherits.
type node struct {
	scenario   *messages.Scenario
	background []*messages.Step
	tags       []string
	after      int64 // the line on which what stands before it ends
}

// nodes are the scenarios of a feature, those inside rules too.
func nodes(f *messages.Feature) []node {
	var found []node
	last := f.Location.Line
	var background []*messages.Step
	for _, child := range f.Children {
		switch {
		case child.Background != nil:
			background = child.Background.Steps
			last = lastLine(child.Background.Location, child.Background.Steps)
		case child.Scenario != nil:
			found = append(found, node{child.Scenario, background, nil, last})
			last = endOf(child.Scenario)
		case child.Rule != nil:
			var inside []node
			inside, last = ruleNodes(child.Rule, background)
			found = append(found, inside...)
		}
	}
	return found
}

func ruleNodes(rule *messages.Rule, background []*messages.Step) (found []node, last int64) {
	last = rule.Location.Line
	for _, child := range rule.Children {
		switch {
		case child.Background != nil:
			background = append(slices.Clone(background), child.Background.Steps...)
			last = lastLine(child.Background.Location, child.Background.Steps)
		case child.Scenario != nil:
			found = append(found, node{child.Scenario, background, tagNames(rule.Tags), last})
			last = endOf(child.Scenario)
		}
	}
	return found, last
}

func lastLine(at *messages.Location, steps []*messages.Step) int64 {
	if len(steps) == 0 {
		return at.Line
	}
	return steps[len(steps)-1].Location.Line
}

func endOf(s *messages.Scenario) int64 {
	last := lastLine(s.Location, s.Steps)
	for _, e := range s.Examples {
		last = max(last, e.Location.Line)
		for _, row := range e.TableBody {
			last = max(last, row.Location.Line)
		}
	}
	return last
}

func tagNames(tags []*messages.Tag) []string {
	var names []string
	for _, t := range tags {
		names = append(names, t.Name)
	}
	return names
}

var (
	clauseComment = regexp.MustCompile(`^\s*#\s*(?:clause|条項)\s*[:：]\s*(.+?)\s*$`)
	partComment   = regexp.MustCompile(`^\s*#\s*(?:part|一部)\s*[:：]\s*(.+?)\s*$`)
)

// commentAbove is what such a comment says that stands between what is before
// the scenario and its keyword line.
func commentAbove(comments []*messages.Comment, n node, form *regexp.Regexp) string {
	for _, c := range comments {
		if c.Location.Line <= n.after || c.Location.Line >= n.scenario.Location.Line {
			continue
		}
		if m := form.FindStringSubmatch(c.Text); m != nil {
			return m[1]
		}
	}
	return ""
}

// stepsOf are the texts that the runner will look up: those of the pickles,
// in which the examples of an outline are filled in, and the rows themselves.
func stepsOf(n node, pickles []*messages.Pickle) (steps []stepText, rows []exampleRow) {
	lines, labels := map[string]int{}, labelsOf(n.scenario)
	for _, step := range append(slices.Clone(n.background), n.scenario.Steps...) {
		lines[step.Id] = int(step.Location.Line)
	}
	for _, p := range pickles {
		if p.AstNodeIds[0] != n.scenario.Id {
			continue
		}
		rows = append(rows, exampleRow{labels[p.AstNodeIds[len(p.AstNodeIds)-1]], fingerprint(p)})
		for _, step := range p.Steps {
			steps = append(steps, stepText{step.Text, lines[step.AstNodeIds[0]]})
		}
	}
	return steps, rows
}

// readTags takes ID, level, lane and needs out of the tags, and the faults out
// of the steps. A stranger's scenario may do without ID and level.
func (s *scenario) readTags() error {
	for _, tag := range s.tags {
		name := strings.TrimPrefix(tag, "@")
		switch {
		case idTag.MatchString(tag):
			if s.ID != "" {
				return usage("%s: a scenario has one ID, this one has %s and %s", s.key(), s.ID, name)
			}
			s.ID, s.Group = name, name[:strings.Index(name, "-")]
		case slices.Contains(report.Levels(), report.Level(name)):
			s.Level = report.Level(name)
		case tag == "@lane-issuer":
			s.serial = true
		case strings.HasPrefix(name, "needs-"):
			s.Needs = append(s.Needs, strings.TrimPrefix(name, "needs-"))
		}
	}
	if s.ID == "" {
		s.ID, s.Group = s.key(), groupOwn
	}
	if s.Level == "" && (s.foreign || s.Group == groupOwn) {
		s.Level = report.Must
	}
	s.Faults = s.faultsNamed()
	return nil
}

var faultName = regexp.MustCompile(`["「]((?:card|link|idp|ca)\.[a-z-]+)["」]`)

func (s *scenario) faultsNamed() []string {
	named := []string{}
	for _, step := range s.steps {
		for _, m := range faultName.FindAllStringSubmatch(step.text, -1) {
			named = append(named, m[1])
		}
	}
	for _, row := range Notices() {
		if row.Check == s.ID {
			named = append(named, row.Fault)
		}
	}
	slices.Sort(named)
	return slices.Compact(named)
}

// readFeatures reads every feature file below the root of a file system.
func readFeatures(files fs.FS) (map[string][]byte, []scenario, error) {
	contents := map[string][]byte{}
	var found []scenario
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".feature") {
			return err
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		contents[path] = content
		scenarios, err := parseFeature(path, content, false)
		found = append(found, scenarios...)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading features: %w", err)
	}
	slices.SortStableFunc(found, byCatalogue)
	return contents, found, nil
}

// groupOrder is the order in which people read the groups.
const groupOrder = "CA RD PK OP RP RN PH SG ST"

// byCatalogue sorts by group, then ID; checks without one stay in the order
// of their files.
func byCatalogue(a, b scenario) int {
	if a.Group != b.Group {
		return cmp.Compare(groupRank(a.Group), groupRank(b.Group))
	}
	if a.Group == groupOwn {
		return 0
	}
	return cmp.Compare(a.ID, b.ID)
}

func groupRank(group string) int {
	if at := strings.Index(groupOrder, group); at >= 0 {
		return at
	}
	return len(groupOrder)
}
