package report

import (
	"encoding/xml"
	"fmt"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitOutcome `xml:"failure,omitempty"`
	Error   *junitOutcome `xml:"error,omitempty"`
	Skipped *junitOutcome `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitOutcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit is junit.xml: one suite for each group. An inconclusive check is an
// error there, since JUnit knows no such thing and it must not count as a
// pass; a warning is a pass with a note.
func JUnit(r Results) ([]byte, error) {
	out := junitSuites{Name: r.Suite, Time: seconds(r.Seconds)}
	for _, group := range Groups(r) {
		suite := junitGroup(r, group)
		out.Tests += suite.Tests
		out.Failures += suite.Failures
		out.Errors += suite.Errors
		out.Skipped += suite.Skipped
		out.Suites = append(out.Suites, suite)
	}
	b, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing junit.xml: %w", err)
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

func junitGroup(r Results, group Group) junitSuite {
	suite := junitSuite{
		Name:      group.ID + " " + GroupName(group.ID, "en"),
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"rig", r.Rig}, {"faults", strings.Join(r.Faults, " ")}, {"profile", r.Profile}, {"seed", fmt.Sprint(r.Seed)},
		},
	}
	var total float64
	for _, c := range group.Checks {
		total += c.Seconds
		suite.Tests++
		kase := junitOf(c)
		switch {
		case kase.Failure != nil:
			suite.Failures++
		case kase.Error != nil:
			suite.Errors++
		case kase.Skipped != nil:
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, kase)
	}
	suite.Time = seconds(total)
	return suite
}

func junitOf(c Check) junitCase {
	kase := junitCase{Class: "kazasu." + c.Group, Name: c.ID + " " + c.Title, Time: seconds(c.Seconds)}
	outcome := &junitOutcome{Message: firstLine(c.Observed), Type: string(c.Verdict), Text: junitText(c)}
	switch c.Verdict {
	case Failed:
		kase.Failure = outcome
	case Error, Inconclusive:
		kase.Error = outcome
	case Skipped, NotApplicable:
		kase.Skipped = &junitOutcome{Message: c.Observed}
	case Warned:
		kase.Out = "warned\n" + junitText(c)
	}
	return kase
}

func junitText(c Check) string {
	return fmt.Sprintf("expected: %s\nobserved: %s\nclause:   %s\nreplay:   %s\n", c.Expected, c.Observed, c.Clause, c.Replay)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

// Group is the checks of one group, in the order of the results.
type Group struct {
	ID     string
	Checks []Check
}

// Groups sorts the checks of r into their groups, in the order in which the
// groups first appear.
func Groups(r Results) []Group {
	var groups []Group
	index := map[string]int{}
	for _, c := range r.Checks {
		i, known := index[c.Group]
		if !known {
			i = len(groups)
			index[c.Group] = i
			groups = append(groups, Group{ID: c.Group})
		}
		groups[i].Checks = append(groups[i].Checks, c)
	}
	return groups
}
