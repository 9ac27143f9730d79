package jpki

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Sex as the card's text file codes it: one ASCII character.
type Sex byte

// The codes of DF25. A certificate has codes of its own: see CertificateSex.
const (
	SexUnknown       Sex = '0'
	SexMale          Sex = '1'
	SexFemale        Sex = '2'
	SexNotApplicable Sex = '9'
)

// CertificateSex is the code of the sign certificate's otherName 1.2.392.200149.8.5.5.3:
// 1 male, 2 female, 3 unknown.
func (s Sex) CertificateSex() string {
	if s == SexMale || s == SexFemale {
		return string(s)
	}
	return "3"
}

// Holder is the person a card was issued to. Ours are fictional: their
// addresses don't exist and their 個人番号 have a wrong check digit.
type Holder struct {
	ID string // "hanako": how commands and features name the person

	Name    string // as the card's text has it: family, U+3000, given
	Address string
	Birth   string // YYYYMMDD
	Sex     Sex

	// CertificateName and CertificateAddress are what the sign certificate
	// has, where characters had to be substituted; empty means as the card
	// has it. The flags say which characters are substitutes, one 0 or 1
	// for each; empty means none is.
	CertificateName, NameFlags       string
	CertificateAddress, AddressFlags string

	MyNumber     string // 12 digits, wrong check digit
	SecurityCode string // 4 digits, the last part of 照合番号B
	Prefecture   string // romaji, as a certificate's subject and CRL partition spell it: "Tokyo-to"
	City         string // romaji: "Shibuya-ku"
	Municipality string // 5 digits 全国地方公共団体コード
	CardExpiry   string // YYYYMMDD

	AuthPIN, TextPIN, SignPassword PIN

	// UnderFifteen says that the card holds no sign certificate.
	UnderFifteen bool
}

// Era is a Japanese era with the digit that certificates give it.
type Era struct {
	Digit byte
	Name  string
	First time.Time // its first day
}

// Eras from the newest to the oldest: 令和 5, 平成 4, 昭和 3, 大正 2, 明治 1.
var Eras = []Era{
	{'5', "令和", time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC)},
	{'4', "平成", time.Date(1989, 1, 8, 0, 0, 0, 0, time.UTC)},
	{'3', "昭和", time.Date(1926, 12, 25, 0, 0, 0, 0, time.UTC)},
	{'2', "大正", time.Date(1912, 7, 30, 0, 0, 0, 0, time.UTC)},
	{'1', "明治", time.Date(1868, 10, 23, 0, 0, 0, 0, time.UTC)},
}

// EraOf is the era in which the day of a YYYYMMDD date falls, compared as
// text so that an unknown day or month (00) does no harm; nil before 明治.
func EraOf(yyyymmdd string) *Era {
	for i := range Eras {
		if yyyymmdd >= Eras[i].First.Format("20060102") {
			return &Eras[i]
		}
	}
	return nil
}

// CertificateBirth is the birth date as the sign certificate has it: the
// era's digit, then YYYYMMDD in the Gregorian calendar.
func (h Holder) CertificateBirth() string {
	if era := EraOf(h.Birth); era != nil {
		return string(era.Digit) + h.Birth
	}
	return "0" + h.Birth
}

// BirthKey is 生年月日 as six digits of the Japanese calendar, YYMMDD, a part of
// 照合番号B: 1980-02-17 (昭和55) is 550217.
func (h Holder) BirthKey() string {
	era := EraOf(h.Birth)
	if era == nil {
		return "00" + h.Birth[4:]
	}
	var year int
	fmt.Sscanf(h.Birth[:4], "%d", &year)
	return fmt.Sprintf("%02d%s", year-era.First.Year()+1, h.Birth[4:])
}

// NumberB is 照合番号B: BirthKey, the year of the card's expiry, the security
// code; 14 digits.
func (h Holder) NumberB() PIN {
	return NewPIN(h.BirthKey() + h.CardExpiry[:4] + h.SecurityCode)
}

// NumberA is 照合番号A: the 個人番号 itself.
func (h Holder) NumberA() PIN { return NewPIN(h.MyNumber) }

// CertificateText is the four attributes and two flag lists of the sign
// certificate, with the defaults filled in.
func (h Holder) CertificateText() (name, nameFlags, address, addressFlags string) {
	name, nameFlags = withFlags(h.CertificateName, h.Name, h.NameFlags)
	address, addressFlags = withFlags(h.CertificateAddress, h.Address, h.AddressFlags)
	return name, nameFlags, address, addressFlags
}

func withFlags(text, fallback, flags string) (string, string) {
	if text == "" {
		text = fallback
	}
	if flags == "" {
		flags = strings.Repeat("0", utf8.RuneCountInString(text))
	}
	return text, flags
}
