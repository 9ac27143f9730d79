package jpki_test

import (
	"fmt"
	"testing"

	"kazasu/internal/jpki"
)

func TestApplicationIdentifiers(t *testing.T) {
	for want, aid := range map[string][]byte{
		"D392F000260100000001": jpki.AIDJPKI,
		"D3921000310001010408": jpki.AIDText,
		"D3921000310001010402": jpki.AIDSurface,
		"D3921000310001010401": jpki.AIDJuki,
		"D3921000310001010100": jpki.AIDCommon,
		"A0000001510000":       jpki.AIDISD,
	} {
		if got := fmt.Sprintf("%X", aid); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCredentials(t *testing.T) {
	want := []string{
		"auth D392F000260100000001 0018 4-4 digits true tries 3",
		"sign D392F000260100000001 001B 6-16 digits false tries 5",
		"text D3921000310001010408 0011 4-4 digits true tries 3",
		"number-a D3921000310001010408 0014 12-12 digits true tries 10",
		"number-b D3921000310001010408 0015 14-14 digits true tries 10",
		"face-birth D3921000310001010402 0011 6-6 digits true tries 10",
		"face-number-b D3921000310001010402 0012 14-14 digits true tries 10",
		"face-number-a D3921000310001010402 0013 12-12 digits true tries 10",
		"juki D3921000310001010100 001C 4-4 digits true tries 3",
	}
	if len(jpki.Credentials) != len(want) {
		t.Fatalf("%d credentials, want %d", len(jpki.Credentials), len(want))
	}
	for i, c := range jpki.Credentials {
		got := fmt.Sprintf("%s %X %04X %d-%d digits %t tries %d", c.Name, c.AID, uint16(c.File), c.Min, c.Max, c.Digits, c.TriesMax)
		if got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
		if c.Japanese == "" {
			t.Errorf("%s has no Japanese name", c.Name)
		}
	}
}
