package store

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// kinds runs one story on a store in memory and on one in a file.
func kinds(t *testing.T, story func(t *testing.T, s *Store, travel func(time.Duration))) {
	t.Helper()
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	open := map[string]func(now func() time.Time) (*Store, error){
		"memory": func(now func() time.Time) (*Store, error) { return Memory(now), nil },
		"file": func(now func() time.Time) (*Store, error) {
			return Open(filepath.Join(t.TempDir(), "s.db"), now)
		},
	}
	for name, openIt := range open {
		t.Run(name, func(t *testing.T) {
			var moved atomic.Int64
			s, err := openIt(func() time.Time { return start.Add(time.Duration(moved.Load())) })
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			story(t, s, func(d time.Duration) { moved.Add(int64(d)) })
		})
	}
}

func mustGet(t *testing.T, s *Store, bucket, key, want string) {
	t.Helper()
	got, ok, err := s.Get(bucket, key)
	if err != nil || string(got) != want || ok != (want != "") {
		t.Errorf("Get(%s, %s) = %q, %v, %v, want %q", bucket, key, got, ok, err, want)
	}
}

func TestValueExpires(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, travel func(time.Duration)) {
		s.Put("codes", "a", []byte("short"), time.Minute)
		s.Put("codes", "b", []byte("for ever"), 0)
		mustGet(t, s, "codes", "a", "short")
		travel(time.Minute - 1)
		mustGet(t, s, "codes", "a", "short")
		travel(1)
		mustGet(t, s, "codes", "a", "")
		mustGet(t, s, "codes", "b", "for ever")
		if _, ok, err := s.Take("codes", "a"); ok || err != nil {
			t.Errorf("an expired value was taken (%v)", err)
		}
	})
}

func TestUpdateKeepsTheExpiry(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, travel func(time.Duration)) {
		s.Put("logins", "1", []byte("opened"), time.Minute)
		appendProof := func(old []byte) ([]byte, error) { return append(old, " proof"...), nil }
		if err := s.Update("logins", "1", appendProof); err != nil {
			t.Fatal(err)
		}
		mustGet(t, s, "logins", "1", "opened proof")
		travel(time.Minute)
		mustGet(t, s, "logins", "1", "")
	})
}

func TestUpdateRefusedLeavesTheValue(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, _ func(time.Duration)) {
		refusal := errors.New("no")
		s.Put("b", "k", []byte("old"), 0)
		err := s.Update("b", "k", func([]byte) ([]byte, error) { return []byte("new"), refusal })
		if !errors.Is(err, refusal) {
			t.Errorf("Update = %v, want the refusal", err)
		}
		mustGet(t, s, "b", "k", "old")
		if err := s.Update("b", "k", func([]byte) ([]byte, error) { return nil, nil }); err != nil {
			t.Fatal(err)
		}
		mustGet(t, s, "b", "k", "")
	})
}

func TestOneOfFiftyTakes(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, _ func(time.Duration)) {
		s.Put("codes", "c", []byte("once"), time.Minute)
		if n := race(50, func() bool { _, ok, _ := s.Take("codes", "c"); return ok }); n != 1 {
			t.Errorf("%d of 50 took the code, want 1", n)
		}
	})
}

func TestOneOfFiftyAdds(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, travel func(time.Duration)) {
		add := func() bool { ok, _ := s.Add("jti", "j", []byte{1}, time.Minute); return ok }
		if n := race(50, add); n != 1 {
			t.Errorf("%d of 50 added the jti, want 1", n)
		}
		travel(time.Minute)
		if !add() {
			t.Error("an expired jti stands in the way")
		}
	})
}

// race counts how many of n goroutines have luck.
func race(n int, try func() bool) int64 {
	var lucky atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if try() {
				lucky.Add(1)
			}
		})
	}
	wg.Wait()
	return lucky.Load()
}

func TestExpiredValuesArePurged(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, travel func(time.Duration)) {
		for i := range 100 {
			s.Put("old", fmt.Sprint(i), []byte("x"), time.Second)
		}
		travel(time.Second)
		for i := range purgeEvery {
			s.Put("new", fmt.Sprint(i%10), []byte("y"), 0)
		}
		left := 0
		err := s.backend.view("old", func(b bucketView) error {
			return b.each(func(string, []byte) error { left++; return nil })
		})
		if err != nil || left != 0 {
			t.Errorf("%d expired values are still kept (%v)", left, err)
		}
	})
}

func TestEachAndDelete(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, _ func(time.Duration)) {
		s.Put("b", "1", []byte("one"), 0)
		s.Put("b", "2", []byte("two"), 0)
		if err := s.Delete("b", "1"); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if err := s.Each("b", func(k string, v []byte) error { got[k] = string(v); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got["2"] != "two" {
			t.Errorf("Each told %v, want only 2: two", got)
		}
	})
}

func TestClosed(t *testing.T) {
	kinds(t, func(t *testing.T, s *Store, _ func(time.Duration)) {
		s.Close()
		if err := s.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
		if err := s.Put("b", "k", nil, 0); !errors.Is(err, ErrClosed) {
			t.Errorf("Put after Close = %v, want ErrClosed", err)
		}
	})
}

func TestErrorsDoNotNameTheKey(t *testing.T) {
	s := Memory(time.Now)
	s.Close()
	if err := s.Put("codes", "secret-code", nil, 0); strings.Contains(err.Error(), "secret-code") {
		t.Errorf("the error tells the key: %v", err)
	}
}

// childVariable names the file for the child process below.
const childVariable = "KAZASU_STORE_CHILD"

// TestChild is not a test of its own: it is the process that the tests below
// kill, or find in their way.
func TestChild(t *testing.T) {
	path := os.Getenv(childVariable)
	if path == "" {
		t.Skip("runs as a child only")
	}
	s, err := Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		if err := s.Put("counters", "pin", fmt.Append(nil, i), 0); err != nil {
			t.Fatal(err)
		}
		fmt.Println("wrote", i)
	}
}

// child starts one that writes 0, 1, 2, …, and returns when it has told of n.
func child(t *testing.T, path string, n int) (kill func() int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last, lines := -1, bufio.NewScanner(out)
	read := func() bool {
		if !lines.Scan() {
			return false
		}
		fmt.Sscanf(lines.Text(), "wrote %d", &last)
		return true
	}
	for last < n && read() {
	}
	return func() int {
		cmd.Process.Kill()
		for read() {
		}
		cmd.Wait()
		return last
	}
}

func TestFileSurvivesKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	last := child(t, path, 200)()
	s, err := Open(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	value, _, err := s.Get("counters", "pin")
	if err != nil {
		t.Fatal(err)
	}
	var got int
	fmt.Sscanf(string(value), "%d", &got)
	if got < last {
		t.Errorf("the file holds %d, the killed process had told of %d", got, last)
	}
}

func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	defer child(t, path, 0)()
	_, err := Open(path, time.Now)
	want := "opening store " + path + ": in use by another process"
	if err == nil || err.Error() != want || !errors.Is(err, ErrInUse) {
		t.Errorf("Open = %v, want %s", err, want)
	}
}

func BenchmarkAddTake(b *testing.B) {
	for name, open := range map[string]func() (*Store, error){
		"memory": func() (*Store, error) { return Memory(time.Now), nil },
		"file":   func() (*Store, error) { return Open(filepath.Join(b.TempDir(), "s.db"), time.Now) },
	} {
		b.Run(name, func(b *testing.B) {
			s, err := open()
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			value := make([]byte, 300)
			for b.Loop() {
				s.Add("codes", "k", value, time.Minute)
				s.Take("codes", "k")
			}
		})
	}
}
