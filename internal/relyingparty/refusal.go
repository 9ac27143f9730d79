package relyingparty

import (
	"fmt"
	"net/http"
)

// Reason names a refusal for programs: the data-reason attribute of the error
// page.
type Reason string

// The reasons of the sample RP, with their HTTP status.
const (
	ReasonScope       Reason = "scope-unknown"         // 400: /login was asked for a scope that doesn't exist
	ReasonDiscovery   Reason = "discovery-failed"      // 502: metadata missing, wrong or of another issuer
	ReasonCallback    Reason = "callback-malformed"    // 400: repeated or contradictory parameters
	ReasonState       Reason = "state-mismatch"        // 400: state missing, altered, used, or of another browser
	ReasonIssuer      Reason = "issuer-mismatch"       // 400: the callback's iss is another's, or missing
	ReasonDenied      Reason = "access-denied"         // 403: the person gave up
	ReasonProvider    Reason = "provider-error"        // 502: the provider answered with another error
	ReasonToken       Reason = "token-request-failed"  // 502: the code got no tokens
	ReasonMalformed   Reason = "id-token-malformed"    // 502: missing, or header or claims aren't an ID token's
	ReasonAlg         Reason = "id-token-alg"          // 502: signed otherwise than asked for, or not at all
	ReasonSignature   Reason = "id-token-signature"    // 502: not by a key that the provider publishes
	ReasonTokenIssuer Reason = "id-token-issuer"       // 502: iss is another's, or missing
	ReasonAudience    Reason = "id-token-audience"     // 502: aud or azp is not us, or not us alone
	ReasonExpired     Reason = "id-token-expired"      // 502: exp is over
	ReasonTime        Reason = "id-token-time"         // 502: iat is too long ago, or iat or nbf to come
	ReasonNonce       Reason = "nonce-mismatch"        // 502: the ID token answers to another login
	ReasonAtHash      Reason = "at-hash-mismatch"      // 502: the ID token belongs to another access token
	ReasonACR         Reason = "acr-insufficient"      // 502: the person was authenticated otherwise than asked
	ReasonUserinfo    Reason = "userinfo-failed"       // 502: the claims can't be had
	ReasonUserinfoSub Reason = "userinfo-sub-mismatch" // 502: the claims are somebody else's
)

// refusal is why a browser gets an error page: its HTTP status, the reason for
// programs, and the detail for people.
type refusal struct {
	status int
	reason Reason
	detail string
}

// untrusted is the refusal of a provider's answer.
func untrusted(reason Reason, format string, args ...any) *refusal {
	return &refusal{http.StatusBadGateway, reason, fmt.Sprintf(format, args...)}
}

func (rp *RP) refuse(w http.ResponseWriter, r refusal) {
	render(w, r.status, refusedPage, refusedView{
		Title: reasonText[r.reason].ja, English: reasonText[r.reason].en,
		Reason: r.reason, Detail: r.detail, Denied: r.reason == ReasonDenied,
	})
}

// reasonText is what people read.
var reasonText = map[Reason]struct{ ja, en string }{
	ReasonScope:       {"要求された項目を扱えません", "The requested scope is not known"},
	ReasonDiscovery:   {"認証サービスに接続できません", "The authentication service can't be reached"},
	ReasonCallback:    {"認証サービスからの応答が正しくありません", "The answer of the authentication service is malformed"},
	ReasonState:       {"このブラウザで始めたログインではありません", "This login was not begun in this browser"},
	ReasonIssuer:      {"別の認証サービスからの応答です", "The answer comes from another authentication service"},
	ReasonDenied:      {"ログインを中止しました", "You cancelled the login"},
	ReasonProvider:    {"認証サービスでエラーが発生しました", "The authentication service reported an error"},
	ReasonToken:       {"認証サービスから結果を受け取れませんでした", "The authentication service gave no result"},
	ReasonMalformed:   {"認証結果の形式が正しくありません", "The result of the authentication is malformed"},
	ReasonAlg:         {"認証結果の署名方式が正しくありません", "The result was not signed in the agreed way"},
	ReasonSignature:   {"認証結果の署名を確認できませんでした", "The result's signature can't be verified"},
	ReasonTokenIssuer: {"認証結果の発行元が正しくありません", "The result comes from another issuer"},
	ReasonAudience:    {"認証結果がこのサービス宛てではありません", "The result is meant for another service"},
	ReasonExpired:     {"認証結果の有効期限が切れています", "The result has expired"},
	ReasonTime:        {"認証結果の発行時刻が正しくありません", "The result is not of now"},
	ReasonNonce:       {"認証結果がこのログインのものではありません", "The result belongs to another login"},
	ReasonAtHash:      {"認証結果の組み合わせが正しくありません", "The parts of the result don't belong together"},
	ReasonACR:         {"認証の強度が足りません", "The authentication was not strong enough"},
	ReasonUserinfo:    {"利用者情報を受け取れませんでした", "Your attributes could not be fetched"},
	ReasonUserinfoSub: {"利用者情報が別の方のものです", "The attributes are somebody else's"},
}
