package bench

// PIN is where one of a card's PINs stands.
type PIN struct {
	Name     string `json:"name"` // "auth", "sign", "text", …
	Japanese string `json:"japanese"`
	Left     int    `json:"left"`
	Max      int    `json:"max"`
	Blocked  bool   `json:"blocked"`
}

// CardControl is the hand on a card that a program can't have on a real one:
// it makes the card lie, and it looks at and resets its counters.
type CardControl interface {
	// Holder is whose card it is, Profile its emulator profile.
	Holder() string
	Profile() string
	// SetFault switches a fault of the card or its link by ID, such as
	// "card.mute" or "link.delay", for this card alone.
	SetFault(id, value string) error
	// ClearFaults makes card and link honest.
	ClearFaults()
	// PINs is the state of every PIN.
	PINs() []PIN
	// ResetPIN sets a PIN's tries back to their maximum, as the municipal
	// office does.
	ResetPIN(name string) error
	// SetPINTries sets how many tries a PIN has left.
	SetPINTries(name string, left int) error
}
