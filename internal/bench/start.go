package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kazasu/emulator/testca"
	"kazasu/idp"
	"kazasu/internal/phone"
	"kazasu/internal/relyingparty"
	"kazasu/internal/store"
	"kazasu/internal/telemetry"
	"kazasu/internal/trace"
	"kazasu/rigs"
)

// Start switches a rig on and returns when everything answers. ctx bounds the
// start alone: the bench runs until Close. Errors have a Hint() where there is
// a cure.
func Start(ctx context.Context, rig rigs.Rig, o Options) (*Bench, error) {
	b := &Bench{rig: rig, o: o, log: logger(o.Log), clock: &trace.Traveller{}, metrics: telemetry.New()}
	b.recorder = trace.NewRecorder(b.clock)
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.tray.bench = b
	if err := b.start(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// parts are what start gathers before it can put it together.
type parts struct {
	listeners listeners
	leaf      tls.Certificate
	root      *x509.Certificate
	keys      idp.Keys
	clients   []client
}

func (b *Bench) start(ctx context.Context) error {
	if err := b.check(); err != nil {
		return err
	}
	var err error
	if b.folder, err = openFolder(b.o.State, b.openStore); err != nil {
		return err
	}
	p, err := b.gather(ctx)
	if err != nil {
		p.listeners.close()
		return err
	}
	if err := b.assemble(ctx, p); err != nil {
		p.listeners.close()
		return err
	}
	return nil
}

func (b *Bench) openStore(path string) (*store.Store, error) { return store.Open(path, b.clock.Now) }

// check refuses what can be seen to fail before anything is touched.
func (b *Bench) check() error {
	if b.rig.Card.Kind == "real" || b.rig.Reader.Kind == "pcsc" {
		return &Error{
			Problem: fmt.Sprintf("rig %s has a real card, which this version can describe but not drive", b.rig.Name),
			Cure:    "take reader kind direct or vpcd",
		}
	}
	if b.o.Ports != "" && b.o.Ports != "fixed" && b.o.Ports != "auto" {
		return &Error{Problem: fmt.Sprintf("ports can't be %q", b.o.Ports), Cure: "fixed or auto"}
	}
	return checkProfile(b.rig.Card.Profile)
}

// gather does at once what doesn't hang on each other: ports, keys, the CA,
// pcscd.
func (b *Bench) gather(ctx context.Context) (p parts, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		p.listeners, err = b.folder.listen(ctx, b.rig.Ports, b.o.Ports == "auto", b.log)
		return err
	})
	g.Go(func() (err error) {
		b.authority, err = testca.New(testca.Options{
			Now: b.clock.Now, State: blob{b.folder.store, bucketCA, "state"}, Log: b.log,
		})
		return err
	})
	g.Go(func() (err error) {
		p.leaf, p.root, err = b.folder.localTLS(time.Now()) // browsers don't travel in time
		return err
	})
	g.Go(func() (err error) {
		p.keys, err = b.folder.providerKeys()
		return err
	})
	g.Go(func() (err error) {
		p.clients, err = b.folder.clients(b.o.Clients)
		return err
	})
	if b.rig.Reader.Kind == "vpcd" {
		g.Go(func() (err error) {
			b.rack, err = newRack(ctx, b, b.rig.Reader.PCSCD == "system")
			return err
		})
	}
	return p, g.Wait()
}

// providerKeys are the provider's, the same over restarts.
func (f *folder) providerKeys() (k idp.Keys, err error) {
	if k.ID, err = typedKey[*ecdsa.PrivateKey](f, keyID, makeEC); err != nil {
		return k, err
	}
	if k.Access, err = typedKey[*rsa.PrivateKey](f, keyAccess, makeRSA); err != nil {
		return k, err
	}
	k.Subject, err = f.secret(keySubject)
	return k, err
}

// assemble marries the players and lets them answer.
func (b *Bench) assemble(ctx context.Context, p parts) (err error) {
	b.people = newPeople(b.folder, b.authority)
	b.client = b.newClient(p.root)
	b.describe(p)
	if b.o.Auto != "" {
		if b.auto, err = b.people.holder(b.o.Auto); err != nil {
			return err
		}
		b.log("auto login is on: the phone of %s finishes every login without asking, "+
			"and a login's page opens to whoever knows its address; for scripts alone", b.auto.ID)
	}
	if b.provider, err = b.newProvider(p); err != nil {
		return err
	}
	rp, err := b.newRP(ctx, p.clients)
	if err != nil {
		return err
	}
	screen := phone.NewScreen(phone.ScreenConfig{
		HTTP: b.client, Holders: b.Holders(), Card: b.phoneCard, Clock: b.clock,
	})
	if err := b.Insert(ctx, b.rig.Card.Holder, b.rig.Card.Profile); err != nil {
		return err
	}
	for _, fault := range b.o.Faults {
		id, value, _ := strings.Cut(fault, "=")
		if err := b.SetFault("", id, value); err != nil {
			return err
		}
	}
	admin, err := b.listenAdmin(ctx)
	if err != nil {
		return err
	}
	var secure *tls.Config
	if b.secure() {
		secure = &tls.Config{Certificates: []tls.Certificate{p.leaf}, MinVersion: tls.VersionTLS12}
	}
	b.serve("idp", p.listeners["idp"], b.tap("idp", b.provider), secure)
	b.serve("rp", p.listeners["rp"], b.tap("rp", rp), nil)
	b.serve("phone", p.listeners["phone"], b.tap("screen", screen), nil)
	b.serve("ca", p.listeners["ca"], b.tap("ca", b.authority.Handler()), nil)
	b.serve("metrics", p.listeners["metrics"], metricsMux(b.metrics.Handler()), nil)
	b.serve("admin", admin, b.Admin(), nil)
	return nil
}

// newClient goes over the network, or past it where the bench was told so.
func (b *Bench) newClient(root *x509.Certificate) *http.Client {
	c := newClient(root)
	if b.o.Inside {
		b.inside = &inside{next: c.Transport}
		c.Transport = b.inside
	}
	return c
}

// secure says that the provider is https.
func (b *Bench) secure() bool { return b.rig.IdP.TLS && !b.o.HTTP }

func (b *Bench) newProvider(p parts) (*idp.Provider, error) {
	config := idp.Config{
		Issuer: b.info.Issuer, AppLink: b.info.Phone + "/open",
		AuthAnchors:  []*x509.Certificate{b.authority.Certificate(testca.Auth)},
		AuthPolicies: []string{b.authority.Policy(testca.Auth)},
		TextRoot:     b.authority.TextRoot(),
		CRL:          b.info.CA.Auth.CRL, OCSP: b.info.CA.Auth.OCSP, Revocation: b.rig.IdP.Revocation,
		HTTP: b.client, Clock: b.clock, Store: b.folder.store, Keys: p.keys,
		StrictAssertions: b.rig.IdP.Assertions == "strict", ClientErrorStatus: b.rig.IdP.ClientErrorStatus,
		Person: b.people.person, Observe: b.observe, Auto: b.o.Auto != "",
	}
	for _, c := range p.clients {
		config.Clients = append(config.Clients, c.asProviderKnows())
	}
	return idp.New(config)
}

// rpTimeout is how long the sample relying party waits for the provider: long
// enough for a busy machine.
const rpTimeout = 5 * time.Second

func (b *Bench) newRP(ctx context.Context, clients []client) (*relyingparty.RP, error) {
	sample := sampleOf(clients)
	return relyingparty.New(ctx, relyingparty.Config{
		Issuer: b.info.Issuer, ClientID: sample.ID, RedirectURI: b.info.RP + callbackPath,
		Key: sample.private, Alg: sample.Alg, KID: sample.kid,
		HTTP: b.client, Timeout: rpTimeout, Clock: b.clock,
	})
}

// tap records and counts what a player is asked.
func (b *Bench) tap(player string, h http.Handler) http.Handler {
	return b.recorder.Tap(player, b.metrics.Tap(player, h))
}

func metricsMux(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h)
	return mux
}

// logger writes lines, one at a time; nil is silence.
func logger(w io.Writer) func(string, ...any) {
	if w == nil {
		return func(string, ...any) {}
	}
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "kazasu: "+format+"\n", args...)
	}
}
