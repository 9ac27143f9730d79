package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"runtime"
	"strings"
)

//go:embed report.html.tmpl
var pageText string

// HTML is report.html: one file that needs no other and asks nobody, in
// Japanese and English. Evidence is linked, relative to the file.
func HTML(r Results) ([]byte, error) {
	page, err := template.New("report").Funcs(pageFuncs()).Parse(pageText)
	if err != nil {
		panic("report: our own page is broken: " + err.Error())
	}
	var out bytes.Buffer
	if err := page.Execute(&out, newPageView(r)); err != nil {
		return nil, fmt.Errorf("writing report.html: %w", err)
	}
	return out.Bytes(), nil
}

// pageView is what the page shows.
type pageView struct {
	Results
	Headline  Verdict // the gravest verdict that counts
	Verdicts  []verdictView
	Groups    []groupView
	Attention []Check // what isn't passed, not applicable or skipped, the gravest first
	Platform  string
	PassRate  int // percent of the checks that said something
}

type verdictView struct {
	Verdict Verdict
	Count   int
	Share   float64 // percent of all
}

type groupView struct {
	Group
	Passed, Total int
	Seconds       float64
	Verdicts      []verdictView
}

func newPageView(r Results) pageView {
	v := pageView{Results: r, Headline: headline(r), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	v.Verdicts = shares(r.Checks)
	for _, g := range Groups(r) {
		gv := groupView{Group: g, Total: len(g.Checks), Passed: Count(g.Checks).Passed, Verdicts: shares(g.Checks)}
		for _, c := range g.Checks {
			gv.Seconds += c.Seconds
		}
		v.Groups = append(v.Groups, gv)
	}
	for _, verdict := range []Verdict{Error, Failed, Inconclusive, Warned} {
		for _, c := range r.Checks {
			if c.Verdict == verdict {
				v.Attention = append(v.Attention, c)
			}
		}
	}
	if said := r.Summary.Total() - r.Summary.Skipped - r.Summary.NotApplicable; said > 0 {
		v.PassRate = int(math.Floor(100 * float64(r.Summary.Passed) / float64(said)))
	}
	return v
}

// headline is what the run comes to: its exit code, in a word.
func headline(r Results) Verdict {
	switch r.ExitCode() {
	case 0:
		return Passed
	case 1:
		return Failed
	case 4:
		return Error
	}
	return Inconclusive
}

func shares(checks []Check) []verdictView {
	summary := Count(checks)
	var out []verdictView
	for _, v := range Verdicts() {
		out = append(out, verdictView{v, summary.Of(v), 100 * float64(summary.Of(v)) / float64(max(1, len(checks)))})
	}
	// The page reads from good to bad.
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// words are the page's own, English first.
var words = map[string][2]string{
	string(Passed):        {"passed", "合格"},
	string(Failed):        {"failed", "不合格"},
	string(Warned):        {"warned", "警告"},
	string(NotApplicable): {"not applicable", "対象外"},
	string(Skipped):       {"skipped", "省略"},
	string(Inconclusive):  {"inconclusive", "判定不能"},
	string(Error):         {"error", "検査側の誤り"},
	string(Must):          {"must", "必須"},
	string(Should):        {"should", "推奨"},
	string(Behaviour):     {"behaviour", "実機の挙動"},
	string(Performance):   {"performance", "性能"},
	string(Imported):      {"imported", "外部の証拠"},
}

func pageFuncs() template.FuncMap {
	return template.FuncMap{
		"t":     bilingual,
		"word":  func(w any) template.HTML { return wordOf(fmt.Sprint(w)) },
		"group": func(id string) template.HTML { return bilingual(GroupName(id, "en"), GroupName(id, "ja")) },
		"took":  took,
		"num":   number,
		"pct":   func(f float64) string { return fmt.Sprintf("%.4f", f) },
		"anchor": func(id string) string {
			return "check-" + strings.Map(func(r rune) rune {
				if strings.ContainsRune(`/\:. `, r) {
					return '-'
				}
				return r
			}, id)
		},
	}
}

func wordOf(w string) template.HTML {
	pair, ok := words[w]
	if !ok {
		return template.HTML(template.HTMLEscapeString(w))
	}
	return bilingual(pair[0], pair[1])
}

// bilingual is a text in both languages, of which the page shows one.
func bilingual(english, japanese string) template.HTML {
	return template.HTML(`<span lang="en">` + template.HTMLEscapeString(english) + `</span><span lang="ja">` + template.HTMLEscapeString(japanese) + `</span>`)
}

// took shows a duration in the unit that people would choose.
func took(seconds float64) string {
	switch {
	case seconds >= 60:
		return fmt.Sprintf("%d min %02.0f s", int(seconds)/60, math.Mod(seconds, 60))
	case seconds >= 1:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds >= 0.001:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	}
	return "<1 ms"
}

// number shows a measurement with three digits that matter.
func number(f float64) string {
	if f == math.Trunc(f) || math.Abs(f) >= 1000 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.3g", f)
}
