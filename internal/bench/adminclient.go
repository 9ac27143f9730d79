package bench

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

	"kazasu/internal/trace"
)

// ErrNoBench says that no bench answers at a state folder's admin socket.
var ErrNoBench = errors.New("no bench is running")

// AdminClient steers a bench that runs in another process. A refusal is an
// [*Error] with the bench's words; a bench that isn't there wraps ErrNoBench.
type AdminClient struct {
	socket string
	http   *http.Client
}

// NewAdminClient is a client of the bench that uses this state folder. It
// connects when it is used.
func NewAdminClient(state string) *AdminClient {
	socket := filepath.Join(state, AdminSocket)
	return &AdminClient{socket, &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
}

// Close lets go of connections.
func (c *AdminClient) Close() { c.http.CloseIdleConnections() }

// callTime bounds a call: none of them waits for a person.
const callTime = 15 * time.Second

// Info is what a program needs to use the bench.
func (c *AdminClient) Info(ctx context.Context) (out Info, err error) {
	return out, c.Call(ctx, http.MethodGet, "/v1/info", nil, &out)
}

// Cards are the cards that the bench has had to do with.
func (c *AdminClient) Cards(ctx context.Context) ([]CardStatus, error) {
	return c.cards(ctx, http.MethodGet, "/v1/cards", nil)
}

// Insert puts a holder's card into the rig's slot.
func (c *AdminClient) Insert(ctx context.Context, holder, profile string) ([]CardStatus, error) {
	return c.cards(ctx, http.MethodPost, "/v1/cards/insert", InsertRequest{holder, profile})
}

// Remove empties the rig's slot.
func (c *AdminClient) Remove(ctx context.Context) ([]CardStatus, error) {
	return c.cards(ctx, http.MethodPost, "/v1/cards/remove", struct{}{})
}

// ResetPIN sets a PIN's tries back; an empty holder means the card in the slot.
func (c *AdminClient) ResetPIN(ctx context.Context, holder, pin string) ([]CardStatus, error) {
	return c.cards(ctx, http.MethodPost, "/v1/cards/pin", PINRequest{Holder: holder, PIN: pin})
}

// SetPINTries sets how many tries a PIN has left.
func (c *AdminClient) SetPINTries(ctx context.Context, holder, pin string, left int) ([]CardStatus, error) {
	return c.cards(ctx, http.MethodPost, "/v1/cards/pin", PINRequest{holder, pin, &left})
}

func (c *AdminClient) cards(ctx context.Context, method, path string, in any) ([]CardStatus, error) {
	var out CardsAnswer
	err := c.Call(ctx, method, path, in, &out)
	return out.Cards, err
}

// Faults are those that there are, and those that are on.
func (c *AdminClient) Faults(ctx context.Context) (out FaultsAnswer, err error) {
	return out, c.Call(ctx, http.MethodGet, "/v1/faults", nil, &out)
}

// SetFault switches a fault, by its ID.
func (c *AdminClient) SetFault(ctx context.Context, tag, id, value string) error {
	return c.Call(ctx, http.MethodPost, "/v1/faults", FaultRequest{tag, id, value}, nil)
}

// ClearFaults makes everybody honest again, for every login.
func (c *AdminClient) ClearFaults(ctx context.Context) error {
	return c.Call(ctx, http.MethodDelete, "/v1/faults", nil, nil)
}

// Authorities is what the test CA knows, family by family.
func (c *AdminClient) Authorities(ctx context.Context) ([]CAStatus, error) {
	var out CAAnswer
	err := c.Call(ctx, http.MethodGet, "/v1/ca", nil, &out)
	return out.Families, err
}

// Revoke puts a holder's certificate on the CA's list.
func (c *AdminClient) Revoke(ctx context.Context, holder string, family Family, reason int) error {
	return c.Call(ctx, http.MethodPost, "/v1/ca/revoke", RevocationRequest{holder, family, reason}, nil)
}

// Reinstate takes it off again.
func (c *AdminClient) Reinstate(ctx context.Context, holder string, family Family) error {
	return c.Call(ctx, http.MethodPost, "/v1/ca/reinstate", RevocationRequest{Holder: holder, Family: family}, nil)
}

// Travel moves the bench's clock.
func (c *AdminClient) Travel(ctx context.Context, by time.Duration) (out ClockAnswer, err error) {
	return out, c.Call(ctx, http.MethodPost, "/v1/clock/travel", TravelRequest{by.String()}, &out)
}

// Events calls f with each event from now on, until ctx or the bench ends or f
// returns an error.
func (c *AdminClient) Events(ctx context.Context, f func(trace.Event) error) error {
	resp, err := c.send(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	decoder := json.NewDecoder(resp.Body)
	for {
		var e trace.Event
		if err := decoder.Decode(&e); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil // the bench closed
			}
			return fmt.Errorf("reading events: %w", err)
		}
		if err := f(e); err != nil {
			return err
		}
	}
}

// Call is any call: in is sent as JSON unless nil, the answer read into out
// unless nil.
func (c *AdminClient) Call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("reading the bench's answer: %w", err)
	}
	return nil
}

// send returns an answer that is a yes.
func (c *AdminClient) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("asking the bench: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, body)
	if err != nil {
		return nil, fmt.Errorf("asking the bench: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, &Error{
			Problem: "nothing answers at " + c.socket, Cause: ErrNoBench,
			Cure: "start one in another terminal: kazasu up (with the same --state)",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("asking the bench: %w", err)
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer resp.Body.Close()
	var no Refusal
	if json.NewDecoder(resp.Body).Decode(&no) != nil || no.Message == "" {
		no.Message = "the bench answered " + resp.Status
	}
	return nil, &Error{Problem: no.Message, Cure: no.Cure}
}
