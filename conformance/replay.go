package conformance

import (
	"fmt"
	"strings"
)

// rigByDefault is the rig of a run that names none.
const rigByDefault = "virtual"

// replay is the line that runs a check again as it ran, the whole run for an
// empty ID: with what decides its verdict, so rig, seed, strictness and faults,
// but not with what only makes it faster or prettier.
func (r *run) replay(id string) string {
	words := []string{"kazasu", "run"}
	if id != "" {
		words = append(words, quoted(id))
	} else {
		for _, selector := range r.Select {
			words = append(words, quoted(selector))
		}
	}
	if rig := r.rigName(); rig != rigByDefault {
		words = append(words, "--rig", quoted(rig))
	}
	if id == "" && r.Tags != "" {
		words = append(words, "--tags", quoted(r.Tags))
	}
	words = append(words, "--seed", fmt.Sprint(r.Seed))
	if r.Strict {
		words = append(words, "--strict")
	}
	for _, fault := range r.Faults {
		words = append(words, "--fault", quoted(fault))
	}
	return strings.Join(words, " ")
}

func (r *run) rigName() string {
	if r.Rig != "" {
		return r.Rig
	}
	return r.bench.Rig().Name
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if strings.ContainsAny(word, " \t\"'$&|;()<>*?!#`\\") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
