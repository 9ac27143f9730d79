package rigs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

//go:embed virtual.yaml vpcd.yaml clients.yaml rig.schema.json
var shipped embed.FS

// Shipped are the names of the rigs that come with the program, in order.
func Shipped() []string { return []string{"virtual", "vpcd"} }

// Schema is the JSON Schema (draft 2020-12) of a rig.
func Schema() []byte {
	text, err := shipped.ReadFile("rig.schema.json")
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}

// Load reads a rig: a shipped one by its name, or a file. What a file doesn't
// say it has from the rig it extends, else from Defaults. What is wrong inside
// a file is an [*Error].
func Load(nameOrPath string) (Rig, error) {
	r, places, err := load(nameOrPath, nil)
	if err != nil {
		return Rig{}, err
	}
	return r, check(r, places)
}

// load reads a rig and those that it extends. chain is who extends whom down
// to this one, so that a circle ends.
func load(nameOrPath string, chain []string) (Rig, map[string]place, error) {
	file, text, err := read(nameOrPath)
	if err != nil {
		return Rig{}, nil, err
	}
	d, err := parse(file, text)
	if err != nil {
		return Rig{}, nil, err
	}
	r, places := Defaults(), map[string]place{}
	base, at, err := d.extends()
	if err != nil {
		return Rig{}, nil, err
	}
	if wrote := base; base != "" {
		base = beside(file, base)
		chain = append(chain, file)
		if slices.Contains(chain, base) {
			return Rig{}, nil, at.error("extends", "goes round in a circle: "+strings.Join(append(chain, base), " → "), "")
		}
		r, places, err = load(base, chain)
		if missing := (*UnknownError)(nil); errors.As(err, &missing) {
			return Rig{}, nil, at.error("extends", lost(wrote, base), didYouMean(wrote, Shipped()))
		}
		if err != nil {
			return Rig{}, nil, err
		}
	}
	if err := d.fill(&r); err != nil {
		return Rig{}, nil, err
	}
	maps.Copy(places, d.places)
	return r, places, nil
}

// lost says that a rig isn't there, by the name that the user wrote.
func lost(wrote, path string) string {
	text := (&UnknownError{wrote}).Error()
	if path != wrote {
		text += "; no " + path + " is there"
	}
	return text
}

// extends looks ahead for the one key that has to be known first.
func (d *document) extends() (string, place, error) {
	entries, _ := mapping(d.root)
	for _, entry := range entries {
		if entry.Key.GetToken().Value == "extends" {
			var ahead struct {
				Extends string `yaml:"extends"`
			}
			err := d.set(entry, reflect.ValueOf(&ahead).Elem(), "")
			return ahead.Extends, d.at(entry.Value), err
		}
	}
	return "", place{}, nil
}

// beside is a path as the file that names it means it; shipped names stay.
func beside(file, name string) string {
	if isShipped(name) || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

func isShipped(name string) bool { return slices.Contains(Shipped(), name) }

// read finds the text of a rig, and what to call it in errors.
func read(nameOrPath string) (file string, text []byte, err error) {
	if isShipped(nameOrPath) {
		text, err = shipped.ReadFile(nameOrPath + ".yaml")
		return nameOrPath + ".yaml", text, err
	}
	text, err = os.ReadFile(nameOrPath)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, &UnknownError{nameOrPath}
	}
	if err != nil {
		return "", nil, fmt.Errorf("reading rig: %w", err)
	}
	return nameOrPath, text, nil
}

// UnknownError says that a rig is neither shipped nor a file.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("rig %q is no file, and none of ours", e.Name)
}

// Hint names the shipped rigs.
func (e *UnknownError) Hint() string { return didYouMean(e.Name, Shipped()) }

// check finds what the rules of single keys can't see.
func check(r Rig, places map[string]place) error {
	switch {
	case r.Card.Kind == "emulated" && r.Reader.Kind == "pcsc":
		return blame(places, "reader.kind", "an emulated card can't lie on a real reader",
			`say card: {kind: real}, or use reader kind "vpcd"`)
	case r.Card.Kind == "real" && r.Reader.Kind != "pcsc":
		return blame(places, "card.kind", "a real card needs a real reader", `say reader: {kind: pcsc, name: "…"}`)
	case r.Reader.Kind == "pcsc" && r.Reader.Name == "":
		return blame(places, "reader.kind", "a real reader needs a name: reader.name is missing", "the name, or a part of it, as pcsc_scan lists it")
	}
	return checkPorts(r.Ports, places)
}

func checkPorts(p Ports, places map[string]place) error {
	owner := map[int]string{}
	for _, listener := range []struct {
		key  string
		port int
	}{
		{"ports.idp", p.IdP}, {"ports.rp", p.RP}, {"ports.phone", p.Phone}, {"ports.ca", p.CA}, {"ports.metrics", p.Metrics},
	} {
		if other, taken := owner[listener.port]; taken && listener.port != 0 {
			if places[listener.key] == (place{}) {
				listener.key, other = other, listener.key // blame the key that was said
			}
			return blame(places, listener.key, fmt.Sprintf("%d is the port of %s as well", listener.port, other), "0 lets the system choose")
		}
		owner[listener.port] = listener.key
	}
	return nil
}

// blame puts a finding where the key was said.
func blame(places map[string]place, key, problem, cure string) error {
	at, ok := places[key]
	if !ok {
		at = places[""]
	}
	return at.error(key, problem, cure)
}
