package bench

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkUp is a start with keys at hand, ready to answer, and a close,
// which isn't timed.
func BenchmarkUp(b *testing.B) {
	state := filepath.Join(b.TempDir(), "s")
	lendKeys(b, state)
	rig := virtual(b)
	for b.Loop() {
		bench, err := Start(b.Context(), rig, Options{State: state, Ports: "auto"})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := bench.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkLogin compares whole logins a second:
//
//   - kazasu: a script that follows redirects logs in at the sample RP, while
//     the phone finishes the login by itself: app's calls, PIN, RSA signature
//     of the card, attributes read and checked, CRL and OCSP asked, access
//     token (RSA) and ID token signed, verified, claims fetched, /me read. RP,
//     provider, CA, phone and card are in one process (Options.Inside).
//   - kazasu-tcp: the same, each of its 11 requests over TCP on loopback.
//   - kazasu-page: over TCP with the provider's login page, QR code and all.
//   - mockoidc: the same script at a small RP on the same libraries: authorize,
//     token, ID token verified, userinfo, /me, over TCP; no person, no card, no
//     CA. The provider runs in a process of its own, since two logins at once
//     end it, and so it has no run with 16.
func BenchmarkLogin(b *testing.B) {
	script := func(bench *Bench) func(context.Context) error {
		return func(context.Context) error { return scriptLogin(bench.HTTP(), bench.Info().RP, "試験　花子") }
	}
	auto := func(o *Options) { o.Auto = "hanako" }
	for _, c := range []struct {
		name   string
		change func(*Options)
		login  func(*Bench) func(context.Context) error
	}{
		{"kazasu", func(o *Options) { auto(o); o.Inside = true }, script},
		{"kazasu-tcp", auto, script},
		{"kazasu-page", plainHTTP, pageLogin},
	} {
		for _, workers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/workers=%d", c.name, workers), func(b *testing.B) {
				parallel(b, workers, c.login(start(b, plainHTTP, c.change)))
			})
		}
	}
	b.Run("mockoidc/workers=1", func(b *testing.B) {
		var peer mockPeer
		startChild(b, "mockoidc", &peer)
		rp := httptest.NewServer(nil)
		defer rp.Close()
		rp.Config.Handler = peer.rp(b, rp.URL)
		parallel(b, 1, func(context.Context) error { return scriptLogin(rp.Client(), rp.URL, "jane.doe") })
	})
}

// parallel shares b.N logins among workers, and reports logins a second. A
// login that fails ends it.
func parallel(b *testing.B, workers int, login func(context.Context) error) {
	b.Helper()
	if err := login(b.Context()); err != nil { // caches are warm from here
		b.Fatal(err)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for range workers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := login(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "logins/s")
}

// pageLogin goes over the login page, with a fresh card each time.
func pageLogin(bench *Bench) func(context.Context) error {
	return func(ctx context.Context) error {
		outcome, err := login(ctx, bench, "", "hanako")
		if err == nil && outcome.Session == nil {
			err = fmt.Errorf("refused: %+v", outcome.Refusal)
		}
		return err
	}
}
