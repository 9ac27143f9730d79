package bench

// InfoSchema names the form of [Info] and its version.
const InfoSchema = "kazasu.up/1"

// Info is what a program reads to use a running bench: the object that
// `kazasu up --json` prints on one line when everything answers.
type Info struct {
	Schema  string            `json:"schema"`
	Rig     string            `json:"rig"`
	Issuer  string            `json:"issuer"`  // without a trailing slash
	RP      string            `json:"rp"`      // URL of the sample relying party
	Phone   string            `json:"phone"`   // URL of the emulated phone's screen
	Admin   string            `json:"admin"`   // path of the admin API's Unix socket
	Metrics string            `json:"metrics"` // URL for Prometheus
	TLSCA   string            `json:"tls_ca"`  // file: PEM of the local TLS root; "" with plain http
	CA      CAInfo            `json:"ca"`
	Reader  *string           `json:"reader"` // PC/SC name, null without one
	Env     map[string]string `json:"env"`    // variables for a client of that reader
	Clients []ClientInfo      `json:"clients"`
	Holders []HolderInfo      `json:"holders"`
	State   string            `json:"state"` // folder
}

// CAInfo holds URLs at which the test CA answers.
type CAInfo struct {
	Auth AuthCAInfo `json:"auth"`
	Sign SignCAInfo `json:"sign"`
	Text TextCAInfo `json:"text"`
	Face TextCAInfo `json:"face"`
	Card TextCAInfo `json:"card"`
}

// AuthCAInfo is the family of login certificates.
type AuthCAInfo struct {
	Cert string `json:"cert"`
	CRL  string `json:"crl"`
	OCSP string `json:"ocsp"`
}

// SignCAInfo is the family of signing certificates, whose OCSP responder is
// open to verifiers alone and so not here.
type SignCAInfo struct {
	Cert string `json:"cert"`
	CRL  string `json:"crl"`
}

// TextCAInfo is a root of CV certificates: it vouches for what 券面事項入力補助AP
// holds, or 券面事項確認AP, or the card itself.
type TextCAInfo struct {
	Key string `json:"key"` // the public key, PEM
}

// ClientInfo is one relying party that the provider knows.
type ClientInfo struct {
	ID           string   `json:"id"`
	RedirectURIs []string `json:"redirect_uris"`
	Alg          string   `json:"alg"`
	KID          string   `json:"kid"`
	Key          string   `json:"key"` // path of the private key, "" when it isn't ours
}

// HolderInfo is a fictional person and what they type.
type HolderInfo struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	AuthPIN      string `json:"auth_pin"`
	SignPassword string `json:"sign_password"` // "" on a card without a sign certificate
	HelperPIN    string `json:"helper_pin"`
}
