package idp

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"kazasu/internal/appapi"
)

// Many logins at once, each by a browser and an app of its own: every ID token
// has its own login's nonce, and all the one person's subject.
func TestLoginsAtOnce(t *testing.T) {
	const logins = 100
	w := newWorld(t)
	subjects := make(chan any, logins)
	var wg sync.WaitGroup
	for i := range logins {
		wg.Go(func() {
			nonce := fmt.Sprintf("nonce-%d", i)
			claims := part(t, w.tokens(with(goodRequest(), "nonce", nonce))["id_token"], 1)
			if claims["nonce"] != nonce {
				t.Errorf("nonce is %v, want %s", claims["nonce"], nonce)
			}
			subjects <- claims["sub"]
		})
	}
	wg.Wait()
	close(subjects)
	seen := map[any]int{}
	for sub := range subjects {
		seen[sub]++
	}
	if len(seen) != 1 {
		t.Errorf("subjects %v, want one", seen)
	}
}

// BenchmarkLogin is a whole login of a scripted app, over HTTP on loopback,
// with the card's signature and fetches of OCSP answer and CRL.
func BenchmarkLogin(b *testing.B) {
	w := newWorld(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			login := w.begin(goodRequest())
			a := w.open(login.links[appapi.SameDevice])
			code := login.callback(a.finish(a.proof())).Get("code")
			if status, answer := w.postToken(w.tokenForm(code)); status != http.StatusOK {
				b.Fatal(status, answer)
			}
		}
	})
}
