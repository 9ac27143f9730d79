package phone

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/terminal"
)

// The forms of the screen, in the order in which a person meets them. Each
// looks at the step that the visit is on and moves it to the next; a form of
// another page, sent again from the browser's history, changes nothing.

// pickHolder chooses the card and opens the login.
func (s *Screen) pickHolder(r *http.Request, v *visit) {
	if v.step != stepHolder {
		return
	}
	for _, holder := range s.config.Holders {
		if holder.ID == r.PostFormValue("holder") {
			v.holder = holder
			s.openLogin(r.Context(), v)
			return
		}
	}
}

func (s *Screen) openLogin(ctx context.Context, v *visit) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	p := &Phone{HTTP: s.config.HTTP, Clock: s.config.Clock}
	login, err := p.Open(ctx, v.link)
	if err != nil {
		v.fail(err)
		return
	}
	v.login = login
	v.step = stepAuthPIN
	if login.opened.State == appapi.StateNumber {
		v.step = stepNumber
	}
}

// wait answers when the number was typed on the PC, or after a while. It holds
// the visit only for a moment, so that Cancel works meanwhile.
func (s *Screen) wait(w http.ResponseWriter, r *http.Request, v *visit) {
	v.mu.Lock()
	login, waiting := v.login, v.step == stepNumber
	v.mu.Unlock()
	if waiting {
		ctx, cancel := context.WithTimeout(r.Context(), numberTime)
		err := login.WaitReady(ctx)
		cancel()
		v.numberTyped(err)
	}
	http.Redirect(w, r, "/visit/"+v.id, http.StatusSeeOther)
}

func (v *visit) numberTyped(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.step != stepNumber:
	case err == nil:
		v.step = stepAuthPIN
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
	default:
		v.fail(err)
	}
}

func (s *Screen) takeAuthPIN(r *http.Request, v *visit) {
	if v.step != stepAuthPIN {
		return
	}
	v.authPIN, v.notice = jpki.NewPIN(r.PostFormValue("pin")), nil
	v.step = stepHold
	if v.login.WantsAttributes() && v.textPIN.IsZero() {
		v.step = stepTextPIN
	}
}

// takeTextPIN takes the second PIN; the button 直前と同じ番号 takes the first again.
func (s *Screen) takeTextPIN(r *http.Request, v *visit) {
	if v.step != stepTextPIN {
		return
	}
	v.textPIN, v.notice = jpki.NewPIN(r.PostFormValue("pin")), nil
	if r.PostFormValue("same") != "" {
		v.textPIN = v.authPIN
	}
	v.step = stepHold
}

// read takes the holder's card and reads it.
func (s *Screen) read(r *http.Request, v *visit) {
	if v.step != stepHold {
		return
	}
	card, release, err := s.config.Card(v.holder.ID)
	if err != nil {
		v.notice = noticeCard(err)
		return
	}
	defer release()
	ctx, cancel := context.WithTimeout(r.Context(), readTime)
	defer cancel()
	v.login.phone.Card = card
	v.login.phone.BeforeLastTry = v.warn
	v.notice = nil
	if err := v.login.ReadCard(ctx, v.authPIN, v.textPIN); err != nil {
		v.readFailed(err)
		return
	}
	v.authPIN, v.textPIN = jpki.PIN{}, jpki.PIN{}
	v.step = stepConsent
}

// lastTryError keeps a PIN from being sent before the person was told that it
// has one try left.
type lastTryError struct{ credential jpki.Credential }

func (e *lastTryError) Error() string { return e.credential.Name + " PIN has one try left" }

func (v *visit) warn(c jpki.Credential) error {
	if v.asked[c.Name] {
		return nil
	}
	v.asked[c.Name] = true
	return &lastTryError{c}
}

// readFailed goes back to the PIN that was wrong, or stays to try again.
func (v *visit) readFailed(err error) {
	var wrong *terminal.WrongPINError
	var form *terminal.PINFormError
	var last *lastTryError
	switch {
	case errors.Is(err, terminal.ErrBlocked):
		v.authPIN, v.textPIN = jpki.PIN{}, jpki.PIN{}
		v.step, v.notice = stepBlocked, noticeBlocked(err)
	case errors.As(err, &wrong):
		if wrong.Left == 1 {
			v.asked[wrong.Credential.Name] = true // the notice is the warning
		}
		v.askAgain(wrong.Credential, noticeWrong(wrong))
	case errors.As(err, &last):
		v.askAgain(last.credential, noticeLastTry)
	case errors.As(err, &form):
		v.askAgain(form.Credential, noticeForm(form.Credential))
	default:
		v.notice = noticeCard(err)
	}
}

// askAgain forgets one PIN and asks for it again.
func (v *visit) askAgain(c jpki.Credential, n *notice) {
	v.notice = n
	if c.Name == jpki.CredentialText.Name {
		v.textPIN, v.step = jpki.PIN{}, stepTextPIN
		return
	}
	v.authPIN, v.step = jpki.PIN{}, stepAuthPIN
}

// consent hands over what the page showed.
func (s *Screen) consent(r *http.Request, v *visit) {
	if v.step != stepConsent {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	redirect, err := v.login.Consent(ctx, nil)
	if err != nil {
		v.fail(err)
		return
	}
	v.redirect, v.step = webAddress(redirect), stepDone
}

// cancel gives the login up and tells the provider, so that the browser that
// began it goes on.
func (s *Screen) cancel(r *http.Request, v *visit) {
	if v.step == stepDone || v.step == stepGone {
		return
	}
	reason := ReasonCancelled
	switch v.step {
	case stepBlocked:
		reason = ReasonPINBlocked
	case stepFailed:
		reason = ReasonCardUnusable
	case stepHolder: // not opened yet: the provider wants to know who cancels
		s.openLogin(r.Context(), v)
	}
	v.authPIN, v.textPIN = jpki.PIN{}, jpki.PIN{}
	v.step, v.notice = stepGone, nil
	if v.login == nil {
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), callTime)
	defer stop()
	redirect, err := v.login.Cancel(ctx, reason)
	if err != nil {
		v.notice = noticeOf(err)
		return
	}
	v.redirect = webAddress(redirect)
}

// webAddress is where a browser may be sent: a web address, or nowhere.
func webAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return address
}

// fail ends the visit with what went wrong.
func (v *visit) fail(err error) {
	v.authPIN, v.textPIN = jpki.PIN{}, jpki.PIN{}
	v.step, v.notice = stepFailed, noticeOf(err)
}
