package idp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// clockSkew is how far somebody else's clock may run ahead of ours.
const clockSkew = 15 * time.Second

// revocation asks about certificates. Nothing but a clear "good" lets a login
// through.
type revocation struct {
	ocspURL string
	http    *http.Client
	lists   *crlSource
}

func newRevocation(c *Config) revocation {
	return revocation{
		ocspURL: c.OCSP, http: c.HTTP,
		lists: &crlSource{url: c.CRL, http: c.HTTP, maxAge: c.CRLMaxAge},
	}
}

// checkOCSP asks the responder where the mode wants it. In mode ocsp-or-crl a
// responder that can't vouch leaves the word to the CRL; one that says
// "revoked" has said it.
func checkOCSP(ctx context.Context, e *evidence) error {
	mode := e.provider.config.Revocation
	if mode == "crl" {
		return errSkip
	}
	err := e.provider.revoked.askOCSP(ctx, e.certificate, e.anchor, e.now)
	e.ocspAnswered = err == nil
	if err != nil && mode == "ocsp-or-crl" && !errors.Is(err, errRevoked) {
		return fmt.Errorf("%w: %w", errSkip, err)
	}
	return err
}

func checkCRL(ctx context.Context, e *evidence) error {
	mode := e.provider.config.Revocation
	if mode == "ocsp" || (mode == "ocsp-or-crl" && e.ocspAnswered) {
		return errSkip
	}
	return e.provider.revoked.lists.check(ctx, e.certificate, e.anchor, e.now)
}

// exchange sends a request and reads at most max bytes of an answer with
// status 200; a 304 gives no bytes.
func exchange(ctx context.Context, client *http.Client, method, url string, body []byte, header map[string]string, max int64) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNotModified:
		return nil, resp.Header, nil
	case http.StatusOK:
	default:
		return nil, nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, max+1))
	switch {
	case err != nil:
		return nil, nil, err
	case int64(len(answer)) > max:
		return nil, nil, fmt.Errorf("%s answers with more than %d bytes", url, max)
	}
	return answer, resp.Header, nil
}
