package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
//   - kazasu: browser, sample RP, provider, phone and card in this process,
//     over plain http on loopback: 11 requests, two RSA signatures of CA and
//     provider, one of the card, CRL and OCSP asked, ID token verified.
//   - mockoidc: a provider without a person: authorize, token, userinfo, in a
//     process of its own, since two logins at once end it.
func BenchmarkLogin(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprintf("kazasu/workers=%d", workers), func(b *testing.B) {
			bench := start(b, plainHTTP)
			h, _ := jpki.HolderByID("hanako")
			parallel(b, workers, func(ctx context.Context) error { return benchLogin(ctx, bench, h) })
		})
	}
	b.Run("mockoidc/workers=1", func(b *testing.B) {
		var peer mockPeer
		startChild(b, "mockoidc", &peer)
		parallel(b, 1, peer.login)
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
	link, ended, err := agent.Start(ctx, bench.Info().RP)
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

// login is what a client does: authorize, token, userinfo.
func (m mockPeer) login(ctx context.Context) error {
	const redirect = "http://localhost/callback"
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(m.Issuer + "/authorize?" + url.Values{
		"client_id": {m.ClientID}, "response_type": {"code"}, "scope": {"openid email profile"},
		"redirect_uri": {redirect}, "state": {"s"}, "nonce": {"n"},
	}.Encode())
	if err != nil {
		return err
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		return fmt.Errorf("%s: %w", resp.Status, err)
	}
	resp, err = client.PostForm(m.Issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {redirect},
		"client_id": {m.ClientID}, "client_secret": {m.ClientSecret},
	})
	if err != nil {
		return err
	}
	var tokens struct {
		AccessToken string `json:"access_token"`
		IDToken     string `json:"id_token"`
	}
	err = json.NewDecoder(resp.Body).Decode(&tokens)
	resp.Body.Close()
	if err != nil || tokens.IDToken == "" {
		return fmt.Errorf("no ID token: %s, %v", resp.Status, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Issuer+"/userinfo", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
	if resp, err = client.Do(req); err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "email") {
		return fmt.Errorf("userinfo: %s, %s, %v", resp.Status, body, err)
	}
	return nil
}
