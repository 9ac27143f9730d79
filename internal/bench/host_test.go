package bench

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// hostOf asks with a Host header and returns status and text.
func hostOf(t *testing.T, b *Bench, address, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	resp, err := b.HTTP().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestForeignHostNames: who comes under another name is a page that had its
// name resolved to 127.0.0.1.
func TestForeignHostNames(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"https": func(*Options) {}, "http": plainHTTP, "inside": func(o *Options) { o.Inside = true },
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, change)
			for _, address := range []string{
				b.Info().Issuer + "/.well-known/openid-configuration", b.Info().RP + "/", b.Info().Phone + "/",
				b.Info().CA.Auth.CRL, b.Info().Metrics,
			} {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				for host, want := range map[string]int{
					"evil.example": 421, "evil.example:" + u.Port(): 421, "localhost.evil.example": 421, "127.0.0.1:1": 421,
					u.Host: 200, "LOCALHOST:" + u.Port(): 200, net.JoinHostPort("127.0.0.1", u.Port()): 200, "[::1]:" + u.Port(): 200,
					"localhost": 200, "[::1]": 200,
				} {
					status, text := hostOf(t, b, address, host)
					if status != want {
						t.Errorf("%s for host %s: %d, want %d", address, host, status, want)
					}
					if want == 421 && !strings.Contains(text, "only localhost:"+u.Port()+" is here") {
						t.Errorf("%s for host %s: the refusal says\n%s", address, host, text)
					}
				}
			}
		})
	}
}
