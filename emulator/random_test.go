package emulator_test

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"kazasu/emulator"
	"kazasu/internal/apdu"
)

var seedFlag = flag.Uint64("seed", 0, "seed of TestRandom; 0 takes a new one")

// watched is a card whose counters are compared before and after each
// command. Its rules are the law of PINs, said once more: only VERIFY spends a
// try, and one at a time; only VERIFY with a right PIN gives tries back, and
// then all of them.
type watched struct {
	card  *emulator.Card
	right [][]byte // PINs that were ever set
}

func watch(t testing.TB, profile string) *watched {
	w := &watched{card: newCard(t, profile)}
	for _, pin := range []string{authPIN, signPassword, textPIN, numberA, numberB, jukiPIN, birthKey} {
		w.right = append(w.right, []byte(pin))
	}
	return w
}

// step sends one command and fails where it broke a rule.
func (w *watched) step(t testing.TB, command []byte) {
	t.Helper()
	before := w.card.PINs()
	response, err := w.card.Transmit(context.Background(), command)
	if err != nil {
		t.Fatalf("> %X\n%v", command, err)
	}
	if len(response) < 2 {
		t.Fatalf("> %X\n< %X, shorter than a status word", command, response)
	}
	cmd, malformed := apdu.Parse(command)
	ok := bytes.Equal(response, []byte{0x90, 0x00})
	change := cmd.CLA == 0 && cmd.INS == 0x24 || cmd.CLA == 0x80 && cmd.INS == 0x32
	if malformed == nil && change && ok {
		w.right = append(w.right, bytes.Clone(cmd.Data))
	}
	verify := malformed == nil && cmd.CLA == 0 && cmd.INS == 0x20 && len(cmd.Data) > 0
	for i, now := range w.card.PINs() {
		if was := before[i].Left; !w.lawful(was, now, verify, ok, cmd.Data) {
			t.Fatalf("> %X\n< %X\nPIN %s went from %d to %d tries", command, response, now.Name, was, now.Left)
		}
	}
}

func (w *watched) lawful(was int, now emulator.PINStatus, verify, ok bool, data []byte) bool {
	switch {
	case now.Left == was:
		return true
	case now.Left == was-1:
		return verify && !ok
	case now.Left == now.Max:
		return verify && ok && w.isRight(data)
	}
	return false
}

func (w *watched) isRight(data []byte) bool {
	for _, pin := range w.right {
		if bytes.Equal(pin, data) {
			return true
		}
	}
	return false
}

// TestRandom sends 50,000 commands, most of them near something that the card
// knows. The seed is printed: go test -run TestRandom -seed N replays it.
func TestRandom(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	cards := []*watched{watch(t, "standard"), watch(t, "under-15"), watch(t, "android")}
	signed := 0
	for range 50_000 {
		w := cards[r.IntN(len(cards))]
		command := randomCommand(r)
		if command[1] == 0x2A || command[1] == 0x88 { // costs a thousand times the others
			if signed++; signed > 500 {
				continue
			}
		}
		w.step(t, command)
		switch r.IntN(500) {
		case 0:
			if _, err := w.card.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 1:
			if _, err := w.card.PowerOn(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 2:
			if err := w.card.ResetPIN("auth"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// randomCommand is one of the seeds, some bytes of it changed, or noise; never
// shorter than two bytes.
func randomCommand(r *rand.Rand) []byte {
	if r.IntN(10) == 0 {
		noise := make([]byte, 2+r.IntN(20))
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		return noise
	}
	command := unhex(seedCommands[r.IntN(len(seedCommands))])
	for range r.IntN(3) {
		command[r.IntN(len(command))] = byte(r.Uint32())
	}
	if r.IntN(20) == 0 {
		command = command[:2+r.IntN(len(command)-1)]
	}
	return command
}

// seedCommands are what fuzzing starts from.
var seedCommands = []string{
	selectJPKI, selectText, selectCommon, selectJuki, verifyJuki, selectFace, verifyBirth, verifyFaceA, verifyFaceB, "8032009C 04 '2580'", "00880099 01 AA 00", "00B2010C 00", "00B20105 00", "00A40400", "00A40000", "00A4020C 02 0018", "00A4020C 02 0017", "00A4020C 02 000A", "00A4020C 02 0011",
	verifyAuth, verifySign, verifyText, verifyA, verifyB, verifyWrong, "00200080", "00200098", "00200080 04 '1234'", "00200080 04 '5678'",
	"00240180 04 '1234'", "00240180 04 '5678'", "0024019B 06 'ABC123'", readFile1, readFile2, readAuthCert, "00B00000 00", "00B00000 000000", "00B007FF 01",
	"00B20104 00", "802A0080 01 AA 00", "802A0597 06 'kazasu' 00", "802A0000 01 AA 00", "00840000 08", "00CA5F51 00", "80A200C1 01 00", "80FC0000",
	"80AE0000 01 00", "08B00000 000005 96 03 000000 0000", "08200091 02 8600",
}

// TestLaw shows that the rules notice a card that breaks them.
func TestLaw(t *testing.T) {
	w := watch(t, "standard")
	for _, c := range []struct {
		name       string
		was, now   int
		verify, ok bool
		data       string
		want       bool
	}{
		{"nothing happened", 2, 2, false, true, "", true},
		{"wrong PIN", 3, 2, true, false, "0000", true},
		{"right PIN", 1, 3, true, true, authPIN, true},
		{"two tries for one", 3, 1, true, false, "0000", false},
		{"a try lost to another command", 3, 2, false, false, "", false},
		{"a try lost to a right PIN", 3, 2, true, true, authPIN, false},
		{"tries back for a wrong PIN", 1, 3, true, true, "0000", false},
		{"tries back for nothing", 1, 3, false, true, "", false},
		{"one try back", 1, 2, true, true, authPIN, false},
	} {
		now := emulator.PINStatus{Left: c.now, Max: 3}
		if got := w.lawful(c.was, now, c.verify, c.ok, []byte(c.data)); got != c.want {
			t.Errorf("%s: lawful is %t, want %t", c.name, got, c.want)
		}
	}
}

// FuzzTransmit takes its input as commands, each behind a byte with its
// length, and a length of 0 as a warm reset.
func FuzzTransmit(f *testing.F) {
	for _, dialogue := range [][]string{
		{selectJPKI, verifyAuth, readAuthCert, "802A0097 01 AA 00"},
		{selectText, verifyText, readFile1, readFile2, "00B08300 000000"},
		{selectJPKI, verifyWrong, "00200098", "00A4020C 02 0018", "00200080 04 '1234'", "00240180 04 '4321'"},
		{selectFace, verifyFaceA, "00B08200 000000", verifyBirth, readFile1, "802A0000 01 AA 00"},
		{selectJuki, verifyJuki, "00B20204 00", selectCommon, "0020009C", "8032009C 04 '1111'", "00B20104 00"},
		{selectText, verifyA, verifyB, "", "00A40000", "00840000 08", "00CA5F51 00"},
	} {
		var input []byte
		for _, command := range dialogue {
			b := unhex(command)
			input = append(append(input, byte(len(b))), b...)
		}
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		w := watch(t, "standard")
		for len(input) > 0 {
			n := min(int(input[0]), len(input)-1)
			if n == 0 {
				if _, err := w.card.Reset(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else {
				w.step(t, input[1:1+n])
			}
			input = input[1+n:]
		}
	})
}
