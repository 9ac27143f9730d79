package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"time"
)

// newClient is an HTTP client for the bench's own servers. It goes to loopback
// by itself, so that no resolver and no second address family is asked.
func newClient(root *x509.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(root)
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{Transport: thrifty{&http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if host, port, err := net.SplitHostPort(address); err == nil && host == "localhost" {
				address = net.JoinHostPort(loopback, port)
			}
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool},
		MaxIdleConnsPerHost: 128,
		IdleConnTimeout:     time.Minute,
	}}}
}

// thrifty is a transport that keeps a connection when somebody closes an
// answer without reading it to the end, as who follows a redirect does: a short
// rest is read and thrown away.
type thrifty struct{ *http.Transport }

// RoundTrip is for http.Client.
func (t thrifty) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(r)
	if err == nil && resp.ContentLength >= 0 && resp.ContentLength <= restMax {
		resp.Body = thriftyBody{resp.Body}
	}
	return resp, err
}

// restMax is the longest answer whose rest is read, in bytes.
const restMax = 4 << 10

type thriftyBody struct{ io.ReadCloser }

func (b thriftyBody) Close() error {
	// the reader had enough already: what fails here fails nobody
	_, _ = io.CopyN(io.Discard, b.ReadCloser, restMax)
	return b.ReadCloser.Close()
}
