package phone

// problemText is how the screen words a provider's refusals; docs/APP-API.md
// lists the codes. One that isn't here gets a general sentence, with the
// provider's own words below it.
var problemText = map[string]struct{ ja, en string }{
	"unknown-login":          {"このログインは見つかりません。期限切れかもしれません。", "This login is not known. It may have expired."},
	"unauthorized":           {"このログインを開いたのは別のアプリです。", "Another app opened this login."},
	"already-opened":         {"このログインはすでに別の携帯電話で開かれています。", "This login was opened already, perhaps on another phone."},
	"expired":                {"期限が切れました。サービスの画面からやり直してください。", "The time is over. Start again from the service."},
	"closed":                 {"このログインは終了しています。サービスの画面からやり直してください。", "This login is over. Start again from the service."},
	"not-ready":              {"パソコンの画面に番号がまだ入力されていません。", "The number was not typed on the PC yet."},
	"consent-beyond-request": {"要求されていない情報が含まれています。", "More was handed over than was asked for."},
	"challenge-used":         {"この認証はすでに使われたか、期限が切れました。", "This authentication was used before or is too old."},

	"issuer-unknown":            {"このカードの電子証明書を発行した認証局は信頼されていません。", "The CA that issued this card's certificate is not trusted."},
	"authority-key-unknown":     {"このカードの電子証明書を発行した認証局は信頼されていません。", "The CA that issued this card's certificate is not trusted."},
	"certificate-unreadable":    {"電子証明書を読み取れません。", "The certificate can't be read."},
	"certificate-forged":        {"電子証明書が改ざんされています。", "The certificate is forged."},
	"certificate-not-yet-valid": {"電子証明書はまだ有効ではありません。", "The certificate is not valid yet."},
	"certificate-expired":       {"電子証明書の有効期限が切れています。市区町村の窓口で更新してください。", "The certificate has expired. Have it renewed at your municipal office."},
	"certificate-revoked":       {"電子証明書は失効しています。市区町村の窓口にお問い合わせください。", "The certificate was revoked. Ask your municipal office."},
	"revocation-unknown":        {"電子証明書の有効性を確認できません。時間をおいてやり直してください。", "Nobody could vouch for the certificate. Try again later."},
	"signature-wrong":           {"カードの署名を確認できませんでした。", "The card's signature is wrong."},

	"attributes-missing":    {"カードの情報が送られていません。", "The attributes were not sent."},
	"attributes-altered":    {"カードの情報が改ざんされています。", "The attributes were altered."},
	"attributes-unreadable": {"カードの情報を読み取れません。", "The attributes can't be read."},
	"integrity-forged":      {"カードの情報が正しいことを確認できませんでした。", "The record that proves the attributes is forged."},
	"cv-forged":             {"カードの情報が正しいことを確認できませんでした。", "The certificate that proves the attributes is forged."},
}
