package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// said is a bench's log that a test can wait on.
type said struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
}

func (s *said) Write(line []byte) (int, error) {
	s.t.Logf("%s", strings.TrimSpace(string(line)))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, string(line))
	return len(line), nil
}

func (s *said) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.lines, ""), text)
}

// pcscdPID is the process ID of the bench's pcscd, 0 when there is none: it is
// the child of this process's child.
func pcscdPID(t *testing.T) int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	parents, programs := map[int]int{}, map[int]string{}
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[0] != "Z" {
			parents[pid], _ = strconv.Atoi(fields[1])
			programs[pid], _ = os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		}
	}
	for pid, program := range programs {
		if filepath.Base(program) == "pcscd" && parents[parents[pid]] == os.Getpid() {
			return pid
		}
	}
	return 0
}

// eventually looks until what is wanted is there.
func eventually(t *testing.T, b *Bench, within time.Duration, what string, there func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for !there() {
		if b.pause(ctx, 5*time.Millisecond) != nil {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// TestPcscdComesBack: kill -9 of pcscd, and the card can be read again where
// the bench said that it is.
func TestPcscdComesBack(t *testing.T) {
	log := &said{t: t}
	b := startVpcd(t, func(o *Options) { o.Log = log })
	opensc(t, b, "3b:e0:00:ff:81:31:fe:45:14", "--atr")
	killed := pcscdPID(t)
	if err := syscall.Kill(killed, syscall.SIGKILL); killed == 0 || err != nil {
		t.Fatalf("killing pcscd, process %d: %v", killed, err)
	}
	eventually(t, b, 10*time.Second, "a line on how pcscd ended", func() bool {
		return log.has("kazasu: pcscd ended: signal: killed; ") && log.has("; starting it again (1 of 5)\n")
	})
	eventually(t, b, 10*time.Second, "another pcscd", func() bool {
		return log.has("pcscd runs again; the cards go back into their readers") && pcscdPID(t) != killed
	})
	opensc(t, b, "3b:e0:00:ff:81:31:fe:45:14", "--atr")
	outcome, err := login(t.Context(), b, "", "taro")
	if err != nil || outcome.Session == nil {
		t.Errorf("login: %+v, %v", outcome, err)
	}
}

// TestPcscdThatDoesNotStayUp: after five times in a row it is left alone, and
// who wants a reader is told, with a hint.
func TestPcscdThatDoesNotStayUp(t *testing.T) {
	log := &said{t: t}
	b := startVpcd(t, func(o *Options) { o.Log = log })
	const want = "pcscd doesn't stay up; it was started again 5 times in a row: "
	eventually(t, b, 30*time.Second, want, func() bool {
		if pid := pcscdPID(t); pid != 0 {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		return log.has(want)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, _, _, err := b.ScenarioCard(ctx, "hanako", "")
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "pcscd ended: signal: killed") || hintOf(err) == "" {
		t.Errorf("ScenarioCard: %v, hint %q", err, hintOf(err))
	}
}
