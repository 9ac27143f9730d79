package realparts

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// Row is one line of the table at the end of a run.
type Row struct {
	Part    string
	Outcome string // "ran", "skipped", or "not run" when no test needed it
	Why     string
	Fails   bool // the run isn't whole, and nobody allowed it
}

// Summarize makes the table of records: first the expected parts, then any
// others. allowed are the parts that may be skipped.
func Summarize(records []Record, allowed []string) []Row {
	parts := slices.Clone(Expected[:])
	for _, r := range records {
		if !slices.Contains(parts, r.Part) {
			parts = append(parts, r.Part)
		}
	}
	var rows []Row
	for _, part := range parts {
		row := rowOf(part, records)
		if row.Outcome != "ran" && !slices.Contains(allowed, part) {
			row.Fails = true
		}
		rows = append(rows, row)
	}
	return rows
}

// rowOf sums up one part: it ran if one test ran with it, and a skip beside
// that is still told.
func rowOf(part string, records []Record) Row {
	var ran int
	var skips []string
	for _, r := range records {
		switch {
		case r.Part != part:
		case r.Ran:
			ran++
		default:
			skips = append(skips, fmt.Sprintf("%s (%s)", r.Why, r.Test))
		}
	}
	slices.Sort(skips)
	skipped := strings.Join(slices.Compact(skips), "; ")
	switch {
	case ran == 0 && skipped == "":
		return Row{Part: part, Outcome: "not run", Why: "no test used it"}
	case ran == 0:
		return Row{Part: part, Outcome: "skipped", Why: skipped}
	case skipped != "":
		return Row{Part: part, Outcome: "ran", Why: fmt.Sprintf("in %s; elsewhere skipped: %s", tests(ran), skipped)}
	}
	return Row{Part: part, Outcome: "ran", Why: "in " + tests(ran)}
}

// ReadRecords reads all records of a folder.
func ReadRecords(folder string) ([]Record, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			var r Record
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			records = append(records, r)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return records, nil
}

// Print writes the table of the run that the environment describes, and says
// whether the run was whole.
func Print(w io.Writer) (whole bool, err error) {
	records, err := ReadRecords(os.Getenv(folderVariable))
	if err != nil {
		return false, fmt.Errorf("reading the records of real parts: %w", err)
	}
	return print(w, Summarize(records, names(os.Getenv(allowVariable))))
}

func print(w io.Writer, rows []Row) (whole bool, err error) {
	whole = true
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "part\tran or skipped\twhy")
	for _, row := range rows {
		outcome := row.Outcome
		if outcome != "ran" && !row.Fails {
			outcome += " (allowed)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", row.Part, outcome, row.Why)
		whole = whole && !row.Fails
	}
	return whole, table.Flush()
}

// names splits a list at commas and spaces.
func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func tests(n int) string {
	if n == 1 {
		return "1 test"
	}
	return fmt.Sprintf("%d tests", n)
}
