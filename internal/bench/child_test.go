package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"testing"

	"github.com/oauth2-proxy/mockoidc"

	"kazasu/rigs"
)

// childVariable makes this test binary another program: "bench STATE" is a
// bench that stays up, "mockoidc" is the peer of BenchmarkLogin, which dies
// with two logins at once and so lives alone.
const childVariable = "KAZASU_BENCH_CHILD"

// child is that other program. It prints one line of JSON when it is ready
// and ends when it is killed or interrupted.
func child() (handled bool, exit int) {
	what := os.Getenv(childVariable)
	if what == "" {
		return false, 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := runChild(ctx, what); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true, 1
	}
	return true, 0
}

func runChild(ctx context.Context, what string) error {
	out := json.NewEncoder(os.Stdout)
	if what == "mockoidc" {
		m, err := mockoidc.Run()
		if err != nil {
			return err
		}
		if err := out.Encode(m.Config()); err != nil {
			return err
		}
		<-ctx.Done()
		return m.Shutdown()
	}
	rig, err := rigs.Load("virtual")
	if err != nil {
		return err
	}
	b, err := Start(ctx, rig, Options{State: what, Ports: "auto", HTTP: true, Log: os.Stderr})
	if err != nil {
		return err
	}
	if err := out.Encode(b.Info()); err != nil {
		return err
	}
	<-ctx.Done()
	return b.Close()
}

// startChild runs this binary as another program and reads what it says when
// it is ready.
func startChild(t testing.TB, what string, ready any) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+what)
	cmd.Stderr = testLog{t}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // told by the signal
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, ready)
	}
	if err != nil {
		t.Fatalf("child %s: %v", what, err)
	}
	return cmd
}

func TestNextStartAfterKill(t *testing.T) {
	state := filepath.Join(t.TempDir(), "s")
	lendKeys(t, state)
	var was Info
	cmd := startChild(t, state, &was)
	if left := takeTry(t, state); left != 2 {
		t.Fatalf("%d tries left, want 2", left)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if _, err := os.Stat(was.Admin); err != nil {
		t.Fatalf("the killed bench removed its socket (%v): this test sees nothing", err)
	}

	b := start(t, plainHTTP, func(o *Options) { o.State = state })
	if got := b.Info(); got.Issuer != was.Issuer || got.RP != was.RP {
		t.Errorf("ports changed: %s %s, were %s %s", got.Issuer, got.RP, was.Issuer, was.RP)
	}
	card, err := b.Card("")
	if err != nil {
		t.Fatal(err)
	}
	if left := pinsLeft(t, card, "auth"); left != 2 {
		t.Errorf("%d tries left after kill -9, want 2", left)
	}
	if _, err := adminOf(t, b).Info(t.Context()); err != nil {
		t.Errorf("admin API after kill -9: %v", err)
	}
	mustLogin(t, b, "hanako")
}

// takeTry has the card of a bench in another process count one try less.
func takeTry(t *testing.T, state string) int {
	t.Helper()
	c := NewAdminClient(state)
	defer c.Close()
	cards, err := c.SetPINTries(t.Context(), "", "auth", 2)
	if err != nil {
		t.Fatal(err)
	}
	return cards[0].PINs[0].Left
}

func TestFolderOfAnotherProcess(t *testing.T) {
	state := filepath.Join(t.TempDir(), "s")
	lendKeys(t, state)
	var info Info
	startChild(t, state, &info)
	_, err := Start(t.Context(), virtual(t), Options{State: state, Ports: "auto"})
	if want := "state folder " + state + ": another bench is using it"; err == nil || err.Error() != want {
		t.Errorf("Start = %v, want %s", err, want)
	}
}
