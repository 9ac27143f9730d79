package cli

import (
	"strings"
	"testing"
	"time"

	"kazasu/internal/trace"
)

// TestNarratorGathersRows tells a row of blocks and a row of checks in one
// line each, and everything else as it comes.
func TestNarratorGathersRows(t *testing.T) {
	began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	var out strings.Builder
	n := narrator{c: console{out: &out}, began: began}
	for _, e := range []trace.Event{
		{Time: at(0), Player: "browser", Kind: "act", Text: "opens the page"},
		{Time: at(1), Player: "idp", Kind: "http", Text: "GET /auth?state=xx&nonce=xx", Status: "303"},
		{Time: at(2), Player: "card", Kind: "apdu", Text: "READ BINARY 000A @0", Status: "9000"},
		{Time: at(3), Player: "card", Kind: "apdu", Text: "READ BINARY 000A @256", Status: "9000"},
		{Time: at(4), Player: "card", Kind: "apdu", Text: "READ BINARY 0002 @0", Status: "9000"},
		{Time: at(5), Player: "idp", Kind: "proof-check", Text: "challenge passed"},
		{Time: at(6), Player: "idp", Kind: "proof-check", Text: "issuer passed"},
		{Time: at(7), Player: "idp", Kind: "proof-check", Text: "policy failed: two policies"},
	} {
		n.tell(e)
	}
	n.flush()
	want := `      0.0 ms  browser  opens the page
      1.0 ms  idp      GET /auth ?state nonce → 303
      2.0 ms  card     READ BINARY 000A @0 … @256 (2 blocks) → 9000
      4.0 ms  card     READ BINARY 0002 @0 → 9000
      5.0 ms  idp      proof: 2 checks passed: challenge, issuer
      7.0 ms  idp      policy failed: two policies
`
	if out.String() != want {
		t.Errorf("told\n%swant\n%s", out.String(), want)
	}
}
