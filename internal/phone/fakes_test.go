package phone

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"kazasu/internal/appapi"
	"kazasu/internal/slot"
)

// Files of the fake card, fictional: a DER object where the certificate lies,
// and the text application's three files.
const (
	fileCertificate = "3003020101"
	fileAttributes  = "FF2056DF2108000E0020004A0055" +
		"DF220FE8A9A6E9A893E38080E88AB1E5AD90" +
		"DF2327E69DB1E4BAACE983BDE69EB6E7A9BAE58CBAE8A9A6E9A893E794BAEFBC99EFBC99EFBC8DEFBC99" +
		"DF24083139393030343031DF250132"
	fileIntegrity = "FF3003DF3100"
	fileCV        = "7F210100"
)

// fakeCard answers literal commands. It knows one PIN, 1234, for both
// applications, counts tries, and signs with 256 times 5A.
type fakeCard struct {
	mu       sync.Mutex
	left     map[string]int // tries by application: "jpki", "text"
	app      string
	file     string
	powered  bool
	verified map[string]bool
	commands []string
	signed   string // last input of 80 2A
	fail     error  // of every Transmit
}

func newFakeCard() *fakeCard {
	return &fakeCard{left: map[string]int{"jpki": 3, "text": 3}, verified: map[string]bool{}}
}

func (c *fakeCard) PowerOn(context.Context) ([]byte, error) {
	c.powered, c.app, c.file = true, "", ""
	return []byte{0x3B, 0x00}, nil
}
func (c *fakeCard) Reset(ctx context.Context) ([]byte, error) { return c.PowerOn(ctx) }
func (c *fakeCard) PowerOff(context.Context) error            { c.powered = false; clear(c.verified); return nil }
func (c *fakeCard) ATR() []byte                               { return []byte{0x3B, 0x00} }

func (c *fakeCard) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return nil, c.fail
	}
	if !c.powered {
		return nil, slot.ErrNotPowered
	}
	sent := strings.ToUpper(hex.EncodeToString(command))
	c.commands = append(c.commands, sent)
	return hex.DecodeString(c.answer(sent))
}

func (c *fakeCard) answer(sent string) string {
	switch {
	case sent == "00A4040C0AD392F000260100000001":
		c.app = "jpki"
		return "9000"
	case sent == "00A4040C0AD3921000310001010408":
		c.app = "text"
		return "9000"
	case strings.HasPrefix(sent, "00A4020C02"):
		c.file = c.app + sent[10:]
		return "9000"
	case sent == "00200080":
		return "63C" + string(rune('0'+c.left[c.app]))
	case strings.HasPrefix(sent, "0020008004"):
		return c.verify(sent[10:])
	case sent == "00B0000000":
		return c.read()
	case strings.HasPrefix(sent, "802A008033") && c.file == "jpki0017" && c.verified["jpki"]:
		c.signed = sent[10 : len(sent)-2]
		return strings.Repeat("5A", 256) + "9000"
	}
	return "6982"
}

func (c *fakeCard) verify(pin string) string {
	if c.left[c.app] == 0 {
		return "6984"
	}
	if pin == "31323334" {
		c.left[c.app], c.verified[c.app] = 3, true
		return "9000"
	}
	c.left[c.app]--
	return "63C" + string(rune('0'+c.left[c.app]))
}

func (c *fakeCard) read() string {
	files := map[string]string{
		"jpki000A": fileCertificate, "text0002": fileAttributes, "text0003": fileIntegrity, "text0004": fileCV,
	}
	content, ok := files[c.file]
	if !ok || (c.app == "text" && !c.verified["text"]) {
		return "6982"
	}
	return content + "9000"
}

// scripted is a provider's app interface of a few lines, for one login.
type scripted struct {
	t      *testing.T
	server *httptest.Server
	opened appapi.Opened

	mu       sync.Mutex
	opens    int
	statuses []appapi.Status // answers to status, the last one for ever
	waits    []string        // queries of the status calls
	proofs   []appapi.Proof
	cancels  []string
	problem  map[string]appapi.Problem // refusals by call
	redirect string
}

const bearer = "session-of-the-test"

func newScripted(t *testing.T) *scripted {
	p := &scripted{
		t: t, problem: map[string]appapi.Problem{}, redirect: "http://rp.test/callback?code=1",
		opened: appapi.Opened{
			Session: bearer, Flow: appapi.SameDevice, State: appapi.StateReady,
			Client:     appapi.Client{ID: "RP00000001", Name: "かざす市", Privacy: "https://rp.test/privacy"},
			Attributes: []string{"name", "address", "birthdate", "gender"},
			Challenge: appapi.Challenge{Domain: "https://idp.kazasu.test/api/realms/main",
				Login: "3f0c7e1a-5b7d-4d7e-9f3a-0c1b2d3e4f50", Client: "RP00000001",
				Nonce: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /app/logins/T1/open", func(w http.ResponseWriter, r *http.Request) {
		p.opens++
		p.reply(w, "open", p.opened)
	})
	mux.HandleFunc("GET /app/logins/T1/status", p.status)
	mux.HandleFunc("POST /app/logins/T1/proof", func(w http.ResponseWriter, r *http.Request) {
		var proof appapi.Proof
		p.authorized(r)
		json.NewDecoder(r.Body).Decode(&proof)
		p.proofs = append(p.proofs, proof)
		p.reply(w, "proof", appapi.Finished{Redirect: p.redirect})
	})
	mux.HandleFunc("POST /app/logins/T1/cancel", func(w http.ResponseWriter, r *http.Request) {
		var cancel appapi.CancelRequest
		p.authorized(r)
		json.NewDecoder(r.Body).Decode(&cancel)
		p.cancels = append(p.cancels, cancel.Reason)
		p.reply(w, "cancel", appapi.Finished{Redirect: p.redirect})
	})
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	return p
}

func (p *scripted) link() string {
	return appapi.Link("http://phone.test/open", p.login())
}

// login is the login's URL, at the origin that the challenge names.
func (p *scripted) login() string { return "https://idp.kazasu.test/app/logins/T1" }

// client reaches the provider under its name.
func (p *scripted) client() *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Scheme+"://"+r.URL.Host != "https://idp.kazasu.test" {
			p.t.Errorf("the app called %s", r.URL)
		}
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = "http", p.server.Listener.Addr().String()
		return http.DefaultTransport.RoundTrip(r)
	})}
}

// phone is a phone that reaches the provider, with a card or without.
func (p *scripted) phone(card *fakeCard) *Phone { return &Phone{HTTP: p.client(), Card: card} }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (p *scripted) authorized(r *http.Request) {
	if got := r.Header.Get("Authorization"); got != "Bearer "+bearer {
		p.t.Errorf("%s came with %q", r.URL.Path, got)
	}
}

func (p *scripted) status(w http.ResponseWriter, r *http.Request) {
	p.authorized(r)
	p.waits = append(p.waits, r.URL.RawQuery)
	next := p.statuses[0]
	if len(p.statuses) > 1 {
		p.statuses = p.statuses[1:]
	}
	p.reply(w, "status", next)
}

func (p *scripted) reply(w http.ResponseWriter, call string, answer any) {
	w.Header().Set("Content-Type", "application/json")
	if problem, ok := p.problem[call]; ok {
		w.WriteHeader(http.StatusForbidden)
		answer = problem
	}
	json.NewEncoder(w).Encode(answer)
}

var errField = errors.New("card left the field")
