package bench

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"kazasu/internal/trace"
)

func adminOf(t *testing.T, b *Bench) *AdminClient {
	t.Helper()
	c := NewAdminClient(b.Info().State)
	t.Cleanup(c.Close)
	return c
}

func TestAdmin(t *testing.T) {
	b, ctx := start(t), t.Context()
	c := adminOf(t, b)

	info, err := c.Info(ctx)
	if err != nil || !reflect.DeepEqual(info, b.Info()) {
		t.Errorf("Info = %+v, %v", info, err)
	}

	cards, err := c.Insert(ctx, "taro", "")
	if err != nil || cards[0].Holder != "taro" || !cards[0].Slot {
		t.Errorf("Insert = %+v, %v", cards, err)
	}
	cards, err = c.SetPINTries(ctx, "", "auth", 0)
	if err != nil || cards[0].PINs[0].Left != 0 || !cards[0].PINs[0].Blocked {
		t.Errorf("SetPINTries = %+v, %v", cards, err)
	}
	cards, err = c.ResetPIN(ctx, "taro", "auth")
	if err != nil || cards[0].PINs[0].Left != 3 {
		t.Errorf("ResetPIN = %+v, %v", cards, err)
	}
	cards, err = c.Remove(ctx)
	if err != nil || cards[0].Slot {
		t.Errorf("Remove = %+v, %v", cards, err)
	}

	if err := c.SetFault(ctx, "", "card.slow", "3ms"); err != nil {
		t.Error(err)
	}
	faults, err := c.Faults(ctx)
	if err != nil || len(faults.Active) != 1 || faults.Active[0] != (ActiveFault{"card.slow", "3ms"}) || len(faults.Faults) < 16 {
		t.Errorf("Faults = %+v, %v", faults, err)
	}
	if err := c.ClearFaults(ctx); err != nil || len(b.ActiveFaults()) != 0 {
		t.Errorf("ClearFaults: %v, %v left", err, b.ActiveFaults())
	}

	if err := c.Revoke(ctx, "taro", Auth, 1); err != nil {
		t.Error(err)
	}
	families, err := c.Authorities(ctx)
	if err != nil || len(families) != 2 || len(families[0].Revoked) != 1 || families[0].Revoked[0].Holder != "taro" {
		t.Errorf("Authorities = %+v, %v", families, err)
	}
	if err := c.Reinstate(ctx, "taro", Auth); err != nil {
		t.Error(err)
	}

	clock, err := c.Travel(ctx, 72*time.Hour)
	if err != nil || clock.Offset != "72h0m0s" || b.Clock().Offset() != 72*time.Hour {
		t.Errorf("Travel = %+v, %v", clock, err)
	}
}

func TestAdminRefusals(t *testing.T) {
	b, ctx := start(t), t.Context()
	c := adminOf(t, b)
	_, noHolder := c.Insert(ctx, "nobody", "")
	_, noPIN := c.ResetPIN(ctx, "", "moon")
	for name, err := range map[string]error{
		`no holder is called "nobody"`:      noHolder,
		"setting PIN moon of hanako":        noPIN,
		`no fault is called "card.shy"`:     c.SetFault(ctx, "", "card.shy", "on"),
		`no certificate family is called`:   c.Revoke(ctx, "taro", "blood", 1),
		`"soon" is no duration`:             c.Call(ctx, "POST", "/v1/clock/travel", TravelRequest{"soon"}, nil),
		`reading the request: json: unkno`:  c.Call(ctx, "POST", "/v1/cards/insert", map[string]string{"who": "taro"}, nil),
		"the bench answered 404 Not Found":  c.Call(ctx, "GET", "/v1/moon", nil, nil),
		"the bench answered 405 Method Not": c.Call(ctx, "GET", "/v1/cards/insert", nil, nil),
	} {
		var refusal *Error
		if !errors.As(err, &refusal) || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("got %v, want %s…", err, name)
		}
	}
	if hint := hintOf(noHolder); hint != "holders are hanako, taro, yoshiko, choju, mirai, tsuru" {
		t.Errorf("hint %q", hint)
	}
}

func TestAdminTakesJSONAlone(t *testing.T) {
	b := start(t)
	for _, media := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
		req := httptest.NewRequest("POST", "/v1/cards/remove", strings.NewReader("{}"))
		if media != "" {
			req.Header.Set("Content-Type", media)
		}
		w := httptest.NewRecorder()
		b.Admin().ServeHTTP(w, req)
		if w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d, want 415", media, w.Code)
		}
	}
	if len(b.Cards()) == 0 || !b.Cards()[0].Slot {
		t.Error("a form took the card out")
	}
}

func TestAdminSocketIsPrivate(t *testing.T) {
	b := start(t)
	info, err := os.Stat(b.Info().Admin)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v, want 0600", info.Mode(), err)
	}
}

func TestAdminEvents(t *testing.T) {
	b := start(t)
	c := adminOf(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := make(chan trace.Event, 1)
	done := make(chan error, 1)
	resp, err := c.send(ctx, http.MethodGet, "/v1/events", nil) // the subscription stands when headers are there
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer resp.Body.Close()
		var e trace.Event
		err := json.NewDecoder(resp.Body).Decode(&e)
		seen <- e
		done <- err
	}()
	b.Travel(time.Hour)
	if e := <-seen; e.Kind != "travel" || e.Text != "the clock moved by 1h0m0s" {
		t.Errorf("told %+v, %v", e, <-done)
	}
}

func TestNoBench(t *testing.T) {
	c := NewAdminClient(t.TempDir())
	defer c.Close()
	_, err := c.Info(t.Context())
	if !errors.Is(err, ErrNoBench) || hintOf(err) == "" || !strings.HasPrefix(err.Error(), "nothing answers at ") {
		t.Errorf("Info = %v, hint %q", err, hintOf(err))
	}
}

func TestLongStatePath(t *testing.T) {
	state := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	_, err := Start(t.Context(), virtual(t), Options{State: state, Ports: "auto"})
	if err == nil || hintOf(err) != "choose a state folder with a shorter path" {
		t.Errorf("Start = %v, hint %q", err, hintOf(err))
	}
}
