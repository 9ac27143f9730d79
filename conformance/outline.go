package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	messages "github.com/cucumber/messages/go/v21"

	"kazasu/conformance/report"
)

// exampleRow is one way in which a scenario runs: an outline has one for each
// line of its examples, any other scenario has one without a label.
type exampleRow struct {
	label string // the values by which a person tells it from its siblings
	print string // of its steps, by which the runner's is found
}

// hole is what an outline's examples fill in, each row differently.
var hole = regexp.MustCompile(`<([^<>]+)>`)

// labelsOf are the labels of an outline's rows, by the ID of their line: what
// they fill into the name, or their first cell when the name is the same for
// all.
func labelsOf(s *messages.Scenario) map[string]string {
	labels := map[string]string{}
	for _, examples := range s.Examples {
		for _, line := range examples.TableBody {
			cells := cellsOf(examples, line)
			var values []string
			for _, m := range hole.FindAllStringSubmatch(s.Name, -1) {
				values = append(values, shownValue(cells[m[1]]))
			}
			if values == nil && len(line.Cells) > 0 {
				values = []string{shownValue(line.Cells[0].Value)}
			}
			labels[line.Id] = strings.Join(values, ", ")
		}
	}
	return labels
}

func cellsOf(examples *messages.Examples, line *messages.TableRow) map[string]string {
	cells := map[string]string{}
	for i, header := range examples.TableHeader.Cells {
		cells[header.Value] = line.Cells[i].Value
	}
	return cells
}

func shownValue(cell string) string {
	if cell == "" {
		return "nothing"
	}
	return cell
}

// titleOf is the scenario's name; in an outline's the values of all rows stand
// where one row's would.
func titleOf(s *messages.Scenario) string {
	return hole.ReplaceAllStringFunc(s.Name, func(placeholder string) string {
		name := strings.Trim(placeholder, "<>")
		var values []string
		for _, examples := range s.Examples {
			for _, line := range examples.TableBody {
				if value, there := cellsOf(examples, line)[name]; there && !slices.Contains(values, shownValue(value)) {
					values = append(values, shownValue(value))
				}
			}
		}
		if values == nil {
			return placeholder
		}
		return listed(values)
	})
}

// listedMax is how many characters of values a title may have.
const listedMax = 80

// listed are the values, or the first of them and how many more there are.
func listed(values []string) string {
	for n := len(values); n > 1; n-- {
		text := strings.Join(values[:n], ", ")
		if n < len(values) {
			text += fmt.Sprintf(" and %d more", len(values)-n)
		}
		if utf8.RuneCountInString(text) <= listedMax {
			return text
		}
	}
	if len(values) == 1 {
		return values[0]
	}
	return fmt.Sprintf("%s and %d more", values[0], len(values)-1)
}

// fingerprint tells the rows of one scenario apart by what they do.
func fingerprint(p *messages.Pickle) string {
	var b strings.Builder
	for _, step := range p.Steps {
		b.WriteString(step.Text)
		b.WriteByte('\n')
		if step.Argument != nil && step.Argument.DataTable != nil {
			for _, line := range step.Argument.DataTable.Rows {
				for _, cell := range line.Cells {
					b.WriteString(cell.Value + "\t")
				}
			}
		}
	}
	return b.String()
}

// exampleOf is where the runner's row stands among the scenario's.
func (s scenario) exampleOf(p *messages.Pickle) int {
	print := fingerprint(p)
	return max(0, slices.IndexFunc(s.rows, func(r exampleRow) bool { return r.print == print }))
}

// observed is what the worst row saw; of an outline it says which row that
// was, and how the others ended.
func (s scenario) observed(worst row, rows []row) string {
	if len(s.rows) < 2 || len(rows) < 2 || allPassed(rows) {
		return worst.observed
	}
	lines := []string{s.rows[worst.example].label + ": " + worst.observed}
	for _, r := range rows {
		lines = append(lines, fmt.Sprintf("  %-8s %s", r.verdict, s.rows[r.example].label))
	}
	return strings.Join(lines, "\n")
}

func allPassed(rows []row) bool {
	return !slices.ContainsFunc(rows, func(r row) bool { return r.verdict != report.Passed })
}
