package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"kazasu/internal/appapi"
)

// caller speaks internal/appapi for one login.
type caller struct {
	client  *http.Client
	login   string // the login's URL
	session string // bearer, "" before open
}

// Bounds of a call.
const (
	answerMax  = 64 << 10         // bytes of an answer: they are small JSON objects
	statusTime = 40 * time.Second // of a status call that waits: half a minute and some
)

func (c caller) post(ctx context.Context, call string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.login+"/"+call, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return c.do(c.http(), req, out)
}

func (c caller) status(ctx context.Context, wait bool) (appapi.Status, error) {
	client, address := c.http(), c.login+"/status?wait=0"
	if wait {
		patient := *client
		patient.Timeout = statusTime
		client, address = &patient, c.login+"/status"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return appapi.Status{}, err
	}
	var status appapi.Status
	err = c.do(client, req, &status)
	return status, err
}

func (c caller) http() *http.Client {
	if c.client == nil {
		return http.DefaultClient
	}
	return c.client
}

// do sends req and reads the answer into out; a refusal comes back as an
// appapi.Problem, made up from the status when the body holds none.
func (c caller) do(client *http.Client, req *http.Request, out any) error {
	if c.session != "" {
		req.Header.Set("Authorization", "Bearer "+c.session)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax))
	if err != nil {
		return fmt.Errorf("reading answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return problem(resp, body)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading answer: %w", err)
	}
	return nil
}

func problem(resp *http.Response, body []byte) appapi.Problem {
	var p appapi.Problem
	if json.Unmarshal(body, &p) != nil || p.Code == "" {
		p = appapi.Problem{Code: fmt.Sprintf("http-%d", resp.StatusCode), Message: resp.Status}
	}
	return p
}
