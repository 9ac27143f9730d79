package testca

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
)

// embedded are private keys that everybody knows: see the package's warning.
//
//go:embed keys/*.pem
var embedded embed.FS

// keyBits is the only length of key that JPKI uses.
const keyBits = 2048

// Keys are the key pairs of one card, RSA-2048.
type Keys struct {
	Auth, Sign *rsa.PrivateKey // of the two certificates
	Card       *rsa.PrivateKey // the card's own, in 券面事項入力補助AP
	Face       *rsa.PrivateKey // the same in 券面事項確認AP; nil: Card
	Common     *rsa.PrivateKey // the same in 共通カードAP; nil: the card has none
}

// embeddedKey is the key in the file of this name; fs.ErrNotExist where there
// is none.
func embeddedKey(name string) (*rsa.PrivateKey, error) {
	b, err := embedded.ReadFile("keys/" + name + ".pem")
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("key %s: no PEM block", name)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", name, err)
	}
	return key, nil
}

// keysOf are the person's own keys, or the embedded ones of a shipped holder,
// or new ones, which the CA keeps until it is gone. A shipped holder has the
// same keys in every generation.
func (c *CA) keysOf(p Person) (Keys, error) {
	if p.Keys != nil {
		keys := *p.Keys
		if keys.Face == nil {
			keys.Face = keys.Card
		}
		return keys, keys.check(p.UnderFifteen)
	}
	name := p.ID
	if _, err := fs.Stat(embedded, "keys/"+name+"-auth.pem"); err != nil {
		name = fmt.Sprintf("%s/%d", p.ID, p.Generation)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if keys, ok := c.keys[name]; ok {
		return keys, nil
	}
	keys, err := loadKeys(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		keys, err = newKeys()
	}
	if err != nil {
		return Keys{}, err
	}
	c.keys[name] = keys
	return keys, nil
}

func loadKeys(id string) (k Keys, err error) {
	for suffix, key := range map[string]**rsa.PrivateKey{
		"-auth": &k.Auth, "-sign": &k.Sign, "-card": &k.Card, "-face": &k.Face, "-common": &k.Common,
	} {
		if *key, err = embeddedKey(id + suffix); err != nil {
			return Keys{}, err
		}
	}
	return k, nil
}

func newKeys() (k Keys, err error) {
	for _, key := range []**rsa.PrivateKey{&k.Auth, &k.Sign, &k.Card, &k.Face, &k.Common} {
		if *key, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return Keys{}, fmt.Errorf("making key: %w", err)
		}
	}
	return k, nil
}

// check wants all keys, but for the common application's, and of one who can't
// have a sign certificate that one's.
func (k Keys) check(noSign bool) error {
	for _, key := range []struct {
		*rsa.PrivateKey
		optional bool
	}{{k.Auth, false}, {k.Sign, noSign}, {k.Card, false}, {k.Face, false}, {k.Common, true}} {
		if key.PrivateKey == nil && key.optional {
			continue
		}
		if key.PrivateKey == nil || key.N.BitLen() != keyBits || key.E != 65537 {
			return errors.New("a card needs keys of 2048 bits with exponent 65537 for auth, sign and itself")
		}
	}
	return nil
}
