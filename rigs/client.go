package rigs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"
)

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
	// Keys are files with the client's public keys, PEM, JWK or JWK set,
	// relative to the client file. Of a client without any the bench makes
	// the key pair; the first such client is the sample relying party.
	Keys []string `yaml:"keys"`
	// Sector groups clients that get the same subject for a person; the
	// default is the client's own ID, so who names another client's ID
	// joins it.
	Sector string `yaml:"sector"`
	// Privacy and Terms are URLs that the consent screen links to.
	Privacy string `yaml:"privacy"`
	Terms   string `yaml:"terms"`

	// PublicKeys are what the files of Keys hold.
	PublicKeys []PublicKey
}

// PublicKey is a key of a client: *ecdsa.PublicKey on P-256 or *rsa.PublicKey.
type PublicKey struct {
	KID string // as a JWK names it; empty from PEM
	Key crypto.PublicKey
}

// clientFile is the form of a client file.
type clientFile struct {
	Clients []Client `yaml:"clients" required:"true"`
}

// LoadClients reads the relying parties that a provider knows, with their
// public keys; an empty path means the embedded file, which holds the sample
// relying party and two clients more. What is wrong inside the file is an
// [*Error].
func LoadClients(path string) ([]Client, error) {
	file, text, err := readClients(path)
	if err != nil {
		return nil, err
	}
	d, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	var all clientFile
	if err := d.fill(&all); err != nil {
		return nil, err
	}
	owner := map[string]string{}
	for i := range all.Clients {
		c, key := &all.Clients[i], fmt.Sprintf("clients[%d]", i)
		if other, taken := owner[c.ID]; taken {
			return nil, d.places[key+".id"].error(key+".id", fmt.Sprintf("%s has this ID as well", other), "")
		}
		owner[c.ID] = key
		if err := c.complete(d, key); err != nil {
			return nil, err
		}
	}
	return all.Clients, nil
}

func readClients(path string) (file string, text []byte, err error) {
	if path == "" {
		text, err = shipped.ReadFile("clients.yaml")
		return "clients.yaml", text, err
	}
	if text, err = os.ReadFile(path); err != nil {
		return "", nil, fmt.Errorf("reading clients: %w", err)
	}
	return path, text, nil
}

// complete fills in defaults, checks addresses and reads key files.
func (c *Client) complete(d *document, key string) error {
	if c.Alg == "" {
		c.Alg = "ES256"
	}
	for i, uri := range c.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || u.Scheme == "" || u.Fragment != "" {
			at := fmt.Sprintf("%s.redirect_uris[%d]", key, i)
			return d.places[at].error(at, fmt.Sprintf("%q is no absolute URL without a fragment", uri), "write it in full: https://rp.example/callback")
		}
	}
	for i, name := range c.Keys {
		at := fmt.Sprintf("%s.keys[%d]", key, i)
		found, err := readKeys(beside(d.file, name))
		if err != nil {
			return d.places[at].error(at, err.Error(), "a PEM file with BEGIN PUBLIC KEY or CERTIFICATE, a JWK or a JWK set")
		}
		for _, k := range found {
			if err := fits(c.Alg, k.Key); err != nil {
				return d.places[at].error(at, err.Error(), "ES256 takes a P-256 key, RS256 an RSA key of 2048 bits or more")
			}
		}
		c.PublicKeys = append(c.PublicKeys, found...)
	}
	return nil
}

// readKeys reads the public keys of one file.
func readKeys(path string) ([]PublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading key: %w", err)
	}
	if block, _ := pem.Decode(text); block != nil {
		key, err := pemKey(filepath.Base(path), block)
		return []PublicKey{{Key: key}}, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err == nil && len(set.Keys) > 0 {
		return jwkKeys(filepath.Base(path), set.Keys)
	}
	var one jose.JSONWebKey
	if err := one.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("%s is neither PEM nor JWK", filepath.Base(path))
	}
	return jwkKeys(filepath.Base(path), []jose.JSONWebKey{one})
}

func pemKey(name string, block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY":
		return nil, fmt.Errorf("%s holds a private key; the provider needs the public one", name)
	}
	return nil, fmt.Errorf("%s holds a PEM block of type %s", name, block.Type)
}

func jwkKeys(name string, set []jose.JSONWebKey) (keys []PublicKey, err error) {
	for _, k := range set {
		if !k.IsPublic() {
			return nil, fmt.Errorf("%s holds a private key; the provider needs the public one", name)
		}
		keys = append(keys, PublicKey{k.KeyID, k.Key})
	}
	return keys, nil
}

// fits says whether a key can verify signatures of alg.
func fits(alg string, key crypto.PublicKey) error {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if alg == "ES256" && k.Curve.Params().BitSize == 256 {
			return nil
		}
		return fmt.Errorf("an EC key of %d bits can't verify %s", k.Curve.Params().BitSize, alg)
	case *rsa.PublicKey:
		if alg == "RS256" && k.N.BitLen() >= 2048 {
			return nil
		}
		return fmt.Errorf("an RSA key of %d bits can't verify %s", k.N.BitLen(), alg)
	}
	return errors.New("neither an EC nor an RSA key")
}
