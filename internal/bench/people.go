package bench

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"

	"kazasu/emulator"
	"kazasu/emulator/portrait"
	"kazasu/emulator/testca"
	"kazasu/internal/jpki"
)

// people marries the fictional holders, the test CA and the emulator: it has
// certificates issued, writes them on cards, and knows whose they are.
type people struct {
	folder    *folder
	authority *testca.CA
	holders   []jpki.Holder

	mu     sync.Mutex
	issued map[string]*issue            // by holder
	cards  map[string]*emulator.Profile // by holder and profile
}

// issue is what the CA gave a holder.
type issue struct {
	once sync.Once
	testca.Issued
	err error
}

func newPeople(f *folder, authority *testca.CA) *people {
	return &people{
		folder: f, authority: authority, holders: jpki.Holders(),
		issued: map[string]*issue{}, cards: map[string]*emulator.Profile{},
	}
}

// holder is the person of this ID.
func (p *people) holder(id string) (jpki.Holder, error) {
	at := slices.IndexFunc(p.holders, func(h jpki.Holder) bool { return h.ID == id })
	if at >= 0 {
		return p.holders[at], nil
	}
	var names []string
	for _, h := range p.holders {
		names = append(names, h.ID)
	}
	return jpki.Holder{}, unknown("holders are "+strings.Join(names, ", "), "no holder is called %q", id)
}

// certificates are a holder's, issued when first asked for.
func (p *people) certificates(h jpki.Holder) (testca.Issued, error) {
	p.mu.Lock()
	i := p.issued[h.ID]
	if i == nil {
		i = &issue{}
		p.issued[h.ID] = i
	}
	p.mu.Unlock()
	i.once.Do(func() {
		name, nameFlags, address, addressFlags := h.CertificateText()
		i.Issued, i.err = p.authority.Issue(testca.Person{
			ID: h.ID, Prefecture: h.Prefecture, City: h.City, Municipality: h.Municipality,
			Birth: h.Birth, CardExpiry: h.CardExpiry,
			Name: name, NameFlags: nameFlags, Address: address, AddressFlags: addressFlags,
			SexCode: h.Sex.CertificateSex(), BirthCode: h.CertificateBirth(), UnderFifteen: h.UnderFifteen,
		})
		if i.err == nil {
			i.err = p.remember(h, i.Issued)
		}
	})
	if i.err != nil {
		return testca.Issued{}, fmt.Errorf("issuing certificates of %s: %w", h.ID, i.err)
	}
	return i.Issued, nil
}

// person names whoever is behind an auth certificate: the holder, whichever
// generation of certificate they show; for a certificate that no office of
// ours remembers, issuer and serial number.
func (p *people) person(certificate *x509.Certificate) string {
	holder, err := p.holderOf(certificate.RawIssuer, certificate.SerialNumber)
	if err != nil || holder == "" {
		return "certificate:" + serialKey(certificate.RawIssuer, certificate.SerialNumber)
	}
	return "holder:" + holder
}

// remember keeps for good whose certificates these are: a card of an earlier
// generation may come back.
func (p *people) remember(h jpki.Holder, i testca.Issued) error {
	for _, leaf := range []testca.Leaf{i.Auth, i.Sign} {
		if leaf.Certificate == nil {
			continue // under 15
		}
		key := serialKey(leaf.Certificate.RawIssuer, leaf.Certificate.SerialNumber)
		if _, err := p.folder.store.Add(bucketIssue, key, []byte(h.ID), 0); err != nil {
			return err
		}
	}
	return nil
}

// holderOf is the ID of whoever a certificate was issued to, empty when nobody
// of ours has it.
func (p *people) holderOf(issuer []byte, serial *big.Int) (string, error) {
	holder, _, err := p.folder.store.Get(bucketIssue, serialKey(issuer, serial))
	return string(holder), err
}

// serialKey is issuer (a name in DER) and serial number, which name a
// certificate.
func serialKey(issuer []byte, serial *big.Int) string {
	sum := sha256.Sum256(issuer)
	return fmt.Sprintf("%x/%x", sum[:8], serial)
}

// profile is a holder's card, as it leaves the factory.
func (p *people) profile(h jpki.Holder, name string) (emulator.Profile, error) {
	key := h.ID + "/" + name
	p.mu.Lock()
	known := p.cards[key]
	p.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	if err := checkProfile(name); err != nil {
		return emulator.Profile{}, err
	}
	contents, err := p.contents(h)
	if err != nil {
		return emulator.Profile{}, err
	}
	built, err := emulator.Build(name, contents)
	if err != nil {
		return emulator.Profile{}, fmt.Errorf("writing %s's card: %w", h.ID, err)
	}
	p.mu.Lock()
	p.cards[key] = &built
	p.mu.Unlock()
	return built, nil
}

func checkProfile(name string) error {
	var names []string
	for _, known := range emulator.Profiles() {
		if known.Name == name {
			return nil
		}
		names = append(names, known.Name)
	}
	return unknown("profiles are "+strings.Join(names, ", "), "no card profile is called %q", name)
}

// contents is what is written on a holder's card.
func (p *people) contents(h jpki.Holder) (emulator.Contents, error) {
	i, err := p.certificates(h)
	if err != nil {
		return emulator.Contents{}, err
	}
	another, err := p.certificates(p.another(h))
	if err != nil {
		return emulator.Contents{}, err
	}
	face, err := faceOf(h, i)
	if err != nil {
		return emulator.Contents{}, err
	}
	return emulator.Contents{
		Face:            face,
		SwapCertificate: another.Auth.DER, // good in itself, and not of this card's key
		AuthCertificate: i.Auth.DER, AuthKey: i.Auth.Key, AuthCA: p.authority.Certificate(testca.Auth).Raw,
		SignCertificate: i.Sign.DER, SignKey: i.Sign.Key, SignCA: p.authority.Certificate(testca.Sign).Raw,
		CardCV: i.Card.MiddleCV, OfficeCV: i.Card.OfficeCV,
		CommonKey: i.Card.CommonKey, JukiPIN: secret(h.TextPIN), // many people choose one PIN for both
		CardKey: i.Text.CardKey, IntegrityKey: i.Text.IntegrityKey, CV: i.Text.CV,
		Name: h.Name, Address: h.Address, Birth: h.Birth, Sex: byte(h.Sex),
		MyNumber: emulator.NewSecret(h.MyNumber), NumberB: secret(h.NumberB()),
		AuthPIN: secret(h.AuthPIN), TextPIN: secret(h.TextPIN), SignPassword: secret(h.SignPassword),
		CardExpiry: h.CardExpiry, Municipality: h.Municipality, Serial: serialOf(h),
	}, nil
}

// faceOf is what is printed on the card of a holder.
func faceOf(h jpki.Holder, i testca.Issued) (*emulator.Face, error) {
	p, err := portrait.Of(h.ID)
	if err != nil {
		return nil, fmt.Errorf("printing the card: %w", err)
	}
	return &emulator.Face{
		CardKey: i.Face.CardKey, IntegrityKey: i.Face.IntegrityKey, CV: i.Face.CV,
		Photo: p.Photo, Name: p.Name, Address: p.Address, Number: p.Number, SecurityCode: p.SecurityCode,
		BirthKey: emulator.NewSecret(h.BirthKey()),
	}, nil
}

// secret is a PIN as the emulator takes it.
func secret(p jpki.PIN) emulator.Secret { return emulator.NewSecret(string(p.Bytes())) }

// another is somebody else.
func (p *people) another(h jpki.Holder) jpki.Holder {
	at := slices.IndexFunc(p.holders, func(other jpki.Holder) bool { return other.ID != h.ID })
	return p.holders[at]
}

// serialOf is the number printed nowhere on the card, which EF 0006 of JPKI-AP
// tells: made of the holder's position, as real ones mean nothing.
func serialOf(h jpki.Holder) string {
	sum := sha256.Sum256([]byte("kazasu card " + h.ID))
	return fmt.Sprintf("%012d", new(big.Int).SetBytes(sum[:5]))
}
