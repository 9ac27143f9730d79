package idp

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"kazasu/internal/appapi"
)

// phase is where a login stands. It only moves down this list, except that a
// new QR code takes an unfinished login back to the top.
type phase int

const (
	waitingForApp    phase = iota // the page shows link and QR code
	waitingForNumber              // the app shows six digits that belong on the page
	readyForCard                  // the app may read the card and post its proof
	finished                      // there is a code for the browser
	failed                        // there is an error for the browser
)

var phaseNames = [...]string{"waiting-for-app", "waiting-for-number", "ready", "finished", "failed"}

func (p phase) String() string { return phaseNames[p] }

// Times of a login. The real ones are not public; these are Keycloak's login
// timeout and a choice (docs/FIDELITY.md L3).
const (
	loginLife   = 30 * time.Minute // from authorize to code, new QR codes included
	stepLife    = 5 * time.Minute  // of a link, a QR code, a number, a card reading
	afterlife   = time.Minute      // how long a login is remembered that is over
	numberTries = 3
)

// Errors of a login's transitions.
var (
	errLoginClosed  = errors.New("login is over")
	errLoginExpired = errors.New("link or number expired")
	errLoginOpened  = errors.New("login was already opened")
	errNotOpened    = errors.New("no app has opened the login")
	errNotReady     = errors.New("the number was not typed yet")
	errWrongNumber  = errors.New("wrong number")
)

// login is one person's way from authorize to code. Every change of its state
// is one of the methods below, which lock it.
type login struct {
	id, tag string
	browser string // secret of the cookie that binds the login to its browser
	request *request
	expires time.Time

	mu         sync.Mutex
	phase      phase
	flow       appapi.Flow
	deadline   time.Time // of the phase
	appLinks   [2]string // for the same device, for another
	tickets    [2]string
	session    string // bearer of the app that opened the login
	number     string // six digits, cross-device only
	triesLeft  int
	returnKey  string // what the app's own browser shows to get the code
	redirect   string // where the browser goes in the end
	closedFor  string // key of closedBy, when failed
	language   string
	generation int           // counts changes, for the page's script
	changed    chan struct{} // closed at the next change
}

// ticket is what a link or a QR code carries, resolved.
type ticket struct {
	login *login
	flow  appapi.Flow
}

func (p *Provider) newLogin(req *request, tag, language string) *login {
	now := p.now()
	l := &login{
		id: token128(), tag: tag, browser: token256(), request: req,
		expires: now.Add(loginLife), language: language, changed: make(chan struct{}),
	}
	l.renew(p, now)
	p.logins.put(l.id, l, now, l.expires)
	return l
}

// move goes to a phase and wakes who waits; the caller holds the lock.
func (l *login) move(to phase, deadline time.Time) {
	l.phase, l.deadline = to, deadline
	l.generation++
	close(l.changed)
	l.changed = make(chan struct{})
}

// stale says that the phase's time is over; the caller holds the lock.
func (l *login) stale(now time.Time) bool { return now.After(l.deadline) || now.After(l.expires) }

// renew gives an unfinished login new tickets and starts it over; whoever had
// opened it is out.
func (l *login) renew(p *Provider, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase >= finished {
		return errLoginClosed
	}
	for i, flow := range [...]appapi.Flow{appapi.SameDevice, appapi.CrossDevice} {
		p.tickets.remove(l.tickets[i])
		l.tickets[i] = token256()
		l.appLinks[i] = appapi.Link(p.config.AppLink, p.origin+appPath+l.tickets[i])
		p.tickets.put(l.tickets[i], ticket{l, flow}, now, l.expires)
	}
	l.session, l.number, l.flow, l.triesLeft = "", "", "", numberTries
	l.move(waitingForApp, now.Add(stepLife))
	return nil
}

// links are what the page offers: for an app on the same device, and for one
// that scans it.
func (l *login) links() (sameDevice, crossDevice string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appLinks[0], l.appLinks[1]
}

// open lets one app in; on another device than the browser's it gets a number.
func (l *login) open(flow appapi.Flow, now time.Time) (session string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.phase >= finished:
		return "", errLoginClosed
	case l.phase != waitingForApp:
		return "", errLoginOpened
	case l.stale(now):
		return "", errLoginExpired
	}
	l.flow, l.session = flow, token256()
	next := readyForCard
	if flow == appapi.CrossDevice {
		next, l.number = waitingForNumber, sixDigits()
	}
	l.move(next, now.Add(stepLife))
	return l.session, nil
}

func sixDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("idp: no random numbers: " + err.Error())
	}
	return fmt.Sprintf("%06d", n)
}

// typeNumber compares what the person typed on the page. The last wrong number
// fails the login.
func (l *login) typeNumber(typed string, now time.Time) (triesLeft int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.phase == waitingForApp:
		return l.triesLeft, errNotOpened
	case l.phase != waitingForNumber:
		return l.triesLeft, errLoginClosed
	case l.stale(now):
		return l.triesLeft, errLoginExpired
	}
	l.triesLeft--
	if subtle.ConstantTimeCompare([]byte(typed), []byte(l.number)) == 1 {
		l.move(readyForCard, now.Add(stepLife))
		return l.triesLeft, nil
	}
	if l.triesLeft == 0 {
		l.close("wrong-number", now)
	}
	return l.triesLeft, errWrongNumber
}

// ready is nil when the app of this session may post its proof.
func (l *login) ready(session string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.readyLocked(session, now)
}

func (l *login) readyLocked(session string, now time.Time) error {
	switch {
	case l.phase >= finished, l.session != session:
		return errLoginClosed
	case l.phase != readyForCard:
		return errNotReady
	case l.stale(now):
		return errLoginExpired
	}
	return nil
}

// finish ends the login with a redirect that carries its code.
func (l *login) finish(session, redirect string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.readyLocked(session, now); err != nil {
		return err
	}
	l.redirect, l.returnKey = redirect, token256()
	l.move(finished, now.Add(afterlife))
	return nil
}

// fail ends the login without a code, for a reason out of closedBy; ok is
// false when it was over already.
func (l *login) fail(reason string, now time.Time) (ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase >= finished {
		return false
	}
	l.close(reason, now)
	return true
}

// close fails the login; the caller holds the lock.
func (l *login) close(reason string, now time.Time) {
	l.closedFor = reason
	l.redirect = l.request.errorRedirect(closedBy[reason])
	l.move(failed, now.Add(afterlife))
}

// view is a login at one moment.
type view struct {
	phase      phase
	flow       appapi.Flow
	stale      bool
	deadline   time.Time
	session    string
	number     string
	triesLeft  int
	redirect   string
	returnKey  string
	closedFor  string
	language   string
	generation int
	changed    <-chan struct{}
}

func (l *login) view(now time.Time) view {
	l.mu.Lock()
	defer l.mu.Unlock()
	return view{
		phase: l.phase, flow: l.flow, stale: l.phase < finished && l.stale(now), deadline: l.deadline,
		session: l.session, number: l.number, triesLeft: l.triesLeft, redirect: l.redirect,
		returnKey: l.returnKey, closedFor: l.closedFor, language: l.language,
		generation: l.generation, changed: l.changed,
	}
}

// speak changes the language of the login's pages.
func (l *login) speak(language string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.language = language
}

// forget lets go of a login that is over, soon: the browser has yet to fetch
// its redirect.
func (p *Provider) forget(l *login) {
	until := p.now().Add(afterlife)
	l.mu.Lock()
	tickets := l.tickets
	l.mu.Unlock()
	p.logins.shorten(l.id, until)
	for _, t := range tickets {
		p.tickets.shorten(t, until)
	}
}

// end tells that a login ended without a code.
func (p *Provider) end(l *login, cause string) {
	v := l.view(p.now())
	p.tell(l, KindCancelled, cause, map[string]string{"client": l.request.client.ID, "reason": v.closedFor})
	p.forget(l)
}
