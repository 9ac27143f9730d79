package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is an authorization request that was found good.
type request struct {
	client      *Client
	redirectURI string
	state       string
	nonce       string
	challenge   string   // PKCE, S256
	attributes  []string // asked for, in the order of scopeAttributes
}

// authorize begins a login. Until client and redirect URI are known to belong
// together an error is a page; afterwards it is a redirect with the state.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	params, err := readParameters(r)
	if err != nil {
		p.errorPage(w, r, http.StatusBadRequest, wordsBadRequest, causef("reading authorization request: %w", err))
		return
	}
	req, err := p.trustRedirect(params)
	if err != nil {
		p.errorPage(w, r, http.StatusBadRequest, wordsBadRequest, err)
		return
	}
	tag := requestTag(r, params)
	if refused := req.read(params); refused != nil {
		p.tellError("", tag, "authorize", refused.code, *refused)
		http.Redirect(w, r, req.errorRedirect(*refused), http.StatusSeeOther)
		return
	}
	p.begin(w, r, req, tag, params.one("ui_locales"))
}

func requestTag(r *http.Request, params parameters) string {
	if tag := r.Header.Get(tagHeader); tag != "" {
		return tag
	}
	return params.one(tagParameter)
}

// trustRedirect finds the client and its redirect URI. Whatever fails here
// must not be redirected anywhere (RFC 6749 §4.1.2.1).
func (p *Provider) trustRedirect(params parameters) (*request, error) {
	client := p.clients[params.one("client_id")]
	switch {
	case len(params["client_id"]) > 1 || len(params["redirect_uri"]) > 1:
		return nil, causef("client_id or redirect_uri sent twice")
	case client == nil:
		return nil, causef("unknown client_id %q", params.one("client_id"))
	case !slices.Contains(client.RedirectURIs, params.one("redirect_uri")):
		return nil, causef("redirect_uri %q is not registered for client %s", params.one("redirect_uri"), client.ID)
	}
	return &request{client: client, redirectURI: params.one("redirect_uri"), state: boundState(params)}, nil
}

// boundState is the state to send back, also with an error about it.
func boundState(params parameters) string {
	if state := params.one("state"); len(state) <= stateMax {
		return state
	}
	return ""
}

// read holds the rest of the parameters against the table.
func (q *request) read(params parameters) *refusal {
	if name := params.doubled(); name != "" {
		return &refuseDuplicate
	}
	for _, rule := range authorizeRules {
		if refused := rule.check(params.one(rule.name)); refused != nil {
			return refused
		}
	}
	q.nonce, q.challenge = params.one("nonce"), params.one("code_challenge")
	scopes := strings.Fields(params.one("scope"))
	for _, attribute := range scopeAttributes {
		if slices.Contains(scopes, attribute) {
			q.attributes = append(q.attributes, attribute)
		}
	}
	return nil
}

// errorRedirect is the redirect URI with an error.
func (q *request) errorRedirect(r refusal) string {
	return q.redirect("error", r.code, "error_description", r.text)
}

// codeRedirect is the redirect URI with a code. session_state is expected by
// clients of the real service (docs/FIDELITY.md I8).
func (q *request) codeRedirect(code, sid string) string {
	return q.redirect("code", code, "session_state", sid)
}

// redirect adds the state and what the pairs say. Spaces become %20, which
// every reader of a query understands.
func (q *request) redirect(pairs ...string) string {
	if q.state != "" {
		pairs = append(pairs, "state", q.state)
	}
	var b strings.Builder
	b.WriteString(q.redirectURI)
	separator := "?"
	if strings.Contains(q.redirectURI, "?") {
		separator = "&"
	}
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(separator + pairs[i] + "=" + strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
		separator = "&"
	}
	return b.String()
}

// begin opens a login for the browser and sends it there. 303 turns a POST
// into a GET, so that the request isn't sent on (RFC 9700 §4.12).
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, req *request, tag, locales string) {
	l := p.newLogin(req, tag, preferredLanguage(locales, r.Header.Get("Accept-Language")))
	sameDevice, crossDevice := l.links()
	p.config.Observe(Event{Login: l.id, Tag: tag, Player: "idp", Kind: KindStarted,
		Text: "login began for " + req.client.Name, Link: sameDevice,
		Detail: map[string]string{"client": req.client.ID, "qr": crossDevice}})
	http.SetCookie(w, &http.Cookie{
		Name: browserCookie, Value: l.browser, Path: p.base + "/login/" + l.id,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(p.config.Issuer, "https:"),
	})
	target := p.config.Issuer + "/login/" + l.id
	if p.config.Auto {
		target += "/wait"
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}
