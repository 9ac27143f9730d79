package phone

import (
	"errors"
	"flag"
	"path/filepath"
	"testing"

	"kazasu/internal/appapi"
	"kazasu/internal/realparts"
	"kazasu/internal/relyingparty"
)

// shots keeps the screenshots for somebody to look at.
var shots = flag.String("shots", "", "folder for screenshots")

// TestScreenInChromium goes through every page in a real browser, as a person
// would: by what is visible and by what can be clicked.
func TestScreenInChromium(t *testing.T) {
	p := newPerson(t)
	p.provider.opened.Flow, p.provider.opened.State, p.provider.opened.Number = appapi.CrossDevice, appapi.StateNumber, "012345"
	p.provider.statuses = []appapi.Status{{State: appapi.StateNumber}, {State: appapi.StateReady}}
	b, err := relyingparty.OpenBrowser(t.Context(), relyingparty.BrowserConfig{Mobile: true})
	if errors.Is(err, relyingparty.ErrNoBrowser) {
		realparts.Skip(t, "chromium", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	realparts.Need(t, "chromium")
	defer b.Close()
	folder := *shots
	if folder == "" {
		folder = t.TempDir()
	}
	ctx := t.Context()
	for _, step := range []struct {
		page string // that must be shown, a step
		do   func() error
	}{
		{"home", func() error { return errors.Join(b.Fill(ctx, "#link", p.provider.link()), b.Click(ctx, "button")) }},
		{"holder", func() error { return b.Click(ctx, "#holder-hanako") }},
		{"number", func() error { return nil }}, // the page goes on by itself
		{"auth-pin", func() error { return errors.Join(b.Fill(ctx, "#pin", "9999"), b.Click(ctx, "#next")) }},
		{"text-pin", func() error { return b.Click(ctx, "#cancel") }},
		{"cancel", func() error { return b.Click(ctx, "#back") }},
		{"text-pin", func() error { return errors.Join(b.Fill(ctx, "#pin", "1234"), b.Click(ctx, "#next")) }},
		{"hold", func() error { return b.Click(ctx, "#read") }},
		{"auth-pin", func() error {
			return errors.Join(b.WaitFor(ctx, "#notice[data-left='2']"), b.Fill(ctx, "#pin", "1234"), b.Click(ctx, "#next"))
		}},
		{"hold", func() error { return b.Click(ctx, "#read") }},
		{"consent", func() error { return b.Click(ctx, "#allow") }},
		{"done", func() error { return b.WaitFor(ctx, "#return") }},
	} {
		if step.page == "home" {
			if err := b.Open(ctx, p.server.URL+"/"); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.WaitFor(ctx, "[data-step="+step.page+"]"); err != nil {
			t.Fatal(err)
		}
		if err := b.Screenshot(ctx, filepath.Join(folder, "phone-"+step.page+".png")); err != nil {
			t.Error(err)
		}
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
	}
}
