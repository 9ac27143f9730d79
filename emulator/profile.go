package emulator

import (
	"bytes"
	"fmt"
	"strings"
)

// Answers to reset, as published lists have them; which maker or generation
// sends which is not known.
var (
	// atrContact is T=1 without historical bytes.
	atrContact = []byte{0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14}
	// atrContactDA has historical bytes: card without MF, command chaining
	// and extended length claimed.
	atrContactDA = []byte{0x3B, 0xDA, 0x13, 0xFF, 0x81, 0x31, 0xFB, 0x46, 0x80, 0x12, 0x39, 0x2F, 0x31, 0xC1, 0x73, 0xC6, 0x01, 0xC0, 0x3B}
	// atrContactC5 claims neither chaining nor extended length.
	atrContactC5 = []byte{0x3B, 0xC5, 0xFF, 0x81, 0x31, 0xFB, 0x45, 0x80, 0x73, 0xC6, 0x01, 0x00, 0x00}
	// atrContactless is what a PC/SC reader makes of a Type B card
	// (PC/SC part 3, 3.1.3.2.3).
	atrContactless = []byte{0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x41, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x3B}
	// atrPhone is what a PC/SC reader makes of a Type A card without
	// historical bytes; a guess, a phone's radio type is not published.
	atrPhone = []byte{0x3B, 0x80, 0x80, 0x01, 0x01}
)

// Labels in EF 0006 by which clients tell a card from a phone.
const (
	labelCard    = "JPKIAPICCTOKEN2"
	labelAndroid = "JPKIAPGPSETOKEN"
	labelIOS     = "JPKIAPIOSTOKEN"
)

// variant is a kind of card: what makes it differ from the standard one.
type variant struct {
	name, sentence string
	atr            []byte
	label          string
	underFifteen   bool // no sign certificate, no sign password
	lastCommand    bool // 80 FC is understood
	phone          bool // JPKI-AP only, auth certificate behind the PIN
	older          bool // one CV certificate less
	strictReset    bool // a warm reset clears PIN status
}

// variants are the profiles to build from.
var variants = [...]variant{
	{name: "standard", sentence: "a card in a contact reader", atr: atrContact, label: labelCard},
	{name: "contactless", sentence: "a card on a contactless reader", atr: atrContactless, label: labelCard},
	{name: "contact-da", sentence: "a contact card whose answer to reset claims chaining and extended length", atr: atrContactDA, label: labelCard},
	{name: "contact-c5", sentence: "a contact card whose answer to reset claims neither", atr: atrContactC5, label: labelCard},
	{name: "under-15", sentence: "the card of a child under 15: no sign certificate", atr: atrContact, label: labelCard, underFifteen: true},
	{name: "android", sentence: "an Android phone as card: JPKI-AP only, auth certificate behind the PIN", atr: atrPhone, label: labelAndroid, phone: true},
	{name: "iphone", sentence: "an iPhone as card: JPKI-AP only, auth certificate behind the PIN, a command that ends the session", atr: atrPhone, label: labelIOS, phone: true, lastCommand: true},
	{name: "older", sentence: "an older card, without the second CV certificate of the card", atr: atrContact, label: labelCard, older: true},
	{name: "strict-reset", sentence: "a card that forgets its PIN status at a warm reset", atr: atrContact, label: labelCard, strictReset: true},
}

// ProfileInfo describes a profile that Build knows.
type ProfileInfo struct {
	Name     string
	Sentence string
	ATR      []byte
}

// Profiles are the profiles that Build knows.
func Profiles() []ProfileInfo {
	out := make([]ProfileInfo, 0, len(variants))
	for _, v := range variants {
		out = append(out, ProfileInfo{v.name, v.sentence, bytes.Clone(v.atr)})
	}
	return out
}

func findVariant(name string) (variant, error) {
	names := make([]string, 0, len(variants))
	for _, v := range variants {
		if v.name == name {
			return v, nil
		}
		names = append(names, v.name)
	}
	return variant{}, fmt.Errorf("no card profile is called %q; there are %s", name, strings.Join(names, ", "))
}

// Profile is a card as issued: data that never changes. [Build] makes one;
// any number of cards may share it.
type Profile struct {
	Name string // "standard", "under-15", …: see Profiles
	ATR  []byte // answer to reset

	*issue // nil in a Profile that Build did not make
}

// issue is what was written on the card. It stands behind a pointer, since fmt
// calls no method on a Profile in an unexported field of another struct: it
// would print the files.
type issue struct {
	serial       string // 16 characters, in EF 0006 and in the state
	applications []application
	pins         []pinSpec
	strictReset  bool
	lastCommand  bool
	data         map[uint16][]byte // the card's own data objects, by tag
}

// String names profile and serial; a Profile never prints what is inside.
func (p Profile) String() string {
	if p.issue == nil {
		return "card without contents"
	}
	return p.Name + " card " + p.serial
}

// Format prints String for every verb.
func (p Profile) Format(s fmt.State, _ rune) { fmt.Fprint(s, p.String()) }
