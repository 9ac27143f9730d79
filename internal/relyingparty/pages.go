package relyingparty

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
)

//go:embed pages/*.html
var pageFiles embed.FS

// The pages, each inside the same layout. Parsed once: they are constants.
var (
	homePage     = page("home.html")
	loggedInPage = page("loggedin.html")
	refusedPage  = page("refused.html")
)

func page(name string) *template.Template {
	return template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name))
}

type homeView struct{ Title, English, Client string }

type loggedInView struct {
	Title, English string
	Name, Sub      string
	Attributes     []attributeView
}

type attributeView struct {
	ID, Japanese, English, Value string
}

type refusedView struct {
	Title, English string
	Reason         Reason
	Detail         string
	Denied         bool
}

// render writes a page, or an error when our own template is broken.
func render(w http.ResponseWriter, status int, t *template.Template, view any) {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", view); err != nil {
		http.Error(w, "rendering page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser went away: nobody is left to tell
}

// home is the page with the login button, or who is logged in.
func (rp *RP) home(w http.ResponseWriter, r *http.Request) {
	session := rp.sessions.of(r)
	if session == nil {
		render(w, http.StatusOK, homePage, homeView{"かざす市デモサービス", "Kazasu City demo service", rp.config.ClientID})
		return
	}
	render(w, http.StatusOK, loggedInPage, session.view())
}

// attributeNames are the claims in the order in which people read them.
var attributeNames = []attributeView{
	{ID: "name", Japanese: "氏名", English: "Name"},
	{ID: "address", Japanese: "住所", English: "Address"},
	{ID: "birthdate", Japanese: "生年月日", English: "Date of birth"},
	{ID: "gender", Japanese: "性別", English: "Sex"},
}

func (s Session) view() loggedInView {
	v := loggedInView{Title: "ログイン済み", English: "logged in", Sub: s.Sub, Name: s.Sub}
	for _, row := range attributeNames {
		value, ok := s.Claims[row.ID].(string)
		if !ok {
			continue
		}
		if row.ID == "name" {
			v.Name = value
		}
		row.Value = value
		v.Attributes = append(v.Attributes, row)
	}
	return v
}

// me is the probe for programs: the session's claims as JSON, or 401.
func (rp *RP) me(w http.ResponseWriter, r *http.Request) {
	status, body := http.StatusUnauthorized, map[string]any{"error": "not-logged-in"}
	if session := rp.sessions.of(r); session != nil {
		status, body = http.StatusOK, session.Claims
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the browser went away: nobody is left to tell
}

// logout ends the session and goes back to the button.
func (rp *RP) logout(w http.ResponseWriter, r *http.Request) {
	rp.sessions.leave(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
