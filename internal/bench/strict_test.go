package bench

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"kazasu/rigs"
)

// loadRig is a rig of one's own, from a file with these lines.
func loadRig(t *testing.T, lines string) rigs.Rig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte("name: mine\nextends: virtual\n"+lines), 0o600); err != nil {
		t.Fatal(err)
	}
	rig, err := rigs.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return rig
}

// assertion signs a client assertion with the key that Info names. An empty
// jti is left out.
func assertion(t *testing.T, b *Bench, c ClientInfo, jti string) string {
	t.Helper()
	text, err := os.ReadFile(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	options := (&jose.SignerOptions{}).WithHeader("kid", c.KID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(c.Alg), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{
		"iss": c.ID, "sub": c.ID, "aud": b.Info().Issuer,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute / 2).Unix(),
	}
	if jti != "" {
		claims["jti"] = jti
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// tokenError asks for a token with a code that nobody gave out.
func tokenError(t *testing.T, b *Bench, assertion string) (status int, code, description string) {
	t.Helper()
	resp, err := b.HTTP().PostForm(b.Info().Issuer+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {rand.Text()}, "code_verifier": {rand.Text() + rand.Text()},
		"redirect_uri":          {b.Info().RP + "/callback"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer.Error, answer.Description
}

func TestStrictAssertions(t *testing.T) {
	for name, c := range map[string]struct {
		lines, jti string
		status     int
		code, says string
	}{
		"lenient, no jti":     {"", "", 400, "invalid_grant", ""},
		"strict, no jti":      {"idp: {assertions: strict}\n", "", 400, "invalid_client", "Missing ID on the token"},
		"strict, no jti, 401": {"idp: {assertions: strict, client_error_status: 401}\n", "", 401, "invalid_client", "Missing ID on the token"},
		"strict, with a jti":  {"idp: {assertions: strict}\n", "one", 400, "invalid_grant", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := startRig(t, loadRig(t, c.lines))
			status, code, description := tokenError(t, b, assertion(t, b, b.Info().Clients[0], c.jti))
			if status != c.status || code != c.code || !strings.Contains(description, c.says) {
				t.Errorf("got %d %s (%s), want %d %s (…%s…)", status, code, description, c.status, c.code, c.says)
			}
		})
	}
	t.Run("the sample relying party is strict enough", func(t *testing.T) {
		mustLogin(t, startRig(t, loadRig(t, "idp: {assertions: strict}\n")), "hanako")
	})
}

// startRig is start for a rig of one's own.
func startRig(t *testing.T, rig rigs.Rig) *Bench {
	t.Helper()
	state := filepath.Join(t.TempDir(), "s")
	lendKeys(t, state)
	b, err := Start(t.Context(), rig, Options{State: state, Ports: "auto", HTTP: true, Log: testLog{t}})
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

// TestAutoSaysSo: who leaves it on by mistake can see it, once.
func TestAutoSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		auto string
		want int
	}{
		"on":  {"hanako", 1},
		"off": {"", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var said strings.Builder
			b := start(t, func(o *Options) { o.Auto, o.Log = c.auto, &said })
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(said.String(), "auto login is on: the phone of hanako finishes every login without asking"); got != c.want {
				t.Errorf("said %d times, want %d:\n%s", got, c.want, said.String())
			}
		})
	}
}

// TestEveryEmbeddedClientCanSign: a client whose key the bench made is taken
// by its signature; only the code is missing.
func TestEveryEmbeddedClientCanSign(t *testing.T) {
	b := start(t, plainHTTP)
	algs := map[string]bool{}
	for _, c := range b.Info().Clients {
		algs[c.Alg] = true
		if status, code, description := tokenError(t, b, assertion(t, b, c, c.ID)); status != 400 || code != "invalid_grant" {
			t.Errorf("%s: %d %s (%s), want invalid_grant", c.ID, status, code, description)
		}
	}
	if !algs["ES256"] || !algs["RS256"] {
		t.Errorf("algorithms %v, want ES256 and RS256", algs)
	}
}
