package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"kazasu/internal/jpki"
	"kazasu/internal/relyingparty"
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
//   - kazasu: browser, sample RP, provider, CA, phone and card in this process:
//     a page, the app's two calls, CRL and OCSP asked, attributes read and
//     checked, RSA signatures of card and provider, ID token and userinfo
//     verified.
//   - kazasu-tcp: the same, each of its 12 requests over TCP on loopback.
//   - mockoidc: a provider without a person: authorize, token, ID token
//     verified, userinfo. It runs in a process of its own, with a processor
//     more for it, since two logins at once end it.
func BenchmarkLogin(b *testing.B) {
	for _, c := range []struct {
		name    string
		inside  bool
		workers int
	}{{"kazasu", true, 1}, {"kazasu", true, 16}, {"kazasu-tcp", false, 1}, {"kazasu-tcp", false, 16}} {
		workers := c.workers
		b.Run(fmt.Sprintf("%s/workers=%d", c.name, workers), func(b *testing.B) {
			bench := start(b, plainHTTP, func(o *Options) { o.Inside = c.inside })
			h, _ := jpki.HolderByID("hanako")
			parallel(b, workers, func(ctx context.Context) error { return benchLogin(ctx, bench, h) })
		})
	}
	b.Run("mockoidc/workers=1", func(b *testing.B) {
		var peer mockPeer
		startChild(b, "mockoidc", &peer)
		parallel(b, 1, peer.client(b))
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

func benchLogin(ctx context.Context, bench *Bench, h jpki.Holder) error {
	card, _, release, err := bench.ScenarioCard(ctx, h.ID, "")
	if err != nil {
		return err
	}
	defer release()
	agent := relyingparty.NewUserAgent(relyingparty.AgentConfig{Transport: bench.HTTP().Transport, Issuer: bench.Info().Issuer})
	link, ended, err := agent.Start(ctx, bench.Info().RP+"/login")
	if err != nil || ended != nil {
		return fmt.Errorf("no login page: %+v, %v", ended, err)
	}
	redirect, err := bench.Phone(card).Finish(ctx, link, h.AuthPIN, h.TextPIN)
	if err != nil {
		return err
	}
	outcome, err := agent.Follow(ctx, redirect)
	if err != nil || outcome.Session == nil {
		return fmt.Errorf("refused: %+v, %v", outcome.Refusal, err)
	}
	return nil
}

// mockPeer is mockoidc as its process describes it.
type mockPeer struct {
	ClientID, ClientSecret, Issuer string
}

// client is a relying party of it, on the libraries of our sample; it does
// what that does: exchange, verify the ID token, ask for claims.
func (m mockPeer) client(b *testing.B) func(context.Context) error {
	b.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	provider, err := oidc.NewProvider(b.Context(), m.Issuer)
	if err != nil {
		b.Fatal(err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams // it reads the form alone
	config := oauth2.Config{
		ClientID: m.ClientID, ClientSecret: m.ClientSecret, Endpoint: endpoint,
		RedirectURL: "http://localhost/callback", Scopes: []string{"openid", "email"},
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: m.ClientID})
	return func(ctx context.Context) error {
		secret := oauth2.GenerateVerifier()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, config.AuthCodeURL("state", oidc.Nonce("n"), oauth2.S256ChallengeOption(secret)), nil)
		if err != nil {
			return err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return err
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		back, err := resp.Location()
		if err != nil {
			return fmt.Errorf("%s: %w", resp.Status, err)
		}
		token, err := config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(secret))
		if err != nil {
			return err
		}
		raw, _ := token.Extra("id_token").(string)
		if _, err := verifier.Verify(ctx, raw); err != nil {
			return err
		}
		_, err = provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		return err
	}
}
