package emulator_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kazasu/emulator"
)

// fileState keeps the blob in a file, replaced in one step.
type fileState string

func (f fileState) Load() ([]byte, error) {
	blob, err := os.ReadFile(string(f))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return blob, err
}

func (f fileState) Save(blob []byte) error {
	if err := os.WriteFile(string(f)+".new", blob, 0o600); err != nil {
		return err
	}
	return os.Rename(string(f)+".new", string(f))
}

func TestStateSurvivesRestart(t *testing.T) {
	o := emulator.Options{State: fileState(filepath.Join(t.TempDir(), "card"))}
	card := newCardWith(t, "standard", o)
	expect(t, card, selectJPKI, "9000", verifyWrong, "63C2", verifyWrong, "63C1", verifySign, "9000",
		"0024019B 08 'NEWPASS1'", "9000", selectText, "9000", verifyA, "9000", "00200091 04 '0000'", "63C2")
	card = newCardWith(t, "standard", o)
	expect(t, card, selectJPKI, "9000", "00200098", "63C1",
		verifySign, "63C4", "0020009B 08 'NEWPASS1'", "9000",
		selectText, "9000", "00200091", "63C2", "00200094", "63CA")
	if err := card.ResetPIN("sign"); err != nil {
		t.Fatal(err)
	}
	card = newCardWith(t, "contactless", o) // the same card on another reader
	expect(t, card, selectJPKI, "9000", verifySign, "9000", verifyWrong, "63C0", verifyAuth, "6984")
	card = newCardWith(t, "standard", o)
	expect(t, card, selectJPKI, "9000", verifyAuth, "6984", "00200098", "63C0")
}

// memoryState counts, and fails on demand.
type memoryState struct {
	blob  []byte
	saved []string
	fail  error
}

func (m *memoryState) Load() ([]byte, error) { return m.blob, nil }
func (m *memoryState) Save(blob []byte) error {
	if m.fail != nil {
		return m.fail
	}
	m.blob = blob
	m.saved = append(m.saved, string(blob))
	return nil
}

// TestSavedBeforeCompared: a right PIN is saved as a lost try first.
func TestSavedBeforeCompared(t *testing.T) {
	state := &memoryState{}
	card := newCardWith(t, "standard", emulator.Options{State: state})
	expect(t, card, selectJPKI, "9000", verifyAuth, "9000")
	want := []string{
		`{"schema":"kazasu.card-state/2","serial":"0000000020500003","pins":[{"name":"auth","left":2},{"name":"sign","left":5},{"name":"text","left":3},{"name":"number-a","left":10},{"name":"number-b","left":10},{"name":"face-birth","left":10},{"name":"face-number-b","left":10},{"name":"face-number-a","left":10},{"name":"juki","left":3}]}`,
		`{"schema":"kazasu.card-state/2","serial":"0000000020500003","pins":[{"name":"auth","left":3},{"name":"sign","left":5},{"name":"text","left":3},{"name":"number-a","left":10},{"name":"number-b","left":10},{"name":"face-birth","left":10},{"name":"face-number-b","left":10},{"name":"face-number-a","left":10},{"name":"juki","left":3}]}`,
	}
	if strings.Join(state.saved, "\n") != strings.Join(want, "\n") {
		t.Errorf("saved\n%s\nwant\n%s", strings.Join(state.saved, "\n"), strings.Join(want, "\n"))
	}
	torn := newCardWith(t, "standard", emulator.Options{State: &memoryState{blob: []byte(want[0])}})
	expect(t, torn, selectJPKI, "9000", "00200098", "63C2")
}

// TestStateUnwritable: without a saved counter no PIN is compared.
func TestStateUnwritable(t *testing.T) {
	state := &memoryState{fail: errors.New("disk full")}
	card := newCardWith(t, "standard", emulator.Options{State: state})
	expect(t, card, selectJPKI, "9000")
	_, err := card.Transmit(t.Context(), unhex(verifyAuth))
	if !errors.Is(err, state.fail) {
		t.Fatalf("got %v, want disk full", err)
	}
	if want := "running VERIFY: saving card state: disk full"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	expect(t, card, "802A0097 01 AA 00", "6982")
}

func TestForeignState(t *testing.T) {
	const whole = `{"schema":"kazasu.card-state/2","serial":"0000000020500003","pins":[{"name":"auth","left":1},{"name":"sign","left":5},{"name":"text","left":3},{"name":"number-a","left":10},{"name":"number-b","left":10},{"name":"face-birth","left":10},{"name":"face-number-b","left":10},{"name":"face-number-a","left":10},{"name":"juki","left":3}]}`
	const prefix = "loading state of card 0000000020500003: not the state of this card: "
	replace := func(old, new string) string { return strings.Replace(whole, old, new, 1) }
	for name, c := range map[string]struct{ blob, want string }{
		"empty":          {"", "0 bytes that are no JSON of schema kazasu.card-state/2"},
		"torn":           {whole[:100], "100 bytes that are no JSON of schema kazasu.card-state/2"},
		"two":            {whole + whole, "something follows the JSON object"},
		"old tail":       {whole + `3}]}`, "something follows the JSON object"},
		"foreign member": {replace(`"pins"`, `"owner":"x","pins"`), "343 bytes that are no JSON of schema kazasu.card-state/2"},
		"version":        {replace("/2", "/3"), "schema is not kazasu.card-state/2"},
		"serial":         {replace("20500003", "20500004"), "it is of a card with another serial than 0000000020500003"},
		"too few":        {replace(`{"name":"auth","left":1},`, ""), "it has 8 PINs, the card 9"},
		"old, too many":  {replace("/2", "/1"), "it has 9 PINs, the card 5"},
		"order":          {replace("auth", "sign"), "PIN auth is not where it should be"},
		"too many tries": {replace(`"left":1`, `"left":4`), "tries of PIN auth are not 0 to 3"},
		"negative":       {replace(`"left":1`, `"left":-1`), "tries of PIN auth are not 0 to 3"},
		"no tries":       {replace(`"name":"auth","left":1`, `"name":"auth"`), "tries of PIN auth are not 0 to 3"},
		"PIN's form":     {replace(`"left":1`, `"left":1,"changed":"77777"`), "changed PIN auth has not its form"},
	} {
		p, err := emulator.Build("standard", testContents())
		if err != nil {
			t.Fatal(err)
		}
		_, err = emulator.New(p, emulator.Options{State: &memoryState{blob: []byte(c.blob)}})
		if !errors.Is(err, emulator.ErrState) || err.Error() != prefix+c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, prefix+c.want)
		}
	}
	card := newCardWith(t, "standard", emulator.Options{State: &memoryState{blob: []byte(whole)}})
	expect(t, card, selectJPKI, "9000", "00200098", "63C1")
}

// TestOldState: a blob from before 共通カードAP keeps its counters, and the card
// has all tries of the PINs that it didn't know.
func TestOldState(t *testing.T) {
	const old = `{"schema":"kazasu.card-state/1","serial":"0000000020500003","pins":[{"name":"auth","left":1},{"name":"sign","left":5},{"name":"text","left":3},{"name":"number-a","left":10},{"name":"number-b","left":0}]}`
	card := newCardWith(t, "standard", emulator.Options{State: &memoryState{blob: []byte(old)}})
	expect(t, card, selectJPKI, "9000", "00200098", "63C1",
		selectText, "9000", "00200095", "63C0",
		selectJuki, "9000", "0020009C", "63C3")
}
