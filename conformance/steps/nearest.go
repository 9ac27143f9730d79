package steps

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest proposes the n patterns that are nearest to a mistyped step, the
// nearest first.
func (b *Bound) Nearest(text string, n int) []string {
	type candidate struct {
		pattern  string
		distance float64
	}
	skeleton := skeletonOf(text)
	var all []candidate
	for _, s := range b.steps {
		other := skeletonOf(s.pattern)
		longest := max(len([]rune(skeleton)), len([]rune(other)), 1)
		all = append(all, candidate{s.pattern, float64(Distance(skeleton, other)) / float64(longest)})
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var patterns []string
	for _, c := range all[:min(n, len(all))] {
		patterns = append(patterns, c.pattern)
	}
	return patterns
}

// skeletonOf is a step without what differs from case to case: whatever is
// quoted, and the placeholders.
func skeletonOf(text string) string {
	text = placeholder.ReplaceAllString(text, "·")
	var b strings.Builder
	quoted := false
	for _, r := range text {
		switch {
		case strings.ContainsRune(`"「」`, r):
			quoted = !quoted
			if quoted {
				b.WriteRune('·')
			}
		case !quoted:
			b.WriteRune(r)
		}
	}
	return strings.ToLower(b.String())
}

// Distance is the number of characters to insert, delete or replace to make b
// of a.
func Distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			cost := diagonal
			if x != y {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
