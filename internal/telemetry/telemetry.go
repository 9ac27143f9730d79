// Package telemetry counts what a bench does, as Prometheus metrics.
//
// [Metrics.Slot] and [Metrics.Tap] stand round a card and round an HTTP
// handler; logins and checks are told one by one. Labels hold only values from
// small sets: instructions, status words, routes, never an identifier.
package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"kazasu/internal/slot"
)

// Metrics are the counters of one bench, in a registry of its own. They may be
// used from several goroutines at once.
type Metrics struct {
	registry *prometheus.Registry
	apdus    *prometheus.HistogramVec
	logins   *prometheus.CounterVec
	requests *prometheus.HistogramVec
	checks   *prometheus.CounterVec

	mu    sync.RWMutex
	known map[uint32]prometheus.Observer // apdus by ins and status
}

// New makes metrics that all stand at nothing.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		apdus: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kazasu_apdu_seconds", Help: "Time from command to response APDU.",
			Buckets: prometheus.ExponentialBuckets(1e-6, 4, 12), // 1 µs to 4 s
		}, []string{"ins", "sw"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kazasu_logins_total", Help: "Logins that ended, by result.",
		}, []string{"result"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kazasu_http_request_seconds", Help: "Time to answer an HTTP request.",
			Buckets: prometheus.ExponentialBuckets(1e-4, 4, 10), // 0.1 ms to 26 s
		}, []string{"player", "route", "code"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kazasu_checks_total", Help: "Checks that were run, by group and verdict.",
		}, []string{"group", "verdict"}),
		known: map[uint32]prometheus.Observer{},
	}
	m.registry.MustRegister(m.apdus, m.logins, m.requests, m.checks)
	return m
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// APDU counts one command by its instruction and the status word it got; 0 is
// no answer.
func (m *Metrics) APDU(ins byte, sw uint16, d time.Duration) {
	key := uint32(ins)<<16 | uint32(sw)
	m.mu.RLock()
	observer, ok := m.known[key]
	m.mu.RUnlock()
	if !ok {
		observer = m.apdus.WithLabelValues(fmt.Sprintf("%02X", ins), fmt.Sprintf("%04X", sw))
		m.mu.Lock()
		m.known[key] = observer
		m.mu.Unlock()
	}
	observer.Observe(d.Seconds())
}

// Login counts a login that ended: "finished", "cancelled", "error".
func (m *Metrics) Login(result string) { m.logins.WithLabelValues(result).Inc() }

// Request counts an HTTP request that a player answered. Route is a pattern,
// not a path.
func (m *Metrics) Request(player, route string, code int, d time.Duration) {
	m.requests.WithLabelValues(player, route, strconv.Itoa(code)).Observe(d.Seconds())
}

// Check counts a check that was run, by the group at the start of its ID
// (the CA of "CA-012") and its verdict.
func (m *Metrics) Check(id, verdict string) { m.checks.WithLabelValues(group(id), verdict).Inc() }

// group is the letters at the start of a check's ID.
func group(id string) string {
	for i, c := range id {
		if c < 'A' || c > 'Z' {
			return id[:i]
		}
	}
	return id
}

// Slot counts every command that goes to s. What stands round the card is a
// slot.Watcher when s is one.
func (m *Metrics) Slot(s slot.Slot) slot.Slot {
	counted := &countedSlot{s, m}
	if w, ok := s.(slot.Watcher); ok {
		return struct {
			*countedSlot
			slot.Watcher
		}{counted, w}
	}
	return counted
}

type countedSlot struct {
	slot.Slot
	metrics *Metrics
}

func (c *countedSlot) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	began := time.Now()
	response, err := c.Slot.Transmit(ctx, command)
	var ins byte
	if len(command) > 1 {
		ins = command[1]
	}
	var sw uint16
	if n := len(response); n >= 2 && err == nil {
		sw = uint16(response[n-2])<<8 | uint16(response[n-1])
	}
	c.metrics.APDU(ins, sw, time.Since(began))
	return response, err
}

// Tap counts every request to h under a player's name and the pattern by which
// a http.ServeMux inside h routed it; "other" when none did.
func (m *Metrics) Tap(player string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		watched := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		began := time.Now()
		defer func() {
			route := req.Pattern // set by the mux, on this very request
			if route == "" {
				route = "other"
			}
			m.Request(player, route, watched.status, time.Since(began))
		}()
		h.ServeHTTP(watched, req)
	})
}

// statusWriter remembers the status code.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	if code >= 200 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach what stands behind.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
