package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kazasu/internal/cli"
)

// pagesOf are the texts that people read.
func pagesOf(t *testing.T) []string {
	t.Helper()
	root, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(root, docs...)
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// brokenLinks are the links of a page, standing at name, that lead nowhere.
func brokenLinks(name, text string) (broken []string) {
	for _, m := range linkTarget.FindAllStringSubmatch(text, -1) {
		target, err := url.Parse(m[1])
		if err != nil || target.IsAbs() {
			continue
		}
		file := filepath.Join(filepath.Dir(name), target.Path)
		if target.Path == "" {
			file = name
		}
		content, err := os.ReadFile(file)
		if err != nil && target.Path != "" {
			broken = append(broken, fmt.Sprintf("%s: %s isn't there", name, m[1]))
		} else if target.Fragment != "" && !slices.Contains(anchors(string(content)), target.Fragment) {
			broken = append(broken, fmt.Sprintf("%s: %s has no such heading", name, m[1]))
		}
	}
	return broken
}

var heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)

// anchors are the names that headings are reached by.
func anchors(text string) (names []string) {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		name := strings.ToLower(m[1])
		name = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

func TestLinksLead(t *testing.T) {
	for _, page := range pagesOf(t) {
		for _, b := range brokenLinks(page, read(t, page)) {
			t.Error(b)
		}
	}
	if got := brokenLinks("README.md", "[a](docs/NOWHERE.md) [b](README.md#no-such) [c](README.md#limitations) [d](https://example.test/)"); len(got) != 2 {
		t.Errorf("of two broken links found %q", got)
	}
}

var pathLike = regexp.MustCompile(`^[a-z0-9./-]+(/|\.go|\.txtar)$|^internal/[a-z/]+$`)

// missingPaths are the paths of a text, in code, that end no path of the tree.
func missingPaths(text string, tree []string) (missing []string) {
	for _, m := range code.FindAllStringSubmatch(text, -1) {
		want := strings.TrimSuffix(m[1], "/")
		if pathLike.MatchString(m[1]) && !slices.ContainsFunc(tree, func(p string) bool { return p == want || strings.HasSuffix(p, "/"+want) }) {
			missing = append(missing, m[1])
		}
	}
	return missing
}

// TestPathsAreThere finds rooms of the house, and other paths, that nobody
// built.
func TestPathsAreThere(t *testing.T) {
	var tree []string
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if d.IsDir() && slices.Contains([]string{".git", "bin", "out"}, path) {
			return filepath.SkipDir
		}
		tree = append(tree, filepath.ToSlash(path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"README.md", "README.ja.md", "SECURITY.md", "docs/ARCHITECTURE.md"} {
		for _, path := range missingPaths(read(t, page), tree) {
			t.Errorf("%s names %s, which isn't there", page, path)
		}
	}
	got := missingPaths("`internal/tamper` `cellar/` `cellar.go` `internal/bench` `emulator/testca/` `proof.go` `results.json`", tree)
	if want := []string{"internal/tamper", "cellar/", "cellar.go"}; !slices.Equal(got, want) {
		t.Errorf("missing %q, want %q", got, want)
	}
}

// identifiers are all exported names of the source: "jpki.PIN", and
// "testca.CA.Revoke" for methods and fields' owners.
func identifiers(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, s := range sources(t) {
		pkg := s.file.Name.Name
		found[pkg] = true
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				found[pkg+"."+receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						found[pkg+"."+s.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range s.Names {
							found[pkg+"."+n.Name] = true
						}
					}
				}
			}
		}
	}
	return found
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	expr := d.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if name, ok := expr.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}

var code = regexp.MustCompile("`([^`]+)`")

// TestGlossaryNamesThings finds terms whose identifier isn't in the source,
// and terms that stand there twice.
func TestGlossaryNamesThings(t *testing.T) {
	found := identifiers(t)
	found["sub"] = true // a claim, not ours to declare
	seen := map[string]bool{}
	rows := 0
	for line := range strings.Lines(read(t, "docs/GLOSSARY.md")) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.Contains(line, "---") || strings.Contains(line, "identifier") {
			continue
		}
		rows++
		term := strings.TrimSpace(cells[1])
		if seen[term] {
			t.Errorf("%s stands in the glossary twice", term)
		}
		seen[term] = true
		for _, m := range code.FindAllStringSubmatch(cells[3], -1) {
			if !found[m[1]] {
				t.Errorf("%s: nothing is called %s", term, m[1])
			}
		}
	}
	if rows < 40 {
		t.Errorf("read %d rows of the glossary, want at least 40", rows)
	}
}

var fidelityRow = regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \|`)

// TestFidelityRows finds numbers that stand twice, and rows that don't say how
// they are known.
func TestFidelityRows(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(read(t, "docs/FIDELITY.md")) {
		m := fidelityRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if seen[m[1]] {
			t.Errorf("row %s stands there twice", m[1])
		}
		seen[m[1]] = true
		cells := strings.Split(line, "|")
		if len(cells) != 7 {
			t.Errorf("row %s has %d cells, want 5", m[1], len(cells)-2)
			continue
		}
		if known := strings.TrimSpace(cells[4]); !regexp.MustCompile(`official|measured|inferred|open|third party|standard|–`).MatchString(known) {
			t.Errorf("row %s: %q doesn't say how it is known", m[1], known)
		}
	}
	if len(seen) < 80 {
		t.Errorf("found %d rows, want at least 80", len(seen))
	}
}

var (
	citation  = regexp.MustCompile(`FIDELITY(?:\.md)?[ \n/]*((?:[A-Z][0-9]+(?:, )?(?:\n\s*// ?)?)+)`)
	rowNumber = regexp.MustCompile(`[A-Z][0-9]+`)
	elsewhere = regexp.MustCompile(`(?i)\b(card|jpki-pki|idp-api|readers|checks)\.md\b`)
)

// citedRows are the rows of docs/FIDELITY.md that a text cites: "FIDELITY C8,
// C9" in features, "docs/FIDELITY.md C8" in comments.
func citedRows(text string) (cited []string) {
	for _, m := range citation.FindAllStringSubmatch(text, -1) {
		cited = append(cited, rowNumber.FindAllString(m[1], -1)...)
	}
	return cited
}

// TestCitedRows wants every row that the tree cites to be there, and nothing
// to cite a text that isn't part of this repository.
func TestCitedRows(t *testing.T) {
	rows := map[string]bool{}
	for _, m := range fidelityRow.FindAllStringSubmatch(read(t, "docs/FIDELITY.md"), -1) {
		rows[m[1]] = true
	}
	total := 0
	for name, text := range texts(t) {
		for _, number := range citedRows(text) {
			total++
			if !rows[number] {
				t.Errorf("%s cites row %s of docs/FIDELITY.md, which isn't there", name, number)
			}
		}
		if outside := elsewhere.FindString(text); outside != "" {
			t.Errorf("%s cites %s, which isn't part of this repository", name, outside)
		}
	}
	if total < 80 {
		t.Errorf("found %d citations, want at least 80", total)
	}
	if got := citedRows("# clause: RFC 1 §2; FIDELITY C8, K14\n// docs/FIDELITY.md\n// I4, I12). FIDELITY.md says"); !slices.Equal(got, []string{"C8", "K14", "I4", "I12"}) {
		t.Errorf("read %q", got)
	}
	if !elsewhere.MatchString("see Card"+".md §5.3") || elsewhere.MatchString("docs/APP-API.md") {
		t.Error("outside texts are told apart wrongly")
	}
}

// texts are all files of ours that hold text, by path.
func texts(t *testing.T) map[string]string {
	t.Helper()
	kinds := []string{".go", ".feature", ".md", ".yaml", ".json", ".tmpl", ".html", ".css", ".js", ".sh", ".txt", ".txtar"}
	found := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "out"}, path):
			return filepath.SkipDir
		case !d.IsDir() && slices.Contains(kinds, filepath.Ext(path)):
			found[path] = read(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var (
	inTable   = regexp.MustCompile("(?m)^\\| `kazasu ([a-z]+)`((?: · `[a-z]+`)*)")
	inTableTo = regexp.MustCompile("(?m)^\\| `kazasu ([a-z]+) ([a-z]+)`((?: · `[a-z]+`)*)")
	aside     = regexp.MustCompile("`--([a-z]+)`")
)

// TestREADMECommands asks the command line for the help of every command, and
// every flag, that the READMEs name; and finds commands they don't name.
func TestREADMECommands(t *testing.T) {
	for _, page := range []string{"README.md", "README.ja.md"} {
		text := read(t, page)
		named := map[string]bool{}
		for _, m := range inTable.FindAllStringSubmatch(text, -1) {
			named[m[1]] = true
			for _, other := range code.FindAllStringSubmatch(m[2], -1) {
				named[other[1]] = true
			}
		}
		for _, m := range inTableTo.FindAllStringSubmatch(text, -1) {
			named[m[1]] = true
			subs := append([]string{m[2]}, words(m[3])...)
			for _, sub := range subs {
				if _, err := help(m[1], sub); err != nil {
					t.Errorf("%s: kazasu %s %s: %v", page, m[1], sub, err)
				}
			}
		}
		for command := range named {
			checkCommand(t, page, text, command)
		}
		for _, command := range cli.Commands() {
			if !named[command] {
				t.Errorf("%s doesn't name kazasu %s", page, command)
			}
		}
	}
}

func words(list string) (names []string) {
	for _, m := range code.FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	return names
}

func checkCommand(t *testing.T, page, text, command string) {
	t.Helper()
	said, err := help(command)
	if err != nil {
		t.Errorf("%s: kazasu %s: %v", page, command, err)
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| `kazasu "+command+"`") {
			continue
		}
		for _, m := range aside.FindAllStringSubmatch(line, -1) {
			if !strings.Contains(said, "--"+m[1]) {
				t.Errorf("%s: kazasu %s has no flag --%s", page, command, m[1])
			}
		}
	}
}

// help is what a command says with --help.
func help(command ...string) (string, error) {
	var out, talk bytes.Buffer
	if code := cli.Main(append(command, "--help"), cli.World{Stdout: &out, Stderr: &talk}); code != 0 {
		return "", fmt.Errorf("exit %d: %s", code, talk.String())
	}
	if !strings.Contains(out.String(), "kazasu "+strings.Join(command, " ")) {
		return "", fmt.Errorf("help is another command's: %.60s", out.String())
	}
	return out.String(), nil
}

// TestREADMEsAgree compares what both languages must have: the same parts in
// the same order, and the same commands to type.
func TestREADMEsAgree(t *testing.T) {
	en, ja := read(t, "README.md"), read(t, "README.ja.md")
	wantEN := []string{"Kazasu", "What it is", "What it is not", "A login in sixty seconds", "Commands", "Limitations"}
	wantJA := []string{"Kazasu（かざす）", "これは何か", "これは何でないか", "六十秒でログイン", "コマンド", "制約"}
	if got := headings(en); !slices.Equal(got, wantEN) {
		t.Errorf("README.md has %q, want %q", got, wantEN)
	}
	if got := headings(ja); !slices.Equal(got, wantJA) {
		t.Errorf("README.ja.md has %q, want %q", got, wantJA)
	}
	if got, want := typed(ja), typed(en); !slices.Equal(got, want) {
		t.Errorf("README.ja.md has people type %q, README.md %q", got, want)
	}
}

func headings(text string) (names []string) {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// typed are the commands in the shell blocks, without their remarks.
func typed(text string) (lines []string) {
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = !inside
			continue
		}
		if command, _, _ := strings.Cut(line, "  #"); inside {
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}
