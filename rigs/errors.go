package rigs

import (
	"fmt"
	"strings"
)

// Error says what is wrong with a file that a user wrote, and where.
type Error struct {
	File    string // as it was named to Load
	Line    int    // from 1
	Column  int    // from 1, in characters
	Key     string // "reader.kind", "clients[0].alg"; empty for the whole file
	Problem string
	Cure    string // what helps, where we know something; else empty
}

// Error is `file:line:col: key "reader.kind": problem`.
func (e *Error) Error() string {
	at := fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Column)
	if e.Key != "" {
		at += fmt.Sprintf("key %q: ", e.Key)
	}
	return at + e.Problem
}

// Hint is what helps, or empty.
func (e *Error) Hint() string { return e.Cure }

// nearest is the known word that s was probably meant to be, "" when none is
// near: at most a third of its letters differ.
func nearest(s string, known []string) string {
	best, bestDistance := "", len(s)/3+1
	for _, word := range known {
		if d := distance(s, word); d < bestDistance {
			best, bestDistance = word, d
		}
	}
	return best
}

// didYouMean is a cure for a word that isn't known.
func didYouMean(s string, known []string) string {
	if word := nearest(s, known); word != "" {
		return fmt.Sprintf("did you mean %q?", word)
	}
	return "known are " + strings.Join(known, ", ")
}

// distance counts the letters to insert, remove, replace or swap with their
// neighbour that lead from a to b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
