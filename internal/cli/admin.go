package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"syscall"
	"time"
)

// admin speaks to the admin API of a running bench, over the Unix socket in
// its state folder.
type admin struct {
	socket string
	client *http.Client
}

// adminSocket is its name there.
const adminSocket = "admin.sock"

// adminTimeout bounds one call: none of them waits for a person.
const adminTimeout = 15 * time.Second

// noBenchError says that nothing answers where a bench would.
type noBenchError struct{ socket string }

func (e *noBenchError) Error() string { return "no bench is running: nothing answers at " + e.socket }
func (e *noBenchError) Hint() string {
	return "start one in another terminal: kazasu up (with the same --state)"
}
func (e *noBenchError) ExitCode() int { return exitUsage }

// refusal is an answer of the admin API that isn't a yes.
type refusal struct {
	Message string `json:"error"`
	Cure    string `json:"hint"`
	status  int
}

func (e *refusal) Error() string { return e.Message }
func (e *refusal) Hint() string  { return e.Cure }
func (e *refusal) ExitCode() int {
	if e.status < 500 {
		return exitUsage
	}
	return exitBroken
}

func (w World) admin(stateFlag string) (*admin, error) {
	folder, err := w.stateFolder(stateFlag)
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(folder, adminSocket)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	return &admin{socket, &http.Client{Transport: transport, Timeout: adminTimeout}}, nil
}

// call sends in (nil for no body) and reads the answer into out (nil to
// ignore it).
func (a *admin) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.client.Do(req)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return &noBenchError{a.socket}
	}
	if err != nil {
		return fmt.Errorf("asking the bench: %w", err)
	}
	defer resp.Body.Close()
	return a.answer(resp, out)
}

func (a *admin) answer(resp *http.Response, out any) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("reading the bench's answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		no := refusal{status: resp.StatusCode}
		if json.Unmarshal(b, &no) != nil || no.Message == "" {
			no.Message = "the bench answered " + resp.Status
		}
		return &no
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("reading the bench's answer: %w", err)
	}
	return nil
}
