package bench

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// inside is a transport without a network: a request to one of the bench's own
// listeners goes straight to its handler, in the caller's goroutine. The
// answer is whole when it comes, so a stream never does.
type inside struct {
	next http.RoundTripper // to everybody else

	mu       sync.RWMutex
	handlers map[string]http.Handler // by scheme and host
}

func (t *inside) add(origin string, h http.Handler) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.handlers == nil {
		t.handlers = map[string]http.Handler{}
	}
	t.handlers[origin] = h
}

// CloseIdleConnections closes those of next.
func (t *inside) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// RoundTrip is for http.Client.
func (t *inside) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.RLock()
	h := t.handlers[r.URL.Scheme+"://"+r.URL.Host]
	t.mu.RUnlock()
	if h == nil {
		return t.next.RoundTrip(r)
	}
	w := &answerWriter{header: http.Header{}}
	if err := serveInside(h, w, received(r)); err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.response(r), nil
}

// received is a request as a server sees it.
func received(r *http.Request) *http.Request {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = loopback + ":0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if r.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true}
	}
	u := *in.URL
	u.Scheme, u.Host = "", ""
	in.URL = &u
	return in
}

// serveInside takes a panic for what a server makes of it: no answer.
func serveInside(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("no answer: %v", p)
		}
		r.Body.Close()
	}()
	h.ServeHTTP(w, r)
	return nil
}

// answerWriter collects an answer.
type answerWriter struct {
	header, sent http.Header
	status       int
	body         bytes.Buffer
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *answerWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		if w.header.Get("Content-Type") == "" {
			w.header.Set("Content-Type", http.DetectContentType(b))
		}
		w.WriteHeader(http.StatusOK)
	}
	return w.body.Write(b)
}

func (w *answerWriter) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}
}
