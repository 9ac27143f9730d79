package steps

import (
	"slices"
	"strings"
	"testing"
)

// samples are words that fit the placeholders.
var samples = map[string]string{"string": `"hanako"`, "int": "3", "hex": "00 A4", "word": "9000", "duration": "200ms"}

func sample(pattern string) string {
	return placeholder.ReplaceAllStringFunc(pattern, func(hole string) string {
		return samples[strings.Trim(hole, "{}")]
	})
}

func TestEverySentenceMeansOneStep(t *testing.T) {
	bound := Bind()
	for _, c := range chapters() {
		for _, r := range c.rows {
			if !slices.Equal(holes(r.English), holes(r.Japanese)) {
				t.Errorf("%q and %q take different things, or in another order", r.English, r.Japanese)
			}
			if r.Sentence == "" {
				t.Errorf("%q says nothing of what it does", r.English)
			}
			for _, pattern := range []string{r.English, r.Japanese} {
				if got := bound.matches(sample(pattern)); len(got) != 1 {
					t.Errorf("%q means %d steps: %q", sample(pattern), len(got), got)
				}
			}
		}
	}
}

func TestJapaneseQuotesAreQuotes(t *testing.T) {
	bound := Bind()
	for _, text := range []string{"「hanako」がサービスにログインする", `"hanako"がサービスにログインする`, "ステータスワードは 9000 である", "端末が 00A4040C を送る"} {
		if !bound.Defined(text) {
			t.Errorf("no step says %s", text)
		}
	}
}

func TestNearestFindsWhatWasMeant(t *testing.T) {
	bound := Bind()
	for _, row := range []struct{ text, want string }{
		{`the status word shall be 9000`, `the status word is {word}`},
		{`"hanako" logs into the relying party`, `{string} logs in at the relying party`},
		{`「花子」がサービスへログインする`, `{string}がサービスにログインする`},
	} {
		if bound.Defined(row.text) {
			t.Errorf("%q is defined, and shouldn't be", row.text)
		}
		if got := bound.Nearest(row.text, 3); !slices.Contains(got, row.want) {
			t.Errorf("nearest to %q: %q, want %q among them", row.text, got, row.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"照合する", "照合した", 2}} {
		if got := Distance(row.a, row.b); got != row.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", row.a, row.b, got, row.want)
		}
	}
}

func TestExpectShowsBothSides(t *testing.T) {
	if err := Expect("status word", "9000", "9000"); err != nil {
		t.Errorf("equal values: %v", err)
	}
	err := Expect("first bytes", []byte{0x30, 0x82}, []byte{0x30, 0x81})
	f, ok := failed(err)
	if !ok || f.Expected != "30 82" || f.Observed != "30 81" {
		t.Errorf("got %#v", err)
	}
}

func TestAnswerToReset(t *testing.T) {
	for _, row := range []struct {
		atr  string
		good bool
	}{
		{"3B E0 00 FF 81 31 FE 45 14", true},
		{"3B DA 13 FF 81 31 FB 46 80 12 39 2F 31 C1 73 C6 01 C0 3B", true},
		{"3B 88 80 01 00 00 41 E0 B3 81 A1 00 3B", true},
		{"3B 80 80 01 01", true},
		{"3B E0 00 FF 81 31 FE 45 15", false}, // check byte
		{"3B E0 00 FF 81 31 FE 45", false},    // cut off
		{"3B E0 00 FF 81 31 FE 45 14 00", false},
		{"00", false},
	} {
		atr, err := hexOf(row.atr)
		if err != nil {
			t.Fatal(err)
		}
		err = atrDecodes(t.Context(), &World{card: cardHand{atr: atr}})
		if (err == nil) != row.good {
			t.Errorf("%s: %v", row.atr, err)
		}
	}
}

func TestSecretsAreBlankedInAddresses(t *testing.T) {
	got := blank(mustParse(t, "https://localhost:7443/api/login/abcdefghijklmnop?code=SECRET&state=S&error=access_denied"))
	want := "https://localhost:7443/api/login/%E2%80%A6?code=…&error=access_denied&state=…"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
