// Package rigs says what stands on a bench: which card, in which reader, which
// phone, which provider. It only describes; it opens nothing.
//
// A rig is a YAML file. [Load] reads one strictly: an unknown key, a value of
// the wrong type and a value that means nothing are errors with file, line,
// column and key. A rig may extend another and then only says what differs.
// The rigs we ship are embedded and known by their name: [Shipped]. The same
// form as JSON Schema, for editors, is [Schema]. [LoadClients] reads the
// relying parties that a provider knows, with the same care.
//
// [Rig.Shows] says what a rig can show; a check names what it needs, and the
// two meet by these words.
package rigs

// Rig is one bench, described.
type Rig struct {
	// Name is how commands and reports call the rig; lower case, digits, "-".
	Name string `yaml:"name" required:"true" pattern:"^[a-z][a-z0-9-]*$"`
	// Title is one sentence for people.
	Title string `yaml:"title"`
	// Extends is a shipped rig or a file, relative to this one, which says
	// what this one doesn't.
	Extends string `yaml:"extends"`

	Card   Card   `yaml:"card"`
	Reader Reader `yaml:"reader"`
	Phone  Phone  `yaml:"phone"`
	IdP    IdP    `yaml:"idp"`
	Ports  Ports  `yaml:"ports"`
}

// Card is what lies in the rig's slot when it starts.
type Card struct {
	// Kind is "emulated" (the default) or "real": a card of one's own.
	Kind string `yaml:"kind" enum:"emulated,real"`
	// Profile names one of the emulator's card profiles.
	Profile string `yaml:"profile" enum:"standard,contactless,contact-da,contact-c5,under-15,android,iphone,older,strict-reset"`
	// Holder is the ID of the fictional person whose card it is.
	Holder string `yaml:"holder" enum:"hanako,taro,yoshiko,choju,mirai,tsuru"`
}

// Reader is how software reaches the card.
type Reader struct {
	// Kind is "direct" (in process, the default), "vpcd" (our card, behind
	// pcscd and its vpcd driver) or "pcsc" (a real reader, by Name).
	Kind string `yaml:"kind" enum:"direct,vpcd,pcsc"`
	// Name is the PC/SC name of a real reader, or a part of it.
	Name string `yaml:"name"`
	// PCSCD is "private" (the default: one of ours, in its own namespace)
	// or "system" (the one that runs on this machine).
	PCSCD string `yaml:"pcscd" enum:"private,system"`
}

// Phone is who reads the card during a login.
type Phone struct {
	// Kind is "emulated", the only one so far.
	Kind string `yaml:"kind" enum:"emulated"`
}

// IdP is the provider. How long it may use a revocation list again is no key
// of a rig: what is revoked on a bench counts at the next login.
type IdP struct {
	// Kind is "reference": ours.
	Kind string `yaml:"kind" enum:"reference"`
	// TLS says that the issuer is https, below a root made on this machine.
	TLS bool `yaml:"tls"`
	// Revocation says which of the CA's two answers the provider asks for:
	// "crl-and-ocsp" (the default), "crl", "ocsp" or "ocsp-or-crl".
	Revocation string `yaml:"revocation" enum:"crl-and-ocsp,crl,ocsp,ocsp-or-crl"`
	// Assertions says how client assertions are held: "lenient" (the
	// default) takes what is known to work with the sandbox, such as one
	// without a jti; "strict" asks what Keycloak 26 asks.
	Assertions string `yaml:"assertions" enum:"lenient,strict"`
	// ClientErrorStatus is the HTTP status of invalid_client: 400 (the
	// default) or 401.
	ClientErrorStatus int `yaml:"client_error_status" enum:"400,401"`
}

// Ports are TCP ports on loopback; 0 lets the system choose one, which the
// state folder then remembers.
type Ports struct {
	IdP     int `yaml:"idp" max:"65535"`
	RP      int `yaml:"rp" max:"65535"`
	Phone   int `yaml:"phone" max:"65535"`
	CA      int `yaml:"ca" max:"65535"`
	Metrics int `yaml:"metrics" max:"65535"`
}

// Defaults is the rig that every rig without "extends" starts from: all
// emulated, in one process, on the ports that the documentation names.
func Defaults() Rig {
	return Rig{
		Card:   Card{Kind: "emulated", Profile: "standard", Holder: "hanako"},
		Reader: Reader{Kind: "direct", PCSCD: "private"},
		Phone:  Phone{Kind: "emulated"},
		IdP: IdP{
			Kind: "reference", TLS: true, Revocation: "crl-and-ocsp",
			Assertions: "lenient", ClientErrorStatus: 400,
		},
		Ports: Ports{IdP: 7443, RP: 7080, Phone: 7081, CA: 7082, Metrics: 7084},
	}
}

// Shows lists what can be shown on the rig, in the words in which checks say
// what they need: "card" (commands reach a card), "reader" (through PC/SC),
// "emulator" (the card can be told to lie), "browser", "phone", "login", "ca".
func (r Rig) Shows() []string {
	shows := []string{"card", "browser", "phone", "login", "ca"}
	if r.Card.Kind == "emulated" {
		shows = append(shows, "emulator")
	}
	if r.Reader.Kind != "direct" {
		shows = append(shows, "reader")
	}
	if r.Reader.Kind == "vpcd" {
		shows = append(shows, "link")
	}
	return shows
}
