package conformance

import (
	"io"
	"sync"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"
)

// silentName is how the runner finds the formatter below.
const silentName = "kazasu-silent"

// registerSilent tells the runner, once in a process, of a formatter that
// prints nothing: what there is to say is said from our results. The registry
// is the runner's and has no other door.
var registerSilent = sync.OnceFunc(func() {
	godog.Format(silentName, "prints nothing", func(string, io.Writer) godog.Formatter { return silent{} })
})

type silent struct{}

func (silent) TestRunStarted()                                    {}
func (silent) Feature(*messages.GherkinDocument, string, []byte)  {}
func (silent) Pickle(*messages.Pickle)                            {}
func (silent) Defined(*messages.Pickle, *step, *definition)       {}
func (silent) Failed(*messages.Pickle, *step, *definition, error) {}
func (silent) Passed(*messages.Pickle, *step, *definition)        {}
func (silent) Skipped(*messages.Pickle, *step, *definition)       {}
func (silent) Undefined(*messages.Pickle, *step, *definition)     {}
func (silent) Pending(*messages.Pickle, *step, *definition)       {}
func (silent) Ambiguous(*messages.Pickle, *step, *definition, error) {
}
func (silent) Summary() {}

type (
	step       = messages.PickleStep
	definition = godog.StepDefinition
)
