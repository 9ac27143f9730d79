package testca

import (
	"fmt"
	"strconv"
	"time"
)

// japan is where days begin and end.
var japan = time.FixedZone("JST", 9*60*60)

// blockYears is how long the test CA stands still: within a block of years
// every certificate is the same, whenever it is issued (docs/FIDELITY.md K18).
const blockYears = 3

// nightEnd is when the certificates of those whose birthday was yesterday have
// been signed; a block begins there, not at midnight.
const nightEnd = 3 * time.Hour

// blockOf is the first year of the block in which now lies: 2026, 2029, …
func blockOf(now time.Time) int {
	year := now.In(japan).Add(-nightEnd).Year()
	const first = 2026
	return year - ((year-first)%blockYears+blockYears)%blockYears
}

// period is a certificate's validity.
type period struct{ notBefore, notAfter time.Time }

func (p period) encode() []byte { return sequence(instant(p.notBefore), instant(p.notAfter)) }

// caPeriod is ten years less a day, as the real CAs', around the block and all
// leaves that this block and the next one issue.
func caPeriod(block int) period {
	return period{
		time.Date(block-2, time.July, 16, 10, 1, 4, 0, japan),
		time.Date(block+8, time.July, 15, 23, 59, 59, 0, japan),
	}
}

// leafPeriod begins in the night after the last birthday before the block, as
// the real ones are signed between one and three o'clock, and ends with the
// 5th birthday after that at 23:59:59 in Japan, or with the card. A card that
// has already expired counts as renewed.
func leafPeriod(p Person, now time.Time) (period, error) {
	born, err := parseBirth(p.Birth)
	if err != nil {
		return period{}, err
	}
	year := max(blockOf(now)-1, born.year)
	out := period{
		born.in(year).Add(26*time.Hour + 17*time.Minute + 5*time.Second),
		endOfDay(born.in(year + 5)),
	}
	if out.notBefore.After(now) {
		return period{}, fmt.Errorf("birth %s lies ahead", p.Birth)
	}
	if p.CardExpiry == "" {
		return out, nil
	}
	card, err := time.ParseInLocation("20060102", p.CardExpiry, japan)
	if err != nil {
		return period{}, fmt.Errorf("card expiry %q is no YYYYMMDD date", p.CardExpiry)
	}
	if end := endOfDay(card); end.After(now) && end.Before(out.notAfter) {
		out.notAfter = end
	}
	return out, nil
}

// birth is a date of birth; day and month may be unknown, 0.
type birth struct{ year, month, day int }

func parseBirth(s string) (birth, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || len(s) != 8 {
		return birth{}, fmt.Errorf("birth %q is no YYYYMMDD date", s)
	}
	b := birth{int(n / 10000), int(n / 100 % 100), int(n % 100)}
	if b.month > 12 || b.day > 31 {
		return birth{}, fmt.Errorf("birth %q is no YYYYMMDD date", s)
	}
	return b, nil
}

// in is the birthday in that year, at midnight. Unknown parts count as 1. The
// rule for 29 February isn't public (docs/FIDELITY.md K19); here it is the 28th
// in other years, so that nothing is valid for longer than it could be.
func (b birth) in(year int) time.Time {
	month, day := time.Month(max(b.month, 1)), max(b.day, 1)
	date := time.Date(year, month, day, 0, 0, 0, 0, japan)
	if date.Month() != month {
		return time.Date(year, month+1, 0, 0, 0, 0, 0, japan)
	}
	return date
}

func endOfDay(day time.Time) time.Time { return day.Add(24*time.Hour - time.Second) }
