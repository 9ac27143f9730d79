package cli

import (
	"runtime/debug"
	"testing"
)

func TestStamped(t *testing.T) {
	of := func(settings ...debug.BuildSetting) *debug.BuildInfo { return &debug.BuildInfo{Settings: settings} }
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "020318297cd49f87c0f8977fd5deb0bdea033f9d"}
	for _, c := range []struct {
		name string
		info *debug.BuildInfo
		ok   bool
		want string
	}{
		{"nothing known", nil, false, ""},
		{"outside a repository", of(), true, ""},
		{"as committed", of(revision, debug.BuildSetting{Key: "vcs.modified", Value: "false"}), true, "0203182"},
		{"changed", of(revision, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), true, "0203182-dirty"},
	} {
		if got := stamped(c.info, c.ok); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
