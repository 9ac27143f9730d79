// Package bench turns a rig into things switched on: a card in its slot, the
// test CA and its responder, the provider, a sample relying party, an emulated
// phone, metrics and an admin API, all on loopback.
//
// [Start] takes a description and gives back a [Bench] that runs. It alone
// knows all players and marries them: the CA's certificates are written on the
// emulator's cards, the provider trusts the CA, the phone's screen takes cards
// by the rig's path. Its state folder holds whatever must stay the same the
// next time: keys, ports, PIN tries, revocations, who a certificate belongs
// to. The folder's store is its lock, which the system lets go of when the
// process dies, so a killed bench is in nobody's way.
//
// [Bench.Info] is what a program needs to use the bench; [Bench.Admin] is how
// another process steers it, with [AdminClient] at the other end.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"kazasu/emulator/testca"
	"kazasu/idp"
	"kazasu/internal/jpki"
	"kazasu/internal/phone"
	"kazasu/internal/slot"
	"kazasu/internal/telemetry"
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
	// Inside lets what players, phone and HTTP ask of each other go
	// straight to the handlers instead of over TCP: the same requests and
	// answers, in one process. The listeners answer beside that.
	Inside bool
	// Faults are switched on from the start, bench-wide: "idp.wrong-nonce"
	// or "card.slow=200ms".
	Faults []string
}

// Bench is a rig switched on. Its methods may be called from several
// goroutines at once.
type Bench struct {
	rig    rigs.Rig
	o      Options
	log    func(format string, args ...any)
	folder *folder
	info   Info

	clock    *trace.Traveller
	recorder *trace.Recorder
	metrics  *telemetry.Metrics
	client   *http.Client
	inside   *inside // nil unless Options.Inside

	authority *testca.CA
	people    *people
	provider  *idp.Provider
	lies      lies
	wallet    wallet
	tray      tray
	rack      *rack // nil on a rig without a reader
	auto      jpki.Holder

	ctx     context.Context // ends when the bench closes
	cancel  context.CancelFunc
	work    crew // whatever runs until then
	servers []*server

	closing  sync.Once
	closeErr error
}

// Close switches everything off and waits for it. Closing twice is no error.
func (b *Bench) Close() error {
	b.closing.Do(func() { b.closeErr = b.close() })
	return b.closeErr
}

// close undoes what was set up, as far as that came.
func (b *Bench) close() error {
	var errs []error
	b.cancel()
	if b.provider != nil {
		errs = append(errs, b.provider.Close())
	}
	errs = append(errs, closeServers(b.servers))
	b.Remove()
	b.work.finish()
	if b.rack != nil {
		errs = append(errs, b.rack.close())
	}
	if b.client != nil {
		b.client.CloseIdleConnections()
	}
	if b.folder != nil {
		errs = append(errs, b.folder.store.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the bench: %w", err)
	}
	return nil
}

// Info is what a program needs to use the bench.
func (b *Bench) Info() Info { return b.info }

// Rig is what the bench was made from.
func (b *Bench) Rig() rigs.Rig { return b.rig }

// HTTP is a client that trusts the bench's TLS root. It keeps no cookies.
func (b *Bench) HTTP() *http.Client { return b.client }

// Phone is a phone to which this card is held.
func (b *Bench) Phone(card slot.Slot) *phone.Phone {
	return &phone.Phone{HTTP: b.client, Card: card, Clock: b.clock}
}

// Holders are the fictional people whose cards there are.
func (b *Bench) Holders() []jpki.Holder { return jpki.Holders() }

// Recorder holds what happened on the bench.
func (b *Bench) Recorder() *trace.Recorder { return b.recorder }

// Metrics are the bench's counters, for whoever runs checks on it.
func (b *Bench) Metrics() *telemetry.Metrics { return b.metrics }

// Clock is the bench's clock. Who moves it moves what certificates, tokens and
// logins take for the present.
func (b *Bench) Clock() *trace.Traveller { return b.clock }

// Travel moves the bench's clock and notes it.
func (b *Bench) Travel(d time.Duration) {
	b.clock.Travel(d)
	b.recorder.Record(trace.Event{Player: "bench", Kind: "travel", Text: "the clock moved by " + d.String()})
}

// crew are the goroutines of a bench. Nobody joins once it finishes: a login
// may still begin while the bench closes.
type crew struct {
	mu       sync.Mutex
	finished bool
	group    sync.WaitGroup
}

// start runs f, unless the crew finishes.
func (c *crew) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.finished {
		c.group.Go(f)
	}
}

// finish waits for all of them.
func (c *crew) finish() {
	c.mu.Lock()
	c.finished = true
	c.mu.Unlock()
	c.group.Wait()
}
