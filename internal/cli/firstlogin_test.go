package cli

import (
	"errors"
	"flag"
	"path/filepath"
	"regexp"
	"testing"

	"kazasu/internal/realparts"
	"kazasu/internal/relyingparty"
)

var shots = flag.String("shots", "", "keep screenshots of the first login in this folder")

// TestFirstLogin does in Chromium what up tells a person to do, and no more.
func TestFirstLogin(t *testing.T) {
	b, err := relyingparty.OpenBrowser(t.Context(), relyingparty.BrowserConfig{})
	if errors.Is(err, relyingparty.ErrNoBrowser) {
		realparts.Skip(t, "chromium", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	realparts.Need(t, "chromium")
	defer b.Close()

	said := up(t, "Ctrl-C", "--http", "--ports", "auto", "--state", t.TempDir())
	told := regexp.MustCompile(`(?s)to be logged in as (\S+),.*  1  open (\S+) and.*` +
		`  2  .*アプリを開く.*  3  .* choose (\S+), type PIN (\d+), then PIN (\d+) for`).FindStringSubmatch(said)
	if told == nil {
		t.Fatalf("up doesn't say how to log in:\n%s", said)
	}
	ctx := t.Context()
	for i, step := range []func() error{
		func() error { return b.Open(ctx, told[2]) },
		func() error { return b.Click(ctx, "#login") },
		func() error { return b.Click(ctx, "a[data-flow=same-device]") },
		func() error { return b.Click(ctx, "#holder-hanako") },
		func() error { return b.Fill(ctx, "#auth-pin #pin", told[4]) },
		func() error { return b.Click(ctx, "#next") },
		func() error { return b.Fill(ctx, "#text-pin #pin", told[5]) },
		func() error { return b.Click(ctx, "#next") },
		func() error { return b.Click(ctx, "#read") },
		func() error { return b.Click(ctx, "#allow") },
		func() error { return b.WaitFor(ctx, "#logged-in") },
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if *shots != "" {
		b.Screenshot(ctx, filepath.Join(*shots, "logged-in.png"))
	}
	who, err := b.Text(ctx, "#who")
	if want := "ログイン済み: " + told[1] + " / logged in as " + told[1]; err != nil || who != want {
		t.Errorf("the page says %q, want %q: %v", who, want, err)
	}
}
