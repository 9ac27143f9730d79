package emulator

import (
	"crypto/subtle"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
)

// verify compares a PIN, or tells how many tries are left when no PIN comes
// with it. The empty form asks in either case, 00 20 00 80 and, a guess, the
// same with Le 00.
func (c *Card) verify(cmd apdu.Command) (apdu.Response, error) {
	if cmd.P1 != 0 {
		return status(apdu.WrongP1P2), nil
	}
	f, refusal := c.session.reference(cmd.P2)
	if refusal != apdu.OK {
		return status(refusal), nil
	}
	if f.kind != pinFile {
		return status(apdu.WrongFileType), nil
	}
	if len(cmd.Data) == 0 {
		return status(apdu.TriesLeft(c.triesLeft(f))), nil
	}
	return c.compare(f, cmd.Data)
}

// triesLeft is 0 for a PIN that was blocked from issue.
func (c *Card) triesLeft(f *file) int {
	if f.pin == pinNone {
		return 0
	}
	return c.memory[f.pin].left
}

// compare takes one try off and saves that, and only then looks at the PIN: a
// card that loses power in between has lost a try, not given one away. A PIN
// of the wrong length is a wrong PIN like any other, a guess.
func (c *Card) compare(f *file, data []byte) (apdu.Response, error) {
	if c.triesLeft(f) == 0 {
		return status(apdu.Blocked), nil
	}
	pin := &c.memory[f.pin]
	if !c.faults.CounterNotDecremented {
		pin.left--
	}
	if err := c.save(); err != nil {
		return apdu.Response{}, err
	}
	if subtle.ConstantTimeCompare(c.pinOf(f).Bytes(), data) != 1 {
		c.session.verified &^= after(f.id)
		return status(apdu.TriesLeft(pin.left)), nil
	}
	pin.left = c.profile.pins[f.pin].credential.TriesMax
	if err := c.save(); err != nil {
		return apdu.Response{}, err
	}
	c.session.verified |= after(f.id)
	return status(apdu.OK), nil
}

// pinOf is the PIN in force: the changed one, else the one of issue.
func (c *Card) pinOf(f *file) jpki.PIN {
	if changed := c.memory[f.pin].changed; !changed.IsZero() {
		return changed
	}
	return c.profile.pins[f.pin].value
}

// changeNew is P1 of CHANGE REFERENCE DATA: the data are the new PIN alone,
// the old one having been verified.
const changeNew = 0x01

// change sets a new PIN. The status words of a new PIN of the wrong form and
// of a 照合番号, which can't be changed, are guesses.
func (c *Card) change(cmd apdu.Command) (apdu.Response, error) {
	if cmd.P1 != changeNew {
		return status(apdu.WrongP1P2), nil
	}
	return c.changePIN(cmd, byHolder)
}

// changeKey is JICSAP's command for the same, which 共通カードAP and 住基AP know
// instead; that neither command works in the other's place is a guess.
func (c *Card) changeKey(cmd apdu.Command) (apdu.Response, error) {
	if cmd.P1 != 0 {
		return status(apdu.WrongP1P2), nil
	}
	return c.changePIN(cmd, byKeyCommand)
}

// changePIN wants the old PIN verified.
func (c *Card) changePIN(cmd apdu.Command, by changing) (apdu.Response, error) {
	f, refusal := c.session.reference(cmd.P2)
	switch {
	case refusal != apdu.OK:
		return status(refusal), nil
	case f.kind != pinFile:
		return status(apdu.WrongFileType), nil
	case c.triesLeft(f) == 0:
		return status(apdu.Blocked), nil
	case !after(f.id).grants(c.session.verified):
		return status(apdu.SecurityNotSatisfied), nil
	}
	spec := c.profile.pins[f.pin]
	if spec.changing() != by {
		return status(apdu.ConditionsNotMet), nil
	}
	pin := jpki.NewPIN(string(cmd.Data))
	if !spec.fits(pin) {
		return status(apdu.WrongData), nil
	}
	c.memory[f.pin].changed = pin
	return status(apdu.OK), c.save()
}
