package idp

import (
	"fmt"
	"strconv"
	"strings"
)

// languages are those of the pages, the first being the default.
var languages = []string{"ja", "en"}

// words is one text of the pages in both languages. %s and %d stand for what
// the page fills in.
type words struct{ ja, en string }

func (w words) in(language string) string {
	if language == "en" {
		return w.en
	}
	return w.ja
}

// wordsBadRequest explains an error page that a client's mistake leads to.
var wordsBadRequest = words{
	"このリクエストは処理できません。サービスの画面に戻って、もう一度お試しください。",
	"This request can't be processed. Go back to the service and try again.",
}

var (
	wordsGone = words{
		"このログインは見つからないか、有効期限が切れています。サービスの画面に戻って、もう一度お試しください。",
		"This login doesn't exist or has expired. Go back to the service and try again.",
	}
	wordsOtherBrowser = words{
		"このログインは別のブラウザーで始められました。始めたブラウザーで続けてください。",
		"This login was begun in another browser. Continue in the one that began it.",
	}
)

// pageWords are the texts that templates name by key.
var pageWords = map[string]words{
	"test":         {"テスト環境", "TEST"},
	"test-text":    {"これは試験用のログインです。実在のサービスでも公的機関でもありません。", "This is a login for tests. It is no real service and no public authority."},
	"product":      {"Kazasu テストログイン", "Kazasu test login"},
	"title-login":  {"マイナンバーカードでログイン", "Log in with your My Number Card"},
	"title-error":  {"エラー", "Error"},
	"to":           {"%s にログインします", "You are logging in to %s"},
	"other":        {"English", "日本語"},
	"qr-heading":   {"スマートフォンで読み取る", "Scan with your phone"},
	"qr-label":     {"アプリで読み取る二次元コード", "QR code to scan with the app"},
	"qr-expires":   {"有効期限 %s", "Valid until %s"},
	"qr-expired":   {"二次元コードの有効期限が切れました。", "The code has expired."},
	"qr-click":     {"エミュレートした電話を使う場合は、二次元コードをクリックしてください。", "With an emulated phone, click the code instead."},
	"renew":        {"二次元コードを更新", "Get a new code"},
	"number-label": {"スマートフォンに表示された6桁の番号", "The 6-digit number on your phone"},
	"number-send":  {"次へ", "Continue"},
	"number-wrong": {"番号が違います。あと%d回入力できます。", "That number is wrong. You have %d more tries."},
	"not-opened":   {"先にスマートフォンで二次元コードを読み取ってください。", "Scan the code with your phone first."},
	"link-heading": {"この端末で続ける", "Continue on this device"},
	"link-text":    {"アプリがこの端末にある場合は、アプリを開いてください。", "If the app is on this device, open it."},
	"link":         {"アプリを開く", "Open the app"},
	"or":           {"または", "or"},
	"cancel":       {"中止する", "Cancel"},
	"wait-heading": {"スマートフォンで操作を続けてください", "Continue on your phone"},
	"wait-text":    {"マイナンバーカードの読み取りと同意が終わると、この画面は自動的に切り替わります。画面を閉じないでください。", "This page moves on by itself when your card has been read and you have agreed. Keep it open."},
	"wait-app":     {"アプリで操作を続けてください。終わると、アプリからサービスに戻ります。", "Continue in the app. It takes you back to the service when you are done."},
	"done-heading": {"アプリから戻ってください", "Return from the app"},
	"done-text":    {"手続きが終わりました。アプリの「利用中のサービスへ戻る」を押してください。", "You are done. Press “Back to the service” in the app."},
	"step-1":       {"アプリで二次元コードを読み取る", "Scan the code with the app"},
	"step-2":       {"表示された番号を入力する", "Type the number it shows"},
	"step-3":       {"暗証番号を入力し、カードをかざす", "Enter your PIN and hold the card to the phone"},
	"privacy":      {"プライバシーポリシー", "Privacy policy"},
	"terms":        {"利用規約", "Terms of use"},
}

// say is the text of a key with its blanks filled in. An unknown key breaks
// our own table.
func say(language, key string, args ...any) string {
	w, ok := pageWords[key]
	if !ok {
		panic("idp: no words for " + strconv.Quote(key))
	}
	if len(args) == 0 {
		return w.in(language)
	}
	return fmt.Sprintf(w.in(language), args...)
}

// preferredLanguage chooses by the request's ui_locales, then by the
// browser's Accept-Language; in doubt Japanese.
func preferredLanguage(locales, accept string) string {
	for tag := range strings.FieldsSeq(locales) {
		if language := known(tag); language != "" {
			return language
		}
	}
	best, weight := languages[0], 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, q := weighed(part)
		if language := known(tag); language != "" && q > weight {
			best, weight = language, q
		}
	}
	return best
}

// weighed splits "en;q=0.8".
func weighed(part string) (tag string, q float64) {
	tag, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
	if value, found := strings.CutPrefix(strings.TrimSpace(parameter), "q="); found {
		if q, err := strconv.ParseFloat(value, 64); err == nil {
			return tag, q
		}
	}
	return tag, 1
}

// known is the page language of a language tag, or empty.
func known(tag string) string {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	for _, language := range languages {
		if primary == language {
			return language
		}
	}
	return ""
}
