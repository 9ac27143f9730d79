package telemetry

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"kazasu/internal/realparts"
)

type card struct{}

func (card) PowerOn(context.Context) ([]byte, error) { return nil, nil }
func (card) Reset(context.Context) ([]byte, error)   { return nil, nil }
func (card) PowerOff(context.Context) error          { return nil }
func (card) ATR() []byte                             { return nil }
func (card) Transmit(context.Context, []byte) ([]byte, error) {
	return []byte{0x63, 0xC2}, nil
}

// used is what a busy bench's metrics page says.
func used(t *testing.T) string {
	t.Helper()
	m := New()
	if _, err := m.Slot(card{}).Transmit(t.Context(), []byte{0, 0x20, 0, 0x80}); err != nil {
		t.Fatal(err)
	}
	m.Login("finished")
	m.Check("CA-012", "passed")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	tapped := m.Tap("idp", mux)
	tapped.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/login/secret-id", nil))
	tapped.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/nowhere", nil))
	page := httptest.NewRecorder()
	m.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestNamesAndLabels(t *testing.T) {
	page := used(t)
	for _, want := range []string{
		`kazasu_apdu_seconds_count{ins="20",sw="63C2"} 1`,
		`kazasu_logins_total{result="finished"} 1`,
		`kazasu_checks_total{group="CA",verdict="passed"} 1`,
		`kazasu_http_request_seconds_count{code="418",player="idp",route="GET /login/{id}"} 1`,
		`kazasu_http_request_seconds_count{code="404",player="idp",route="other"} 1`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "secret-id") {
		t.Error("an identifier became a label")
	}
}

func TestPromtoolIsContent(t *testing.T) {
	realparts.Need(t, "promtool", "promtool")
	cmd := exec.Command("promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(used(t))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

func BenchmarkAPDU(b *testing.B) {
	m := New()
	for b.Loop() {
		m.APDU(0xB0, 0x9000, time.Microsecond)
	}
}
