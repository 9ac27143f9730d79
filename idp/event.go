package idp

// Kind says what an Event tells of.
type Kind = string

// Kinds of events.
const (
	KindStarted    Kind = "login-started" // the parameters were good; Link is the app link
	KindOpened     Kind = "opened"        // the app opened the login
	KindProofCheck Kind = "proof-check"   // one check of proof.go, with its outcome
	KindConsented  Kind = "consented"     // the proof was good and the person agreed
	KindFinished   Kind = "finished"      // there is a code for the browser
	KindCancelled  Kind = "cancelled"     // the login ended without one
	KindToken      Kind = "token"         // a code was redeemed
	KindUserinfo   Kind = "userinfo"      // attributes were handed out
	KindError      Kind = "error"         // a request was refused; Text is the true cause
)

// Event is one thing that happened. It holds no secret and no personal data.
type Event struct {
	Login  string // the login's identifier; empty before there is one
	Tag    string // the tag that the authorize request bore
	Player string // "idp"
	Kind   Kind
	Text   string            // for people
	Link   string            // of login-started: what the app on the same device opens
	Detail map[string]string // by kind: check and outcome, client, endpoint, error, flow, qr, …
}

// tagHeader is how a harness marks the logins that it began, so that their
// faults and events can be told apart. The query parameter is for browsers,
// which can't set a header on a navigation.
const (
	tagHeader    = "Kazasu-Tag"
	tagParameter = "kazasu_tag"
)

// tell reports something about a login.
func (p *Provider) tell(l *login, kind Kind, text string, detail map[string]string) {
	p.config.Observe(Event{Login: l.id, Tag: l.tag, Player: "idp", Kind: kind, Text: text, Detail: detail})
}

// tellError reports why a request was refused; login and tag are empty where
// the request couldn't be laid to a login.
func (p *Provider) tellError(login, tag, endpoint string, refusal string, cause error) {
	p.config.Observe(Event{Login: login, Tag: tag, Player: "idp", Kind: KindError, Text: cause.Error(),
		Detail: map[string]string{"endpoint": endpoint, "error": refusal}})
}
