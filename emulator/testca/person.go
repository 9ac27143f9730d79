package testca

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Person is what the counter of the municipal office knows when it issues.
type Person struct {
	// ID is how the bench names the person. A shipped holder's ID takes the
	// embedded keys.
	ID string
	// Keys are the person's own, for one who isn't shipped; nil: embedded
	// or new ones.
	Keys *Keys

	Prefecture   string // romaji, "Tokyo-to"
	City         string // romaji, "Shibuya-ku"
	Municipality string // 5 digits 全国地方公共団体コード
	Birth        string // YYYYMMDD, unknown month or day 00
	CardExpiry   string // YYYYMMDD; empty: the card sets no limit

	// What the sign certificate says, in its characters and codes: one flag
	// 0 or 1 for each character of name and address (at most 200), sex 1, 2
	// or 3, birth as era digit and YYYYMMDD.
	Name, NameFlags, Address, AddressFlags, SexCode, BirthCode string

	UnderFifteen bool // no sign certificate
	Generation   int  // how often the card was issued again, 0 first
}

// addressMax is the longest address that a certificate holds, in characters.
const addressMax = 200

var (
	formMunicipality = regexp.MustCompile(`^[0-9]{5}$`)
	formSex          = regexp.MustCompile(`^[123]$`)
	formBirth        = regexp.MustCompile(`^[0-5][0-9]{8}$`)
)

// check refuses what the office would refuse.
func (p Person) check() error {
	if p.ID == "" {
		return errors.New("a person needs an ID")
	}
	if !formMunicipality.MatchString(p.Municipality) {
		return fmt.Errorf("municipality %q isn't five digits", p.Municipality)
	}
	if p.UnderFifteen {
		return nil
	}
	return errors.Join(
		checkFlags("name", p.Name, p.NameFlags),
		checkFlags("address", p.Address, p.AddressFlags),
		p.checkCodes(),
	)
}

func (p Person) checkCodes() error {
	switch {
	case utf8.RuneCountInString(p.Address) > addressMax:
		return fmt.Errorf("address has %d characters, more than %d", utf8.RuneCountInString(p.Address), addressMax)
	case !formSex.MatchString(p.SexCode):
		return fmt.Errorf("sex code %q is none of 1, 2, 3", p.SexCode)
	case !formBirth.MatchString(p.BirthCode):
		return fmt.Errorf("birth code %q isn't an era digit and YYYYMMDD", p.BirthCode)
	}
	return nil
}

func checkFlags(what, text, flags string) error {
	n := utf8.RuneCountInString(text)
	if !utf8.ValidString(text) || n != len(flags) || strings.Trim(flags, "01") != "" {
		return fmt.Errorf("%s has %d characters and the flags %q: want one 0 or 1 for each", what, n, flags)
	}
	return nil
}
