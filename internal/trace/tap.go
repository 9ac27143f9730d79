package trace

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// openParameters are the query parameters whose values may be recorded. All
// others, such as code, state, nonce and id_token_hint, are blanked.
var openParameters = map[string]bool{
	"client_id": true, "response_type": true, "response_mode": true, "scope": true,
	"redirect_uri": true, "code_challenge_method": true, "ui_locales": true,
	"prompt": true, "max_age": true, "display": true, "error": true, "lang": true, "wait": true,
}

// tagHeader names the header in which a harness marks its requests.
const tagHeader = "Kazasu-Tag"

// segmentMax is how long a part of a path may be and still be told: what is
// longer is an identifier that opens something.
const segmentMax = 20

// Tap records every request to h under a player's name: method, path and open
// query parameters, status, duration, and where a redirect goes. Bodies, and
// headers but for the harness's tag, are not recorded.
func (r *Recorder) Tap(player string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		target, tag, method := redactURL(req.URL), req.Header.Get(tagHeader), req.Method
		watched := &statusWriter{ResponseWriter: w}
		began := time.Now()
		defer func() {
			r.Record(Event{
				Player: player, Kind: "http", Text: method + " " + target,
				Status: strconv.Itoa(watched.code()), Duration: time.Since(began),
				Detail: tapDetail(tag, w.Header().Get("Location")),
			})
		}()
		h.ServeHTTP(watched, req)
	})
}

func tapDetail(tag, location string) map[string]string {
	detail := map[string]string{}
	if tag != "" {
		detail["tag"] = tag
	}
	if u, err := url.Parse(location); err == nil && location != "" {
		detail["location"] = redactURL(u)
	}
	if len(detail) == 0 {
		return nil
	}
	return detail
}

// redactURL writes a URL with what may be told of it.
func redactURL(u *url.URL) string {
	var b strings.Builder
	if u.Host != "" {
		b.WriteString(u.Scheme + "://" + u.Host)
	}
	segments := strings.Split(u.Path, "/")
	for i, segment := range segments {
		if len(segment) > segmentMax && !strings.Contains(segment, ".") && !isWord(segment) {
			segments[i] = segment[:4] + "…"
		}
	}
	b.WriteString(strings.Join(segments, "/"))
	separator := "?"
	for _, pair := range strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		key, _, _ := strings.Cut(pair, "=")
		if !openParameters[key] {
			pair = key + "=xx"
		}
		b.WriteString(separator + pair)
		separator = "&"
	}
	return b.String()
}

// isWord says that a part of a path is a name: lower-case letters and "-".
func isWord(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// statusWriter remembers the status code.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	if w.status == 0 && code >= 200 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Unwrap lets http.ResponseController reach what stands behind.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
