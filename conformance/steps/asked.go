package steps

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// asked is the authorization request that went through the browser last.
func (w *World) asked() (url.Values, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.requests) == 0 {
		return nil, errors.New("no authorization request was seen yet")
	}
	return w.requests[len(w.requests)-1], nil
}

func askedWith(_ context.Context, w *World, name, want string) error {
	asked, err := w.asked()
	if err != nil {
		return err
	}
	return Expect(name+" of the authorization request", want, strings.Join(asked[name], " and "))
}

// official is the service's own table of parameters (docs/FIDELITY.md I1):
// which are required, how long they may be, and of which characters.
var official = []struct {
	name     string
	required bool
	max      int
	form     *regexp.Regexp
}{
	{"response_type", true, 0, regexp.MustCompile(`^code$`)},
	{"scope", true, 0, regexp.MustCompile(`^(openid|name|address|birthdate|gender|sign)( (openid|name|address|birthdate|gender|sign))*$`)},
	{"client_id", true, 255, regexp.MustCompile(`^[0-9a-zA-Z]+$`)},
	{"redirect_uri", true, 255, regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)},
	{"state", true, 255, regexp.MustCompile(`^[\x20-\x7E]+$`)},
	{"nonce", true, 255, regexp.MustCompile(`^[\x20-\x7E]+$`)},
	{"code_challenge", true, 128, regexp.MustCompile(`^[0-9a-zA-Z_-]{43}$`)},
	{"code_challenge_method", true, 0, regexp.MustCompile(`^S256$`)},
	{"acr_values", false, 0, regexp.MustCompile(`^[\x21-\x7E]+( [\x21-\x7E]+)*$`)},
	{"sign_transaction_id", false, 36, regexp.MustCompile(`^[0-9a-f-]{36}$`)},
}

func askedByTable(_ context.Context, w *World) error {
	asked, err := w.asked()
	if err != nil {
		return err
	}
	for name, values := range asked {
		if len(values) > 1 {
			return &Failure{name + " of the authorization request", "sent once", fmt.Sprintf("%d times", len(values))}
		}
	}
	for _, row := range official {
		value, there := asked[row.name]
		what := row.name + " of the authorization request"
		switch {
		case !there && row.required:
			return &Failure{what, "some value", "nothing"}
		case !there:
		case row.max > 0 && len(value[0]) > row.max:
			return &Failure{what, fmt.Sprintf("at most %d characters", row.max), fmt.Sprintf("%d", len(value[0]))}
		case !row.form.MatchString(value[0]):
			return &Failure{what, "like " + row.form.String(), value[0]}
		}
	}
	return nil
}

func parametersDiffer(_ context.Context, w *World, a, b string) error {
	asked, err := w.asked()
	if err != nil {
		return err
	}
	return ExpectThat(asked.Get(a) != asked.Get(b), a+" and "+b, "two values", "one value")
}

// neverRepeats presses the button over and over, each time in a fresh browser.
func neverRepeats(ctx context.Context, w *World, times int, name string, least int) error {
	var seen []string
	for range times {
		if _, _, err := w.browser(false).Start(ctx, w.rpURL("/login")); err != nil {
			return err
		}
		asked, err := w.asked()
		if err != nil {
			return err
		}
		value := asked.Get(name)
		if len(value) < least {
			return &Failure{name, fmt.Sprintf("at least %d characters", least), fmt.Sprintf("%d", len(value))}
		}
		if slices.Contains(seen, value) {
			return &Failure{name, "never the same twice", fmt.Sprintf("a repetition after %d logins", len(seen))}
		}
		seen = append(seen, value)
	}
	w.Measure("logins", float64(times), "1")
	return nil
}
