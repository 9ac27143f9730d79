package conformance

import (
	"context"
	"os"
	"testing"

	"kazasu/conformance/report"
	"kazasu/internal/bench"
	"kazasu/internal/pcscd"
	"kazasu/rigs"
)

func TestMain(m *testing.M) {
	if handled, exit := pcscd.Helper(os.Args); handled {
		os.Exit(exit)
	}
	os.Exit(m.Run())
}

// startBench switches the rig virtual on, on ports of its own.
func startBench(t *testing.T) *bench.Bench {
	t.Helper()
	rig, err := rigs.Load("virtual")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bench.Start(t.Context(), rig, bench.Options{State: t.TempDir(), Ports: "auto"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("closing the bench: %v", err)
		}
	})
	return b
}

func on(b *bench.Bench) func(context.Context) (Bench, error) {
	return func(context.Context) (Bench, error) { return b, nil }
}

// report what didn't pass, as a person would want to read it.
func expectPassed(t *testing.T, r Results) {
	t.Helper()
	for _, c := range r.Checks {
		if c.Verdict != report.Passed {
			t.Errorf("%s %s: %s\n  expected: %s\n  observed: %s\n  %s", c.ID, c.Title, c.Verdict, c.Expected, c.Observed, c.Replay)
		}
	}
}

func TestSuiteOnOurselves(t *testing.T) {
	b := startBench(t)
	for _, row := range []struct {
		name     string
		parallel int
	}{{"one at a time", 1}, {"eight at once", 8}} {
		t.Run(row.name, func(t *testing.T) {
			r, err := Run(t.Context(), Options{Bench: on(b), Parallel: row.parallel, Seed: 1, Strict: true, Out: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			expectPassed(t, r)
			t.Logf("%d checks in %.1f s", len(r.Checks), r.Seconds)
		})
	}
}

// A suite that can't fail is no suite: each fault, on for the whole run, makes
// the check fail that must notice it.
func TestEveryFaultIsNoticed(t *testing.T) {
	b := startBench(t)
	values := map[string]string{"card.slow": "200ms", "link.delay": "50ms"}
	noticed := map[string]bool{}
	for _, row := range Notices() {
		noticed[row.Fault] = true
		t.Run(row.Fault, func(t *testing.T) {
			fault := row.Fault
			if v := values[row.Fault]; v != "" {
				fault += "=" + v
			}
			r, err := Run(t.Context(), Options{Bench: on(b), Select: []string{row.Check}, Faults: []string{fault}, Out: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			c := r.Checks[0]
			if c.Verdict != report.Failed || c.Expected == "" || c.Observed == "" {
				t.Errorf("%s with %s: %s, expected %q, observed %q", c.ID, row.Fault, c.Verdict, c.Expected, c.Observed)
			}
			if code := r.ExitCode(); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			r, err = Run(t.Context(), Options{Bench: on(b), Select: []string{row.Check}})
			if err != nil {
				t.Fatal(err)
			}
			expectPassed(t, r)
		})
	}
	for _, f := range b.ListFaults() {
		if !noticed[f.ID()] {
			t.Errorf("no check must notice %s", f.ID())
		}
	}
}

// A stranger writes a feature in Japanese, without Go, and runs it by path.
func TestStrangersFeature(t *testing.T) {
	path := feature(t, "mine.feature", `# language: ja
機能: 自分のサービスの検査
  シナリオ: カードと通信とログイン
    前提「taro」のカードがかざされている
    もし アプリケーション D3 92 F0 00 26 01 00 00 00 01 を選択する
    かつ ファイル 00 18 を選択する
    かつ 暗証番号「2468」を照合する
    ならば 残り 3 回である
    もし ページ「{issuer}/.well-known/openid-configuration」を取得する
    ならば HTTPステータスは 200 である
    かつ JSONの「issuer」は「{issuer}」である
    もし「taro」がサービスにログインする
    ならば セッションの「name」は「見本　太郎」である

  シナリオ: 間違いはすぐにわかる
    もし「taro」がサービスにログインする
    ならば セッションの「name」は「見本　次郎」である
`)
	r, err := Run(t.Context(), Options{Bench: on(startBench(t)), Select: []string{path}, Out: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if r.Summary.Passed != 1 || r.Summary.Failed != 1 {
		t.Fatalf("%+v", r.Checks)
	}
	if c := r.Checks[1]; c.Expected != "name of the session: 見本　次郎" || c.Observed != "見本　太郎" {
		t.Errorf("expected %q, observed %q", c.Expected, c.Observed)
	}
}
