package steps

import (
	"context"
	"errors"
	"strings"
	"time"

	"kazasu/internal/relyingparty"
)

// storyHand is what the little services of the stories remember. They know a
// person by the subject that the relying party got, and nothing else.
type storyHand struct {
	shared   []string          // faults that everybody sees
	accounts map[string]string // subject → holder, at the bank
	bookings map[string]string // slot → subject
	sold     map[string]bool   // subject → has bought
	members  map[string]bool   // subject → has a coupon
	answer   verdictOfService
}

// verdictOfService is how a service answered last.
type verdictOfService struct {
	accepted bool
	because  string
}

func storySteps() []Row {
	return []Row{
		{`{string} has an account at the bank`, `{string}はネットバンクに口座を持っている`,
			"logs in once, and the bank opens an account for this subject", bankAccount},
		{`{string} opens the bank's page`, `{string}がネットバンクを開く`, "logs in with the card, for openid alone", bankOpened},
		{`the bank shows the account of {string}`, `ネットバンクは{string}の口座を表示する`, "the account of the subject that logged in", bankShows},
		{`{string} books {string}`, `{string}が{string}を予約する`, "logs in with name, and asks for a place at a time", booked},
		{`the booking is in the name of {string}`, `予約の名義は{string}である`, "the name that the card gave", bookedFor},
		{`{string} wants to buy alcohol`, `{string}が酒類を買おうとする`, "logs in with the birth date alone, and the shop reckons the age", alcohol},
		{`the relying party learns {string} and nothing else`, `サービスに渡るのは{string}だけである`,
			"the claims of the session beside sub, separated by spaces", learnsOnly},
		{`{string} buys the limited item`, `{string}が限定品を買う`, "logs in; one item for each person", limitedItem},
		{`{string} joins the app of {string}`, `{string}が{string}のアプリに参加する`,
			"logs in with the address, which must begin with the municipality", municipalApp},
		{`the service accepts`, `受け付けられる`, "the service of the story said yes", serviceAccepts},
		{`the service refuses because of {string}`, `{string}を理由に断られる`, "the service of the story said no, for this reason", serviceRefuses},
		{`{string} changes their mind half-way`, `{string}が途中で気が変わって中止する`,
			"button, login page, phone, and there: cancel", changesMind},
	}
}

// visit logs a holder in at a service, with these scopes.
func (w *World) visit(ctx context.Context, holder, scopes string) (*relyingparty.Session, error) {
	if err := logsInFor(ctx, w, holder, scopes); err != nil {
		return nil, err
	}
	return w.session()
}

func bankAccount(ctx context.Context, w *World, holder string) error {
	session, err := w.visit(ctx, holder, "openid")
	if err != nil {
		return err
	}
	if w.story.accounts == nil {
		w.story.accounts = map[string]string{}
	}
	w.story.accounts[session.Sub] = holder
	return nil
}

func bankOpened(ctx context.Context, w *World, holder string) error {
	_, err := w.visit(ctx, holder, "openid")
	return err
}

func bankShows(_ context.Context, w *World, want string) error {
	session, err := w.session()
	if err != nil {
		return err
	}
	return Expect("account that the bank shows", want, w.story.accounts[session.Sub])
}

func booked(ctx context.Context, w *World, holder, place string) error {
	session, err := w.visit(ctx, holder, "openid name")
	if err != nil {
		return err
	}
	if w.story.bookings == nil {
		w.story.bookings = map[string]string{}
	}
	if by, taken := w.story.bookings[place]; taken && by != session.Sub {
		w.story.answer = verdictOfService{because: "予約済み"}
		return nil
	}
	w.story.bookings[place] = session.Sub
	w.story.answer = verdictOfService{accepted: true}
	return nil
}

func bookedFor(ctx context.Context, w *World, want string) error {
	return sessionClaim(ctx, w, "name", want)
}

// drinkingAge is the least age to buy alcohol in Japan, in years.
const drinkingAge = 20

func alcohol(ctx context.Context, w *World, holder string) error {
	session, err := w.visit(ctx, holder, "openid birthdate")
	if err != nil {
		return err
	}
	birth, err := time.Parse("20060102", show(session.Claims["birthdate"]))
	if err != nil {
		return &Failure{"birthdate of the session", "YYYYMMDD", show(session.Claims["birthdate"])}
	}
	w.story.answer = verdictOfService{accepted: true}
	if birth.AddDate(drinkingAge, 0, 0).After(w.Bench.Clock().Now()) {
		w.story.answer = verdictOfService{because: "年齢"}
	}
	return nil
}

func learnsOnly(_ context.Context, w *World, want string) error {
	session, err := w.session()
	if err != nil {
		return err
	}
	var got []string
	for name := range session.Claims {
		if name != "sub" {
			got = append(got, name)
		}
	}
	return Expect("what the service learns", sorted(strings.Fields(want)), sorted(got))
}

func limitedItem(ctx context.Context, w *World, holder string) error {
	session, err := w.visit(ctx, holder, "openid")
	if err != nil {
		return err
	}
	if w.story.sold == nil {
		w.story.sold = map[string]bool{}
	}
	w.story.answer = verdictOfService{accepted: true}
	if w.story.sold[session.Sub] {
		w.story.answer = verdictOfService{because: "購入済み"}
	}
	w.story.sold[session.Sub] = true
	return nil
}

func municipalApp(ctx context.Context, w *World, holder, municipality string) error {
	session, err := w.visit(ctx, holder, "openid address")
	if err != nil {
		return err
	}
	if w.story.members == nil {
		w.story.members = map[string]bool{}
	}
	if !strings.HasPrefix(show(session.Claims["address"]), municipality) {
		w.story.answer = verdictOfService{because: "住所"}
		return nil
	}
	w.story.members[session.Sub] = true
	w.story.answer = verdictOfService{accepted: true}
	return nil
}

func serviceAccepts(_ context.Context, w *World) error {
	return ExpectThat(w.story.answer.accepted, "answer of the service", "yes", "no, because of "+w.story.answer.because)
}

func serviceRefuses(_ context.Context, w *World, because string) error {
	if w.story.answer.accepted {
		return &Failure{"answer of the service", "no, because of " + because, "yes"}
	}
	return Expect("reason of the service", because, w.story.answer.because)
}

func changesMind(ctx context.Context, w *World, holder string) error {
	for _, step := range []func(context.Context, *World) error{
		func(ctx context.Context, w *World) error { return pressesButton(ctx, w, holder) },
		phoneOpens, phoneReads, phoneCancels, browserReturns,
	} {
		if err := step(ctx, w); err != nil {
			return err
		}
	}
	if w.logins.outcome == nil {
		return errors.New("the browser went nowhere")
	}
	return nil
}
