package relyingparty

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"kazasu/internal/appapi"
)

// Page is one page as a light browser sees it: what it is made of, not what
// it looks like.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	root   *html.Node
}

// marker is the attribute by which our pages tell programs what an element
// is for.
const marker = "data-kazasu"

// AppLink is where the provider's login page sends the app: the href of its
// first a[data-kazasu=app-link]; ErrNoAppLink when there is none.
func (p *Page) AppLink() (string, error) { return p.appLink("") }

// AppLinkFor is AppLink for one flow: of several links the one that says so
// (data-flow), else the first.
func (p *Page) AppLinkFor(flow appapi.Flow) (string, error) {
	if link, err := p.appLink(string(flow)); err == nil {
		return link, nil
	}
	return p.appLink("")
}

func (p *Page) appLink(flow string) (string, error) {
	n := p.find(func(n *html.Node) bool {
		return n.Data == "a" && attribute(n, marker) == "app-link" && attribute(n, "href") != "" &&
			(flow == "" || attribute(n, "data-flow") == flow)
	})
	if n == nil {
		return "", ErrNoAppLink
	}
	return attribute(n, "href"), nil
}

// Marked is the text of the element with this data-kazasu attribute, "" when
// there is none.
func (p *Page) Marked(name string) string {
	return text(p.find(func(n *html.Node) bool { return attribute(n, marker) == name }))
}

// ByID is the text of the element with this id, "" when there is none.
func (p *Page) ByID(id string) string {
	return text(p.find(func(n *html.Node) bool { return attribute(n, "id") == id }))
}

// LinkByID is the absolute address of the link with this id, "" when there is
// none.
func (p *Page) LinkByID(id string) string {
	n := p.find(func(n *html.Node) bool { return n.Data == "a" && attribute(n, "id") == id })
	if n == nil {
		return ""
	}
	u, err := p.URL.Parse(attribute(n, "href"))
	if err != nil {
		return ""
	}
	return u.String()
}

// Refusal reads an error page: one with a data-reason, or with an HTTP status
// of 400 and above; nil for any other page.
func (p *Page) Refusal() *Refusal {
	n := p.find(func(n *html.Node) bool { return attribute(n, "data-reason") != "" })
	if n == nil && p.Status < 400 {
		return nil
	}
	r := &Refusal{Reason: attribute(n, "data-reason"), Status: p.Status, URL: p.URL.String(), Text: p.Text()}
	if r.Reason == "" {
		r.Reason = "no-session"
	}
	return r
}

// Text is all the page's text, one space between words.
func (p *Page) Text() string {
	return text(p.find(func(n *html.Node) bool { return n.Data == "body" }))
}

// form is a form ready to be sent.
type form struct {
	method string
	action *url.URL
	values url.Values
}

func (p *Page) form(name string) (form, bool) {
	n := p.find(func(n *html.Node) bool {
		return n.Data == "form" && (attribute(n, "id") == name || attribute(n, marker) == name)
	})
	if n == nil {
		return form{}, false
	}
	action, err := p.URL.Parse(attribute(n, "action"))
	if err != nil {
		return form{}, false
	}
	f := form{method: http.MethodGet, action: action, values: url.Values{}}
	if strings.EqualFold(attribute(n, "method"), http.MethodPost) {
		f.method = http.MethodPost
	}
	f.fill(n)
	return f, true
}

// fill takes the fields of a form that a browser would send untouched. Of
// several buttons none is pressed; a single one with a name is.
func (f form) fill(n *html.Node) {
	var buttons []*html.Node
	walk(n, func(field *html.Node) {
		name := attribute(field, "name")
		switch {
		case name == "":
		case field.Data == "button":
			buttons = append(buttons, field)
		case field.Data == "input":
			f.fillInput(field, name)
		}
	})
	if len(buttons) == 1 {
		f.values.Set(attribute(buttons[0], "name"), attribute(buttons[0], "value"))
	}
}

func (f form) fillInput(field *html.Node, name string) {
	switch attribute(field, "type") {
	case "submit", "button", "image", "reset":
	case "radio", "checkbox":
		if _, checked := attributeOf(field, "checked"); checked {
			f.values.Set(name, attribute(field, "value"))
		}
	default:
		f.values.Set(name, attribute(field, "value"))
	}
}

func (p *Page) find(match func(*html.Node) bool) *html.Node {
	var found *html.Node
	walk(p.root, func(n *html.Node) {
		if found == nil && match(n) {
			found = n
		}
	})
	return found
}

// walk visits the elements below n, in the page's order.
func walk(n *html.Node, visit func(*html.Node)) {
	for child := range n.Descendants() {
		if child.Type == html.ElementNode {
			visit(child)
		}
	}
}

func attribute(n *html.Node, name string) string {
	value, _ := attributeOf(n, name)
	return value
}

func attributeOf(n *html.Node, name string) (value string, ok bool) {
	if n == nil {
		return "", false
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// text is what a person reads below n.
func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var words []string
	for child := range n.Descendants() {
		if child.Type != html.TextNode || child.Parent.Data == "script" || child.Parent.Data == "style" {
			continue
		}
		if s := strings.Trim(child.Data, " \t\r\n"); s != "" {
			words = append(words, s)
		}
	}
	return strings.Join(words, " ")
}
