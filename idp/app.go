package idp

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"kazasu/internal/appapi"
)

// appPath is where the app's calls stand, at the issuer's origin.
const appPath = "/app/logins/"

// Bounds of the app's calls.
const (
	appBodyMax = 64 << 10
	statusWait = 30 * time.Second
)

// problems says how each reason to turn an app away is told. The codes are
// stable; docs/APP-API.md lists them.
var problems = []struct {
	cause  error
	status int
	code   string
}{
	{errUnknownLogin, http.StatusNotFound, "unknown-login"},
	{errUnauthorized, http.StatusUnauthorized, "unauthorized"},
	{errBody, http.StatusBadRequest, "bad-request"},
	{errLoginOpened, http.StatusConflict, "already-opened"},
	{errLoginExpired, http.StatusGone, "expired"},
	{errLoginClosed, http.StatusGone, "closed"},
	{errNotReady, http.StatusConflict, "not-ready"},
	{errConsent, http.StatusBadRequest, "consent-beyond-request"},
}

var (
	errUnknownLogin = errors.New("no login has this ticket")
	errUnauthorized = errors.New("not the app that opened the login")
	errBody         = errors.New("body can't be read")
)

// turnAway answers with a Problem. A refused proof names the check that
// failed; everything unforeseen is a 500.
func (p *Provider) turnAway(w http.ResponseWriter, l *login, call string, cause error) {
	status, problem := http.StatusInternalServerError, appapi.Problem{Code: "internal", Message: "internal error"}
	var failure *proofFailure
	if errors.As(cause, &failure) {
		status, problem = failure.status(), appapi.Problem{Code: failure.code, Message: failure.sentence}
	}
	for _, row := range problems {
		if errors.Is(cause, row.cause) {
			status, problem = row.status, appapi.Problem{Code: row.code, Message: row.cause.Error()}
		}
	}
	id, tag := "", ""
	if l != nil {
		id, tag = l.id, l.tag
	}
	p.tellError(id, tag, "app/"+call, problem.Code, cause)
	writeJSON(w, status, problem)
}

// appOpen lets an app in that followed the link or scanned the code, once.
func (p *Provider) appOpen(w http.ResponseWriter, r *http.Request) {
	t, ok := p.tickets.get(r.PathValue("ticket"), p.now())
	if !ok {
		p.turnAway(w, nil, "open", errUnknownLogin)
		return
	}
	opened, err := p.openFor(t)
	if err != nil {
		p.turnAway(w, t.login, "open", err)
		return
	}
	p.tell(t.login, KindOpened, "app opened the login", map[string]string{"flow": string(t.flow)})
	writeJSON(w, http.StatusOK, opened)
}

func (p *Provider) openFor(t ticket) (appapi.Opened, error) {
	l, client := t.login, t.login.request.client
	session, err := l.open(t.flow, p.now())
	if err != nil {
		return appapi.Opened{}, err
	}
	nonce := token256()
	if err := p.config.Store.Put(bucketChallenge, l.id, []byte(nonce), loginLife); err != nil {
		return appapi.Opened{}, fmt.Errorf("keeping challenge: %w", err)
	}
	v := l.view(p.now())
	return appapi.Opened{
		Session: session, Flow: t.flow, State: appState(v), Number: v.number,
		Client:     appapi.Client{ID: client.ID, Name: client.Name, Privacy: client.Privacy, Terms: client.Terms},
		Attributes: append([]string{}, l.request.attributes...),
		Challenge:  p.challenge(l, nonce), Expires: v.deadline,
	}, nil
}

func (p *Provider) challenge(l *login, nonce string) appapi.Challenge {
	return appapi.Challenge{Domain: p.config.Issuer, Login: l.id, Client: l.request.client.ID, Nonce: nonce}
}

func appState(v view) appapi.State {
	switch {
	case v.stale || v.phase >= finished:
		return appapi.StateClosed
	case v.phase == waitingForNumber:
		return appapi.StateNumber
	}
	return appapi.StateReady
}

// app finds the login of a call and admits only the app that opened it.
func (p *Provider) app(serve func(http.ResponseWriter, *http.Request, *login)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, ok := p.tickets.get(r.PathValue("ticket"), p.now())
		if !ok {
			p.turnAway(w, nil, "session", errUnknownLogin)
			return
		}
		session := t.login.view(p.now()).session
		if session == "" || subtle.ConstantTimeCompare([]byte(bearer(r)), []byte(session)) == 0 {
			p.turnAway(w, t.login, "session", errUnauthorized)
			return
		}
		serve(w, r, t.login)
	}
}

func bearer(r *http.Request) string {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return ""
	}
	return token
}

// appStatus answers while the number is awaited only when that changes, or
// after half a minute; wait=0 doesn't wait.
func (p *Provider) appStatus(w http.ResponseWriter, r *http.Request, l *login) {
	v := l.view(p.now())
	if r.URL.Query().Get("wait") != "0" && appState(v) == appapi.StateNumber {
		v = p.await(r.Context(), l, statusWait, func(v view) bool { return appState(v) != appapi.StateNumber })
	}
	status := appapi.Status{State: appState(v), Reason: v.closedFor}
	if v.stale {
		status.Reason = "expired"
	}
	writeJSON(w, http.StatusOK, status)
}

// await returns a login as soon as it is as wanted, else as it stands when the
// time, the request or the provider ends.
func (p *Provider) await(ctx context.Context, l *login, limit time.Duration, wanted func(view) bool) view {
	timer := p.config.Clock.NewTimer(limit)
	defer timer.Stop()
	for {
		v := l.view(p.now())
		if wanted(v) {
			return v
		}
		select {
		case <-v.changed:
		case <-timer.C:
			return l.view(p.now())
		case <-ctx.Done():
			return v
		case <-p.closed:
			return v
		}
	}
}

// appProof judges what the card gave and, when all is good, ends the login
// with a code.
func (p *Provider) appProof(w http.ResponseWriter, r *http.Request, l *login) {
	var proof appapi.Proof
	if err := readBody(r, &proof); err != nil {
		p.turnAway(w, l, "proof", err)
		return
	}
	if err := p.accept(r.Context(), l, bearer(r), proof); err != nil {
		p.turnAway(w, l, "proof", err)
		return
	}
	writeJSON(w, http.StatusOK, appapi.Finished{Redirect: p.appRedirect(l)})
}

// accept is the way from proof to code. A proof that was refused ends the
// login; one that came twice leaves it to the first.
func (p *Provider) accept(ctx context.Context, l *login, session string, proof appapi.Proof) error {
	if err := l.ready(session, p.now()); err != nil {
		return err
	}
	if !within(proof.Consent, l.request.attributes) {
		return errConsent
	}
	who, err := p.judge(ctx, l, proof)
	if err != nil {
		if !errors.Is(err, errChallengeUsed) && l.fail("refused", p.now()) {
			p.end(l, "proof refused")
		}
		return err
	}
	p.tell(l, KindConsented, "person agreed", map[string]string{"attributes": strings.Join(proof.Consent, " ")})
	redirect, err := p.issueCode(l, who, proof.Consent)
	if err != nil {
		return err
	}
	if err := l.finish(session, redirect, p.now()); err != nil {
		return err
	}
	p.forget(l)
	p.tell(l, KindFinished, "code issued", map[string]string{"client": l.request.client.ID})
	return nil
}

// appCancel gives the login up. Cancelling what is over is no error: the app
// learns where its browser goes.
func (p *Provider) appCancel(w http.ResponseWriter, r *http.Request, l *login) {
	var body appapi.CancelRequest
	if err := readBody(r, &body); err != nil {
		p.turnAway(w, l, "cancel", err)
		return
	}
	if _, known := closedBy[body.Reason]; !known {
		p.turnAway(w, l, "cancel", fmt.Errorf("%w: unknown reason %q", errBody, body.Reason))
		return
	}
	if l.fail(body.Reason, p.now()) {
		p.end(l, "app gave up")
	}
	writeJSON(w, http.StatusOK, appapi.Finished{Redirect: p.appRedirect(l)})
}

// appRedirect is where the phone's browser goes when the login began there. A
// code isn't handed to the app itself: its browser fetches it, and must be the
// one that began the login.
func (p *Provider) appRedirect(l *login) string {
	v := l.view(p.now())
	switch {
	case v.flow != appapi.SameDevice:
		return ""
	case v.phase == finished:
		return p.config.Issuer + "/login/" + l.id + "/return?key=" + v.returnKey
	}
	return v.redirect
}

// readBody reads a JSON object and nothing else.
func readBody(r *http.Request, into any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, appBodyMax+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errBody, err)
	case len(body) > appBodyMax:
		return fmt.Errorf("%w: more than %d bytes", errBody, appBodyMax)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %w", errBody, err)
	}
	return nil
}
