package steps

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/phone"
	"kazasu/internal/relyingparty"
	"kazasu/internal/terminal"
)

// loginHand is the login that the scenario's people are at.
type loginHand struct {
	holder   jpki.Holder
	agent    *relyingparty.UserAgent
	link     string // the app link of the login page, "" when the browser ended elsewhere
	login    *phone.Login
	redirect string // where the phone's browser goes after consent
	callback *url.URL
	outcome  *relyingparty.Outcome
	phoneErr error // what the phone said when it gave up
	first    *relyingparty.Session
	watched  *watchedRP
}

// tagHeader marks the logins of this scenario for the provider.
const tagHeader = "Kazasu-Tag"

func loginSteps() []Row {
	return []Row{
		{`{string} logs in at the relying party`, `{string}がサービスにログインする`,
			"button, login page, phone, card, consent and back; expects a session", logsIn},
		{`{string} logs in at the relying party for {string}`, `{string}がサービスに{string}を渡してログインする`,
			"the same with these scopes, separated by spaces", logsInFor},
		{`a control login of {string} succeeds`, `{string}の対照ログインが成功する`,
			"a login without lies; if it fails, the check is inconclusive", controlLogin},
		{`{string} tries to log in`, `{string}がログインを試みる`,
			"the whole way, wherever it ends", triesToLogIn},
		{`{string} tries to log in while the fault {string} is on`, `{string}が障害{string}のもとでログインを試みる`,
			"the whole way with one lie, for this login alone", triesWithFault},
		{`{string} presses the login button`, `{string}がログインボタンを押す`,
			"goes from the relying party to the provider's login page", pressesButton},
		{`{string} presses the login button on a PC`, `{string}がPCでログインボタンを押す`,
			"the same in a PC's browser, which is shown the QR code", pressesButtonOnPC},
		{`the phone opens the login`, `スマートフォンがログインを開く`,
			"follows the link, or scans the QR code", phoneOpens},
		{`the phone names the relying party {string}`, `スマートフォンにサービス名{string}が表示される`,
			"the consent screen names who asks", phoneNames},
		{`the phone is asked for {string}`, `スマートフォンに{string}の提供が求められる`,
			"the attributes that the consent screen lists, separated by spaces; none for nothing", phoneAsked},
		{`the number on the phone is typed on the PC`, `スマートフォンの番号をPCに入力する`,
			"types the six digits on the page that shows the QR code", numberTyped},
		{`the wrong number is typed on the PC`, `誤った番号をPCに入力する`,
			"types six other digits", wrongNumberTyped},
		{`the login is closed on the phone`, `スマートフォンのログインが終了している`,
			"asks the provider where the login stands", loginClosed},
		{`the login can be read on the phone`, `スマートフォンでカードを読み取れる`,
			"asks the provider where the login stands", loginReady},
		{`the phone reads the card`, `スマートフォンがカードを読み取る`,
			"verifies the PINs that the holder knows, signs and reads", phoneReads},
		{`the phone fails to read the card with the PIN {string}`, `暗証番号{string}ではカードを読み取れない`,
			"types this PIN for the auth key; the card must refuse it", phoneMistypes},
		{`the PIN is blocked on the card`, `カードの暗証番号がロックされている`,
			"types wrong PINs until none is left", pinBlocked},
		{`the phone sends no PIN to the blocked card`, `スマートフォンはロックされたカードに暗証番号を送らない`,
			"tries to read once more: it must give up without a VERIFY", phoneSparesBlocked},
		{`the phone consents`, `スマートフォンで同意する`, "hands over all that was asked for", phoneConsents},
		{`the phone consents to {string} only`, `スマートフォンで{string}だけに同意する`,
			"hands over these attributes, separated by spaces", phoneConsentsTo},
		{`handing over the proof again is refused`, `もう一度同じ証明を渡しても拒まれる`,
			"posts what the card gave a second time, which the provider must refuse", proofReplayed},
		{`the phone cancels`, `スマートフォンで中止する`, "gives up, as with the app's cancel button", phoneCancels},
		{`the phone gives up because of {string}`, `スマートフォンが{string}のため断念する`,
			"cancels with a reason: cancelled, pin-blocked, card-unusable or timeout", phoneGivesUp},
		{`the browser goes back to the relying party`, `ブラウザーがサービスに戻る`,
			"follows where the phone, or the page on the PC, leads", browserReturns},
		{`the PC page goes on by itself`, `PCの画面が自動で進む`,
			"waits on the provider's page until it leads back to the relying party", pcGoesOn},
	}
}

// browser makes a fresh browser whose logins carry the scenario's tag.
func (w *World) browser(desktop bool) *relyingparty.UserAgent {
	return relyingparty.NewUserAgent(relyingparty.AgentConfig{
		Transport: w.transport(),
		Issuer:    w.Bench.Info().Issuer,
		Header:    http.Header{tagHeader: {w.Tag}},
		Desktop:   desktop,
		Probe:     w.rpURL("/me"),
	})
}

// rpURL is an address at the relying party: the watched one if there is one,
// else the bench's.
func (w *World) rpURL(path string) string {
	base := w.Bench.Info().RP
	if w.logins.watched != nil {
		base = w.logins.watched.base
	}
	return strings.TrimSuffix(base, "/") + path
}

// start opens the login page for a holder in a fresh browser.
func (w *World) start(ctx context.Context, holder, scopes string, desktop bool) error {
	h, err := w.holder(holder)
	if err != nil {
		return err
	}
	l := loginHand{holder: h, agent: w.browser(desktop), first: w.logins.first, watched: w.logins.watched}
	path := "/login"
	if scopes != "" {
		path += "?scope=" + url.QueryEscape(scopes)
	}
	l.link, l.outcome, err = l.agent.Start(ctx, w.rpURL(path))
	w.logins = l
	return err
}

// login walks the whole way; what goes wrong at the phone is kept, and the
// browser follows to wherever that leads.
func (w *World) login(ctx context.Context, holder, scopes string) error {
	if err := w.start(ctx, holder, scopes, false); err != nil {
		return err
	}
	if w.logins.outcome != nil {
		return nil // refused before there was a login page
	}
	p, err := w.phone(ctx)
	if err != nil {
		return err
	}
	h := w.logins.holder
	w.logins.redirect, w.logins.phoneErr = p.Finish(ctx, w.logins.link, h.AuthPIN, h.TextPIN)
	if w.logins.redirect == "" {
		return nil
	}
	return browserReturns(ctx, w)
}

// phone is the holder's phone, with the holder's card at hand.
func (w *World) phone(ctx context.Context) (*phone.Phone, error) {
	if w.card.release == nil || w.card.control.Holder() != w.logins.holder.ID {
		if err := w.takeCard(ctx, w.logins.holder.ID, ""); err != nil {
			return nil, err
		}
	}
	return &phone.Phone{HTTP: w.client(), Card: w.card.slot, Clock: w.Bench.Clock()}, nil
}

// session is the session that the login ended in, or what stood against it.
func (w *World) session() (*relyingparty.Session, error) {
	const what, want = "login at the relying party", "a session"
	l := &w.logins
	switch {
	case l.outcome == nil && l.phoneErr != nil:
		return nil, &Failure{what, want, "the phone gave up: " + l.phoneErr.Error()}
	case l.outcome == nil:
		return nil, errors.New("no login has ended yet")
	case l.outcome.Refusal != nil && l.phoneErr != nil:
		return nil, &Failure{what, want, fmt.Sprintf("%v, after the phone gave up: %v", l.outcome.Refusal, l.phoneErr)}
	case l.outcome.Refusal != nil:
		return nil, &Failure{what, want, refusalText(l.outcome.Refusal)}
	}
	return l.outcome.Session, nil
}

func refusalText(r *relyingparty.Refusal) string {
	if r.Reason == "no-session" {
		return fmt.Sprintf("%v: %s", r, r.Text)
	}
	return r.Error()
}

func logsIn(ctx context.Context, w *World, holder string) error {
	return logsInFor(ctx, w, holder, "")
}

func logsInFor(ctx context.Context, w *World, holder, scopes string) error {
	if err := w.login(ctx, holder, scopes); err != nil {
		return err
	}
	session, err := w.session()
	if err == nil && w.logins.first == nil {
		w.logins.first = session
	}
	return err
}

func controlLogin(ctx context.Context, w *World, holder string) error {
	return control("control login of "+holder, logsIn(ctx, w, holder))
}

func triesToLogIn(ctx context.Context, w *World, holder string) error {
	return w.login(ctx, holder, "")
}

// triesWithFault leaves the fault on until the browser is back: the provider
// lies when it issues the tokens.
func triesWithFault(ctx context.Context, w *World, holder, fault string) error {
	if err := faultOn(ctx, w, fault); err != nil {
		return err
	}
	defer faultsOff(ctx, w)
	return w.login(ctx, holder, "")
}

func pressesButton(ctx context.Context, w *World, holder string) error {
	return w.press(ctx, holder, false)
}

func pressesButtonOnPC(ctx context.Context, w *World, holder string) error {
	return w.press(ctx, holder, true)
}

func (w *World) press(ctx context.Context, holder string, desktop bool) error {
	if err := w.start(ctx, holder, "", desktop); err != nil {
		return err
	}
	if w.logins.outcome != nil && w.logins.outcome.Refusal != nil {
		return &Failure{"login page", "the provider's", refusalText(w.logins.outcome.Refusal)}
	}
	return nil
}

func phoneOpens(ctx context.Context, w *World) error {
	p, err := w.phone(ctx)
	if err != nil {
		return err
	}
	w.logins.login, err = p.Open(ctx, w.logins.link)
	return w.refusedByProvider("opening the login", err)
}

// refusedByProvider takes a refusal of the app's call as a finding.
func (w *World) refusedByProvider(what string, err error) error {
	var problem appapi.Problem
	if errors.As(err, &problem) {
		return &Failure{what, "accepted", "refused: " + problem.Code}
	}
	return err
}

var errNotOpen = errors.New("the phone has opened no login yet")

func (w *World) opened() (*phone.Login, error) {
	if w.logins.login == nil {
		return nil, errNotOpen
	}
	return w.logins.login, nil
}

func phoneNames(_ context.Context, w *World, want string) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	return Expect("relying party on the phone", want, l.Info().Client.Name)
}

func phoneAsked(_ context.Context, w *World, want string) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	if want == "none" {
		want = ""
	}
	return Expect("attributes asked for", want, strings.Join(l.Info().Attributes, " "))
}

func numberTyped(ctx context.Context, w *World) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	return w.typeNumber(ctx, l.Info().Number)
}

func wrongNumberTyped(ctx context.Context, w *World) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	number := []byte(l.Info().Number)
	if len(number) == 0 {
		return &Failure{"number on the phone", "six digits", "none"}
	}
	number[0] = '0' + (number[0]-'0'+1)%10
	return w.typeNumber(ctx, string(number))
}

func (w *World) typeNumber(ctx context.Context, number string) error {
	if err := ExpectThat(len(number) == 6, "number on the phone", "six digits", number); err != nil {
		return err
	}
	_, err := w.logins.agent.Submit(ctx, "number", url.Values{"number": {number}})
	return err
}

func loginClosed(ctx context.Context, w *World) error {
	return w.expectState(ctx, appapi.StateClosed)
}

func loginReady(ctx context.Context, w *World) error {
	return w.expectState(ctx, appapi.StateReady)
}

func (w *World) expectState(ctx context.Context, want appapi.State) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	status, err := l.Status(ctx, false)
	var problem appapi.Problem
	if errors.As(err, &problem) && want == appapi.StateClosed {
		return nil // a login that is gone is closed, too
	}
	if err != nil {
		return w.refusedByProvider("state of the login", err)
	}
	return Expect("state of the login", want, status.State)
}

func phoneReads(ctx context.Context, w *World) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	err = l.ReadCard(ctx, w.logins.holder.AuthPIN, w.logins.holder.TextPIN)
	return linkError("reading the card", err)
}

// phoneMistypes expects the card to refuse this PIN.
func phoneMistypes(ctx context.Context, w *World, pin string) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	err = l.ReadCard(ctx, jpki.NewPIN(pin), w.logins.holder.TextPIN)
	var wrong *terminal.WrongPINError
	if errors.As(err, &wrong) || errors.Is(err, terminal.ErrBlocked) {
		return nil
	}
	if err == nil {
		return &Failure{"card, asked with a wrong PIN", "a refusal", "it signed"}
	}
	return linkError("reading the card", err)
}

// wrongPINs are tried in turn, so that at least one isn't the holder's.
var wrongPINs = []string{"0000", "9999"}

func pinBlocked(ctx context.Context, w *World) error {
	wrong := wrongPINs[slices.IndexFunc(wrongPINs, func(p string) bool { return !w.logins.holder.AuthPIN.Equal(jpki.NewPIN(p)) })]
	for range 3 {
		if err := phoneMistypes(ctx, w, wrong); err != nil {
			return err
		}
	}
	return nil
}

// phoneSparesBlocked wants the phone to ask how many tries are left, and to
// leave it at that.
func phoneSparesBlocked(ctx context.Context, w *World) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	mark := w.recorder.Mark()
	err = l.ReadCard(ctx, w.logins.holder.AuthPIN, w.logins.holder.TextPIN)
	if !errors.Is(err, terminal.ErrBlocked) {
		return &Failure{"phone before a blocked card", "it says that the PIN is blocked", show(err)}
	}
	const header = 8 // hex digits of VERIFY without a PIN
	for _, e := range w.recorder.Since(mark) {
		if strings.HasPrefix(e.Command, "0020") && len(e.Command) > header {
			return &Failure{"phone before a blocked card", "no PIN sent", "a VERIFY with a PIN, answered " + e.Status}
		}
	}
	return nil
}

func phoneConsents(ctx context.Context, w *World) error {
	return w.consent(ctx, nil)
}

func phoneConsentsTo(ctx context.Context, w *World, attributes string) error {
	return w.consent(ctx, strings.Fields(attributes))
}

func (w *World) consent(ctx context.Context, attributes []string) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	w.logins.redirect, err = l.Consent(ctx, attributes)
	return w.refusedByProvider("handing over the proof", err)
}

func proofReplayed(ctx context.Context, w *World) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	_, err = l.Consent(ctx, nil)
	var problem appapi.Problem
	if err != nil && !errors.As(err, &problem) {
		return err
	}
	return ExpectThat(err != nil, "proof handed over a second time", "a refusal", "accepted")
}

func phoneCancels(ctx context.Context, w *World) error {
	return phoneGivesUp(ctx, w, "cancelled")
}

func phoneGivesUp(ctx context.Context, w *World, reason string) error {
	l, err := w.opened()
	if err != nil {
		return err
	}
	w.logins.redirect, err = l.Cancel(ctx, reason)
	return w.refusedByProvider("cancelling", err)
}

func browserReturns(ctx context.Context, w *World) error {
	if w.logins.redirect == "" {
		return &Failure{"way back for the browser", "an address", "none"}
	}
	return w.follow(ctx, w.logins.agent, w.logins.redirect)
}

func (w *World) follow(ctx context.Context, agent *relyingparty.UserAgent, address string) error {
	outcome, err := agent.Follow(ctx, address)
	if err != nil {
		return err
	}
	w.logins.outcome = &outcome
	return nil
}

func pcGoesOn(ctx context.Context, w *World) error {
	page := w.logins.agent.Page()
	callback, err := w.logins.agent.Callback(ctx, page.URL.String()+"/wait")
	if err != nil {
		return err
	}
	return w.follow(ctx, w.logins.agent, callback.String())
}
