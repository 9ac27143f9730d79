package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version of this tree; CHANGELOG.md tells what changed.
const Version = "0.1.0"

type versionInfo struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, "+" when it was changed
	Go       string `json:"go"`
	Platform string `json:"platform"`
	PCSC     bool   `json:"pcsc"` // built with real readers
}

func versionCommand(w World) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Say which kazasu this is",
		Example: "  kazasu version --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := version()
			if asJSON {
				return json.NewEncoder(w.Stdout).Encode(v)
			}
			readers := "without real readers"
			if v.PCSC {
				readers = "with real readers (PC/SC)"
			}
			fmt.Fprintf(w.Stdout, "kazasu %s %s %s %s, %s\n", v.Version, v.Revision, v.Go, v.Platform, readers)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

func version() versionInfo {
	v := versionInfo{
		Schema: "kazasu.version/1", Version: Version, Revision: "unknown",
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, PCSC: builtWithPCSC,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Revision += "+"
		}
	}
	return v
}
