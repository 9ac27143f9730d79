package emulator

import (
	"testing"

	"kazasu/internal/faults"
)

// TestInstructionTable polices the dispatch table.
func TestInstructionTable(t *testing.T) {
	seen := map[[2]byte]string{}
	for _, row := range instructions {
		key := [2]byte{row.cla, row.ins}
		switch {
		case seen[key] != "":
			t.Errorf("%s and %s share %02X %02X", row.name, seen[key], row.cla, row.ins)
		case row.name == "" || row.clause == "" || row.run == nil:
			t.Errorf("row %02X %02X is not complete", row.cla, row.ins)
		}
		seen[key] = row.name
		if found, _ := lookUp(row.cla, row.ins); found == nil || found.name != row.name {
			t.Errorf("%s is not found by its bytes", row.name)
		}
	}
}

// TestFaultTable: each fault has a name and a sentence.
func TestFaultTable(t *testing.T) {
	want := []string{"card.wrong-signature", "card.swapped-certificate", "card.counter-not-decremented", "card.mute", "card.slow"}
	got := faults.List("card", Faults{})
	if len(got) != len(want) {
		t.Fatalf("%d faults, want %d", len(got), len(want))
	}
	for i, f := range got {
		if f.ID() != want[i] {
			t.Errorf("got %s, want %s", f.ID(), want[i])
		}
	}
}

func TestAccess(t *testing.T) {
	auth, sign := after(0x18), after(0x1B)
	for _, c := range []struct {
		name           string
		rule, verified access
		want           bool
	}{
		{"always, nothing verified", always, 0, true},
		{"never, all verified", never, auth | sign, false},
		{"after auth, nothing verified", auth, 0, false},
		{"after auth, auth verified", auth, auth, true},
		{"after auth, sign verified", auth, sign, false},
		{"any of two, one verified", anyOf(0x18, 0x1B), sign, true},
		{"any of two, another verified", anyOf(0x18, 0x1B), after(0x11), false},
	} {
		if got := c.rule.grants(c.verified); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}
