package testca

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"strconv"
	"sync"
	"time"

	"kazasu/internal/jpki"
)

// Family is one of the two CAs.
type Family string

// The families.
const (
	Auth Family = "auth" // 利用者証明用: logging in
	Sign Family = "sign" // 署名用: signing documents
)

// Families are all of them.
func Families() []Family { return []Family{Auth, Sign} }

// Errors that a caller may tell apart.
var (
	ErrProductionName = errors.New("a real organisation's name needs InsecureProductionName")
	ErrFamily         = errors.New("no such family")
	ErrSerial         = errors.New("this CA issued no certificate of this serial number")
	ErrState          = errors.New("not the state of this CA")
)

// State keeps what must outlive the process, one blob: which serial numbers
// were issued and revoked, and the CRL's number. Save must be atomic. Load
// gives nil, nil when nothing was saved yet.
type State interface {
	Load() ([]byte, error)
	Save([]byte) error
}

// Options are what a CA is made of. The zero value is a CA of Kazasu's own
// name, with the machine's clock, that forgets.
type Options struct {
	// Organization is the O of every name; default JPKI-KAZASU.
	Organization string
	// InsecureProductionName allows the organisations of the real service
	// ("JPKI") and of J-LIS's test cards ("JPKI-TEST"), and with them their
	// other names; with "JPKI" the real policies too. The keys stay public
	// test keys: it is for showing that a relying party refuses the right
	// name with the wrong key.
	InsecureProductionName bool
	// Now is the clock; default time.Now.
	Now func() time.Time
	// State keeps revocations; default nil forgets them with the CA.
	State State
	// Log is told, once, that an Insecure option is on; default log.Printf.
	Log func(format string, args ...any)
}

// CA is the test JPKI: two roots, their office and their responders. Its
// methods may be called at the same time.
type CA struct {
	now         func() time.Time
	state       State
	authorities map[Family]*authority
	responder   *responder
	cv          cvAuthorities

	mu     sync.Mutex
	keys   map[string]Keys
	ledger ledger
	lists  map[Family]list
	faults Faults
}

// New sets the CA up for the block of years in which the clock stands, and
// reads back what its State has kept. It makes no keys, and is ready in a few
// milliseconds.
func New(o Options) (*CA, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	c := &CA{now: o.Now, state: o.State, authorities: map[Family]*authority{}, keys: map[string]Keys{}, lists: map[Family]list{}}
	if err := c.setUp(namingOf(o.Organization)); err != nil {
		return nil, fmt.Errorf("setting up test CA: %w", err)
	}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("reading the test CA's state: %w", err)
	}
	return c, nil
}

func (o *Options) complete() error {
	if o.Organization == "" {
		o.Organization = jpki.Organization
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = log.Printf
	}
	if !isReal(o.Organization) {
		return nil
	}
	if !o.InsecureProductionName {
		return fmt.Errorf("organisation %s: %w", o.Organization, ErrProductionName)
	}
	o.Log("testca: issuing certificates under the real name %s, with public test keys", o.Organization)
	return nil
}

// setUp makes what has a key: both roots, the responder, the text keys.
func (c *CA) setUp(n naming) (err error) {
	block := blockOf(c.now())
	for _, p := range []jpki.CertificateProfile{jpki.ProfileAuth, jpki.ProfileSign} {
		serial := serialOf(digest("ca", p.Family, strconv.Itoa(block)))
		if c.authorities[Family(p.Family)], err = newAuthority(p, n, block, serial); err != nil {
			return err
		}
	}
	if c.responder, err = newResponder(c.authorities[Auth], block); err != nil {
		return err
	}
	c.cv, err = loadCVAuthorities()
	return err
}

// Certificate is the family's root, 1.3 kB of DER in Raw; nil for a family
// that doesn't exist.
func (c *CA) Certificate(f Family) *x509.Certificate {
	if a := c.authorities[f]; a != nil {
		return a.certificate
	}
	return nil
}

// Policy is the certificate policy of the family's leaves, dotted.
func (c *CA) Policy(f Family) string {
	if a := c.authorities[f]; a != nil {
		return a.naming.policy(a.profile).String()
	}
	return ""
}

// TextRoot is the key that signs the CV certificates in EF 0004 of
// 券面事項入力補助AP: the place of J-LIS's 6000033/001.
func (c *CA) TextRoot() *rsa.PublicKey { return &c.cv.text.root.PublicKey }

// FaceRoot is the same of 券面事項確認AP: the place of J-LIS's 6000023/001.
func (c *CA) FaceRoot() *rsa.PublicKey { return &c.cv.face.root.PublicKey }

// CardRoot is the same of the card itself: the place of J-LIS's 6000020/001.
func (c *CA) CardRoot() *rsa.PublicKey { return &c.cv.card.root.PublicKey }
