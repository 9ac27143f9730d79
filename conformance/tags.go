package conformance

import (
	"regexp"
	"slices"
	"strings"
)

// tagsMatch says whether a scenario with these tags is meant.
type tagsMatch func(tags []string) bool

var tagToken = regexp.MustCompile(`\(|\)|@[^\s()]+|\w+|\S`)

// parseTags reads a tag expression of Cucumber: @must and not (@CA-12 or
// @lane-issuer). Empty means everything.
func parseTags(expression string) (tagsMatch, error) {
	p := tagParser{text: expression, tokens: tagToken.FindAllString(expression, -1)}
	if len(p.tokens) == 0 {
		return func([]string) bool { return true }, nil
	}
	match := p.or()
	if p.err == nil && p.at < len(p.tokens) {
		p.fail()
	}
	if p.err != nil {
		return nil, p.err
	}
	return match, nil
}

// tagParser walks the tokens; the first error sticks.
type tagParser struct {
	text   string
	tokens []string
	at     int
	err    error
}

func (p *tagParser) fail() tagsMatch {
	if p.err == nil {
		where := "its end"
		if p.at < len(p.tokens) {
			where = p.tokens[p.at]
		}
		e := usage("tag expression %q is wrong at %s", p.text, where)
		e.Hint = `write it like "@must and not (@lane-issuer or @CA-12)"`
		p.err = e
	}
	return func([]string) bool { return false }
}

func (p *tagParser) accept(token string) bool {
	if p.at < len(p.tokens) && p.tokens[p.at] == token {
		p.at++
		return true
	}
	return false
}

func (p *tagParser) or() tagsMatch {
	left := p.and()
	for p.accept("or") {
		a, b := left, p.and()
		left = func(tags []string) bool { return a(tags) || b(tags) }
	}
	return left
}

func (p *tagParser) and() tagsMatch {
	left := p.not()
	for p.accept("and") {
		a, b := left, p.not()
		left = func(tags []string) bool { return a(tags) && b(tags) }
	}
	return left
}

func (p *tagParser) not() tagsMatch {
	if p.accept("not") {
		inner := p.not()
		return func(tags []string) bool { return !inner(tags) }
	}
	if p.accept("(") {
		inner := p.or()
		if !p.accept(")") {
			return p.fail()
		}
		return inner
	}
	if p.err != nil || p.at >= len(p.tokens) || !strings.HasPrefix(p.tokens[p.at], "@") {
		return p.fail()
	}
	tag := p.tokens[p.at]
	p.at++
	return func(tags []string) bool { return slices.Contains(tags, tag) }
}
