package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// server is one HTTP server of the bench.
type server struct {
	name string
	http *http.Server
}

// Times of a server. Requests may wait long for a person; headers may not.
const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	closeTime  = time.Second // for requests under way when the bench closes
)

// serve lets a handler answer on a listener until Close. secure is nil for
// plain http.
func (b *Bench) serve(name string, l net.Listener, h http.Handler, secure *tls.Config) {
	_, tcp := l.Addr().(*net.TCPAddr)
	if tcp {
		h = guarded(h, portOf(l), b.info.Issuer)
	}
	s := &server{name, &http.Server{
		Handler: h, TLSConfig: secure,
		ReadHeaderTimeout: headerTime, IdleTimeout: idleTime,
		ErrorLog:    log.New(logLines{b, name}, "", 0),
		BaseContext: func(net.Listener) context.Context { return b.ctx },
	}}
	b.servers = append(b.servers, s)
	if tcp && b.inside != nil {
		scheme := "http"
		if secure != nil {
			scheme = "https"
		}
		b.inside.add(fmt.Sprintf("%s://localhost:%d", scheme, portOf(l)), h)
	}
	b.work.start(func() {
		err := s.run(l)
		if !errors.Is(err, http.ErrServerClosed) {
			b.log("%s stopped answering: %v", name, err)
		}
	})
}

func (s *server) run(l net.Listener) error {
	if s.http.TLSConfig == nil {
		return s.http.Serve(l)
	}
	return s.http.ServeTLS(l, "", "")
}

// closeServers ends them all at once: listeners at once, requests when they
// are done or their time is over.
func closeServers(all []*server) error {
	var g errgroup.Group
	for _, s := range all {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), closeTime)
			defer cancel()
			if err := s.http.Shutdown(ctx); err == nil {
				return nil
			}
			if err := s.http.Close(); err != nil {
				return fmt.Errorf("closing %s: %w", s.name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// logLines takes what a server complains of. A client that doesn't trust the
// local root is the user's business to see; one that goes away is not.
type logLines struct {
	bench *Bench
	name  string
}

func (l logLines) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if !strings.HasSuffix(text, ": EOF") && !strings.Contains(text, "connection reset") {
		l.bench.log("%s: %s", l.name, text)
	}
	return len(line), nil
}
