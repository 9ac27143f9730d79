package jpki_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"kazasu/internal/jpki"
)

// TestPINDoesNotPrint: wherever a PIN stands in what is printed, logged or
// marshalled, it does not show.
func TestPINDoesNotPrint(t *testing.T) {
	const secret = "ABC123"
	pin := jpki.NewPIN(secret)
	type exported struct{ PIN jpki.PIN }
	type unexported struct{ pin jpki.PIN }
	for name, v := range map[string]any{
		"pin": pin, "pointer": &pin, "slice": []jpki.PIN{pin}, "map": map[string]jpki.PIN{"auth": pin},
		"exported": exported{pin}, "pointer to exported": &exported{pin},
		"unexported": unexported{pin}, "pointer to unexported": &unexported{pin},
		"holder": jpki.Holder{ID: "x", AuthPIN: pin, TextPIN: pin, SignPassword: pin},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T"} {
			hidden(t, name+" "+verb, fmt.Sprintf(verb, v), secret)
		}
		marshalled, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		hidden(t, name+" JSON", string(marshalled), secret)
		var logged bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
			slog.New(handler).With("with", v).Info("message", "key", v, slog.Group("group", "key", v))
		}
		hidden(t, name+" slog", logged.String(), secret)
		hidden(t, name+" error", fmt.Errorf("verifying %v: %w", v, fmt.Errorf("%v", v)).Error(), secret)
	}
}

func hidden(t *testing.T, where, text, secret string) {
	t.Helper()
	if shows(text, secret) {
		t.Errorf("%s shows the PIN: %s", where, text)
	}
}

// shows looks for the secret as text, hex, decimal bytes and hex with 0x.
func shows(text, secret string) bool {
	var goSyntax []string
	for _, b := range []byte(secret) {
		goSyntax = append(goSyntax, fmt.Sprintf("0x%x", b))
	}
	for _, form := range []string{
		secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret),
		strings.Trim(fmt.Sprint([]byte(secret)), "[]"), strings.Join(goSyntax, ", "),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// TestShows: the test above can fail.
func TestShows(t *testing.T) {
	const secret = "ABC123"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		for _, v := range []any{secret, []byte(secret), struct{ pin string }{secret}} {
			if text := fmt.Sprintf(verb, v); !shows(text, secret) && !strings.HasPrefix(text, "%!d") && !strings.HasPrefix(text, "{%!d") {
				t.Errorf("%s of %T isn't noticed: %s", verb, v, text)
			}
		}
	}
}

func TestPINPrintsRedacted(t *testing.T) {
	pin := jpki.NewPIN("1234")
	if got := fmt.Sprintf("%v %s %#v %d", pin, pin, pin, pin); got != "[redacted] [redacted] [redacted] [redacted]" {
		t.Errorf("got %s", got)
	}
	if got, err := json.Marshal(map[string]jpki.PIN{"pin": pin}); err != nil || string(got) != `{"pin":"[redacted]"}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestPIN(t *testing.T) {
	var zero jpki.PIN
	pin := jpki.NewPIN("1234")
	switch {
	case !zero.IsZero() || len(zero.Bytes()) != 0 || !zero.Equal(jpki.NewPIN("")):
		t.Error("the zero PIN is not nothing typed")
	case pin.IsZero() || string(pin.Bytes()) != "1234":
		t.Error("a PIN is not what was typed")
	case !pin.Equal(jpki.NewPIN("1234")) || pin.Equal(jpki.NewPIN("1235")) || pin.Equal(zero):
		t.Error("Equal compares something else than what was typed")
	}
	var read struct{ PIN jpki.PIN }
	if err := json.Unmarshal([]byte(`{"PIN":"1234"}`), &read); err != nil || !read.PIN.Equal(pin) {
		t.Errorf("reading a PIN from JSON: %v", err)
	}
	pin.Bytes()[0] = 'X'
	if string(pin.Bytes()) != "1234" {
		t.Error("writing to Bytes changed the PIN")
	}
}
