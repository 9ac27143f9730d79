package relyingparty

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// answerMax is the largest answer that the RP takes from a provider, bytes.
const answerMax = 1 << 20

// Errors of answers that no library should see.
var (
	errTooLarge  = fmt.Errorf("answer exceeds %d bytes", answerMax)
	errDuplicate = errors.New("JSON member given twice")
)

// boundedClient is base with a timeout, without redirects, and with answers
// read whole, bounded and free of duplicate JSON members before any library
// parses them (RFC 8259 §4). Libraries read what they are given to the end and
// take the last of two members.
func boundedClient(base *http.Client, timeout time.Duration) *http.Client {
	client := &http.Client{}
	if base != nil {
		*client = *base
	}
	if client.Timeout == 0 {
		client.Timeout = timeout
	}
	transport := client.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	client.Transport = bounded{transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	if err != nil {
		return nil, err
	}
	if len(body) > answerMax {
		return nil, errTooLarge
	}
	if isJSON(resp.Header) {
		if err := noDuplicates(body); err != nil {
			return nil, err
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

func isJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// noDuplicates walks one JSON value and refuses an object with a member twice.
func noDuplicates(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return walkValue(d)
}

func walkValue(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return walkObject(d)
	case json.Delim('['):
		for d.More() {
			if err := walkValue(d); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}

func walkObject(d *json.Decoder) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return fmt.Errorf("%w: %q", errDuplicate, name)
		}
		seen[name] = true
		if err := walkValue(d); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}
