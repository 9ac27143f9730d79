package rigs

// Client is one relying party as a provider knows it.
type Client struct {
	// ID is the client_id: digits and letters only.
	ID string `yaml:"id" required:"true" pattern:"^[0-9a-zA-Z]+$"`
	// Name is what the login page and the consent screen say.
	Name string `yaml:"name" required:"true"`
	// RedirectURIs are compared as they are written.
	RedirectURIs []string `yaml:"redirect_uris" required:"true"`
	// Alg is how the client signs its assertions: ES256 (the default) or RS256.
	Alg string `yaml:"alg" enum:"ES256,RS256"`
	// Keys are files with the client's public keys, PEM or JWK, relative to
	// the client file.
	Keys []string `yaml:"keys"`
	// Sector is the host that pairwise subjects are made for; empty means
	// the host of the first redirect URI.
	Sector string `yaml:"sector"`
	// Privacy and Terms are URLs that the consent screen links to.
	Privacy string `yaml:"privacy"`
	Terms   string `yaml:"terms"`
}
