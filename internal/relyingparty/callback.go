package relyingparty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// callback takes the browser back from the provider: all checks in a row, the
// first that fails names the refusal.
func (rp *RP) callback(w http.ResponseWriter, r *http.Request) {
	session, refused := rp.finish(r)
	if refused != nil {
		rp.refuse(w, *refused)
		return
	}
	rp.sessions.enter(w, r, session)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (rp *RP) finish(r *http.Request) (Session, *refusal) {
	query := r.URL.Query()
	if repeated(query, "code", "state", "error", "iss") || (query.Has("code") && query.Has("error")) {
		return Session{}, &refusal{http.StatusBadRequest, ReasonCallback, "parameters repeated or contradictory"}
	}
	p, ok := rp.sessions.take(r, query.Get("state"))
	if !ok {
		return Session{}, &refusal{http.StatusBadRequest, ReasonState, "no login of this browser is on its way under this state"}
	}
	provider, err := rp.discover(r.Context())
	if err != nil {
		return Session{}, &refusal{http.StatusBadGateway, ReasonDiscovery, err.Error()}
	}
	if refused := rp.checkIssuer(query, provider); refused != nil {
		return Session{}, refused
	}
	if refused := checkError(query); refused != nil {
		return Session{}, refused
	}
	ctx := oidc.ClientContext(r.Context(), rp.client)
	token, refused := rp.exchange(ctx, provider, query.Get("code"), p)
	if refused != nil {
		return Session{}, refused
	}
	claims, refused := rp.checkIDToken(ctx, provider, token, p)
	if refused != nil {
		return Session{}, refused
	}
	return rp.userinfo(ctx, provider, token.AccessToken, claims.Subject, p.scopes)
}

// repeated says that a parameter that may come once came twice (RFC 6749 §3.1).
func repeated(query url.Values, names ...string) bool {
	for _, name := range names {
		if len(query[name]) > 1 {
			return true
		}
	}
	return false
}

// checkIssuer compares the callback's iss (RFC 9207 §2.4).
func (rp *RP) checkIssuer(query url.Values, p *provider) *refusal {
	issuer, given := query.Get("iss"), query.Has("iss")
	if given && issuer != rp.config.Issuer {
		return &refusal{http.StatusBadRequest, ReasonIssuer, fmt.Sprintf("callback comes from issuer %q", issuer)}
	}
	if !given && p.issInCode {
		return &refusal{http.StatusBadRequest, ReasonIssuer, "callback names no issuer though the provider promised it"}
	}
	return nil
}

// checkError looks at an error answer (RFC 6749 §4.1.2.1). That the person
// gave up is no fault of anybody's.
func checkError(query url.Values) *refusal {
	switch code := query.Get("error"); {
	case code == "access_denied":
		return &refusal{http.StatusForbidden, ReasonDenied, query.Get("error_description")}
	case code != "":
		return &refusal{http.StatusBadGateway, ReasonProvider, code + ": " + query.Get("error_description")}
	case query.Get("code") == "":
		return &refusal{http.StatusBadRequest, ReasonCallback, "neither code nor error"}
	}
	return nil
}

// exchange turns the code into tokens, once; a failure is not tried again.
func (rp *RP) exchange(ctx context.Context, p *provider, code string, login pending) (*oauth2.Token, *refusal) {
	assertion, err := rp.assertion(p.oauth.Endpoint.TokenURL)
	if err != nil {
		return nil, &refusal{http.StatusInternalServerError, ReasonToken, "signing client assertion: " + err.Error()}
	}
	token, err := p.oauth.Exchange(ctx, code,
		oauth2.VerifierOption(login.verifier),
		oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
		oauth2.SetAuthURLParam("client_assertion", assertion),
	)
	if err != nil {
		return nil, &refusal{http.StatusBadGateway, ReasonToken, tokenError(err)}
	}
	if !strings.EqualFold(token.TokenType, "Bearer") {
		return nil, &refusal{http.StatusBadGateway, ReasonToken, fmt.Sprintf("token type %q is not Bearer", token.TokenType)}
	}
	return token, nil
}

// tokenError says what went wrong without repeating the provider's answer,
// which may hold tokens.
func tokenError(err error) string {
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) {
		return fmt.Sprintf("token endpoint answered %s %s", answered.Response.Status, answered.ErrorCode)
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return "token endpoint gave no usable answer"
}

// userinfo fetches the claims and compares their subject with the ID token's
// (OpenID Connect Core §5.3.2). Only what was asked for is kept.
func (rp *RP) userinfo(ctx context.Context, p *provider, accessToken, subject string, scopes []string) (Session, *refusal) {
	claims, err := rp.fetchUserinfo(ctx, p.userinfo, accessToken)
	if err != nil {
		return Session{}, &refusal{http.StatusBadGateway, ReasonUserinfo, err.Error()}
	}
	if claims["sub"] != subject {
		return Session{}, &refusal{http.StatusBadGateway, ReasonUserinfoSub, "UserInfo is about somebody else than the ID token"}
	}
	kept := map[string]any{"sub": subject}
	for _, scope := range scopes {
		if value, ok := claims[scope]; ok && scope != "openid" {
			kept[scope] = value
		}
	}
	return Session{Sub: subject, Claims: kept}, nil
}

func (rp *RP) fetchUserinfo(ctx context.Context, endpoint, accessToken string) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	resp, err := rp.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("UserInfo endpoint answered %s", resp.Status)
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, fmt.Errorf("UserInfo has content type %q", resp.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := json.Unmarshal(body, &claims); err != nil {
		return nil, fmt.Errorf("reading UserInfo: %w", err)
	}
	return claims, nil
}
