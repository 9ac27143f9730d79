package conformance

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"kazasu/internal/bench"
	"kazasu/internal/jpki"
	"kazasu/internal/slot"
	"kazasu/internal/trace"
	"kazasu/rigs"
)

// echoCard answers every command with its own bytes and 9000; an empty one
// answers nothing, and 6E 01 is a link that breaks.
type echoCard struct{}

func (echoCard) PowerOn(context.Context) ([]byte, error) {
	return []byte{0x3B, 0x80, 0x80, 0x01, 0x01}, nil
}
func (echoCard) Reset(context.Context) ([]byte, error) {
	return []byte{0x3B, 0x80, 0x80, 0x01, 0x01}, nil
}
func (echoCard) PowerOff(context.Context) error { return nil }
func (echoCard) ATR() []byte                    { return []byte{0x3B, 0x80, 0x80, 0x01, 0x01} }
func (echoCard) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	switch command[0] {
	case 0x6E:
		return nil, errors.New("the harness broke")
	case 0xEE:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return append(append([]byte{}, command...), 0x90, 0x00), nil
}

// fakeBench is a bench with echo cards and nothing else.
type fakeBench struct {
	clock  trace.Traveller
	faults map[string]string
}

func (*fakeBench) Info() bench.Info                       { return bench.Info{} }
func (*fakeBench) Rig() rigs.Rig                          { return rigs.Rig{Name: "fake"} }
func (*fakeBench) HTTP() *http.Client                     { return http.DefaultClient }
func (*fakeBench) ClearFaults(string)                     {}
func (*fakeBench) Holders() []jpki.Holder                 { return nil }
func (b *fakeBench) Clock() *trace.Traveller              { return &b.clock }
func (*fakeBench) Revoke(string, bench.Family, int) error { return nil }
func (*fakeBench) Reinstate(string, bench.Family) error   { return nil }
func (b *fakeBench) SetFault(_, id, value string) error {
	if id == "no.such" {
		return errors.New("no fault is called so")
	}
	b.faults[id] = value
	return nil
}
func (*fakeBench) ScenarioCard(context.Context, string, string) (slot.Slot, bench.CardControl, func(), error) {
	return echoCard{}, nil, func() {}, nil
}

// options run features on the fake bench.
func options(t *testing.T, paths ...string) Options {
	t.Helper()
	return Options{
		Bench:  func(context.Context) (Bench, error) { return &fakeBench{faults: map[string]string{}}, nil },
		Select: paths,
		Seed:   7,
	}
}

// feature writes a stranger's feature file.
func feature(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
