package idp

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// pages are the templates, one set for each language so that texts are looked
// up by key alone.
type pages struct {
	byLanguage map[string]*template.Template
}

func newPages() (*pages, error) {
	p := &pages{map[string]*template.Template{}}
	for _, language := range languages {
		t := template.New("").Funcs(template.FuncMap{
			"t": func(key string, args ...any) string { return say(language, key, args...) },
		})
		t, err := t.ParseFS(pageFiles, "pages/*.html")
		if err != nil {
			return nil, fmt.Errorf("reading page templates: %w", err)
		}
		p.byLanguage[language] = t
	}
	return p, nil
}

// statics are the files that pages refer to, by name, with their types.
var statics = map[string]string{
	"kazasu.css": "text/css; charset=utf-8",
	"kazasu.js":  "text/javascript; charset=utf-8",
}

func (*pages) serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind, ok := statics[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, err := pageFiles.ReadFile("pages/" + name)
	if err != nil {
		panic("idp: static file " + name + " is not embedded")
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write(body)
}

// page is what every template gets.
type page struct {
	Language string
	Static   string // URL prefix of static files
	Title    string
	Self     string // URL of the login, without anything behind
	Refresh  string // URL that a browser without script loads
	After    int    // seconds until then, 0: never
	Watch    string // what the script compares, empty: no script

	Client  *Client
	View    viewName
	Phone   bool // the browser runs on a phone
	Link    string
	QRLink  string
	QR      template.HTML
	Until   string
	Problem string
	Explain string
}

// viewName is what the login page shows.
type viewName string

const (
	viewBegin   viewName = "begin"   // link, QR code, field for the number
	viewNumber  viewName = "number"  // the field alone: a phone has scanned
	viewExpired viewName = "expired" // a button for a new code
	viewWait    viewName = "wait"    // the phone is busy, on another device
	viewApp     viewName = "app"     // the app is busy, on this device
	viewDone    viewName = "done"    // the app's browser has to come back
)

// render writes a page under a policy that forbids everything that the pages
// don't need. formTargets are origins that a form's answer may redirect to.
func (p *Provider) render(w http.ResponseWriter, status int, name string, data page, formTargets ...string) {
	data.Static = p.config.Issuer + "/static"
	var b bytes.Buffer
	if err := p.pages.byLanguage[data.Language].ExecuteTemplate(&b, name, data); err != nil {
		p.tellError("", "", "page", serverError, fmt.Errorf("rendering %s: %w", name, err))
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", data.Language)
	h.Set("Content-Security-Policy", contentPolicy(formTargets))
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Accept-Language, User-Agent")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// contentPolicy: browsers hold a form's redirects to form-action, too, so the
// relying party's origin stands there on pages that can cancel.
func contentPolicy(formTargets []string) string {
	targets := append([]string{"'self'"}, formTargets...)
	return "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
		"form-action " + strings.Join(targets, " ") + "; frame-ancestors 'none'; base-uri 'none'"
}

// formTarget is a redirect URI's origin as a source of a content policy.
func formTarget(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) {
		scheme, _, _ := strings.Cut(redirectURI, ":")
		return scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

// errorPage tells a person that nothing can be done here, and the observer why.
func (p *Provider) errorPage(w http.ResponseWriter, r *http.Request, status int, explain words, cause error) {
	p.tellError("", r.Header.Get(tagHeader), "page", invalidRequest, cause)
	language := known(r.URL.Query().Get("lang"))
	if language == "" {
		language = preferredLanguage(r.URL.Query().Get("ui_locales"), r.Header.Get("Accept-Language"))
	}
	p.render(w, status, "error.html", page{
		Language: language, Title: say(language, "title-error"), Explain: explain.in(language),
	})
}

// isPhone guesses from the user agent, as the real service does: a phone that
// poses as a PC gets the PC's page, which has the link as well. A program that
// is no browser gets the link first.
func isPhone(userAgent string) bool {
	return !strings.HasPrefix(userAgent, "Mozilla/") ||
		strings.Contains(userAgent, "Mobile") || strings.Contains(userAgent, "Android") || strings.Contains(userAgent, "iPhone")
}

// japan is where the times on the pages are told.
func japan(t time.Time) string {
	return t.In(time.FixedZone("JST", 9*60*60)).Format("15:04")
}
