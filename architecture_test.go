package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The walls of the house, as docs/ARCHITECTURE.md draws them. The sources are
// read with go/parser, since an answer of `go list` would come from the test
// cache and not change with them.

const module = "kazasu"

// layer is one line of the table: its packages may import those of the lines
// below it, and of their own line only what peers says.
type layer struct {
	name     string
	packages []string // "x/..." is x and all below it
	peers    string   // "all", "none" or who may: "internal/bench"
	why      string
}

// layers stand from the top of the house to its cellar.
var layers = []layer{
	{"surface", []string{".", "internal/cli"}, "all", "the surface may reach everything, nobody reaches the surface"},
	{"judgement", []string{"conformance/...", "features"}, "all", "a suite judges what a bench shows it and is not part of it"},
	{"set-up", []string{"internal/bench", "internal/pcscd", "rigs"}, "internal/bench", "only the bench marries players; rigs and pcscd know nothing of it"},
	{"actors", []string{"internal/terminal", "internal/phone", "internal/relyingparty"}, "all", "actors meet players as they do in the street: as bytes, HTTP and X.509"},
	{"players", []string{"emulator/...", "vsmartcard/...", "idp/...", "internal/pcsc"}, "none", "players never import one another: bench marries them"},
	{"instruments", []string{"internal/trace", "internal/telemetry", "internal/store"}, "all", "an instrument listens to everybody and knows nobody"},
	{"vocabulary", []string{"internal/apdu/...", "internal/tlv", "internal/jpki", "internal/appapi", "internal/slot", "internal/faults"}, "all", "words have no behaviour to import"},
}

// outside are packages that only tests use; nothing else may import them.
var outside = []string{"internal/realparts/...", "internal/bench/peer"}

// ban is one import that its layer alone would allow.
type ban struct{ importer, imported, why string }

var bans = []ban{
	{"internal/terminal", "emulator/...", "an actor never imports a player"},
	{"internal/terminal", "vsmartcard/...", "an actor never imports a player"},
	{"internal/terminal", "idp/...", "an actor never imports a player"},
	{"internal/terminal", "internal/pcsc", "an actor never imports a player"},
	{"internal/phone", "emulator/...", "an actor never imports a player"},
	{"internal/phone", "vsmartcard/...", "an actor never imports a player"},
	{"internal/phone", "idp/...", "an actor never imports a player"},
	{"internal/phone", "internal/pcsc", "an actor never imports a player"},
	{"internal/relyingparty", "emulator/...", "an actor never imports a player"},
	{"internal/relyingparty", "vsmartcard/...", "an actor never imports a player"},
	{"internal/relyingparty", "idp/...", "an actor never imports a player"},
	{"internal/relyingparty", "internal/pcsc", "an actor never imports a player"},
	{"conformance/...", "emulator/...", "a suite never takes its expected values from what it judges"},
	{"conformance/...", "vsmartcard/...", "a suite never takes its expected values from what it judges"},
	{"conformance/...", "idp/...", "a suite never takes its expected values from what it judges"},
	{"conformance/...", "internal/pcsc", "a suite never takes its expected values from what it judges"},
	{"vsmartcard/...", "internal/apdu/...", "the cable carries bytes and reads none"},
	{"vsmartcard/...", "internal/jpki", "the cable carries bytes and reads none"},
	{"rigs", "internal/pcsc", "a rig is a description; it opens nothing"},
	{"rigs", "internal/trace", "a rig is a description; it opens nothing"},
}

// home says where alone a library may be used.
type home struct {
	library string
	at      []string
	why     string
}

var homes = []home{
	{"github.com/spf13/cobra", []string{"internal/cli"}, "flags are the command line's matter"},
	{"github.com/ebfe/scard", []string{"internal/pcsc"}, "cgo stays behind one tag, in one package"},
	{"github.com/cucumber/godog", []string{"conformance/..."}, "verdicts are ours, the parser is godog's"},
	{"go.etcd.io/bbolt", []string{"internal/store"}, "there is one store"},
	{"github.com/chromedp/chromedp", []string{"internal/relyingparty"}, "a browser is driven by an actor"},
	{"github.com/prometheus/client_golang", []string{"internal/telemetry"}, "metrics have one place"},
	{"github.com/coreos/go-oidc/v3", []string{"internal/relyingparty"}, "the provider owns its protocol; stock clients stay on the other side"},
	{"golang.org/x/oauth2", []string{"internal/relyingparty"}, "the provider owns its protocol; stock clients stay on the other side"},
	{"github.com/oauth2-proxy/mockoidc", []string{"internal/bench/peer"}, "a peer for benchmarks, never a part"},
}

// environment says who may look at the process's environment.
var environment = []string{
	".", "internal/cli",
	"internal/realparts", // a helper of tests: which parts may be skipped
	"internal/pcsc",      // puts back the variable that it lends to libpcsclite
}

// published are the packages whose exported signatures others could rely on.
var published = []string{"emulator", "emulator/testca", "vsmartcard", "idp", "conformance", "rigs"}

const (
	functionLinesMax = 90
	fileLinesMax     = 600
)

// source is one Go file with where it belongs.
type source struct {
	path string // from the root, with slashes
	fset *token.FileSet
	file *ast.File
}

func (s source) pkg() string { return path.Dir(s.path) }

// at is "path:line".
func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

func parseSource(name string, text any) (source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	return source{filepath.ToSlash(name), fset, file}, err
}

// sources are all Go files but tests.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "out" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		s, err := parseSource(name, nil)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// covers says that pattern names the package.
func covers(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
	}
	return pkg == pattern
}

func coveredBy(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, pkg) })
}

func layerOf(pkg string) (depth int, ok bool) {
	for i, l := range layers {
		if coveredBy(l.packages, pkg) {
			return i, true
		}
	}
	return 0, false
}

// checkImports is what is wrong with the imports of one file.
func checkImports(s source) (findings []string) {
	for _, spec := range s.file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		var why string
		if imported == module || strings.HasPrefix(imported, module+"/") {
			why = forbiddenInside(s.pkg(), strings.TrimPrefix(imported, module+"/"))
		} else {
			why = forbiddenOutside(s.pkg(), imported)
		}
		if why != "" {
			findings = append(findings, fmt.Sprintf("%s imports %s: %s", s.at(spec), imported, why))
		}
	}
	return findings
}

// forbiddenInside is why importer may not import imported, both of this
// module; "" when it may.
func forbiddenInside(importer, imported string) string {
	if coveredBy(outside, importer) {
		return ""
	}
	if coveredBy(outside, imported) {
		return "it is for tests alone"
	}
	for _, b := range bans {
		if covers(b.importer, importer) && covers(b.imported, imported) {
			return b.why
		}
	}
	from, known := layerOf(importer)
	to, there := layerOf(imported)
	switch {
	case !known:
		return importer + " stands in no layer; give it a line in layers"
	case !there:
		return imported + " stands in no layer; give it a line in layers"
	case to < from:
		return fmt.Sprintf("%s is above %s: %s", layers[to].name, layers[from].name, layers[to].why)
	case to == from && !peersMay(layers[from], importer, imported):
		return layers[from].why
	}
	return ""
}

func peersMay(l layer, importer, imported string) bool {
	return l.peers == "all" || l.peers == importer
}

// forbiddenOutside is why a library may not be used here.
func forbiddenOutside(importer, library string) string {
	if depth, _ := layerOf(importer); layers[depth].name == "vocabulary" && strings.Contains(firstPart(library), ".") {
		return "vocabulary needs the standard library alone"
	}
	for _, h := range homes {
		if covers(h.library+"/...", library) && !coveredBy(h.at, importer) && !coveredBy(outside, importer) {
			return h.why
		}
	}
	return ""
}

func firstPart(importPath string) string {
	first, _, _ := strings.Cut(importPath, "/")
	return first
}

// checkManners is what a file does that nobody here does.
func checkManners(s source) (findings []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if why := forbiddenCall(s.pkg(), n); why != "" {
				findings = append(findings, s.at(n)+": "+why)
			}
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				findings = append(findings, s.at(n)+": func init hides an order; say it where it happens")
			}
			if lines := s.lines(n); lines > functionLinesMax {
				findings = append(findings, fmt.Sprintf("%s: %s has %d lines, more than %d", s.at(n), n.Name.Name, lines, functionLinesMax))
			}
		}
		return true
	})
	if lines := s.fset.Position(s.file.End()).Line; lines > fileLinesMax {
		findings = append(findings, fmt.Sprintf("%s has %d lines, more than %d: it holds two concepts", s.path, lines, fileLinesMax))
	}
	return findings
}

func (s source) lines(n ast.Node) int {
	return s.fset.Position(n.End()).Line - s.fset.Position(n.Pos()).Line + 1
}

func forbiddenCall(pkg string, call *ast.SelectorExpr) string {
	x, ok := call.X.(*ast.Ident)
	if !ok {
		return ""
	}
	switch x.Name + "." + call.Sel.Name {
	case "time.Sleep":
		return "time.Sleep: wait for the event, or for a timer of the Clock"
	case "os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "syscall.Getenv", "syscall.Environ",
		"os.UserHomeDir", "os.UserCacheDir", "os.UserConfigDir":
		if !coveredBy(environment, pkg) {
			return "the environment is read by main and internal/cli alone"
		}
	}
	return ""
}

// checkSignatures is where exported declarations of a published package name
// a type from internal/.
func checkSignatures(s source) (findings []string) {
	internal := map[string]bool{} // local name of an internal package
	for _, spec := range s.file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if strings.HasPrefix(imported, module+"/internal/") {
			name := path.Base(imported)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			internal[name] = true
		}
	}
	for _, public := range exportedTypes(s.file) {
		ast.Inspect(public, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && internal[x.Name] {
					findings = append(findings, fmt.Sprintf("%s: %s.%s in an exported signature", s.at(sel), x.Name, sel.Sel.Name))
				}
			}
			return true
		})
	}
	return findings
}

// exportedTypes are the type expressions that a reader of the package's
// documentation sees.
func exportedTypes(file *ast.File) (types []ast.Node) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || receiverExported(d.Recv)) {
				types = append(types, d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				types = append(types, exportedInSpec(spec)...)
			}
		}
	}
	return types
}

func receiverExported(recv *ast.FieldList) bool {
	t := recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	name, ok := t.(*ast.Ident)
	return !ok || name.IsExported()
}

func exportedInSpec(spec ast.Spec) []ast.Node {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		if s.Type != nil && s.Names[0].IsExported() {
			return []ast.Node{s.Type}
		}
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return nil
		}
		if st, ok := s.Type.(*ast.StructType); ok {
			return exportedFields(st)
		}
		return []ast.Node{s.Type}
	}
	return nil
}

func exportedFields(st *ast.StructType) (types []ast.Node) {
	for _, f := range st.Fields.List {
		embedded := len(f.Names) == 0
		if embedded || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported) {
			types = append(types, f.Type)
		}
	}
	return types
}

func TestImports(t *testing.T) {
	for _, s := range sources(t) {
		for _, f := range checkImports(s) {
			t.Error(f)
		}
	}
}

func TestManners(t *testing.T) {
	for _, s := range sources(t) {
		for _, f := range checkManners(s) {
			t.Error(f)
		}
	}
}

func TestPublishedSignatures(t *testing.T) {
	for _, s := range sources(t) {
		if !coveredBy(published, s.pkg()) {
			continue
		}
		for _, f := range checkSignatures(s) {
			t.Error(f)
		}
	}
}

// TestWallsCanFail shows each check a file that it must refuse, and one that
// it must let pass.
func TestWallsCanFail(t *testing.T) {
	for _, c := range []struct {
		name, path, text string
		check            func(source) []string
		want             string // in the only finding; "" for none
	}{
		{"a player imports a player", "idp/token.go", `import _ "kazasu/emulator"`, checkImports, "players never import one another"},
		{"a player's part imports its neighbour", "emulator/testca/issue.go", `import _ "kazasu/emulator"`, checkImports, "players never import one another"},
		{"an actor imports a player", "internal/phone/screen.go", `import _ "kazasu/emulator"`, checkImports, "an actor never imports a player"},
		{"a suite imports what it judges", "conformance/steps/card.go", `import _ "kazasu/emulator/testca"`, checkImports, "from what it judges"},
		{"a word imports an instrument", "internal/jpki/card.go", `import _ "kazasu/internal/trace"`, checkImports, "instruments is above vocabulary"},
		{"a word imports a library", "internal/tlv/tlv.go", `import _ "golang.org/x/text/width"`, checkImports, "the standard library alone"},
		{"a rig imports its bench", "rigs/load.go", `import _ "kazasu/internal/bench"`, checkImports, "only the bench marries players"},
		{"cgo leaves its house", "internal/bench/reader.go", `import _ "github.com/ebfe/scard"`, checkImports, "cgo stays behind one tag"},
		{"a package without a layer", "internal/util/util.go", `import _ "kazasu/internal/apdu"`, checkImports, "stands in no layer"},
		{"the bench imports all of them", "internal/bench/start.go", `import (_ "kazasu/idp"; _ "kazasu/rigs"; _ "kazasu/emulator/testca")`, checkImports, ""},
		{"sleeping to be safe", "idp/login.go", `import "time"; func wait() { time.Sleep(time.Second) }`, checkManners, "time.Sleep"},
		{"reading the environment", "idp/idp.go", `import "os"; var home = os.Getenv("HOME")`, checkManners, "the environment"},
		{"reading all of it", "internal/pcscd/daemon.go", `import "os"; var all = os.Environ()`, checkManners, "the environment"},
		{"reading it in a text", "idp/idp.go", `import "os"; var home = os.ExpandEnv("$HOME")`, checkManners, "the environment"},
		{"reading it beside os", "idp/idp.go", `import "syscall"; var home, _ = syscall.Getenv("HOME")`, checkManners, "the environment"},
		{"reading it through a folder", "rigs/load.go", `import "os"; var home, _ = os.UserHomeDir()`, checkManners, "the environment"},
		{"reading it where one may", "internal/cli/state.go", `import "os"; func home() string { return os.Getenv("HOME") }`, checkManners, ""},
		{"init", "idp/idp.go", `func init() {}`, checkManners, "hides an order"},
		{"a long function", "idp/idp.go", "func long() {" + strings.Repeat("\n", 90) + "}", checkManners, "91 lines"},
		{"an internal type in a result", "idp/idp.go", `import "kazasu/internal/jpki"; func Holder() jpki.Holder { panic(1) }`, checkSignatures, "jpki.Holder"},
		{"an internal type in a field", "idp/idp.go", `import j "kazasu/internal/jpki"; type Config struct{ PINs map[string]j.PIN; own j.FileID }`, checkSignatures, "j.PIN"},
		{"an internal type inside", "idp/idp.go", `import "kazasu/internal/jpki"; type Config struct{ pin jpki.PIN }; func inner(jpki.PIN) {}`, checkSignatures, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parseSource(c.path, "package p; "+c.text)
			if err != nil {
				t.Fatal(err)
			}
			got := c.check(s)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("found %q in an honest file", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
				t.Errorf("got %q, want one finding with %q", got, c.want)
			}
		})
	}
}

// TestTablesNameThings finds rows of the tables above that point at nothing:
// what isn't built yet has no row yet.
func TestTablesNameThings(t *testing.T) {
	there := map[string]bool{"features": true} // no Go file of its own is needed
	for _, s := range sources(t) {
		there[s.pkg()] = true
	}
	for table, patterns := range tables() {
		for _, p := range patterns {
			if !there[strings.TrimSuffix(p, "/...")] {
				t.Errorf("%s names %s, which isn't there", table, p)
			}
		}
	}
}

// tables are the packages that the tables above name, by table.
func tables() map[string][]string {
	named := map[string][]string{"environment": environment, "published": published, "outside": outside}
	for _, l := range layers {
		named["layer "+l.name] = l.packages
	}
	for _, b := range bans {
		named["bans"] = append(named["bans"], b.importer, b.imported)
	}
	for _, h := range homes {
		named["home of "+h.library] = h.at
	}
	return named
}
