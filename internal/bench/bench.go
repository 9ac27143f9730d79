// Package bench turns a rig into things switched on: a card in its slot, the
// test CA and its responder, the provider, a sample relying party, an emulated
// phone, metrics and an admin API, all on loopback.
//
// [Start] takes a description and gives back a [Bench] that runs; its state
// folder holds whatever must stay the same the next time: keys, ports, PIN
// counters, revocations. [Bench.Info] is what a program needs to use it.
package bench

import (
	"context"
	"errors"
	"io"
	"net/http"

	"kazasu/internal/faults"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/trace"
	"kazasu/rigs"
)

// Options are what a person chooses beside the rig.
type Options struct {
	// State is the state folder, made when missing. Required.
	State string
	// HTTP serves the provider on plain http on localhost, whatever the rig says.
	HTTP bool
	// Auto is the holder whose phone finishes every login by itself; empty
	// lets people do it.
	Auto string
	// Ports is "fixed" (the default: the rig's) or "auto": chosen once, and
	// then remembered in the state folder.
	Ports string
	// Clients is a client file; empty means the embedded one.
	Clients string
	// Log takes one line per thing worth telling; nil is silence.
	Log io.Writer
	// Faults are switched on from the start, bench-wide: "idp.wrong-nonce"
	// or "card.slow=200ms".
	Faults []string
}

// Family is one of the test CA's two.
type Family string

// The two certificate families.
const (
	Auth Family = "auth" // 利用者証明用: for logging in
	Sign Family = "sign" // 署名用: for signing documents
)

// Bench is a rig switched on. Its methods may be called from several
// goroutines at once.
type Bench struct{}

var errUnwired = errors.New("bench is not wired yet")

// Start switches a rig on and returns when everything answers.
func Start(ctx context.Context, rig rigs.Rig, o Options) (*Bench, error) { return nil, errUnwired }

// Close switches everything off and waits for it. Closing twice is no error.
func (b *Bench) Close() error { return nil }

// Info is what a program needs to use the bench.
func (b *Bench) Info() Info { return Info{} }

// Rig is what the bench was made from.
func (b *Bench) Rig() rigs.Rig { return rigs.Rig{} }

// HTTP is a client that trusts the bench's TLS root. It keeps no cookies.
func (b *Bench) HTTP() *http.Client { return nil }

// SetFault switches one fault by its ID, "idp.wrong-nonce". Faults of the
// provider hold for logins with this tag, all logins when it is empty; those
// of card, link and CA hold for the whole bench.
func (b *Bench) SetFault(tag, id, value string) error { return errUnwired }

// ClearFaults makes the provider honest towards a tag; with an empty tag every
// player is honest again.
func (b *Bench) ClearFaults(tag string) {}

// ListFaults is every fault of every player.
func (b *Bench) ListFaults() []faults.Fault { return nil }

// Holders are the fictional people whose cards there are.
func (b *Bench) Holders() []jpki.Holder { return nil }

// ScenarioCard is a fresh card of a holder on the rig's own path, with
// counters of its own in memory. An empty profile means the standard one. On a
// rig with one physical slot it waits for its turn, until ctx ends. release
// gives the slot back.
func (b *Bench) ScenarioCard(ctx context.Context, holder, profile string) (card slot.Slot, control CardControl, release func(), err error) {
	return nil, nil, nil, errUnwired
}

// Recorder holds what happened on the bench.
func (b *Bench) Recorder() *trace.Recorder { return nil }

// Clock is the bench's clock.
func (b *Bench) Clock() *trace.Traveller { return nil }

// Revoke puts a holder's certificate of one family on the CA's list, with a
// CRLReason of RFC 5280 §5.3.1. It holds for every card of that holder.
func (b *Bench) Revoke(holder string, family Family, reason int) error { return errUnwired }

// Reinstate takes it off again, as after a lifted suspension.
func (b *Bench) Reinstate(holder string, family Family) error { return errUnwired }

// Admin is the admin API, as the Unix socket in the state folder serves it.
func (b *Bench) Admin() http.Handler { return nil }
