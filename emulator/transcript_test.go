package emulator_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kazasu/emulator"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/*.txt")

// TestTranscripts plays what known clients send, in their order, and compares
// every answer. A transcript is text, line by line:
//
//	# a remark
//	! card android        a new card of this profile, powered
//	! power               power off and on
//	! reset               warm reset
//	> 00A4040C 0A …       a command in hex, 'quoted' words are ASCII
//	< 9000                its answer; more than 64 bytes as length and SHA-256
//	< [256 bytes, varies] 9000
//
// {number-a} and {number-b} stand for 照合番号A and B: a 個人番号, even a
// fictional one, is in no golden file.
func TestTranscripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, path, string(want), got)
		})
	}
}

// play sends the commands of a transcript and returns it with the answers
// that came.
func play(t *testing.T, transcript string) string {
	var out strings.Builder
	card := newCard(t, "standard")
	lines := strings.Split(strings.TrimSuffix(transcript, "\n"), "\n")
	for i, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "<":
			continue
		case "!":
			card = steer(t, card, rest)
		}
		out.WriteString(line + "\n")
		if word == ">" {
			varies := i+1 < len(lines) && strings.Contains(lines[i+1], "varies")
			out.WriteString("< " + answerLine(t, card, rest, varies) + "\n")
		}
	}
	return out.String()
}

func answerLine(t *testing.T, card *emulator.Card, command string, varies bool) string {
	command = strings.NewReplacer("{number-a}", "'"+numberA+"'", "{number-b}", "'"+numberB+"'").Replace(command)
	got := strings.ReplaceAll(send(t, card, command), fmt.Sprintf("%X", numberA), "{number-a}")
	if !varies {
		return got
	}
	length, sw, _ := strings.Cut(got, ", SHA-256 ")
	return length + ", varies] " + sw[len(sw)-4:]
}

// steer does what a line with ! says.
func steer(t *testing.T, card *emulator.Card, what string) *emulator.Card {
	t.Helper()
	if name, ok := strings.CutPrefix(what, "card "); ok {
		return newCard(t, name)
	}
	var err error
	switch what {
	case "power":
		if err = card.PowerOff(t.Context()); err == nil {
			_, err = card.PowerOn(t.Context())
		}
	case "reset":
		_, err = card.Reset(t.Context())
	default:
		t.Fatalf("nobody knows %q", what)
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return card
}

func compare(t *testing.T, path, want, got string) {
	t.Helper()
	wants, gots := strings.Split(want, "\n"), strings.Split(got, "\n")
	last := ""
	for i := range min(len(wants), len(gots)) {
		if wants[i] != gots[i] {
			t.Fatalf("%s:%d\n%s\ngot  %s\nwant %s", path, i+1, last, gots[i], wants[i])
		}
		last = gots[i]
	}
	if len(wants) != len(gots) {
		t.Errorf("%s: played %d lines, the file has %d; go test -update writes them", path, len(gots), len(wants))
	}
}
