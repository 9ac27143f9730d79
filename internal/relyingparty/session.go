package relyingparty

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"kazasu/internal/trace"
)

// cookieName of the browser's session.
const cookieName = "kazasu_rp"

// Session is who is logged in.
type Session struct {
	Sub    string         // pairwise subject from the ID token
	Claims map[string]any // from UserInfo: sub, and name, address, birthdate, gender as granted
}

// pending is a login on its way: what the callback must answer to.
type pending struct {
	nonce, verifier string
	scopes          []string
	until           time.Time
}

// browser is all that the RP knows of one browser. Two tabs may have a login
// each on their way, told apart by state.
type browser struct {
	pending map[string]pending
	session *Session
	until   time.Time
}

// sessions are the browsers by cookie, in memory.
type sessions struct {
	clock  trace.Clock
	secure bool // the cookie goes over TLS only

	mu       sync.Mutex
	browsers map[string]*browser
}

func newSessions(clock trace.Clock, secure bool) *sessions {
	return &sessions{clock: clock, secure: secure, browsers: map[string]*browser{}}
}

// secret is a fresh unguessable string of 256 bits, base64url.
func secret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: it aborts the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// begin notes a login on its way under its state, in the browser's session.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, state string, p pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purge()
	b := s.find(r)
	if b == nil {
		b = &browser{pending: map[string]pending{}}
		s.give(w, b)
	}
	p.until = s.clock.Now().Add(pendingLife)
	b.pending[state] = p
	b.until = s.clock.Now().Add(sessionLife)
}

// take consumes the login on its way with this state: one callback, one use.
func (s *sessions) take(r *http.Request, state string) (pending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.find(r)
	if b == nil || state == "" {
		return pending{}, false
	}
	p, ok := b.pending[state]
	delete(b.pending, state)
	return p, ok && s.clock.Now().Before(p.until)
}

// enter logs the browser in, under a new cookie: a cookie planted before the
// login is worth nothing after it.
func (s *sessions) enter(w http.ResponseWriter, r *http.Request, session Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &browser{pending: map[string]pending{}}
	if old := s.find(r); old != nil {
		b.pending = old.pending
	}
	s.forget(r)
	b.session = &session
	s.give(w, b)
}

// of is the session of the request's browser, nil when nobody is logged in.
func (s *sessions) of(r *http.Request) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.find(r); b != nil {
		return b.session
	}
	return nil
}

// leave logs the browser out.
func (s *sessions) leave(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(r)
	http.SetCookie(w, s.cookie("", -1))
}

func (s *sessions) find(r *http.Request) *browser {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	b := s.browsers[cookie.Value]
	if b == nil || s.clock.Now().After(b.until) {
		return nil
	}
	return b
}

func (s *sessions) give(w http.ResponseWriter, b *browser) {
	id := secret()
	b.until = s.clock.Now().Add(sessionLife)
	s.browsers[id] = b
	http.SetCookie(w, s.cookie(id, int(sessionLife/time.Second)))
}

func (s *sessions) forget(r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		delete(s.browsers, cookie.Value)
	}
}

func (s *sessions) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
}

// purge drops what has expired, so that abandoned logins don't pile up.
func (s *sessions) purge() {
	now := s.clock.Now()
	for id, b := range s.browsers {
		if now.After(b.until) {
			delete(s.browsers, id)
			continue
		}
		for state, p := range b.pending {
			if now.After(p.until) {
				delete(b.pending, state)
			}
		}
	}
}
