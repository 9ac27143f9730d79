package realparts

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	records := []Record{
		{Part: "pcscd", Ran: true, Test: "TestA"},
		{Part: "pcscd", Ran: true, Test: "TestB"},
		{Part: "vpcd", Ran: true, Test: "TestA"},
		{Part: "vpcd", Why: "no namespace", Test: "TestC"},
		{Part: "opensc", Why: "pkcs15-tool is not installed", Test: "TestD"},
		{Part: "openssl", Why: "openssl is not installed", Test: "TestD"},
		{Part: "tshark", Ran: true, Test: "TestE"},
		{Part: "promtool", Ran: true, Test: "TestF"},
		{Part: "go-oidc", Ran: true, Test: "TestG"},
	}
	want := []Row{
		{"pcscd", "ran", "in 2 tests", false},
		{"vpcd", "ran", "in 1 test; elsewhere skipped: no namespace (TestC)", false},
		{"opensc", "skipped", "pkcs15-tool is not installed (TestD)", true},
		{"openssl", "skipped", "openssl is not installed (TestD)", false},
		{"chromium", "not run", "no test used it", true},
		{"promtool", "ran", "in 1 test", false},
		{"go-oidc", "ran", "in 1 test", false},
		{"tshark", "ran", "in 1 test", false},
	}
	got := Summarize(records, names("openssl, tshark"))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestPrint(t *testing.T) {
	for _, c := range []struct {
		name  string
		rows  []Row
		whole bool
		want  string
	}{
		{"whole", []Row{{"pcscd", "ran", "in 2 tests", false}, {"vpcd", "skipped", "no driver", false}}, true,
			"part   ran or skipped     why\npcscd  ran                in 2 tests\nvpcd   skipped (allowed)  no driver\n"},
		{"not whole", []Row{{"vpcd", "skipped", "no driver", true}}, false,
			"part  ran or skipped  why\nvpcd  skipped         no driver\n"},
	} {
		var b strings.Builder
		whole, err := print(&b, c.rows)
		if err != nil || whole != c.whole || b.String() != c.want {
			t.Errorf("%s: %v, %v\n%s", c.name, whole, err, b.String())
		}
	}
}

// TestRecords: what tests write, the table reads.
func TestRecords(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "parts")
	t.Setenv(folderVariable, folder)
	t.Run("runs", func(t *testing.T) { Need(t, "shell", "sh", "/dev/null") })
	t.Run("skips", func(t *testing.T) { Need(t, "nothing", "sh", "no-such-program"); t.Error("not skipped") })
	t.Run("skips too", func(t *testing.T) { Need(t, "kernel", "sh"); Skip(t, "kernel", "no module") })
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("not a record"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRecords(folder)
	want := []Record{
		{Part: "shell", Ran: true, Test: "TestRecords/runs"},
		{Part: "nothing", Why: "no-such-program is not installed", Test: "TestRecords/skips"},
		{Part: "kernel", Why: "no module", Test: "TestRecords/skips_too"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v\nwant %v", got, err, want)
	}
}
