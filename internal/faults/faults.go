// Package faults gives every player's Faults struct the same manner: a fault
// is one field, a verb phrase; its kebab-case name is what Gherkin, the
// command line and the admin API say; its sentence is the field's "fault" tag;
// and the zero value is honest.
//
//	type Faults struct {
//		WrongNonce bool          `fault:"puts another nonce into the ID token"`
//		Slow       time.Duration `fault:"answers every command late"`
//	}
//
// A bool is on or off; a Duration takes "200ms", and "on" means one second.
package faults

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
)

// Fault is one way in which a player can lie.
type Fault struct {
	Player   string `json:"player"`   // "card", "link", "idp", "ca"
	Name     string `json:"name"`     // kebab-case
	Sentence string `json:"sentence"` // what it does
	Takes    string `json:"takes"`    // "on|off" or "duration"
}

// ID is how a fault is named across players: "idp.wrong-nonce".
func (f Fault) ID() string { return f.Player + "." + f.Name }

// List reads the faults of a Faults struct (a value or a pointer). A field
// without a sentence, or of a type that can't be set, breaks our own table and
// panics.
func List(player string, faults any) []Fault {
	t := reflect.TypeOf(faults)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var out []Fault
	for i := range t.NumField() {
		field := t.Field(i)
		sentence := field.Tag.Get("fault")
		if sentence == "" {
			panic(fmt.Sprintf("faults: %s.%s has no sentence", t, field.Name))
		}
		out = append(out, Fault{player, kebab(field.Name), sentence, takes(field.Type)})
	}
	return out
}

var durationType = reflect.TypeFor[time.Duration]()

func takes(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case t.Kind() == reflect.Bool:
		return "on|off"
	}
	panic(fmt.Sprintf("faults: a fault can't be a %s", t))
}

// Set switches one fault, by its kebab-case name, in the Faults struct that
// faults points to. The value is on, off or, for a Duration, a duration;
// empty means on.
func Set(faults any, name, value string) error {
	v := reflect.ValueOf(faults).Elem()
	for i := range v.NumField() {
		if kebab(v.Type().Field(i).Name) == name {
			return setField(v.Field(i), name, value)
		}
	}
	return fmt.Errorf("no fault is called %q", name)
}

func setField(field reflect.Value, name, value string) error {
	if field.Type() == durationType {
		d, err := duration(value)
		if err != nil {
			return fmt.Errorf("fault %s: %w", name, err)
		}
		field.SetInt(int64(d))
		return nil
	}
	switch value {
	case "", "on", "true":
		field.SetBool(true)
	case "off", "false":
		field.SetBool(false)
	default:
		return fmt.Errorf("fault %s: %q is neither on nor off", name, value)
	}
	return nil
}

func duration(value string) (time.Duration, error) {
	switch value {
	case "", "on", "true":
		return time.Second, nil
	case "off", "false":
		return 0, nil
	}
	d, err := time.ParseDuration(value)
	if err == nil && d < 0 {
		err = fmt.Errorf("%s is negative", value)
	}
	return d, err
}

// kebab turns WrongNonce into wrong-nonce and OCSPDown into ocsp-down.
func kebab(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		startsWord := i > 0 && unicode.IsUpper(r) &&
			(unicode.IsLower(runes[i-1]) || (i+1 < len(runes) && unicode.IsLower(runes[i+1])))
		if startsWord {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
