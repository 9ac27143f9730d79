package phone

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are all templates; each step's page is the one named after it.
var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// page is what the templates are given.
type page struct {
	Step    step
	Visit   string // path of the visit, "" outside one
	Session string // the form token
	Notice  *notice

	Holders    []jpki.Holder
	Holder     jpki.Holder
	Login      appapi.Opened
	Attributes []shown
	SameDevice bool

	Redirect string
	Seconds  int  // until the browser goes back by itself
	Cancel   bool // the page may be left by cancelling
}

// shown is one attribute on the consent page.
type shown struct {
	ID, Japanese, English string
	Value                 string // exactly as it is handed over
	Gloss                 string // what it means, where that isn't plain
}

// attributeNames are the attributes in the order in which people read them.
var attributeNames = []shown{
	{ID: "name", Japanese: "氏名", English: "Name"},
	{ID: "address", Japanese: "住所", English: "Address"},
	{ID: "birthdate", Japanese: "生年月日", English: "Date of birth"},
	{ID: "gender", Japanese: "性別", English: "Sex"},
}

var sexText = map[string]string{
	string(jpki.SexMale):          "男 / male",
	string(jpki.SexFemale):        "女 / female",
	string(jpki.SexNotApplicable): "適用不能 / not applicable",
	string(jpki.SexUnknown):       "不明 / unknown",
}

// attributes are what the client asks for and what the card says.
func (l *Login) shown() []shown {
	var rows []shown
	for _, row := range attributeNames {
		if !slices.Contains(l.opened.Attributes, row.ID) {
			continue
		}
		row.Value = l.Value(row.ID)
		switch row.ID {
		case "gender":
			row.Gloss = sexText[row.Value]
		case "birthdate":
			row.Gloss = dateText(row.Value)
		}
		rows = append(rows, row)
	}
	return rows
}

// dateText reads a YYYYMMDD date out, "" when a part of it is unknown.
func dateText(yyyymmdd string) string {
	date, err := time.Parse("20060102", yyyymmdd)
	if err != nil {
		return ""
	}
	return date.Format("2006年1月2日 / 2 January 2006")
}

// pageOf is the page that a visit is on; the caller holds its lock.
func (s *Screen) pageOf(v *visit) page {
	p := page{
		Step: v.step, Visit: "/visit/" + v.id, Session: v.token, Notice: v.notice,
		Holders: s.config.Holders, Holder: v.holder, Redirect: v.redirect,
		Seconds: int((s.config.ReturnAfter + time.Second - 1) / time.Second),
		Cancel:  v.step != stepDone && v.step != stepGone,
	}
	if v.login != nil {
		p.Login = v.login.opened
		p.SameDevice = p.Login.Flow == appapi.SameDevice
		p.Attributes = v.login.shown()
	}
	return p
}

// show renders the page that the visit is on.
func (s *Screen) show(w http.ResponseWriter, _ *http.Request, v *visit) {
	v.mu.Lock()
	p := s.pageOf(v)
	v.mu.Unlock()
	s.render(w, http.StatusOK, p)
}

// askCancel is the dialog 「認証と情報提供を中止しますか」.
func (s *Screen) askCancel(w http.ResponseWriter, _ *http.Request, v *visit) {
	v.mu.Lock()
	p := s.pageOf(v)
	v.mu.Unlock()
	if p.Cancel {
		p.Step = "cancel"
	}
	s.render(w, http.StatusOK, p)
}

// home is what the phone shows when no link brought the browser here.
func (s *Screen) home(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, page{Step: "home"})
}

func (s *Screen) render(w http.ResponseWriter, status int, p page) {
	var b bytes.Buffer
	if err := renderTo(&b, p); err != nil {
		http.Error(w, "rendering page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser went away: nobody is left to tell
}

// renderTo puts the step's own part inside the phone.
func renderTo(b *bytes.Buffer, p page) error {
	var inner bytes.Buffer
	if err := pages.ExecuteTemplate(&inner, string(p.Step)+".html", p); err != nil {
		return fmt.Errorf("page %s: %w", p.Step, err)
	}
	return pages.ExecuteTemplate(b, "frame.html", struct {
		page
		Inner template.HTML // our own template's output, escaped above
	}{p, template.HTML(inner.String())})
}
