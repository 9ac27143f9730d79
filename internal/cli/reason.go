package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// reason is a CRLReason, said on the command line by its name in RFC 5280
// §5.3.1, whatever the case, or by its number.
type reason int

// reasons are the names by number; 7 is not used.
var reasons = [...]string{
	0:  "unspecified",
	1:  "keyCompromise",
	2:  "cACompromise",
	3:  "affiliationChanged",
	4:  "superseded",
	5:  "cessationOfOperation",
	6:  "certificateHold",
	8:  "removeFromCRL",
	9:  "privilegeWithdrawn",
	10: "aACompromise",
}

func reasonNames() (names []string) {
	for _, name := range reasons {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// String is the name, or the number where there is none.
func (r reason) String() string {
	if r < 0 || int(r) >= len(reasons) || reasons[r] == "" {
		return strconv.Itoa(int(r))
	}
	return reasons[r]
}

// inWords is number and name.
func (r reason) inWords() string { return fmt.Sprintf("%d (%s)", int(r), r) }

// Set reads what was typed.
func (r *reason) Set(typed string) error {
	for number, name := range reasons {
		if name != "" && (strings.EqualFold(typed, name) || typed == strconv.Itoa(number)) {
			*r = reason(number)
			return nil
		}
	}
	hint := "one of:"
	for number, name := range reasons {
		if name != "" {
			hint += fmt.Sprintf(" %s (%d)", name, number)
		}
	}
	if near := nearest(typed, reasonNames()); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return usage(hint, "RFC 5280 §5.3.1 has no such reason")
}

// Type is what help calls it.
func (r *reason) Type() string { return "reason" }
