package bench

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Names of the key files in the state folder.
const (
	keyID      = "id-token.pem"     // P-256: ID tokens
	keyAccess  = "access-token.pem" // RSA-2048: access tokens
	keySubject = "subject.pem"      // 32 bytes: pairwise subjects
	keyRoot    = "tls-root-key.pem" // P-256: signs the leaf below
	keyLeaf    = "tls-leaf-key.pem"
	certLeaf   = "tls-leaf.pem"
)

// PEM types of ours.
const (
	pemKey     = "PRIVATE KEY" // PKCS #8
	pemSecret  = "KAZASU SECRET"
	pemCert    = "CERTIFICATE"
	secretSize = 32
)

// rsaBits is the length of the key of access tokens and of RS256 clients.
const rsaBits = 2048

func makeEC() (crypto.Signer, error)  { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
func makeRSA() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, rsaBits) }

// key reads a private key of the state folder, and makes and keeps it when it
// isn't there.
func (f *folder) key(name string, make func() (crypto.Signer, error)) (crypto.Signer, error) {
	der, err := f.kept(name, pemKey, func() ([]byte, error) {
		key, err := make()
		if err != nil {
			return nil, err
		}
		return x509.MarshalPKCS8PrivateKey(key)
	})
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, f.spoilt(name, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, f.spoilt(name, errors.New("it can't sign"))
	}
	return signer, nil
}

// typedKey is key for who needs its kind.
func typedKey[K crypto.Signer](f *folder, name string, make func() (crypto.Signer, error)) (k K, err error) {
	signer, err := f.key(name, make)
	if err != nil {
		return k, err
	}
	k, ok := signer.(K)
	if !ok {
		return k, f.spoilt(name, fmt.Errorf("it holds a key of type %T", signer))
	}
	return k, nil
}

// secret reads random bytes of the state folder, and makes and keeps them when
// they aren't there.
func (f *folder) secret(name string) ([]byte, error) {
	return f.kept(name, pemSecret, func() ([]byte, error) {
		secret := make([]byte, secretSize)
		rand.Read(secret)
		return secret, nil
	})
}

// kept is the content of a PEM file in the key folder, made when missing.
func (f *folder) kept(name, kind string, make func() ([]byte, error)) ([]byte, error) {
	path := f.file(keyFolder, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		content, err := make()
		if err == nil {
			err = writePrivate(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
		}
		if err != nil {
			return nil, fmt.Errorf("making %s: %w", path, err)
		}
		return content, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a key of the state folder: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, f.spoilt(name, fmt.Errorf("it holds no %s", kind))
	}
	return block.Bytes, nil
}

func (f *folder) spoilt(name string, cause error) error {
	return &Error{
		Problem: "reading " + f.file(keyFolder, name), Cause: cause,
		Cure: "remove the file; the next bench makes another, with which subjects or clients may change",
	}
}

// thumbprint names a public key by RFC 7638.
func thumbprint(key crypto.PublicKey) (string, error) {
	jwk := jose.JSONWebKey{Key: key}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("naming a key: %w", err)
	}
	return fmt.Sprintf("%x", sum[:8]), nil
}

// Life of the TLS certificates. The leaf is made anew before it ends; the root
// stays, so that nobody has to trust another one.
const (
	rootLife  = 10 * 365 * 24 * time.Hour
	leafLife  = 397 * 24 * time.Hour // the most that browsers take
	leafSpare = 30 * 24 * time.Hour
	backdate  = time.Hour
)

// localTLS is the certificate of the provider's listener, below a root that
// was made on this machine and may vouch for loopback names alone: whoever
// trusts it trusts nothing else.
func (f *folder) localTLS(now time.Time) (leaf tls.Certificate, root *x509.Certificate, err error) {
	rootKey, err := f.key(keyRoot, makeEC)
	if err != nil {
		return leaf, nil, err
	}
	root, err = f.rootCertificate(rootKey, now)
	if err != nil {
		return leaf, nil, err
	}
	leafKey, err := f.key(keyLeaf, makeEC)
	if err != nil {
		return leaf, nil, err
	}
	certificate, err := f.leafCertificate(root, rootKey, leafKey, now)
	if err != nil {
		return leaf, nil, err
	}
	leaf = tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: leafKey, Leaf: certificate}
	return leaf, root, nil
}

// rootCertificate is the one in the folder while it fits the key and lives.
func (f *folder) rootCertificate(key crypto.Signer, now time.Time) (*x509.Certificate, error) {
	old := readCertificate(f.file(rootFile))
	if old != nil && samePublic(old.PublicKey, key.Public()) && now.Add(leafLife).Before(old.NotAfter) {
		return old, nil
	}
	_, loopback4, _ := net.ParseCIDR("127.0.0.0/8")
	_, loopback6, _ := net.ParseCIDR("::1/128")
	template := &x509.Certificate{
		SerialNumber: serialNumber(),
		Subject:      pkix.Name{Organization: []string{"Kazasu TEST"}, CommonName: "Kazasu local root, this machine only"},
		NotBefore:    now.Add(-backdate), NotAfter: now.Add(rootLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"},
		PermittedIPRanges:           []*net.IPNet{loopback4, loopback6},
	}
	return f.issueTLS(f.file(rootFile), template, template, key.Public(), key)
}

func (f *folder) leafCertificate(root *x509.Certificate, rootKey, key crypto.Signer, now time.Time) (*x509.Certificate, error) {
	old := readCertificate(f.file(keyFolder, certLeaf))
	if old != nil && samePublic(old.PublicKey, key.Public()) && old.CheckSignatureFrom(root) == nil && now.Add(leafSpare).Before(old.NotAfter) {
		return old, nil
	}
	template := &x509.Certificate{
		SerialNumber: serialNumber(),
		Subject:      pkix.Name{Organization: []string{"Kazasu TEST"}, CommonName: "localhost"},
		NotBefore:    now.Add(-backdate), NotAfter: now.Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback},
	}
	return f.issueTLS(f.file(keyFolder, certLeaf), template, root, key.Public(), rootKey)
}

func (f *folder) issueTLS(path string, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err == nil {
		err = writePrivate(path, pem.EncodeToMemory(&pem.Block{Type: pemCert, Bytes: der}))
	}
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	return x509.ParseCertificate(der)
}

// readCertificate is nil when there is none that can be read: another is made.
func readCertificate(path string) *x509.Certificate {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return certificate
}

func samePublic(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

func serialNumber() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] = b[0]&0x7F | 1 // positive, and never zero
	return new(big.Int).SetBytes(b)
}
