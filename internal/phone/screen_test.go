package phone

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/trace"
)

// person is a browser on the screen, with the provider and card behind it.
type person struct {
	t        *testing.T
	provider *scripted
	card     *fakeCard
	server   *httptest.Server
	client   *http.Client
	clock    *trace.Traveller
	cardErr  error
	page     string // body of the page that the person sees
	address  string
	status   int
}

func newPerson(t *testing.T) *person {
	jar, _ := cookiejar.New(nil)
	p := &person{t: t, provider: newScripted(t), card: newFakeCard(), clock: &trace.Traveller{}, client: &http.Client{Jar: jar}}
	screen := NewScreen(ScreenConfig{
		Holders: []jpki.Holder{{ID: "hanako", Name: "試験　花子"}, {ID: "taro", Name: "試験　太郎"}},
		Clock:   p.clock,
		HTTP:    p.provider.client(),
		Card: func(holder string) (slot.Slot, func(), error) {
			if holder != "hanako" || p.cardErr != nil {
				return nil, nil, errors.Join(p.cardErr, slot.ErrNoCard)
			}
			return p.card, func() {}, nil
		},
	})
	p.server = httptest.NewServer(screen)
	t.Cleanup(p.server.Close)
	return p
}

func (p *person) see(resp *http.Response, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.page, p.address, p.status = string(body), resp.Request.URL.String(), resp.StatusCode
}

func (p *person) open() {
	p.t.Helper()
	p.see(p.client.Get(p.server.URL + "/open?login=" + url.QueryEscape(p.provider.login())))
}

var tokenForm = regexp.MustCompile(`name="session" value="([^"]+)"`)

// send sends a form of the page: an action below the visit, and its fields.
func (p *person) send(action string, fields ...string) {
	p.t.Helper()
	form := url.Values{}
	if m := tokenForm.FindStringSubmatch(p.page); m != nil {
		form.Set("session", m[1])
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	visit := strings.TrimSuffix(p.address, "/cancel")
	p.see(p.client.PostForm(visit+"/"+action, form))
}

func (p *person) wants(step string) {
	p.t.Helper()
	if !strings.Contains(p.page, `data-step="`+step+`"`) {
		p.t.Fatalf("the screen isn't on %s (HTTP %d):\n%s", step, p.status, p.page)
	}
}

func (p *person) notices(code, left string) {
	p.t.Helper()
	if want := `data-notice="` + code + `" data-left="` + left + `"`; !strings.Contains(p.page, want) {
		p.t.Fatalf("no %s in\n%s", want, p.page)
	}
}

func TestScreenSameDevice(t *testing.T) {
	p := newPerson(t)
	p.open()
	p.wants("holder")
	p.send("holder", "holder", "hanako")
	p.wants("auth-pin")
	p.send("auth-pin", "pin", "1234")
	p.wants("text-pin")
	p.send("text-pin", "same", "1")
	p.wants("hold")
	p.send("read")
	p.wants("consent")
	for _, want := range []string{
		"かざす市", "https://rp.test/privacy",
		`data-attribute="name">試験　花子<`, `data-attribute="address">東京都架空区試験町９９－９<`,
		`data-attribute="birthdate">19900401<`, "1990年4月1日", `data-attribute="gender">2<`, "女 / female",
	} {
		if !strings.Contains(p.page, want) {
			t.Errorf("the consent page lacks %s", want)
		}
	}
	if len(p.provider.proofs) != 0 {
		t.Error("a proof was handed over before consent")
	}
	p.send("consent")
	p.wants("done")
	checkProof(t, p.provider.proofs)
	for _, want := range []string{`id="return" href="http://rp.test/callback?code=1"`, `content="10;url=http://rp.test/callback?code=1"`} {
		if !strings.Contains(p.page, want) {
			t.Errorf("the last page lacks %s:\n%s", want, p.page)
		}
	}
}

func TestScreenWithoutAttributesAsksOnePIN(t *testing.T) {
	p := newPerson(t)
	p.provider.opened.Attributes = nil
	p.open()
	p.send("holder", "holder", "hanako")
	p.send("auth-pin", "pin", "1234")
	p.wants("hold")
	p.send("read")
	p.wants("consent")
	if strings.Contains(p.page, "data-attribute") {
		t.Error("attributes are shown that nobody asked for")
	}
}

func TestScreenCrossDevice(t *testing.T) {
	p := newPerson(t)
	p.provider.opened.Flow, p.provider.opened.State, p.provider.opened.Number = appapi.CrossDevice, appapi.StateNumber, "012345"
	p.provider.statuses = []appapi.Status{{State: appapi.StateReady}}
	p.provider.redirect = ""
	p.see(p.client.Get(p.server.URL + "/open?link=" + url.QueryEscape(p.provider.link()))) // pasted
	p.send("holder", "holder", "hanako")
	p.wants("number")
	if !strings.Contains(p.page, `id="the-number">012345<`) {
		t.Errorf("no number on\n%s", p.page)
	}
	p.see(p.client.Get(p.address + "/wait"))
	p.wants("auth-pin")
	p.send("auth-pin", "pin", "1234")
	p.send("text-pin", "pin", "1234")
	p.send("read")
	p.send("consent")
	p.wants("done")
	if !strings.Contains(p.page, `id="return-to-pc"`) || strings.Contains(p.page, "http-equiv") {
		t.Errorf("the last page doesn't send the person to the PC:\n%s", p.page)
	}
}

func TestScreenNumberPageEndsWithTheLogin(t *testing.T) {
	p := newPerson(t)
	p.provider.opened.State = appapi.StateNumber
	p.provider.statuses = []appapi.Status{{State: appapi.StateClosed, Reason: "cancelled"}}
	p.open()
	p.send("holder", "holder", "hanako")
	p.see(p.client.Get(p.address + "/wait"))
	p.wants("failed")
	p.notices("login-closed", "")
}

func TestScreenCountsTriesDown(t *testing.T) {
	p := newPerson(t)
	p.open()
	p.send("holder", "holder", "hanako")
	p.send("auth-pin", "pin", "9999")
	p.send("text-pin", "pin", "1234")
	p.send("read")
	p.wants("auth-pin")
	p.notices("wrong-pin", "2")
	p.send("auth-pin", "pin", "9998")
	p.wants("hold") // the text PIN is still known
	p.send("read")
	p.notices("wrong-pin", "1")
	p.send("auth-pin", "pin", "9997")
	p.send("read")
	p.wants("blocked")
	p.notices("pin-blocked", "0")
	if !strings.Contains(p.page, "市区町村の窓口") {
		t.Error("no guidance")
	}
	p.send("cancel")
	p.wants("cancelled")
	if got := p.provider.cancels; len(got) != 1 || got[0] != "pin-blocked" {
		t.Errorf("cancelled for %q", got)
	}
}

func TestScreenWarnsBeforeTheLastTry(t *testing.T) {
	p := newPerson(t)
	p.card.left["text"] = 1
	p.open()
	p.send("holder", "holder", "hanako")
	p.send("auth-pin", "pin", "1234")
	p.send("text-pin", "pin", "0000")
	p.send("read")
	p.wants("text-pin")
	p.notices("last-try", "1")
	if p.card.left["text"] != 1 {
		t.Fatal("the last try was used without asking")
	}
	p.send("text-pin", "pin", "1234")
	p.send("read")
	p.wants("consent")
}

func TestScreenRefusesAPINOfTheWrongForm(t *testing.T) {
	p := newPerson(t)
	p.provider.opened.Attributes = nil
	p.open()
	p.send("holder", "holder", "hanako")
	p.send("auth-pin", "pin", "12")
	p.send("read")
	p.wants("auth-pin")
	p.notices("pin-form", "")
	if p.card.left["jpki"] != 3 {
		t.Error("it cost a try")
	}
}

func TestScreenCardTroubleCanBeTriedAgain(t *testing.T) {
	p := newPerson(t)
	p.provider.opened.Attributes = nil
	p.open()
	p.send("holder", "holder", "hanako")
	p.send("auth-pin", "pin", "1234")
	for code, err := range map[string]error{"card-gone": slot.ErrCardGone, "card-mute": slot.ErrMute, "card-unreadable": errField} {
		p.card.fail = err
		p.send("read")
		p.wants("hold")
		p.notices(code, "")
	}
	p.card.fail, p.cardErr = nil, slot.ErrNoCard
	p.send("read")
	p.notices("no-card", "")
	p.cardErr = nil
	p.send("read")
	p.wants("consent")
}

func TestScreenCancelOnEveryPage(t *testing.T) {
	steps := []func(*person){
		func(p *person) { p.open() },
		func(p *person) { p.send("holder", "holder", "hanako") },
		func(p *person) { p.send("auth-pin", "pin", "1234") },
		func(p *person) { p.send("text-pin", "pin", "1234") },
		func(p *person) { p.send("read") },
	}
	for n := range steps {
		p := newPerson(t)
		for _, step := range steps[:n+1] {
			step(p)
		}
		if !strings.Contains(p.page, `id="cancel"`) {
			t.Errorf("page %d has no way to cancel", n)
		}
		p.see(p.client.Get(p.address + "/cancel"))
		p.wants("cancel")
		p.send("cancel")
		p.wants("cancelled")
		if got := p.provider.cancels; len(got) != 1 || got[0] != "cancelled" {
			t.Errorf("page %d: cancelled for %q", n, got)
		}
		if !strings.Contains(p.page, `href="http://rp.test/callback?code=1"`) {
			t.Errorf("page %d: no way back to the service", n)
		}
	}
}

func TestScreenShowsProblemsInBothLanguages(t *testing.T) {
	for _, test := range []struct{ code, ja, en string }{
		{"certificate-revoked", "電子証明書は失効しています", "The certificate was revoked"},
		{"never-heard-of", "認証サービスがこのログインを受け付けませんでした", "refused this login"},
	} {
		p := newPerson(t)
		p.provider.opened.Attributes = nil
		p.provider.problem["proof"] = appapi.Problem{Code: test.code, Message: "<the provider's own words>"}
		p.open()
		p.send("holder", "holder", "hanako")
		p.send("auth-pin", "pin", "1234")
		p.send("read")
		p.send("consent")
		p.wants("failed")
		p.notices(test.code, "")
		for _, want := range []string{test.ja, test.en, "&lt;the provider&#39;s own words&gt;"} {
			if !strings.Contains(p.page, want) {
				t.Errorf("no %s on\n%s", want, p.page)
			}
		}
		p.send("cancel")
		if got := p.provider.cancels; len(got) != 1 || got[0] != "card-unusable" {
			t.Errorf("cancelled for %q", got)
		}
	}
}

func TestScreenBelongsToOneBrowser(t *testing.T) {
	p := newPerson(t)
	p.open()
	jar, _ := cookiejar.New(nil)
	stranger := &person{t: t, client: &http.Client{Jar: jar}, address: p.address, page: p.page}
	stranger.see(stranger.client.Get(p.address))
	if stranger.status != http.StatusNotFound {
		t.Errorf("another browser sees HTTP %d", stranger.status)
	}
	p.send("holder", "session", "guessed", "holder", "hanako")
	if p.status != http.StatusForbidden || p.provider.opens != 0 {
		t.Errorf("a form without the token: HTTP %d, %d logins opened", p.status, p.provider.opens)
	}
}

func TestScreenRefusesFormsOfOtherSites(t *testing.T) {
	p := newPerson(t)
	p.open()
	token := tokenForm.FindStringSubmatch(p.page)[1]
	req, _ := http.NewRequest(http.MethodPost, p.address+"/holder", strings.NewReader("holder=hanako&session="+token))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	p.see(p.client.Do(req))
	if p.status != http.StatusForbidden || p.provider.opens != 0 {
		t.Errorf("HTTP %d, %d logins opened", p.status, p.provider.opens)
	}
}

func TestScreenFormsOutOfOrderChangeNothing(t *testing.T) {
	p := newPerson(t)
	p.open()
	for _, action := range []string{"auth-pin", "text-pin", "read", "consent"} {
		p.send(action, "pin", "1234")
		p.wants("holder")
	}
	p.send("holder", "holder", "nobody")
	p.wants("holder")
}

func TestScreenExpires(t *testing.T) {
	p := newPerson(t)
	p.open()
	p.clock.Travel(16 * time.Minute)
	p.see(p.client.Get(p.address))
	if p.status != http.StatusNotFound {
		t.Errorf("HTTP %d after a quarter of an hour", p.status)
	}
}

func TestScreenRefusesBadLinks(t *testing.T) {
	p := newPerson(t)
	p.see(p.client.Get(p.server.URL + "/open?login=nowhere"))
	if p.status != http.StatusBadRequest {
		t.Errorf("HTTP %d", p.status)
	}
	p.notices("link-invalid", "")
}

func TestScreenSendsNobodyToAScript(t *testing.T) {
	p := newPerson(t)
	p.provider.opened.Attributes, p.provider.redirect = nil, "javascript:alert(1)"
	p.open()
	p.send("holder", "holder", "hanako")
	p.send("auth-pin", "pin", "1234")
	p.send("read")
	p.send("consent")
	p.wants("done")
	if strings.Contains(p.page, "javascript:") {
		t.Errorf("the page links to a script:\n%s", p.page)
	}
}
