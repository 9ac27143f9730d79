package emulator_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kazasu/emulator"
)

// stateVariable, when set, makes TestKillChild the child of TestKill.
const stateVariable = "KAZASU_TEST_CARD_STATE"

// TestKill kills a process in the middle of VERIFY commands, ten times, and
// looks whether the card came out of it with a try too many.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	left := 10
	for round := range 10 {
		diary := killAfter(t, path, 1+r.IntN(150))
		card := newCardWith(t, "standard", emulator.Options{State: fileState(path)})
		now := card.PINs()[3].Left
		if err := judge(left, diary, now); err != nil {
			t.Fatalf("round %d: %v\n%s", round+1, err, strings.Join(diary, "\n"))
		}
		left = now
		if left < 3 { // let the next round have something to lose
			expect(t, card, selectText, "9000")
			if left > 0 {
				expect(t, card, verifyA, "9000")
			} else if err := card.ResetPIN("number-a"); err != nil {
				t.Fatal(err)
			}
			left = card.PINs()[3].Left
		}
	}
}

// killAfter runs the child until it has written n lines, kills it with no
// chance to clean up and returns all that it wrote.
func killAfter(t *testing.T, path string, n int) (diary []string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKillChild$")
	child.Env = append(os.Environ(), stateVariable+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		diary = append(diary, lines.Text())
		if len(diary) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Fatalf("the child ended by itself (%v):\n%s", err, strings.Join(diary, "\n"))
	}
	return diary
}

// TestKillChild is the child: it sends VERIFY until somebody kills it, and
// writes each before and after.
func TestKillChild(t *testing.T) {
	path := os.Getenv(stateVariable)
	if path == "" {
		return // not a child; TestKill starts one
	}
	card := newCardWith(t, "standard", emulator.Options{State: fileState(path)})
	storm(t, os.Stdout, card.Transmit)
}

// storm sends two wrong numbers A and a right one, over and over, with a line
// before each and its answer after it.
func storm(t *testing.T, diary io.Writer, transmit func(context.Context, []byte) ([]byte, error)) {
	if _, err := transmit(t.Context(), unhex(selectText)); err != nil {
		t.Fatal(err)
	}
	for {
		for _, c := range []struct{ word, command string }{
			{"wrong", "00200094 0C '000000000000'"}, {"wrong", "00200094 0C '000000000000'"}, {"right", verifyA},
		} {
			fmt.Fprintln(diary, c.word)
			response, err := transmit(t.Context(), unhex(c.command))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(diary, show(response))
		}
	}
}

// judge follows a diary from the tries at its start, and says whether the
// card may have now tries left: an answered command has had its effect, one
// in flight has had it, or not, or has lost the try without more.
func judge(left int, diary []string, now int) error {
	inFlight := ""
	for _, line := range diary {
		switch {
		case line == "wrong" || line == "right":
			inFlight = line
			continue
		case line == "9000":
			left = 10
		case strings.HasPrefix(line, "63C"):
			var answered int
			fmt.Sscanf(line, "63C%X", &answered)
			if answered != left-1 {
				return fmt.Errorf("a wrong number left %d tries of %d", answered, left)
			}
			left = answered
		default:
			return fmt.Errorf("the card answered %s", line)
		}
		inFlight = ""
	}
	switch {
	case now == left:
		return nil
	case inFlight != "" && now == left-1:
		return nil
	case inFlight == "right" && now == 10:
		return nil
	}
	return fmt.Errorf("%d tries left after the kill, want about %d", now, left)
}

// TestKillJudge shows that the judge notices a card that forgets.
func TestKillJudge(t *testing.T) {
	for _, c := range []struct {
		name  string
		left  int
		diary string
		now   int
		fair  bool
	}{
		{"all answered", 10, "wrong 63C9 wrong 63C8", 8, true},
		{"a try back", 10, "wrong 63C9 wrong 63C8", 9, false},
		{"a try lost", 10, "wrong 63C9", 8, false},
		{"in flight, not begun", 10, "wrong 63C9 wrong", 9, true},
		{"in flight, counted", 10, "wrong 63C9 wrong", 8, true},
		{"in flight, forgotten", 10, "wrong 63C9 wrong", 10, false},
		{"right in flight", 10, "wrong 63C9 wrong 63C8 right", 10, true},
		{"right in flight, torn", 10, "wrong 63C9 wrong 63C8 right", 7, true},
		{"right in flight, odd", 10, "wrong 63C9 wrong 63C8 right", 9, false},
		{"counter stands still", 10, "wrong 63CA", 10, false},
	} {
		err := judge(c.left, strings.Fields(c.diary), c.now)
		if fair := err == nil; fair != c.fair {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
