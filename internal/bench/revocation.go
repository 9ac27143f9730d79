package bench

import (
	"fmt"
	"math/big"
	"time"

	"kazasu/emulator/testca"
)

// Family is one of the test CA's two.
type Family string

// The two certificate families.
const (
	Auth Family = "auth" // 利用者証明用: for logging in
	Sign Family = "sign" // 署名用: for signing documents
)

// serial is the serial number of a holder's certificate.
func (p *people) serial(holder string, family Family) (*big.Int, error) {
	h, err := p.holder(holder)
	if err != nil {
		return nil, err
	}
	i, err := p.certificates(h)
	if err != nil {
		return nil, err
	}
	switch {
	case family == Auth:
		return i.Auth.Certificate.SerialNumber, nil
	case family != Sign:
		return nil, unknown("auth or sign", "no certificate family is called %q", family)
	case i.Sign.Certificate == nil:
		return nil, unknown("a holder under 15 has none", "%s has no sign certificate", holder)
	}
	return i.Sign.Certificate.SerialNumber, nil
}

// Revoke puts a holder's certificate of one family on the CA's list, with a
// CRLReason of RFC 5280 §5.3.1. It holds for every card of that holder.
func (b *Bench) Revoke(holder string, family Family, reason int) error {
	serial, err := b.people.serial(holder, family)
	if err != nil {
		return err
	}
	if err := b.authority.Revoke(testca.Family(family), serial, reason); err != nil {
		return &Error{Problem: "revoking", Cause: err, Cure: "reasons are 0 to 6 and 8 to 10; 4 is a renewed certificate, 6 a suspension"}
	}
	return nil
}

// Reinstate takes it off again, as after a lifted suspension.
func (b *Bench) Reinstate(holder string, family Family) error {
	serial, err := b.people.serial(holder, family)
	if err != nil {
		return err
	}
	return b.authority.Reinstate(testca.Family(family), serial)
}

// CAStatus is what the test CA knows of one family.
type CAStatus struct {
	Family   Family          `json:"family"`
	Subject  string          `json:"subject"`
	Serial   string          `json:"serial"`    // of the root, hex
	NotAfter time.Time       `json:"not_after"` // of the root
	Revoked  []RevokedStatus `json:"revoked"`
}

// RevokedStatus is one certificate on the list.
type RevokedStatus struct {
	Serial string    `json:"serial"`           // hex
	Holder string    `json:"holder,omitempty"` // empty when nobody of ours has it
	Reason int       `json:"reason"`           // CRLReason
	Time   time.Time `json:"time"`             // of the revocation
}

// Authorities is what the test CA knows, family by family.
func (b *Bench) Authorities() ([]CAStatus, error) {
	var all []CAStatus
	for _, family := range []Family{Auth, Sign} {
		root := b.authority.Certificate(testca.Family(family))
		status := CAStatus{
			Family: family, Subject: root.Subject.String(), Serial: fmt.Sprintf("%X", root.SerialNumber),
			NotAfter: root.NotAfter.UTC(), Revoked: []RevokedStatus{},
		}
		for _, entry := range b.authority.Revoked(testca.Family(family)) {
			holder, err := b.people.holderOf(root.RawSubject, entry.Serial)
			if err != nil {
				return nil, err
			}
			status.Revoked = append(status.Revoked, RevokedStatus{
				Serial: fmt.Sprintf("%X", entry.Serial), Holder: holder, Reason: entry.Reason, Time: entry.Time,
			})
		}
		all = append(all, status)
	}
	return all, nil
}
