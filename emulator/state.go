package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"kazasu/internal/jpki"
)

// stateSchema names the blob and its version. Version 1 knew the PINs of
// 公的個人認証AP and 券面事項入力補助AP alone, which come first on every card: such
// a blob is taken, and the other PINs are as issued.
const (
	stateSchema   = "kazasu.card-state/2"
	stateSchemaV1 = "kazasu.card-state/1"
)

// ErrState says that what a State holds is not this card's blob: torn, of
// another program or version, or of another card. It is never half-loaded.
var ErrState = errors.New("not the state of this card")

// memory is what survives power loss: one entry for each of Profile.pins.
type memory []pinMemory

type pinMemory struct {
	left    int
	changed jpki.PIN // zero: as issued
}

// stateBlob is the blob as JSON.
type stateBlob struct {
	Schema string     `json:"schema"`
	Serial string     `json:"serial"`
	PINs   []statePIN `json:"pins"`
}

type statePIN struct {
	Name    string `json:"name"`
	Left    *int   `json:"left"`
	Changed string `json:"changed,omitempty"` // the PIN in force, when it isn't the one of issue
}

// load fills the memory from the State, or as the card was issued.
func (c *Card) load() error {
	c.memory = c.profile.issued()
	if c.state == nil {
		return nil
	}
	blob, err := c.state.Load()
	if err != nil || blob == nil {
		return err
	}
	m, err := c.profile.decode(blob)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	c.memory = m
	return nil
}

// save writes the memory; the lock is held.
func (c *Card) save() error {
	if c.state == nil {
		return nil
	}
	if err := c.state.Save(c.profile.encode(c.memory)); err != nil {
		return fmt.Errorf("saving card state: %w", err)
	}
	return nil
}

// issued is the memory of a new card.
func (p *Profile) issued() memory {
	m := make(memory, len(p.pins))
	for i, spec := range p.pins {
		m[i].left = spec.credential.TriesMax
	}
	return m
}

func (p *Profile) encode(m memory) []byte {
	blob := stateBlob{Schema: stateSchema, Serial: p.serial}
	for i, spec := range p.pins {
		blob.PINs = append(blob.PINs, statePIN{spec.credential.Name, &m[i].left, string(m[i].changed.Bytes())})
	}
	out, err := json.Marshal(blob)
	if err != nil {
		panic(fmt.Sprintf("emulator: state of strings and numbers can't be written: %v", err))
	}
	return out
}

// decode reads all of a blob or nothing. Its errors name no value, since a
// value may be a PIN.
func (p *Profile) decode(raw []byte) (memory, error) {
	var blob stateBlob
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&blob); err != nil {
		return nil, fmt.Errorf("%d bytes that are no JSON of schema %s", len(raw), stateSchema)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	known := len(p.pins)
	if blob.Schema == stateSchemaV1 {
		known = p.pinsV1()
	}
	switch {
	case blob.Schema != stateSchema && blob.Schema != stateSchemaV1:
		return nil, fmt.Errorf("schema is not %s", stateSchema)
	case blob.Serial != p.serial:
		return nil, fmt.Errorf("it is of a card with another serial than %s", p.serial)
	case len(blob.PINs) != known:
		return nil, fmt.Errorf("it has %d PINs, the card %d", len(blob.PINs), known)
	}
	m := p.issued()
	for i, saved := range blob.PINs {
		if err := m[i].decode(p.pins[i], saved); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// pinsV1 is how many PINs a blob of version 1 has.
func (p *Profile) pinsV1() int {
	old := func(s pinSpec) bool {
		return bytes.Equal(s.credential.AID, jpki.AIDJPKI) || bytes.Equal(s.credential.AID, jpki.AIDText)
	}
	if first := slices.IndexFunc(p.pins, func(s pinSpec) bool { return !old(s) }); first >= 0 {
		return first
	}
	return len(p.pins)
}

func (m *pinMemory) decode(spec pinSpec, saved statePIN) error {
	name, triesMax := spec.credential.Name, spec.credential.TriesMax
	switch {
	case saved.Name != name:
		return fmt.Errorf("PIN %s is not where it should be", name)
	case saved.Left == nil || *saved.Left < 0 || *saved.Left > triesMax:
		return fmt.Errorf("tries of PIN %s are not 0 to %d", name, triesMax)
	}
	m.left, m.changed = *saved.Left, jpki.NewPIN(saved.Changed)
	if !m.changed.IsZero() && !spec.fits(m.changed) {
		return fmt.Errorf("changed PIN %s has not its form", name)
	}
	return nil
}
