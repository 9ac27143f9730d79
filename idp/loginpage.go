package idp

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"kazasu/internal/appapi"
)

// browserCookie binds a login to the browser that began it. Its path is the
// login's own, so that several logins in one browser don't meet.
const browserCookie = "kazasu_login"

// Times of the browser's waiting.
const (
	waitMax      = 60 * time.Second // of the page that blocks
	pollMax      = 25 * time.Second // of the script's question
	refreshAfter = 3                // seconds, for browsers without script
)

// browser finds the login of a page and admits only the browser that began it.
// With Auto the waiting page is open to whoever knows the login's identifier.
func (p *Provider) browser(serve func(http.ResponseWriter, *http.Request, *login)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l, ok := p.logins.get(r.PathValue("id"), p.now())
		if !ok {
			p.errorPage(w, r, http.StatusNotFound, wordsGone, causef("no such login"))
			return
		}
		if !p.config.Auto && !began(r, l) {
			p.errorPage(w, r, http.StatusForbidden, wordsOtherBrowser, causef("login %s is another browser's", l.id))
			return
		}
		serve(w, r, l)
	}
}

func began(r *http.Request, l *login) bool {
	cookie, err := r.Cookie(browserCookie)
	return err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(l.browser)) == 1
}

// leave sends the browser to the relying party when the login is over, unless
// the code has to be fetched by way of the app.
func (p *Provider) leave(w http.ResponseWriter, r *http.Request, v view) bool {
	if v.phase < finished || (v.phase == finished && !p.mayPoll(v)) {
		return false
	}
	http.Redirect(w, r, v.redirect, http.StatusSeeOther)
	return true
}

// mayPoll says that the page itself may hand out the code. Across devices the
// number typed here proves that browser and phone are one person's; on the
// same device only the app's own way back does.
func (p *Provider) mayPoll(v view) bool {
	return v.flow == appapi.CrossDevice || p.config.InsecurePolling || p.config.Auto
}

// showLogin is the login page, whatever the login's phase.
func (p *Provider) showLogin(w http.ResponseWriter, r *http.Request, l *login) {
	if language := known(r.URL.Query().Get("lang")); language != "" {
		l.speak(language)
	}
	v := l.view(p.now())
	if p.leave(w, r, v) {
		return
	}
	p.renderLogin(w, r, l, v, http.StatusOK)
}

func (p *Provider) renderLogin(w http.ResponseWriter, r *http.Request, l *login, v view, status int) {
	self := p.config.Issuer + "/login/" + l.id
	data := page{
		Language: v.language, Title: say(v.language, "title-login"), Self: self, Watch: v.stamp(),
		Client: l.request.client, View: viewOf(v), Phone: isPhone(r.UserAgent()),
		Until: japan(v.deadline), Problem: problemOf(r, v),
	}
	switch data.View {
	case viewBegin:
		data.Link, data.QRLink = l.links()
		svg, err := qrSVG(data.QRLink)
		if err != nil {
			p.errorPage(w, r, http.StatusInternalServerError, wordsBadRequest, err)
			return
		}
		data.QR = svg
		data.Refresh, data.After = self, int(v.deadline.Sub(p.now()).Seconds())+1
	case viewWait, viewApp:
		data.Refresh, data.After = self, refreshAfter
	}
	p.render(w, status, "login.html", data, formTarget(l.request.redirectURI))
}

func viewOf(v view) viewName {
	switch {
	case v.phase == finished:
		return viewDone
	case v.stale:
		return viewExpired
	case v.phase == waitingForApp:
		return viewBegin
	case v.phase == waitingForNumber:
		return viewNumber
	case v.flow == appapi.SameDevice:
		return viewApp
	}
	return viewWait
}

// typeNumber takes the six digits. They may be typed in full width, as
// Japanese keyboards do, and with a space in the middle.
func (p *Provider) typeNumber(w http.ResponseWriter, r *http.Request, l *login) {
	params, err := readParameters(r)
	if err != nil {
		p.errorPage(w, r, http.StatusBadRequest, wordsBadRequest, err)
		return
	}
	target := p.config.Issuer + "/login/" + l.id
	left, err := l.typeNumber(narrow(params.one("number")), p.now())
	switch {
	case errors.Is(err, errWrongNumber) && left == 0:
		p.end(l, "number mistyped")
	case errors.Is(err, errWrongNumber):
		p.tellError(l.id, l.tag, "login/number", accessDenied, err)
	case errors.Is(err, errNotOpened):
		target += "?early=1"
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// problemOf is what stands in the way of going on, for the person.
func problemOf(r *http.Request, v view) string {
	switch {
	case v.stale:
		return ""
	case v.phase == waitingForNumber && v.triesLeft < numberTries:
		return say(v.language, "number-wrong", v.triesLeft)
	case v.phase == waitingForApp && r.URL.Query().Has("early"):
		return say(v.language, "not-opened")
	}
	return ""
}

// narrow makes full-width digits ASCII and drops spaces.
func narrow(typed string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '０' && c <= '９':
			return c - '０' + '0'
		case c == ' ' || c == '\u3000':
			return -1
		}
		return c
	}, typed)
}

// cancelOnPage gives the login up; the client gets access_denied.
func (p *Provider) cancelOnPage(w http.ResponseWriter, r *http.Request, l *login) {
	if l.fail("cancelled", p.now()) {
		p.end(l, "person gave up on the page")
	}
	if !p.leave(w, r, l.view(p.now())) {
		http.Redirect(w, r, p.config.Issuer+"/login/"+l.id, http.StatusSeeOther)
	}
}

// renewOnPage makes a new link and QR code; the old ones are void.
func (p *Provider) renewOnPage(w http.ResponseWriter, r *http.Request, l *login) {
	if err := l.renew(p, p.now()); err != nil {
		p.tellError(l.id, l.tag, "login/renew", invalidRequest, err)
	}
	http.Redirect(w, r, p.config.Issuer+"/login/"+l.id, http.StatusSeeOther)
}

// pollLogin answers the page's script when the login no longer bears the
// stamp that it names, or after a while.
func (p *Provider) pollLogin(w http.ResponseWriter, r *http.Request, l *login) {
	since := r.URL.Query().Get("since")
	v := p.await(r.Context(), l, pollMax, func(v view) bool { return v.stamp() != since })
	writeJSON(w, http.StatusOK, map[string]string{"stamp": v.stamp(), "phase": v.phase.String()})
}

// stamp changes whenever the page would look different.
func (v view) stamp() string {
	if v.stale {
		return strconv.Itoa(v.generation) + "-expired"
	}
	return strconv.Itoa(v.generation)
}

// waitLogin blocks until the login is over and sends the browser on: the page
// for scripts and light agents.
func (p *Provider) waitLogin(w http.ResponseWriter, r *http.Request, l *login) {
	v := p.await(r.Context(), l, waitMax, func(v view) bool { return v.phase >= finished || v.stale })
	if p.leave(w, r, v) {
		return
	}
	p.renderLogin(w, r, l, v, http.StatusAccepted)
}

// returnFromApp is where the app sends its own browser: with the app's key and
// the cookie it is the one that began the login.
func (p *Provider) returnFromApp(w http.ResponseWriter, r *http.Request, l *login) {
	v := l.view(p.now())
	key := r.URL.Query().Get("key")
	if v.returnKey == "" || subtle.ConstantTimeCompare([]byte(key), []byte(v.returnKey)) == 0 {
		p.errorPage(w, r, http.StatusForbidden, wordsBadRequest, causef("wrong key for login %s", l.id))
		return
	}
	http.Redirect(w, r, v.redirect, http.StatusSeeOther)
}
