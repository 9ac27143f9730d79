package steps

import (
	"context"
	"encoding/hex"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"
)

// Row is one step: the same sentence in two languages, what it does, and the
// function that does it.
//
// Func takes a context, the [World] and one argument for each placeholder:
// string for {string} and {word}, int for {int}, []byte for {hex},
// time.Duration for {duration}; then [Doc] or [Table] when the sentence ends
// with a colon. It returns an error.
type Row struct {
	English, Japanese string
	Sentence          string
	Func              any
}

// Doc is the text block below a step.
type Doc string

// Table is the table below a step, row by row.
type Table [][]string

// StepDoc is one step for people who write features.
type StepDoc struct {
	Player   string `json:"player"`
	Pattern  string `json:"pattern"`
	Sentence string `json:"sentence"`
}

// chapter is the steps of one player.
type chapter struct {
	player string
	rows   []Row
}

// chapters is the whole vocabulary, in the order in which people read it.
func chapters() []chapter {
	return []chapter{
		{"card", slices.Concat(cardSteps(), faceSteps(), secureSteps())},
		{"pin", pinSteps()},
		{"sign", signSteps()},
		{"login", loginSteps()},
		{"rp", relyingPartySteps()},
		{"http", httpSteps()},
		{"provider", providerSteps()},
		{"pki", pkiSteps()},
		{"reader", readerSteps()},
		{"fault", faultSteps()},
		{"story", storySteps()},
	}
}

// Vocabulary lists every step in lang: "ja", else English.
func Vocabulary(lang string) []StepDoc {
	var docs []StepDoc
	for _, c := range chapters() {
		for _, r := range c.rows {
			pattern := r.English
			if lang == "ja" {
				pattern = r.Japanese
			}
			docs = append(docs, StepDoc{c.player, pattern, r.Sentence})
		}
	}
	return docs
}

// Bound is the vocabulary made ready: each pattern compiled, once for a run.
type Bound struct{ steps []boundStep }

type boundStep struct {
	pattern string
	expr    *regexp.Regexp
	handler any
}

// Bind compiles the vocabulary. A row whose function doesn't fit its
// placeholders is a broken table of ours and panics.
func Bind() *Bound {
	var b Bound
	for _, c := range chapters() {
		for _, r := range c.rows {
			handler := handlerOf(r)
			for _, pattern := range []string{r.English, r.Japanese} {
				b.steps = append(b.steps, boundStep{pattern, compile(pattern), handler})
			}
		}
	}
	return &b
}

// Register gives the steps to one scenario of the runner.
func (b *Bound) Register(sc *godog.ScenarioContext) {
	for _, s := range b.steps {
		sc.Step(s.expr, s.handler)
	}
}

// Defined says that exactly one or more steps match text.
func (b *Bound) Defined(text string) bool {
	return slices.ContainsFunc(b.steps, func(s boundStep) bool { return s.expr.MatchString(text) })
}

// matches are the patterns that text fits.
func (b *Bound) matches(text string) []string {
	var patterns []string
	for _, s := range b.steps {
		if s.expr.MatchString(text) {
			patterns = append(patterns, s.pattern)
		}
	}
	return patterns
}

var placeholder = regexp.MustCompile(`\{(string|int|hex|word|duration)\}`)

// placeholders are the words of the pattern language and what they match.
var placeholders = map[string]string{
	"string":   `["「]([^"」]*)["」]`,
	"int":      `(-?\d+)`,
	"hex":      `((?:[0-9A-Fa-f]{2})(?: ?[0-9A-Fa-f]{2})*)`,
	"word":     `([^\s"「」]+)`,
	"duration": `(\d+(?:ms|s|m|h))`,
}

func compile(pattern string) *regexp.Regexp {
	var b strings.Builder
	rest := pattern
	for {
		at := placeholder.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		b.WriteString(placeholders[rest[at[2]:at[3]]])
		rest = rest[at[1]:]
	}
	b.WriteString(regexp.QuoteMeta(rest))
	return regexp.MustCompile("^" + b.String() + "$")
}

// holes are the placeholders of a pattern, in order.
func holes(pattern string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(pattern, -1) {
		names = append(names, m[1])
	}
	return names
}

var (
	contextType  = reflect.TypeFor[context.Context]()
	stringType   = reflect.TypeFor[string]()
	errorType    = reflect.TypeFor[error]()
	docType      = reflect.TypeFor[Doc]()
	tableType    = reflect.TypeFor[Table]()
	godogDoc     = reflect.TypeFor[*godog.DocString]()
	godogTable   = reflect.TypeFor[*godog.Table]()
	durationType = reflect.TypeFor[time.Duration]()
	bytesType    = reflect.TypeFor[[]byte]()
)

// handlerOf makes of a row's function one that the runner can call: a context,
// then a string for each placeholder, then the block below the step.
func handlerOf(r Row) any {
	f := reflect.ValueOf(r.Func)
	n := len(holes(r.English))
	in := []reflect.Type{contextType}
	for range n {
		in = append(in, stringType)
	}
	switch extra := f.Type().NumIn() - 2 - n; {
	case extra == 1 && f.Type().In(n+2) == docType:
		in = append(in, godogDoc)
	case extra == 1 && f.Type().In(n+2) == tableType:
		in = append(in, godogTable)
	case extra != 0:
		panic(fmt.Sprintf("steps: the function of %q takes %d arguments, its sentence gives %d", r.English, n+extra, n))
	}
	t := reflect.FuncOf(in, []reflect.Type{errorType}, false)
	return reflect.MakeFunc(t, func(args []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(result{perform(f, args)}).Field(0)}
	}).Interface()
}

// result lets a nil error travel through reflection with its type.
type result struct{ Err error }

// perform runs a step in the scenario's world and keeps its outcome there.
func perform(f reflect.Value, args []reflect.Value) error {
	ctx := args[0].Interface().(context.Context)
	w := worldOf(ctx)
	values := []reflect.Value{args[0], reflect.ValueOf(w)}
	for i, arg := range args[1:] {
		v, err := convert(arg, f.Type().In(i+2))
		if err != nil {
			return w.outcome(err)
		}
		values = append(values, v)
	}
	err, _ := f.Call(values)[0].Interface().(error)
	return w.outcome(err)
}

// convert reads what the feature says as the type that the function takes.
func convert(arg reflect.Value, to reflect.Type) (reflect.Value, error) {
	switch block := arg.Interface().(type) {
	case *godog.DocString:
		return reflect.ValueOf(Doc(block.Content)), nil
	case *godog.Table:
		return reflect.ValueOf(tableOf(block)), nil
	}
	text := arg.String()
	switch {
	case to == durationType:
		d, err := time.ParseDuration(text)
		return reflect.ValueOf(d), err
	case to == bytesType:
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			return reflect.Value{}, fmt.Errorf("reading %q as hex: %w", text, err)
		}
		return reflect.ValueOf(b), nil
	case to.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		return reflect.ValueOf(n), err
	case to == stringType:
		return reflect.ValueOf(text), nil
	}
	panic(fmt.Sprintf("steps: no placeholder gives a %s", to))
}

func tableOf(t *godog.Table) Table {
	var rows Table
	for _, row := range t.Rows {
		var cells []string
		for _, cell := range row.Cells {
			cells = append(cells, cell.Value)
		}
		rows = append(rows, cells)
	}
	return rows
}
