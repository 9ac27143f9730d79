package phone

import (
	"context"
	"fmt"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/terminal"
)

// WantsAttributes says that the client asks for attributes, so that a text
// PIN is needed beside the auth PIN.
func (l *Login) WantsAttributes() bool { return len(l.opened.Attributes) > 0 }

// ReadCard powers the card on, verifies the auth PIN, reads the certificate,
// has the challenge signed and, when attributes are asked for, verifies the
// text PIN and reads them. It may be called again after an error. Errors of
// the PINs are those of [terminal.Terminal.Verify].
func (l *Login) ReadCard(ctx context.Context, authPIN, textPIN jpki.PIN) error {
	card := l.phone.Card
	if _, err := card.PowerOn(ctx); err != nil {
		return fmt.Errorf("holding card: %w", err)
	}
	proof, attributes, err := l.collect(ctx, authPIN, textPIN)
	l.phone.takeAway(ctx)
	if err != nil {
		return err
	}
	l.proof, l.attributes, l.read = proof, attributes, true
	return nil
}

// takeAway powers the card off, also when ctx has ended. That a card is gone
// already is no error.
func (p *Phone) takeAway(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
	defer cancel()
	_ = p.Card.PowerOff(ctx)
}

func (l *Login) collect(ctx context.Context, authPIN, textPIN jpki.PIN) (appapi.Proof, terminal.Attributes, error) {
	t := terminal.New(l.phone.Card)
	t.BeforeLastTry = l.phone.BeforeLastTry
	var proof appapi.Proof
	if err := t.Verify(ctx, jpki.CredentialAuth, authPIN); err != nil {
		return proof, terminal.Attributes{}, err
	}
	var err error
	if proof.Certificate, err = t.ReadFile(ctx, jpki.AuthCertificate); err != nil {
		return proof, terminal.Attributes{}, fmt.Errorf("reading auth certificate: %w", err)
	}
	digestInfo := terminal.DigestInfo(l.opened.Challenge.Digest())
	if proof.Signature, err = t.Sign(ctx, jpki.AuthKey, digestInfo); err != nil {
		return proof, terminal.Attributes{}, err
	}
	if !l.WantsAttributes() {
		return proof, terminal.Attributes{}, nil
	}
	attributes, files, err := t.Attributes(ctx, textPIN)
	if err != nil {
		return proof, terminal.Attributes{}, err
	}
	proof.Files = &files
	return proof, attributes, nil
}

// Value is what an attribute that the client asks for holds on the card, as
// the consent screen shows it and the provider will hand it over. It is ""
// before the card was read and for an unknown attribute.
func (l *Login) Value(attribute string) string {
	switch attribute {
	case "name":
		return l.attributes.Name
	case "address":
		return l.attributes.Address
	case "birthdate":
		return l.attributes.Birth
	case "gender":
		if l.attributes.Sex != 0 {
			return string(l.attributes.Sex)
		}
	}
	return ""
}
