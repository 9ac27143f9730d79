package idp

import "net/http"

// discovery answers with the metadata document, OpenID Connect Discovery §3.
// It is made from the tables that the endpoints work by, so that it claims
// nothing that isn't there.
func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) {
	m := map[string]any{
		"issuer":                                           p.config.Issuer,
		"response_types_supported":                         []string{"code"},
		"response_modes_supported":                         []string{"query"},
		"grant_types_supported":                            []string{grantCode},
		"subject_types_supported":                          []string{"pairwise"},
		"scopes_supported":                                 append([]string{"openid"}, scopeAttributes...),
		"acr_values_supported":                             acrValues,
		"claim_types_supported":                            []string{"normal"},
		"claims_supported":                                 claimsSupported(),
		"ui_locales_supported":                             languages,
		"code_challenge_methods_supported":                 []string{"S256"},
		"id_token_signing_alg_values_supported":            []string{"ES256"},
		"token_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": assertionAlgs,
		"claims_parameter_supported":                       false,
		"request_parameter_supported":                      false,
		"request_uri_parameter_supported":                  false,
		"require_request_uri_registration":                 false,
		"authorization_response_iss_parameter_supported":   false,
	}
	for _, e := range p.endpoints() {
		if e.metadata != "" {
			m[e.metadata] = p.config.Issuer + e.path
		}
	}
	writeJSON(w, http.StatusOK, m)
}
