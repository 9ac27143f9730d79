package rigs

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// document is one YAML file on its way into a Go value.
//
// A library's own decoding into structs would tell less: here every error has
// file, line, column and the whole key, and the rules stand beside the field
// they belong to, in its tags: yaml (the key), required, enum, pattern, max.
// Values that the file doesn't mention stay as they are, which is how a rig
// extends another.
type document struct {
	file   string
	root   ast.Node         // nil when the file is empty
	places map[string]place // where each key was said
}

// place is where something stands in a file.
type place struct {
	file         string
	line, column int
}

func (p place) error(key, problem, cure string) *Error {
	return &Error{File: p.file, Line: p.line, Column: p.column, Key: key, Problem: problem, Cure: cure}
}

func parse(file string, text []byte) (*document, error) {
	d := &document{file: file, places: map[string]place{}}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, d.syntaxError(err)
	}
	if len(tree.Docs) > 1 && tree.Docs[1].Body != nil {
		return nil, d.at(tree.Docs[1].Body).error("", "a second document; one is what fits here", "")
	}
	if len(tree.Docs) > 0 {
		d.root = tree.Docs[0].Body
	}
	return d, nil
}

// syntaxError puts the parser's finding into our form.
func (d *document) syntaxError(err error) error {
	var finding yaml.Error
	if !errors.As(err, &finding) || finding.GetToken() == nil {
		return place{d.file, 1, 1}.error("", err.Error(), "")
	}
	return d.position(finding.GetToken()).error("", finding.GetMessage(), syntaxCure(finding.GetMessage()))
}

// syntaxCures are what helps, by words of the parser's message; where it says
// something else, it mostly says it all.
var syntaxCures = [...]struct{ words, cure string }{
	{"already defined", "keep one of them"},
	{"\t", "YAML wants spaces to indent, no tabs"},
	{"tab character", "YAML wants spaces to indent, no tabs"},
	{"map key-value is pre-defined", "keys of one mapping begin in one column; indent with spaces"},
	{"non-map value", "a key is followed by a colon and a space"},
	{"unexpected key name", "a key is followed by a colon and a space"},
	{"mapping value is not allowed", "indent with spaces, keys of one mapping in one column; put a value with a colon in quotes"},
	{"reserved character", "put the text in quotes"},
}

func syntaxCure(message string) string {
	for _, row := range syntaxCures {
		if strings.Contains(message, row.words) {
			return row.cure
		}
	}
	return ""
}

func (d *document) position(t *token.Token) place {
	return place{d.file, t.Position.Line, t.Position.Column}
}

// at is where a node begins.
func (d *document) at(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		return d.at(m.Values[0])
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		return d.position(v.Key.GetToken())
	}
	return d.position(n.GetToken())
}

// fill reads a whole document into the struct that into points to.
func (d *document) fill(into any) error {
	v := reflect.ValueOf(into).Elem()
	if d.root == nil {
		return d.missing(place{d.file, 1, 1}, v.Type(), "", nil)
	}
	return d.set(d.root, v, "")
}

// set reads one node into v.
func (d *document) set(n ast.Node, v reflect.Value, key string) error {
	d.places[key] = d.at(n)
	switch {
	case v.Kind() == reflect.Struct:
		return d.setStruct(n, v, key)
	case v.Kind() == reflect.Slice:
		return d.setSlice(n, v, key)
	}
	return d.setScalar(n, v, key)
}

func (d *document) setStruct(n ast.Node, v reflect.Value, key string) error {
	entries, ok := mapping(n)
	if !ok {
		return d.at(n).error(key, "this is "+kind(n)+", not a mapping", "write the keys below it, indented: "+strings.Join(keys(v.Type()), ", "))
	}
	said := map[string]bool{}
	for _, entry := range entries {
		name := entry.Key.GetToken().Value
		path := join(key, name)
		field, ok := fieldOf(v.Type(), name)
		if !ok {
			return d.at(entry).error(path, "no such key", didYouMean(name, keys(v.Type())))
		}
		said[name] = true
		if err := d.set(entry.Value, v.FieldByIndex(field.Index), path); err != nil {
			return err
		}
		if err := d.checkRules(entry.Value, field, v.FieldByIndex(field.Index), path); err != nil {
			return err
		}
	}
	return d.missing(d.at(n), v.Type(), key, said)
}

// missing finds the first required key that was not said.
func (d *document) missing(at place, t reflect.Type, key string, said map[string]bool) error {
	for i := range t.NumField() {
		field := t.Field(i)
		name := field.Tag.Get("yaml")
		if field.Tag.Get("required") != "" && !said[name] {
			return at.error(join(key, name), "is missing", "")
		}
	}
	return nil
}

func (d *document) setSlice(n ast.Node, v reflect.Value, key string) error {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		return d.at(n).error(key, "this is "+kind(n)+", not a list", "write each entry on its own line, behind \"- \"")
	}
	list := reflect.MakeSlice(v.Type(), len(sequence.Values), len(sequence.Values))
	for i, entry := range sequence.Values {
		if err := d.set(entry, list.Index(i), fmt.Sprintf("%s[%d]", key, i)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (d *document) setScalar(n ast.Node, v reflect.Value, key string) error {
	wrong := func(want, cure string) error {
		return d.at(n).error(key, fmt.Sprintf("%s is not %s", told(n), want), cure)
	}
	switch v.Kind() {
	case reflect.String:
		switch s := n.(type) {
		case *ast.StringNode:
			v.SetString(s.Value)
		case *ast.LiteralNode:
			v.SetString(s.Value.Value)
		default:
			return wrong("a string", "put it in quotes if you mean the text")
		}
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return wrong("a yes or no", "write true or false, without quotes")
		}
		v.SetBool(b.Value)
	case reflect.Int:
		i, ok := n.(*ast.IntegerNode)
		if !ok {
			return wrong("a whole number", "write digits, without quotes")
		}
		number, err := strconv.Atoi(i.GetToken().Value)
		if err != nil {
			return wrong("a decimal number", "")
		}
		v.SetInt(int64(number))
	default:
		panic(fmt.Sprintf("rigs: no rule for a field of type %s", v.Type()))
	}
	return nil
}

// checkRules holds a value to the tags of its field.
func (d *document) checkRules(n ast.Node, field reflect.StructField, v reflect.Value, key string) error {
	if enum := field.Tag.Get("enum"); enum != "" {
		words, said := strings.Split(enum, ","), fmt.Sprint(v.Interface())
		if slices.Contains(words, said) {
			return nil
		}
		cure := ""
		if v.Kind() == reflect.String {
			cure = meaning(said, words)
		}
		return d.at(n).error(key, fmt.Sprintf("%s is none of %s", told(n), strings.Join(words, ", ")), cure)
	}
	if pattern := field.Tag.Get("pattern"); pattern != "" && !regexp.MustCompile(pattern).MatchString(v.String()) {
		return d.at(n).error(key, fmt.Sprintf("%q has not the form %s", v.String(), pattern), "")
	}
	if limit := field.Tag.Get("max"); limit != "" {
		if most, _ := strconv.Atoi(limit); v.Int() < 0 || v.Int() > int64(most) {
			return d.at(n).error(key, fmt.Sprintf("%d is not between 0 and %s", v.Int(), limit), "")
		}
	}
	if field.Tag.Get("required") != "" && v.Len() == 0 {
		return d.at(n).error(key, "is empty", "")
	}
	return nil
}

// meaning is a cure for a bad word of a few: only when one is near, since the
// problem lists them all.
func meaning(s string, words []string) string {
	if nearest(s, words) == "" {
		return ""
	}
	return didYouMean(s, words)
}

// mapping is the entries of a node that is a mapping.
func mapping(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}, true
	}
	return nil, false
}

// kind is what people call a node.
func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode, *ast.LiteralNode:
		return "a string"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "a yes or no"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return "an anchor, an alias or a tag"
	}
	return "something else"
}

// told is a value as an error tells it.
func told(n ast.Node) string {
	switch s := n.(type) {
	case *ast.StringNode:
		return strconv.Quote(s.Value)
	case ast.ScalarNode:
		if n.GetToken().Value != "" {
			return n.GetToken().Value
		}
	}
	return kind(n)
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name == key && name != "" {
			return t.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

func keys(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
