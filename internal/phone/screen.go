package phone

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"
	"time"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/trace"
)

// ScreenConfig is what an emulated phone's screen needs from its bench.
type ScreenConfig struct {
	// HTTP reaches the provider; nil is http.DefaultClient.
	HTTP *http.Client
	// Holders are the people whose cards may be held to the phone, in the
	// order in which they are offered.
	Holders []jpki.Holder
	// Card takes a holder's card, by the holder's ID, for one reading;
	// release gives it back.
	Card func(holder string) (card slot.Slot, release func(), err error)
	// Clock judges when a visit is over; nil is the machine's own.
	Clock trace.Clock
	// ReturnAfter is how long the last page stays before the browser goes
	// back to the service by itself; default ten seconds, as the real app
	// has it. It is rounded up to seconds.
	ReturnAfter time.Duration
}

// Screen is the emulated phone as web pages, an http.Handler: GET
// /open?login=… is where an app link points. The pages work without script.
// They are a test tool for loopback: each visit belongs to the browser that
// began it, by cookie, and every form carries a token of its visit.
type Screen struct {
	config ScreenConfig
	mux    http.Handler

	mu     sync.Mutex
	visits map[string]*visit
}

// Times of a screen.
const (
	returnAfter = 10 * time.Second
	visitLife   = 15 * time.Minute
	readTime    = 30 * time.Second // of holding the card
	callTime    = 10 * time.Second // of a call to the provider
	numberTime  = 20 * time.Second // of one wait for the number
)

const cookieName = "kazasu_phone"

// NewScreen is a screen without visits.
func NewScreen(c ScreenConfig) *Screen {
	if c.Clock == nil {
		c.Clock = trace.System{}
	}
	if c.ReturnAfter == 0 {
		c.ReturnAfter = returnAfter
	}
	s := &Screen{config: c, visits: map[string]*visit{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /open", s.open)
	mux.HandleFunc("GET /visit/{id}", s.in(s.show))
	mux.HandleFunc("GET /visit/{id}/wait", s.in(s.wait))
	mux.HandleFunc("GET /visit/{id}/cancel", s.in(s.askCancel))
	mux.HandleFunc("POST /visit/{id}/holder", s.form(s.pickHolder))
	mux.HandleFunc("POST /visit/{id}/auth-pin", s.form(s.takeAuthPIN))
	mux.HandleFunc("POST /visit/{id}/text-pin", s.form(s.takeTextPIN))
	mux.HandleFunc("POST /visit/{id}/read", s.form(s.read))
	mux.HandleFunc("POST /visit/{id}/consent", s.form(s.consent))
	mux.HandleFunc("POST /visit/{id}/cancel", s.form(s.cancel))
	s.mux = http.NewCrossOriginProtection().Handler(mux)
	return s
}

// ServeHTTP serves the phone's pages.
func (s *Screen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// step is the page that a visit is on.
type step string

const (
	stepHolder  step = "holder"   // whose card?
	stepNumber  step = "number"   // type this number on the PC
	stepAuthPIN step = "auth-pin" // 利用者証明用
	stepTextPIN step = "text-pin" // 券面事項入力補助用
	stepHold    step = "hold"     // hold the card
	stepConsent step = "consent"  // hand these over?
	stepDone    step = "done"
	stepGone    step = "cancelled"
	stepBlocked step = "blocked" // the PIN is blocked
	stepFailed  step = "failed"  // nothing to be done in this login
)

// visit is one login on the screen. Its lock is held while a form works.
type visit struct {
	id, token, browser string
	link               string
	until              time.Time

	mu               sync.Mutex
	step             step
	holder           jpki.Holder
	login            *Login
	authPIN, textPIN jpki.PIN
	asked            map[string]bool // PINs whose last try the person was warned of
	notice           *notice
	redirect         string
}

// secret is a fresh unguessable string of 192 bits, base64url.
func secret() string {
	var b [24]byte
	rand.Read(b[:]) // never fails: it aborts the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// open follows an app link: ?login= as the link has it, or ?link= with all
// that a QR code held.
func (s *Screen) open(w http.ResponseWriter, r *http.Request) {
	link := r.URL.Query().Get("link")
	if link == "" {
		link = "/open?" + url.Values{"login": r.URL.Query()["login"]}.Encode()
	}
	if _, err := appapi.LoginURL(link); err != nil {
		s.render(w, http.StatusBadRequest, page{Step: stepFailed, Notice: noticeLink})
		return
	}
	v := &visit{
		id: secret(), token: secret(), browser: s.browser(w, r), link: link,
		until: s.config.Clock.Now().Add(visitLife),
		step:  stepHolder, asked: map[string]bool{},
	}
	s.keep(v)
	http.Redirect(w, r, "/visit/"+v.id, http.StatusSeeOther)
}

// browser is the cookie by which a browser is known, given when it has none.
func (s *Screen) browser(w http.ResponseWriter, r *http.Request) string {
	if cookie, err := r.Cookie(cookieName); err == nil && cookie.Value != "" {
		return cookie.Value
	}
	id := secret()
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: id, Path: "/", HttpOnly: true,
		Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	return id
}

func (s *Screen) keep(v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Clock.Now()
	for id, old := range s.visits {
		if now.After(old.until) {
			delete(s.visits, id)
		}
	}
	s.visits[v.id] = v
}

// in finds the visit of a request, which must come from the browser that
// began it.
func (s *Screen) in(next func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		v := s.visits[r.PathValue("id")]
		s.mu.Unlock()
		cookie, err := r.Cookie(cookieName)
		if v == nil || err != nil || !same(cookie.Value, v.browser) || s.config.Clock.Now().After(v.until) {
			s.render(w, http.StatusNotFound, page{Step: stepFailed, Notice: noticeVisit})
			return
		}
		next(w, r, v)
	}
}

// form is in for a form: it wants the visit's token, holds the visit's lock
// while the form works, and then shows the page that the visit is on.
func (s *Screen) form(work func(*http.Request, *visit)) http.HandlerFunc {
	return s.in(func(w http.ResponseWriter, r *http.Request, v *visit) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if !same(r.PostFormValue("session"), v.token) {
			s.render(w, http.StatusForbidden, page{Step: stepFailed, Notice: noticeVisit})
			return
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		work(r, v)
		http.Redirect(w, r, "/visit/"+v.id, http.StatusSeeOther)
	})
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
