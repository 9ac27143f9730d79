package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kazasu/conformance/steps"
	"kazasu/features"
)

// UsageError says that what was asked for is wrong, not the subject: an
// unknown check, an unreadable feature, a step that isn't there. The program
// ends with 2.
type UsageError struct {
	Message string
	Hint    string // the cure, where one is known
}

func (e *UsageError) Error() string { return e.Message }

func usage(format string, args ...any) *UsageError {
	return &UsageError{Message: fmt.Sprintf(format, args...)}
}

// plan is what will run: the chosen scenarios in order, and the files that
// hold them.
type plan struct {
	files  map[string][]byte
	chosen []scenario
}

// List is every check that selectors and tags choose, in the order of the
// catalogue; without selectors the whole catalogue. It touches no hardware.
// See [Options] for what a selector is.
func List(selectors []string, tags string) ([]Info, error) {
	p, err := makePlan(selectors, tags)
	if err != nil {
		return nil, err
	}
	infos := []Info{}
	for _, s := range p.chosen {
		if s.Needs == nil {
			s.Needs = []string{}
		}
		infos = append(infos, s.Info)
	}
	return infos, nil
}

func makePlan(selectors []string, tags string) (*plan, error) {
	expression, err := parseTags(tags)
	if err != nil {
		return nil, err
	}
	files, catalogue, err := readFeatures(features.Files)
	if err != nil {
		return nil, err
	}
	p := &plan{files: files}
	if len(selectors) == 0 {
		p.chosen = catalogue
	}
	for _, selector := range selectors {
		if err := p.add(selector, catalogue); err != nil {
			return nil, err
		}
	}
	p.chosen = slices.DeleteFunc(p.chosen, func(s scenario) bool { return !expression(s.tags) })
	if len(p.chosen) == 0 {
		return nil, usage("no check fits: %s %s", strings.Join(selectors, " "), tags)
	}
	return p, unique(p.chosen)
}

// add chooses what one selector names: an ID, a group, or a path.
func (p *plan) add(selector string, catalogue []scenario) error {
	named := slices.DeleteFunc(slices.Clone(catalogue), func(s scenario) bool {
		return !strings.EqualFold(s.ID, selector) && !strings.EqualFold(s.Group, selector)
	})
	if len(named) == 0 {
		var err error
		if named, err = p.fromPath(selector); err != nil {
			return unknownSelector(selector, catalogue, err)
		}
	}
	for _, s := range named {
		if !slices.ContainsFunc(p.chosen, func(other scenario) bool { return other.key() == s.key() }) {
			p.chosen = append(p.chosen, s)
		}
	}
	return nil
}

var pathLine = regexp.MustCompile(`^(.+\.feature):([0-9]+)$`)

// fromPath reads a stranger's feature file, or all in a folder; path:line is
// the scenario that begins on that line, or spans it.
func (p *plan) fromPath(path string) ([]scenario, error) {
	line := 0
	if m := pathLine.FindStringSubmatch(path); m != nil {
		path = m[1]
		line, _ = strconv.Atoi(m[2])
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		found, err := p.fromFile(path)
		return atLine(path, line, found, err)
	}
	var found []scenario
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".feature") {
			return err
		}
		scenarios, err := p.fromFile(name)
		found = append(found, scenarios...)
		return err
	})
	if err == nil && len(found) == 0 {
		err = usage("%s: no .feature file with a scenario is in this folder", path)
	}
	return found, err
}

func (p *plan) fromFile(path string) ([]scenario, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("reading feature: %v", err)
	}
	p.files[path] = content
	found, err := parseFeature(path, content, true)
	if err == nil && len(found) == 0 {
		err = usage("%s: no scenario is in this file", path)
	}
	return found, err
}

func atLine(path string, line int, found []scenario, err error) ([]scenario, error) {
	if err != nil || line == 0 {
		return found, err
	}
	at := -1
	for i, s := range found {
		if s.line <= line {
			at = i
		}
	}
	if at < 0 {
		return nil, usage("%s:%d: no scenario begins on or above this line", path, line)
	}
	return found[at : at+1], nil
}

// unknownSelector proposes the nearest IDs and groups.
func unknownSelector(selector string, catalogue []scenario, err error) error {
	var wrong *UsageError
	if errors.As(err, &wrong) {
		return wrong
	}
	best, distance := "", 4
	for _, s := range catalogue {
		for _, name := range []string{s.ID, s.Group} {
			if d := steps.Distance(strings.ToUpper(selector), name); d < distance {
				best, distance = name, d
			}
		}
	}
	e := usage("%q is no check, no group and no feature file", selector)
	if best != "" {
		e.Hint = fmt.Sprintf("did you mean %s? kazasu list shows every check", best)
	} else {
		e.Hint = "kazasu list shows every check"
	}
	return e
}

// unique refuses two scenarios with one ID, from whatever files.
func unique(chosen []scenario) error {
	where := map[string]string{}
	for _, s := range chosen {
		if first, taken := where[s.ID]; taken {
			return usage("%s: ID %s is taken by %s", s.key(), s.ID, first)
		}
		where[s.ID] = s.key()
	}
	return nil
}

// undefined lists the steps that the vocabulary doesn't have, with the nearest
// that it has.
func (p *plan) undefined(bound *steps.Bound) error {
	var lines []string
	seen := map[string]bool{}
	for _, s := range p.chosen {
		if len(s.steps) == 0 {
			lines = append(lines, fmt.Sprintf("%s: the scenario has no steps; a step begins with one of the words Given, When, Then, And, But or *, in Japanese 前提, もし, ならば, かつ", s.key()))
		}
		for _, step := range s.steps {
			at := fmt.Sprintf("%s:%d", s.path, step.line)
			if bound.Defined(step.text) || seen[at+step.text] {
				continue
			}
			seen[at+step.text] = true
			lines = append(lines, fmt.Sprintf("%s: no step says %q; the nearest are:", at, step.text))
			for _, near := range bound.Nearest(step.text, 3) {
				lines = append(lines, "    "+near)
			}
		}
	}
	if lines == nil {
		return nil
	}
	return &UsageError{Message: strings.Join(lines, "\n"), Hint: "kazasu steps lists the whole vocabulary; --lang ja in Japanese"}
}
