package phone

import (
	"context"
	"errors"
	"fmt"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/terminal"
)

// notice is what the screen tells the person besides its page, in both
// languages, with a code that programs read (data-notice).
type notice struct {
	Code              string
	Japanese, English string
	Left              string // tries left, as the card counts them; "" when that isn't the matter
	Detail            string // as the other side worded it
}

var (
	noticeLink = &notice{Code: "link-invalid",
		Japanese: "このリンクからはログインを開けません。サービスの画面からやり直してください。",
		English:  "This link opens no login. Start again from the service."}
	noticeVisit = &notice{Code: "visit-unknown",
		Japanese: "この画面は期限切れか、別のブラウザのものです。サービスの画面からやり直してください。",
		English:  "This screen has expired or belongs to another browser. Start again from the service."}
	noticeLastTry = &notice{Code: "last-try", Left: "1",
		Japanese: "あと1回間違えるとロックされます。番号を確かめて、もう一度入力してください。",
		English:  "One more wrong entry blocks this PIN. Check it and enter it again."}
)

func noticeWrong(e *terminal.WrongPINError) *notice {
	n := &notice{Code: "wrong-pin", Left: fmt.Sprint(e.Left),
		Japanese: fmt.Sprintf("%sが違います。あと%d回入力できます。", e.Credential.Japanese, e.Left),
		English:  fmt.Sprintf("Wrong PIN (%s). %d tries left.", e.Credential.Name, e.Left)}
	if e.Left == 1 {
		n.Japanese += "次に間違えるとロックされます。"
		n.English += " The next wrong entry blocks it."
	}
	return n
}

func noticeBlocked(err error) *notice {
	name := jpki.CredentialAuth.Japanese
	var wrong *terminal.WrongPINError
	var blocked *terminal.BlockedError
	switch {
	case errors.As(err, &wrong):
		name = wrong.Credential.Japanese
	case errors.As(err, &blocked):
		name = blocked.Credential.Japanese
	}
	return &notice{Code: "pin-blocked", Left: "0",
		Japanese: name + "がロックされています。お住まいの市区町村の窓口で初期化してください。",
		English:  "This PIN is blocked. Have it reset at your municipal office."}
}

func noticeForm(c jpki.Credential) *notice {
	return &notice{Code: "pin-form",
		Japanese: fmt.Sprintf("%sは%d桁の数字です。", c.Japanese, c.Min),
		English:  fmt.Sprintf("This PIN has %d digits. No try was used.", c.Min)}
}

// noticeCard is for a card that can't be read; another try may help.
func noticeCard(err error) *notice {
	n := &notice{Code: "card-unreadable", Detail: err.Error(),
		Japanese: "カードを読み取れませんでした。もう一度かざしてください。",
		English:  "The card could not be read. Hold it to the phone again."}
	switch {
	case errors.Is(err, slot.ErrNoCard):
		n.Code, n.Japanese, n.English = "no-card", "カードが見つかりません。カードをかざしてください。", "There is no card. Hold it to the phone."
	case errors.Is(err, slot.ErrCardGone):
		n.Code, n.Japanese, n.English = "card-gone", "読み取り中にカードが離れました。もう一度かざしてください。", "The card left while it was read. Hold it to the phone again."
	case errors.Is(err, slot.ErrMute), errors.Is(err, context.DeadlineExceeded):
		n.Code, n.Japanese, n.English = "card-mute", "カードから応答がありません。もう一度かざしてください。", "The card gives no answer. Hold it to the phone again."
	}
	return n
}

// noticeOf is for what ends a login: a refusal of the provider, or that it
// can't be reached.
func noticeOf(err error) *notice {
	var problem appapi.Problem
	if errors.As(err, &problem) {
		n := &notice{Code: problem.Code, Detail: problem.Message,
			Japanese: "認証サービスがこのログインを受け付けませんでした。",
			English:  "The authentication service refused this login."}
		if text, known := problemText[problem.Code]; known {
			n.Japanese, n.English = text.ja, text.en
		}
		return n
	}
	if errors.Is(err, ErrDomain) {
		return &notice{Code: "wrong-provider", Detail: err.Error(),
			Japanese: "このログインは別の認証サービスのためのものです。続けないでください。",
			English:  "This login is meant for another provider. Don't go on."}
	}
	if errors.Is(err, ErrClosed) {
		return &notice{Code: "login-closed",
			Japanese: "このログインは終了しています。サービスの画面からやり直してください。",
			English:  "This login is over. Start again from the service."}
	}
	return &notice{Code: "provider-unreachable", Detail: err.Error(),
		Japanese: "認証サービスに接続できません。",
		English:  "The authentication service can't be reached."}
}
