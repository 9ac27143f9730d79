package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kazasu/internal/jpki"
	"kazasu/internal/pcscd"
	"kazasu/internal/relyingparty"
	"kazasu/rigs"
)

func virtual(t testing.TB) rigs.Rig {
	t.Helper()
	rig, err := rigs.Load("virtual")
	if err != nil {
		t.Fatal(err)
	}
	return rig
}

// start is a bench on free ports in a fresh folder, unless change says
// otherwise.
func start(t testing.TB, change ...func(*Options)) *Bench {
	t.Helper()
	o := Options{State: filepath.Join(t.TempDir(), "s"), Ports: "auto", Log: testLog{t}}
	for _, f := range change {
		f(&o)
	}
	lendKeys(t, o.State)
	b, err := Start(t.Context(), virtual(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// lendKeys gives a fresh state folder keys that another bench made: making an
// RSA key takes longer than most tests.
func lendKeys(t testing.TB, state string) {
	t.Helper()
	keys := filepath.Join(state, keyFolder)
	if _, err := os.Stat(keys); err == nil {
		return
	}
	if err := os.MkdirAll(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	lender := keyLender()
	for _, name := range []string{keyID, keyAccess, keySubject} {
		text, err := os.ReadFile(filepath.Join(lender, keyFolder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(keys, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// keyLender is a folder with keys, made once.
var keyLender = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "kazasu-keys-")
	if err != nil {
		panic(err)
	}
	if _, err := (&folder{path: dir}).providerKeys(); err != nil {
		panic(err)
	}
	return dir
})

func TestMain(m *testing.M) {
	if handled, exit := pcscd.Helper(os.Args); handled {
		os.Exit(exit)
	}
	if handled, exit := child(); handled {
		os.Exit(exit)
	}
	code := m.Run()
	os.RemoveAll(keyLender())
	os.Exit(code)
}

func plainHTTP(o *Options) { o.HTTP = true }

// testLog hands a bench's lines to the test.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Logf("%s", strings.TrimSpace(string(line)))
	return len(line), nil
}

// login takes a holder from the sample RP's button to the end.
func login(ctx context.Context, b *Bench, tag, holder string) (relyingparty.Outcome, error) {
	h, ok := jpki.HolderByID(holder)
	if !ok {
		return relyingparty.Outcome{}, fmt.Errorf("no holder %s", holder)
	}
	card, _, release, err := b.ScenarioCard(ctx, holder, "")
	if err != nil {
		return relyingparty.Outcome{}, err
	}
	defer release()
	agent := relyingparty.NewUserAgent(relyingparty.AgentConfig{
		Transport: b.HTTP().Transport, Issuer: b.Info().Issuer, Header: http.Header{"Kazasu-Tag": {tag}},
	})
	link, ended, err := agent.Start(ctx, b.Info().RP)
	if err != nil {
		return relyingparty.Outcome{}, err
	}
	if ended != nil {
		return *ended, nil
	}
	redirect, err := b.Phone(card).Finish(ctx, link, h.AuthPIN, h.TextPIN)
	if err != nil {
		return relyingparty.Outcome{}, err
	}
	return agent.Follow(ctx, redirect)
}

func mustLogin(t *testing.T, b *Bench, holder string) *relyingparty.Session {
	t.Helper()
	outcome, err := login(t.Context(), b, "", holder)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Session == nil {
		t.Fatalf("the relying party refused: %+v", outcome.Refusal)
	}
	return outcome.Session
}

func TestLogin(t *testing.T) {
	for name, o := range map[string]Options{
		"https": {}, "http": {HTTP: true}, "https inside": {Inside: true}, "http inside": {HTTP: true, Inside: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, func(set *Options) { set.HTTP, set.Inside = o.HTTP, o.Inside })
			if got := b.Info().Issuer; strings.HasPrefix(got, "https:") == o.HTTP {
				t.Errorf("issuer %s", got)
			}
			s := mustLogin(t, b, "hanako")
			if s.Claims["name"] != "試験　花子" || s.Claims["birthdate"] != "19900401" {
				t.Errorf("claims %v", s.Claims)
			}
		})
	}
}

// TestConnectionsAreKept counts the connections that a second login opens: a
// redirect whose answer nobody reads must not cost one.
func TestConnectionsAreKept(t *testing.T) {
	b := start(t, plainHTTP)
	mustLogin(t, b, "hanako")
	transport := b.client.Transport.(thrifty).Transport
	var dialled atomic.Int64
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		return dial(ctx, network, address)
	}
	mustLogin(t, b, "hanako")
	if n := dialled.Load(); n != 0 {
		t.Errorf("a second login opened %d connections, want none", n)
	}
}

func TestEveryHolderLogsIn(t *testing.T) {
	b := start(t, plainHTTP)
	subs := map[string]string{}
	for _, h := range b.Holders() {
		s := mustLogin(t, b, h.ID)
		if other, taken := subs[s.Sub]; taken {
			t.Errorf("%s has the sub of %s", h.ID, other)
		}
		subs[s.Sub] = h.ID
		if s.Claims["address"] != h.Address {
			t.Errorf("%s lives at %v, want %s", h.ID, s.Claims["address"], h.Address)
		}
	}
}

func TestSecondStartIsTheSame(t *testing.T) {
	state := filepath.Join(t.TempDir(), "s")
	inState := func(o *Options) { o.State = state }
	b := start(t, inState)
	first, sub := b.Info(), mustLogin(t, b, "hanako").Sub
	keys := fetch(t, b, first.Issuer+"/protocol/openid-connect/certs")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = start(t, inState)
	if got := b.Info(); !reflect.DeepEqual(got, first) {
		t.Errorf("info changed\n got %+v\nwant %+v", got, first)
	}
	if got := fetch(t, b, first.Issuer+"/protocol/openid-connect/certs"); got != keys {
		t.Error("the provider's keys changed")
	}
	if got := mustLogin(t, b, "hanako").Sub; got != sub {
		t.Errorf("sub %s, was %s", got, sub)
	}
}

func fetch(t *testing.T, b *Bench, address string) string {
	t.Helper()
	resp, err := b.HTTP().Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", address, resp.Status, err)
	}
	return string(body)
}

func TestInfoTellsWhatAnswers(t *testing.T) {
	b := start(t)
	text, err := json.Marshal(b.Info())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"schema":"kazasu.up/1",`) {
		t.Errorf("schema doesn't come first: %s", text)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"issuer", "rp", "admin", "metrics", "tls_ca", "ca", "reader", "env", "clients", "holders", "state"} {
		if _, ok := members[name]; !ok {
			t.Errorf("info lacks %s", name)
		}
	}
	if members["reader"] != nil {
		t.Errorf("reader %v on a rig without one", members["reader"])
	}
	info := b.Info()
	for _, address := range []string{
		info.Issuer + "/.well-known/openid-configuration", info.RP, info.Metrics,
		info.CA.Auth.Cert, info.CA.Auth.CRL, info.CA.Sign.Cert, info.CA.Sign.CRL,
	} {
		fetch(t, b, address)
	}
	if c := info.Clients[0]; c.ID != "RP00000001" || c.RedirectURIs[0] != info.RP+"/callback" {
		t.Errorf("client %+v", c)
	}
	for _, path := range []string{info.TLSCA, info.Clients[0].Key, info.Admin} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	for _, h := range info.Holders {
		if under15 := h.ID == "mirai"; under15 != (h.SignPassword == "") || h.AuthPIN == "" || h.HelperPIN == "" {
			t.Errorf("holder %+v", h)
		}
	}
}

func TestTLSRootVouchesForLoopbackAlone(t *testing.T) {
	b := start(t)
	text, err := os.ReadFile(b.Info().TLSCA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificate in tls_ca")
	}
	u, err := url.Parse(b.Info().Issuer)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", "127.0.0.1:"+u.Port(), &tls.Config{RootCAs: pool, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	root := readCertificate(b.Info().TLSCA)
	if !root.PermittedDNSDomainsCritical || len(root.PermittedDNSDomains) != 1 || root.PermittedDNSDomains[0] != "localhost" {
		t.Errorf("the root may vouch for %v", root.PermittedDNSDomains)
	}
}

func TestPrivateFiles(t *testing.T) {
	b := start(t)
	err := filepath.Walk(b.Info().State, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyLoopback(t *testing.T) {
	b := start(t)
	for _, address := range []string{b.Info().Issuer, b.Info().RP, b.Info().Phone, b.Info().CA.Auth.CRL, b.Info().Metrics} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		addresses, err := net.InterfaceAddrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addresses {
			ip := a.(*net.IPNet).IP
			if ip.IsLoopback() {
				continue
			}
			if conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), u.Port()), time.Second); err == nil {
				conn.Close()
				t.Errorf("%s answers on %s", address, ip)
			}
		}
	}
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

func TestBusyPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rig := virtual(t)
	rig.Ports = rigs.Ports{CA: portOf(l)}
	_, err = Start(t.Context(), rig, Options{State: filepath.Join(t.TempDir(), "s")})
	want := fmt.Sprintf("port %d on 127.0.0.1 (ports.ca of the rig) is busy: another program listens there", portOf(l))
	if err == nil || err.Error() != want || !errors.Is(err, ErrPortBusy) {
		t.Errorf("Start\n got %v\nwant %s", err, want)
	}
	if hint := hintOf(err); !strings.Contains(hint, "--ports auto") {
		t.Errorf("hint %q", hint)
	}
}

func TestRememberedPortTakenByAnother(t *testing.T) {
	state := filepath.Join(t.TempDir(), "s")
	inState := func(o *Options) { o.State = state }
	b := start(t, inState)
	was := b.Info().RP
	b.Close()
	u, _ := url.Parse(was)
	l, err := net.Listen("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		t.Skip("the port went to somebody else meanwhile")
	}
	defer l.Close()
	if got := start(t, inState).Info().RP; got == was {
		t.Errorf("RP at %s, which is taken", got)
	}
}

func TestFolderInUse(t *testing.T) {
	b := start(t)
	_, err := Start(t.Context(), virtual(t), Options{State: b.Info().State, Ports: "auto"})
	want := "state folder " + b.Info().State + ": another bench is using it"
	if err == nil || err.Error() != want || !errors.Is(err, ErrInUse) || hintOf(err) == "" {
		t.Errorf("Start\n got %v (%q)\nwant %s", err, hintOf(err), want)
	}
	mustLogin(t, b, "hanako") // the first one is none the worse
}

func TestForeignFolderIsLeftAlone(t *testing.T) {
	state := t.TempDir()
	if err := os.WriteFile(filepath.Join(state, "thesis.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(state, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), virtual(t), Options{State: state, Ports: "auto"})
	if err == nil || !strings.Contains(err.Error(), "is open to others (-rwxr-xr-x) and holds other things") {
		t.Errorf("Start = %v", err)
	}
}

func TestBadStarts(t *testing.T) {
	for name, c := range map[string]struct {
		rig  func(*rigs.Rig)
		o    func(*Options)
		want string
	}{
		"holder":     {func(r *rigs.Rig) { r.Card.Holder = "nobody" }, nil, `no holder is called "nobody": not known`},
		"profile":    {func(r *rigs.Rig) { r.Card.Profile = "gold" }, nil, `no card profile is called "gold": not known`},
		"auto":       {nil, func(o *Options) { o.Auto = "nobody" }, `no holder is called "nobody": not known`},
		"ports":      {nil, func(o *Options) { o.Ports = "some" }, `ports can't be "some"`},
		"fault":      {nil, func(o *Options) { o.Faults = []string{"idp.wrong-colour"} }, `no fault is called "idp.wrong-colour": not known`},
		"player":     {nil, func(o *Options) { o.Faults = []string{"browser.slow"} }, `no fault is called "browser.slow": not known`},
		"value":      {nil, func(o *Options) { o.Faults = []string{"card.slow=soon"} }, `switching card.slow: fault slow: time: invalid duration "soon"`},
		"real card":  {func(r *rigs.Rig) { r.Card.Kind = "real" }, nil, `rig virtual has a real card, which this version can describe but not drive`},
		"no clients": {nil, func(o *Options) { o.Clients = "/nowhere.yaml" }, `reading clients: open /nowhere.yaml: no such file or directory`},
	} {
		t.Run(name, func(t *testing.T) {
			rig, o := virtual(t), Options{State: filepath.Join(t.TempDir(), "s"), Ports: "auto"}
			if c.rig != nil {
				c.rig(&rig)
			}
			if c.o != nil {
				c.o(&o)
			}
			b, err := Start(t.Context(), rig, o)
			if err == nil {
				b.Close()
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("Start\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestOwnClients(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("k.pem", `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaRQb0ro3Xzn5YfqvrQzuoaoPZxWu
9wKYcMv9PjgEC7eQpLxUuC5wvUXBvLyi2BE+30OxzU94NCGymUcWH2pZRg==
-----END PUBLIC KEY-----
`)
	file := write("clients.yaml", "clients:\n- id: MINE1\n  name: mine\n  redirect_uris: [https://rp.example/cb]\n  keys: [k.pem]\n")
	b := start(t, func(o *Options) { o.Clients = file })
	clients := b.Info().Clients
	if len(clients) != 2 || clients[0].ID != "MINE1" || clients[0].Key != "" || clients[1].ID != "RP00000001" || clients[1].Key == "" {
		t.Errorf("clients %+v: want mine and the sample's", clients)
	}
	mustLogin(t, b, "hanako")

	taken := write("taken.yaml", "clients:\n- id: RP00000001\n  name: mine\n  redirect_uris: [https://rp.example/cb]\n  keys: [k.pem]\n")
	_, err := Start(t.Context(), virtual(t), Options{State: filepath.Join(t.TempDir(), "s"), Ports: "auto", Clients: taken})
	if err == nil || !strings.HasSuffix(err.Error(), "has keys, but that is the sample relying party's ID") {
		t.Errorf("Start = %v", err)
	}
}

func TestRS256Client(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clients.yaml")
	text := "clients:\n- id: RSA1\n  name: mine\n  alg: RS256\n  redirect_uris: [https://rp.example/cb]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := start(t, func(o *Options) { o.Clients = file })
	if c := b.Info().Clients[0]; c.Alg != "RS256" || len(c.RedirectURIs) != 2 {
		t.Errorf("client %+v", c)
	}
	mustLogin(t, b, "hanako")
}

// TestAutoFinishesForAnyHTTPClient is a script: it knows redirects and cookies
// and nothing else.
func TestAutoFinishesForAnyHTTPClient(t *testing.T) {
	b := start(t, func(o *Options) { o.Auto = "taro" })
	results := make(chan error, 8)
	for range cap(results) {
		go func() { results <- scriptLogin(b.HTTP(), b.Info().RP, "見本　太郎") }()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// scriptLogin logs in at a relying party with an HTTP client that has no
// cookies, and expects this name at /me.
func scriptLogin(client *http.Client, rp, name string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	script := &http.Client{Transport: client.Transport, Jar: jar}
	resp, err := script.Get(rp + "/login")
	if err != nil {
		return err
	}
	resp.Body.Close()
	me, err := script.Get(rp + "/me")
	if err != nil {
		return err
	}
	defer me.Body.Close()
	var claims map[string]any
	if err := json.NewDecoder(me.Body).Decode(&claims); err != nil {
		return fmt.Errorf("%s ended at %s: %w", me.Status, resp.Request.URL, err)
	}
	if claims["name"] != name {
		return fmt.Errorf("logged in as %v", claims["name"])
	}
	return nil
}

// TestCloseLeavesNothing opens what holds connections and goroutines, and
// looks for what is left.
func TestCloseLeavesNothing(t *testing.T) {
	runtime.GC()
	before := runtime.NumGoroutine()
	b := start(t, func(o *Options) { o.Auto = "hanako" })
	if err := scriptLogin(b.HTTP(), b.Info().RP, "試験　花子"); err != nil {
		t.Error(err)
	}
	admin := NewAdminClient(b.Info().State)
	ctx, cancel := context.WithCancel(t.Context())
	streaming := make(chan error, 1)
	resp, err := admin.send(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := io.Copy(io.Discard, resp.Body)
		streaming <- err
	}()
	began := time.Now()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("closing took %v", took)
	}
	<-streaming
	cancel()
	resp.Body.Close()
	admin.Close()
	deadline := time.Now().Add(3 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before the bench\n%s", n, before, stacks[:runtime.Stack(stacks, true)])
	}
	if _, err := os.Stat(b.Info().Admin); err == nil {
		t.Error("the admin socket is still there")
	}
	if err := b.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
