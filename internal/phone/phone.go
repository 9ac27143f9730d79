package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/terminal"
	"kazasu/internal/trace"
)

// Phone is one phone with one card held to it. It may have several logins
// open, but its card reads for one at a time.
type Phone struct {
	// HTTP reaches the provider; nil is http.DefaultClient. Its Timeout
	// holds for every call but the one that waits for the number.
	HTTP *http.Client
	// Card is the card that is held to the phone when it reads. The phone
	// powers it on before and off after each reading.
	Card slot.Slot
	// Clock paces the wait for the number; nil is the machine's own.
	Clock trace.Clock
	// BeforeLastTry is asked before a PIN is sent that has one try left; an
	// error keeps it from being sent. Nil sends it.
	BeforeLastTry func(jpki.Credential) error
}

// Errors of a login on which the app branches.
var (
	// ErrClosed says that the login is over: finished, cancelled or expired.
	ErrClosed = errors.New("login is closed")
	// ErrDomain says that the challenge is for another provider than the one
	// whose login was opened: signing it would log somebody in there.
	ErrDomain = errors.New("challenge is for another provider")
	// ErrNotRead says that consent was given before the card was read.
	ErrNotRead = errors.New("card not read yet")
)

// Reasons for giving up, as CancelRequest carries them.
const (
	ReasonCancelled    = "cancelled"
	ReasonPINBlocked   = "pin-blocked"
	ReasonCardUnusable = "card-unusable"
	ReasonTimeout      = "timeout"
)

// Login is one login that the app has opened.
type Login struct {
	phone  *Phone
	caller caller
	opened appapi.Opened

	proof      appapi.Proof
	read       bool
	attributes terminal.Attributes
}

// Open follows a link, or what a QR code holds, and opens the login inside.
// A refusal of the provider is an [appapi.Problem].
func (p *Phone) Open(ctx context.Context, link string) (*Login, error) {
	address, err := appapi.LoginURL(link)
	if err != nil {
		return nil, err
	}
	l := &Login{phone: p, caller: caller{client: p.HTTP, login: address}}
	if err := l.caller.post(ctx, "open", appapi.OpenRequest{}, &l.opened); err != nil {
		return nil, fmt.Errorf("opening login: %w", err)
	}
	l.caller.session = l.opened.Session
	if !sameOrigin(address, l.opened.Challenge.Domain) {
		return nil, fmt.Errorf("%w: login at %s, challenge for %s", ErrDomain, address, l.opened.Challenge.Domain)
	}
	return l, nil
}

// sameOrigin says that two addresses share scheme, host and port.
func sameOrigin(a, b string) bool {
	one, err := url.Parse(a)
	if err != nil {
		return false
	}
	other, err := url.Parse(b)
	return err == nil && one.Host != "" && one.Scheme == other.Scheme && one.Host == other.Host
}

// Info is what the provider told about the login when it was opened.
func (l *Login) Info() appapi.Opened { return l.opened }

// Status asks where the login stands; with wait the provider answers when
// that changes, or after half a minute.
func (l *Login) Status(ctx context.Context, wait bool) (appapi.Status, error) {
	status, err := l.caller.status(ctx, wait)
	if err != nil {
		return appapi.Status{}, fmt.Errorf("asking for login status: %w", err)
	}
	return status, nil
}

// pause keeps a provider that answers too early from being asked in a storm.
const pause = 200 * time.Millisecond

// WaitReady returns when the card may be read: at once on the same device,
// otherwise when the number was typed on the PC. A login that ends meanwhile
// is an ErrClosed.
func (l *Login) WaitReady(ctx context.Context) error {
	state := appapi.Status{State: l.opened.State}
	for {
		switch state.State {
		case appapi.StateReady:
			return nil
		case appapi.StateClosed:
			return fmt.Errorf("%w: %s", ErrClosed, state.Reason)
		}
		next, err := l.Status(ctx, true)
		if err != nil {
			return err
		}
		if next == state {
			if err := l.phone.wait(ctx, pause); err != nil {
				return err
			}
		}
		state = next
	}
}

func (p *Phone) wait(ctx context.Context, d time.Duration) error {
	clock := p.Clock
	if clock == nil {
		clock = trace.System{}
	}
	timer := clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Consent hands the provider what the card gave, with the attributes that the
// person agreed to; nil agrees to all that were asked for. The redirect is
// where the phone's browser goes now, empty when the browser is on a PC.
func (l *Login) Consent(ctx context.Context, attributes []string) (redirect string, err error) {
	if !l.read {
		return "", ErrNotRead
	}
	proof := l.proof
	proof.Consent = append([]string{}, attributes...)
	if attributes == nil {
		proof.Consent = append(proof.Consent, l.opened.Attributes...)
	}
	if len(proof.Consent) == 0 {
		proof.Files = nil
	}
	var finished appapi.Finished
	if err := l.caller.post(ctx, "proof", proof, &finished); err != nil {
		return "", fmt.Errorf("handing over proof: %w", err)
	}
	return finished.Redirect, nil
}

// Cancel gives the login up, for one of the Reasons.
func (l *Login) Cancel(ctx context.Context, reason string) (redirect string, err error) {
	var finished appapi.Finished
	if err := l.caller.post(ctx, "cancel", appapi.CancelRequest{Reason: reason}, &finished); err != nil {
		return "", fmt.Errorf("cancelling login: %w", err)
	}
	return finished.Redirect, nil
}

// Finish is the whole way of the app, with consent to everything asked for.
// When the card or the provider refuses, the login is cancelled so that no
// browser waits for it; then both an error and, where the provider gave one,
// a redirect come back.
func (p *Phone) Finish(ctx context.Context, link string, authPIN, textPIN jpki.PIN) (redirect string, err error) {
	l, err := p.Open(ctx, link)
	if err != nil {
		return "", err
	}
	if err := l.WaitReady(ctx); err != nil {
		return "", err
	}
	if err := l.ReadCard(ctx, authPIN, textPIN); err != nil {
		return l.giveUp(ctx, reasonFor(err)), err
	}
	redirect, err = l.Consent(ctx, nil)
	if err != nil {
		return l.giveUp(ctx, ReasonCardUnusable), err
	}
	return redirect, nil
}

// giveUpTime is how long a phone tries to tell that it gave up, also when its
// own time is over.
const giveUpTime = 2 * time.Second

// giveUp cancels as well as it can: the error that led here matters more.
func (l *Login) giveUp(ctx context.Context, reason string) (redirect string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
	defer cancel()
	redirect, err := l.Cancel(ctx, reason)
	if err != nil {
		return ""
	}
	return redirect
}

func reasonFor(err error) string {
	switch {
	case errors.Is(err, terminal.ErrBlocked):
		return ReasonPINBlocked
	case errors.Is(err, context.DeadlineExceeded):
		return ReasonTimeout
	case errors.Is(err, context.Canceled):
		return ReasonCancelled
	}
	return ReasonCardUnusable
}
