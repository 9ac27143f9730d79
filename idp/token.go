package idp

import (
	"errors"
	"net/http"
)

// grantCode is the only grant there is. The service's refresh tokens, and the
// client credentials of its signing, are not here, so they are refused as any
// other that the metadata doesn't name (RFC 6749 §5.2, docs/FIDELITY.md I21).
const grantCode = "authorization_code"

// tokenResponse is a good answer, RFC 6749 §5.1 and Core §3.1.3.3.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	IDToken      string `json:"id_token"`
	Scope        string `json:"scope"`
	SessionState string `json:"session_state"`
}

// refused joins what the client is told with what really happened.
type refused struct {
	told  refusal
	cause error
}

func because(told refusal, cause error) error { return &refused{told, cause} }

func (r *refused) Error() string { return r.told.Error() + ": " + r.cause.Error() }
func (r *refused) Unwrap() error { return r.cause }

// told is what the client may know of an error.
func told(err error) refusal {
	var joined *refused
	var plain refusal
	switch {
	case errors.As(err, &joined):
		return joined.told
	case errors.As(err, &plain):
		return plain
	}
	return refuseServer
}

// token redeems a code.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	response, s, err := p.answerToken(r)
	if err != nil {
		reason := told(err)
		login, tag := "", r.Header.Get(tagHeader)
		if s != nil {
			login, tag = s.login, s.tag
		}
		p.tellError(login, tag, "token", reason.code, err)
		writeRefusal(w, p.tokenStatus(reason), reason)
		return
	}
	p.config.Observe(Event{Login: s.login, Tag: s.tag, Player: "idp", Kind: KindToken,
		Text: "tokens issued to " + s.client.Name, Detail: map[string]string{"client": s.client.ID, "scope": s.scope()}})
	writeJSON(w, http.StatusOK, response)
}

func (p *Provider) tokenStatus(r refusal) int {
	switch r.code {
	case invalidClient:
		return p.config.ClientErrorStatus
	case serverError:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// answerToken checks in Keycloak's order: the form, the grant's name, the
// client, the grant. The session comes with an error too, where there is one.
func (p *Provider) answerToken(r *http.Request) (*tokenResponse, *session, error) {
	params, err := readParameters(r)
	if err != nil {
		return nil, nil, because(refusal{invalidRequest, "Invalid request"}, err)
	}
	if name := params.doubled(); name != "" {
		return nil, nil, because(refuseDuplicate, causef("parameter %s sent twice", name))
	}
	switch grantType := params.one("grant_type"); grantType {
	case grantCode:
	case "":
		return nil, nil, refuseGrantMissing
	default:
		return nil, nil, because(refuseGrantType, causef("grant_type %q", grantType))
	}
	client, err := p.authenticate(r, params)
	if err != nil {
		return nil, nil, err
	}
	return p.exchangeCode(client, params)
}

func (p *Provider) exchangeCode(client *Client, params parameters) (*tokenResponse, *session, error) {
	s, g, err := p.redeem(client, params)
	if err != nil {
		return nil, s, err
	}
	now := p.now()
	access, err := p.accessToken(s, now)
	if err != nil {
		return nil, s, err
	}
	id, err := p.idToken(s, g.Nonce, access, now)
	if err != nil {
		return nil, s, err
	}
	return &tokenResponse{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: int(tokenLife.Seconds()),
		IDToken: id, Scope: s.scope(), SessionState: s.id,
	}, s, nil
}
