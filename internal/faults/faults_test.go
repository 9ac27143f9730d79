package faults

import (
	"reflect"
	"testing"
	"time"
)

// lies stands for any player's Faults.
type lies struct {
	WrongNonce        bool          `fault:"puts another nonce in"`
	OCSPDown          bool          `fault:"answers no request"`
	StaleCRL          bool          `fault:"hands out an old list"`
	UserinfoOfAnother bool          `fault:"tells of another person"`
	Slow              time.Duration `fault:"answers late"`
}

func TestList(t *testing.T) {
	want := []Fault{
		{"idp", "wrong-nonce", "puts another nonce in", "on|off"},
		{"idp", "ocsp-down", "answers no request", "on|off"},
		{"idp", "stale-crl", "hands out an old list", "on|off"},
		{"idp", "userinfo-of-another", "tells of another person", "on|off"},
		{"idp", "slow", "answers late", "duration"},
	}
	if got := List("idp", lies{}); !reflect.DeepEqual(got, want) {
		t.Errorf("List\n got %v\nwant %v", got, want)
	}
	if got := List("idp", &lies{}); !reflect.DeepEqual(got, want) {
		t.Errorf("List of a pointer\n got %v\nwant %v", got, want)
	}
	if got := want[1].ID(); got != "idp.ocsp-down" {
		t.Errorf("ID = %s", got)
	}
}

func TestSet(t *testing.T) {
	for name, c := range map[string]struct {
		name, value string
		want        lies
	}{
		"on":               {"wrong-nonce", "on", lies{WrongNonce: true}},
		"nothing is on":    {"ocsp-down", "", lies{OCSPDown: true}},
		"true is on":       {"stale-crl", "true", lies{StaleCRL: true}},
		"off":              {"wrong-nonce", "off", lies{}},
		"a duration":       {"slow", "200ms", lies{Slow: 200 * time.Millisecond}},
		"on is one second": {"slow", "on", lies{Slow: time.Second}},
		"off is none":      {"slow", "off", lies{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got lies
			if err := Set(&got, c.name, c.value); err != nil || got != c.want {
				t.Errorf("Set(%s, %s) = %+v, %v, want %+v", c.name, c.value, got, err, c.want)
			}
		})
	}
}

func TestSetOffAfterOn(t *testing.T) {
	got := lies{WrongNonce: true, Slow: time.Minute, StaleCRL: true}
	for _, name := range []string{"wrong-nonce", "slow"} {
		if err := Set(&got, name, "off"); err != nil {
			t.Fatal(err)
		}
	}
	if want := (lies{StaleCRL: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSetRefuses(t *testing.T) {
	for name, c := range map[string]struct{ name, value, want string }{
		"an unknown fault":    {"wrong-colour", "on", `no fault is called "wrong-colour"`},
		"a Go name":           {"WrongNonce", "on", `no fault is called "WrongNonce"`},
		"neither on nor off":  {"wrong-nonce", "200ms", `fault wrong-nonce: "200ms" is neither on nor off`},
		"no duration":         {"slow", "soon", `fault slow: time: invalid duration "soon"`},
		"a negative duration": {"slow", "-1s", `fault slow: -1s is negative`},
	} {
		t.Run(name, func(t *testing.T) {
			var got lies
			err := Set(&got, c.name, c.value)
			if err == nil || err.Error() != c.want {
				t.Errorf("Set = %v, want %s", err, c.want)
			}
			if got != (lies{}) {
				t.Errorf("a refused value was set: %+v", got)
			}
		})
	}
}

func TestBrokenTablePanics(t *testing.T) {
	for name, table := range map[string]any{
		"no sentence": struct{ Mute bool }{},
		"odd type": struct {
			Count int `fault:"counts wrong"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			List("card", table)
		})
	}
}
