package rigs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"kazasu/emulator"
	"kazasu/internal/jpki"
)

// write puts files into a fresh folder, which becomes the working directory,
// so that errors name them shortly.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestShippedRigsLoad(t *testing.T) {
	for _, name := range Shipped() {
		r, err := Load(name)
		if err != nil || r.Name != name || r.Title == "" {
			t.Errorf("Load(%s) = %+v, %v", name, r, err)
		}
	}
}

func TestVpcdExtendsVirtual(t *testing.T) {
	r, err := Load("vpcd")
	if err != nil {
		t.Fatal(err)
	}
	want := Rig{
		Name: "vpcd", Title: "The emulated card in a reader of pcscd's vpcd driver", Extends: "virtual",
		Card:   Card{"emulated", "standard", "hanako"},
		Reader: Reader{"vpcd", "", "private"},
		Phone:  Phone{"emulated"},
		IdP:    IdP{"reference", true, "crl-and-ocsp", "lenient", 400},
		Ports:  Ports{7443, 7080, 7081, 7082, 7084},
	}
	if r != want {
		t.Errorf("Load(vpcd)\n got %+v\nwant %+v", r, want)
	}
}

func TestOwnRigExtendsByPath(t *testing.T) {
	write(t, map[string]string{
		"a.yaml": "name: a\nextends: b.yaml\nidp:\n  tls: false\n",
		"b.yaml": "name: b\nextends: vpcd\ncard: {holder: taro}\nports: {rp: 0}\n",
	})
	r, err := Load("a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "a" || r.Reader.Kind != "vpcd" || r.Card.Holder != "taro" || r.IdP.TLS ||
		r.IdP.Revocation != "crl-and-ocsp" || r.Ports.RP != 0 || r.Ports.IdP != 7443 {
		t.Errorf("Load = %+v", r)
	}
}

func TestBadRigs(t *testing.T) {
	for name, c := range map[string]struct{ text, want, hint string }{
		"unknown key": {
			"name: x\nreaderr:\n  kind: vpcd\n",
			`rig.yaml:2:1: key "readerr": no such key`, `did you mean "reader"?`,
		},
		"unknown key inside": {
			"name: x\nreader:\n  kind: vpcd\n  colour: red\n",
			`rig.yaml:4:3: key "reader.colour": no such key`, "known are kind, name, pcscd",
		},
		"bad value": {
			"name: x\nreader:\n  kind: vcpd\n",
			`rig.yaml:3:9: key "reader.kind": "vcpd" is none of direct, vpcd, pcsc`, `did you mean "vpcd"?`,
		},
		"bad value, nothing near": {
			"name: x\nreader:\n  kind: usb\n",
			`rig.yaml:3:9: key "reader.kind": "usb" is none of direct, vpcd, pcsc`, "",
		},
		"string for a bool": {
			"name: x\nidp:\n  tls: \"yes\"\n",
			`rig.yaml:3:8: key "idp.tls": "yes" is not a yes or no`, "write true or false, without quotes",
		},
		"number for a string": {
			"name: 12\n",
			`rig.yaml:1:7: key "name": 12 is not a string`, "put it in quotes if you mean the text",
		},
		"string for a number": {
			"name: x\nports:\n  idp: https\n",
			`rig.yaml:3:8: key "ports.idp": "https" is not a whole number`, "write digits, without quotes",
		},
		"port too large": {
			"name: x\nports: {idp: 70000}\n",
			`rig.yaml:2:14: key "ports.idp": 70000 is not between 0 and 65535`, "",
		},
		"negative port": {
			"name: x\nports: {idp: -1}\n",
			`rig.yaml:2:14: key "ports.idp": -1 is not between 0 and 65535`, "",
		},
		"one port twice": {
			"name: x\nports: {metrics: 7080}\n",
			`rig.yaml:2:18: key "ports.metrics": 7080 is the port of ports.rp as well`, "0 lets the system choose",
		},
		"one port twice, the other said": {
			"name: x\nports: {idp: 7080}\n",
			`rig.yaml:2:14: key "ports.idp": 7080 is the port of ports.rp as well`, "0 lets the system choose",
		},
		"no name": {
			"title: nameless\n",
			`rig.yaml:1:1: key "name": is missing`, "",
		},
		"bad name": {
			"name: My Rig\n",
			`rig.yaml:1:7: key "name": "My Rig" has not the form ^[a-z][a-z0-9-]*$`, "",
		},
		"empty": {
			"",
			`rig.yaml:1:1: key "name": is missing`, "",
		},
		"a list": {
			"- name: x\n",
			`rig.yaml:1:1: this is a list, not a mapping`,
			"write the keys below it, indented: name, title, extends, card, reader, phone, idp, ports",
		},
		"a word for a mapping": {
			"name: x\ncard: hanako\n",
			`rig.yaml:2:7: key "card": this is a string, not a mapping`, "write the keys below it, indented: kind, profile, holder",
		},
		"nothing for a mapping": {
			"name: x\ncard:\n",
			`rig.yaml:2:7: key "card": this is nothing, not a mapping`, "write the keys below it, indented: kind, profile, holder",
		},
		"key twice": {
			"name: x\nname: y\n",
			`rig.yaml:2:1: mapping key "name" already defined at [1:1]`, "keep one of them",
		},
		"a tab": {
			"name: x\n\tcard: y\n",
			"rig.yaml:2:1: found character '\t' that cannot start any token", "YAML wants spaces to indent, no tabs",
		},
		"a tab further in": {
			"name: x\ncard:\n\tholder: hanako\n",
			"rig.yaml:3:1: found character '\t' that cannot start any token", "YAML wants spaces to indent, no tabs",
		},
		"indented too far": {
			"name: x\n  title: y\n",
			`rig.yaml:1:7: mapping value is not allowed in this context`, "indent with spaces, keys of one mapping in one column; put a value with a colon in quotes",
		},
		"no colon": {
			"name: x\ntitle\n",
			`rig.yaml:2:1: non-map value is specified`, "a key is followed by a colon and a space",
		},
		"a bracket left open": {
			"name: [x\n",
			`rig.yaml:1:7: sequence end token ']' not found`, "",
		},
		"a quote left open": {
			"name: 'x\n",
			`rig.yaml:1:7: could not find end character of single-quoted text`, "",
		},
		"a number for a mapping": {
			"name: x\nports: 7080\n",
			`rig.yaml:2:8: key "ports": this is a number, not a mapping`, "write the keys below it, indented: idp, rp, phone, ca, metrics",
		},
		"a yes for a mapping": {
			"name: x\nidp: true\n",
			`rig.yaml:2:6: key "idp": this is a yes or no, not a mapping`,
			"write the keys below it, indented: kind, tls, revocation, assertions, client_error_status",
		},
		"unknown holder": {
			"name: x\nextends: virtual\ncard:\n  holder: hanoko\n",
			`rig.yaml:4:11: key "card.holder": "hanoko" is none of hanako, taro, yoshiko, choju, mirai, tsuru`, `did you mean "hanako"?`,
		},
		"unknown profile": {
			"name: x\ncard: {profile: standart}\n",
			`rig.yaml:2:17: key "card.profile": "standart" is none of standard, contactless, contact-da, contact-c5, under-15, android, iphone, older, strict-reset`,
			`did you mean "standard"?`,
		},
		"bad status": {
			"name: x\nidp: {client_error_status: 403}\n",
			`rig.yaml:2:28: key "idp.client_error_status": 403 is none of 400, 401`, "",
		},
		"extends nothing": {
			"name: x\nextends: vpdc\n",
			`rig.yaml:2:10: key "extends": rig "vpdc" is no file, and none of ours`, `did you mean "vpcd"?`,
		},
		"extends itself": {
			"name: x\nextends: rig.yaml\n",
			`rig.yaml:2:10: key "extends": goes round in a circle: rig.yaml → rig.yaml`, "",
		},
		"emulated card on a real reader": {
			"name: x\nreader:\n  kind: pcsc\n  name: ACR\n",
			`rig.yaml:3:9: key "reader.kind": an emulated card can't lie on a real reader`,
			`say card: {kind: real}, or use reader kind "vpcd"`,
		},
		"real card, no reader": {
			"name: x\ncard: {kind: real}\n",
			`rig.yaml:2:14: key "card.kind": a real card needs a real reader`, `say reader: {kind: pcsc, name: "…"}`,
		},
		"two documents": {
			"name: x\n---\nname: y\n",
			`rig.yaml:3:1: a second document; one is what fits here`, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, map[string]string{"rig.yaml": c.text})
			_, err := Load("rig.yaml")
			checkError(t, err, c.want, c.hint)
		})
	}
}

func checkError(t *testing.T, err error, want, hint string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Fatalf("error\n got %v\nwant %s", err, want)
	}
	var positioned *Error
	if !errors.As(err, &positioned) || positioned.Hint() != hint {
		t.Errorf("hint %q, want %q", positioned.Hint(), hint)
	}
}

// TestExtendsIsNamedAsWritten: not as the path that was made of it.
func TestExtendsIsNamedAsWritten(t *testing.T) {
	write(t, nil)
	if err := os.Mkdir("sub", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("sub/rig.yaml", []byte("name: x\nextends: nix\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load("sub/rig.yaml")
	checkError(t, err, `sub/rig.yaml:2:10: key "extends": rig "nix" is no file, and none of ours; no sub/nix is there`, "known are virtual, vpcd")
}

// TestWordsOfTheCardAreThePlayers: the rig's words are those that the bench
// understands.
func TestWordsOfTheCardAreThePlayers(t *testing.T) {
	var holders, profiles []string
	for _, h := range jpki.Holders() {
		holders = append(holders, h.ID)
	}
	for _, p := range emulator.Profiles() {
		profiles = append(profiles, p.Name)
	}
	for field, want := range map[string][]string{"Holder": holders, "Profile": profiles} {
		f, _ := reflect.TypeFor[Card]().FieldByName(field)
		if got := f.Tag.Get("enum"); got != strings.Join(want, ",") {
			t.Errorf("%s: the rig knows %s, the bench %v", field, got, want)
		}
	}
}

func TestUnknownRig(t *testing.T) {
	_, err := Load("vritual")
	var unknown *UnknownError
	if !errors.As(err, &unknown) || unknown.Hint() != `did you mean "virtual"?` {
		t.Errorf("Load(vritual) = %v", err)
	}
}

func TestShows(t *testing.T) {
	for name, want := range map[string]string{
		"virtual": "card browser phone login ca emulator",
		"vpcd":    "card browser phone login ca emulator reader link",
	} {
		r, err := Load(name)
		if got := strings.Join(r.Shows(), " "); err != nil || got != want {
			t.Errorf("%s shows %s (%v), want %s", name, got, err, want)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rig.schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("rig.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestShippedRigsFitTheSchema(t *testing.T) {
	schema := compileSchema(t)
	for _, name := range Shipped() {
		text, err := shipped.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"name: x\nreader: {kind: usb}\n", "title: x\n", "name: x\ncolour: red\n", "name: x\nports: {idp: -1}\n", "name: x\ncard: {holder: nobody}\n", "name: x\nidp: {client_error_status: 403}\n"} {
		if validate(t, schema, []byte(bad)) == nil {
			t.Errorf("the schema takes %q", bad)
		}
	}
}

// schemaNode is as much of JSON Schema as ours uses.
type schemaNode struct {
	Type       string
	Enum       []any
	Pattern    string
	Maximum    *int
	Default    any
	Required   []string
	Properties map[string]schemaNode
}

func TestSchemaAndStructAgree(t *testing.T) {
	var root schemaNode
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	agree(t, root, reflect.ValueOf(Defaults()), "rig")
}

func agree(t *testing.T, n schemaNode, v reflect.Value, path string) {
	t.Helper()
	if v.Kind() != reflect.Struct {
		agreeScalar(t, n, v, path)
		return
	}
	if len(n.Properties) != v.NumField() {
		t.Errorf("%s: %d properties in the schema, %d fields in the struct", path, len(n.Properties), v.NumField())
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Tag.Get("yaml")
		property, ok := n.Properties[name]
		if !ok {
			t.Errorf("%s.%s is not in the schema", path, name)
			continue
		}
		if got := property.enum(); got != field.Tag.Get("enum") {
			t.Errorf("%s.%s: enum %q in the schema, %q in the struct", path, name, got, field.Tag.Get("enum"))
		}
		if property.Pattern != field.Tag.Get("pattern") {
			t.Errorf("%s.%s: pattern %q in the schema, %q in the struct", path, name, property.Pattern, field.Tag.Get("pattern"))
		}
		if want := field.Tag.Get("required") != ""; want != strings.Contains(strings.Join(n.Required, ","), name) {
			t.Errorf("%s.%s: required %v in the struct only", path, name, want)
		}
		if limit := field.Tag.Get("max"); limit != property.maximum() {
			t.Errorf("%s.%s: maximum %q in the schema, %q in the struct", path, name, property.maximum(), limit)
		}
		agree(t, property, v.Field(i), path+"."+name)
	}
}

// enum is the schema's list as the struct's tag writes it.
func (n schemaNode) enum() string {
	var words []string
	for _, word := range n.Enum {
		words = append(words, fmt.Sprint(word))
	}
	return strings.Join(words, ",")
}

func (n schemaNode) maximum() string {
	if n.Maximum == nil {
		return ""
	}
	return fmt.Sprint(*n.Maximum)
}

// agreeScalar compares type and default; defaults of the schema are Defaults().
func agreeScalar(t *testing.T, n schemaNode, v reflect.Value, path string) {
	t.Helper()
	want := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer"}[v.Kind()]
	if n.Type != want {
		t.Errorf("%s: type %s in the schema, %s in the struct", path, n.Type, want)
	}
	if number, ok := n.Default.(float64); ok {
		n.Default = int(number)
	}
	if n.Default != nil && n.Default != v.Interface() || n.Default == nil && !v.IsZero() {
		t.Errorf("%s: default %v in the schema, %v in Defaults", path, n.Default, v.Interface())
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("name: x\nreader: {kind: vpcd}\n")
	f.Add("extends: virtual\nname: [1, 2]\n")
	f.Add("a: &a [*a]\n")
	path := filepath.Join(f.TempDir(), "rig.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "extends") {
			t.Skip("other files aren't the matter here")
		}
		d, err := parse(path, []byte(text))
		if err != nil {
			return
		}
		r := Defaults()
		if d.fill(&r) == nil {
			check(r, d.places)
		}
	})
}
