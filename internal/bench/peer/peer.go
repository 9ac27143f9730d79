// Package peer runs somebody else's provider beside ours, so that a benchmark
// measures both in one run: oauth2-proxy's mockoidc, the usual way to test an
// OpenID Connect client in Go.
//
// It runs in a child process, since two parallel logins may end it: its session
// store is a map without a lock, and the runtime's "concurrent map writes"
// can't be recovered from. The child is the program itself, called with
// [childArgument]; main or TestMain calls [Helper] first.
package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/oauth2-proxy/mockoidc"
)

// childArgument makes a program the provider's child process.
const childArgument = "kazasu-peer-mockoidc"

// redirectURI is where mockoidc sends its codes; it takes any.
const redirectURI = "http://127.0.0.1/callback"

// hello is the child's one line on stdout when it listens.
type hello struct {
	Authorize, Token, UserInfo string
	ID, Secret                 string
}

// Helper runs the child when args, without the program's name, say so. It ends
// when standard input does, which is when the parent is gone.
func Helper(args []string) (handled bool, exit int) {
	if len(args) != 1 || args[0] != childArgument {
		return false, 0
	}
	m, err := mockoidc.Run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		return true, 1
	}
	json.NewEncoder(os.Stdout).Encode(hello{m.AuthorizationEndpoint(), m.TokenEndpoint(), m.UserinfoEndpoint(), m.ClientID, m.ClientSecret})
	io.Copy(io.Discard, os.Stdin)
	m.Shutdown()
	return true, 0
}

// MockOIDC is a running child.
type MockOIDC struct {
	hello
	client *http.Client
	stdin  io.Closer
	done   chan struct{} // closed when the child has ended
}

// Start runs the child and waits until it listens, on loopback.
func Start(ctx context.Context) (*MockOIDC, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting mockoidc: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, childArgument)
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		return nil, fmt.Errorf("starting mockoidc: %w", err)
	}
	m := &MockOIDC{stdin: stdin, done: make(chan struct{})}
	line, errRead := bufio.NewReader(stdout).ReadBytes('\n')
	go func() {
		defer close(m.done)
		cmd.Wait()
	}()
	if err := errors.Join(errRead, json.Unmarshal(line, &m.hello)); err != nil {
		m.Close()
		return nil, fmt.Errorf("starting mockoidc: %w", err)
	}
	m.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return m, nil
}

// Close ends the child and waits for it.
func (m *MockOIDC) Close() {
	m.stdin.Close()
	<-m.done
}

// Died is closed when the child has ended, by itself or by Close.
func (m *MockOIDC) Died() <-chan struct{} { return m.done }

// Login is one whole login of a client: authorize, token, userinfo. mockoidc
// asks nobody and signs nothing with a card.
func (m *MockOIDC) Login(ctx context.Context) error {
	code, err := m.code(ctx)
	if err != nil {
		return fmt.Errorf("authorizing: %w", err)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
		"client_id": {m.ID}, "client_secret": {m.Secret},
	}
	var tokens struct {
		AccessToken string `json:"access_token"`
		IDToken     string `json:"id_token"`
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := m.json(r, &tokens); err != nil {
		return fmt.Errorf("asking for tokens: %w", err)
	}
	r, err = http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfo, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
	var user struct {
		Email string `json:"email"`
	}
	if err := m.json(r, &user); err != nil {
		return fmt.Errorf("asking for the user: %w", err)
	}
	if tokens.IDToken == "" || user.Email == "" {
		return errors.New("mockoidc gave no ID token or no user")
	}
	return nil
}

// code follows the authorize request to the code in its redirect.
func (m *MockOIDC) code(ctx context.Context) (string, error) {
	query := url.Values{
		"response_type": {"code"}, "scope": {"openid email profile"}, "client_id": {m.ID},
		"redirect_uri": {redirectURI}, "state": {"state"}, "nonce": {"nonce"},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Authorize+"?"+query.Encode(), nil)
	if err != nil {
		return "", err
	}
	response, err := m.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	to, err := response.Location()
	if err != nil {
		return "", fmt.Errorf("%s without a redirect", response.Status)
	}
	return to.Query().Get("code"), nil
}

func (m *MockOIDC) json(r *http.Request, into any) error {
	response, err := m.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
