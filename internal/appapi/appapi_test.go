package appapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// vector is the challenge that docs/APP-API.md works out byte by byte. Its
// digest was made with sha256sum from the bytes in the document.
var vector = Challenge{
	Domain: "https://idp.kazasu.test/api/realms/main",
	Login:  "3f0c7e1a-5b7d-4d7e-9f3a-0c1b2d3e4f50",
	Client: "RP00000001",
	Nonce:  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
}

const vectorDigest = "0ea49182eb83201aac0fca409f1be33e71becb3abcf7c9a4286b73dc813b6a96"

func TestChallengeDigest(t *testing.T) {
	digest := vector.Digest()
	if got := hex.EncodeToString(digest[:]); got != vectorDigest {
		t.Errorf("digest\n got %s\nwant %s", got, vectorDigest)
	}
}

func TestEveryPartOfTheChallengeCounts(t *testing.T) {
	seen := map[[32]byte]string{vector.Digest(): "the vector"}
	for name, c := range map[string]Challenge{
		"other domain": {Domain: vector.Domain + "/", Login: vector.Login, Client: vector.Client, Nonce: vector.Nonce},
		"other login":  {Domain: vector.Domain, Login: "3f0c7e1a-5b7d-4d7e-9f3a-0c1b2d3e4f51", Client: vector.Client, Nonce: vector.Nonce},
		"other client": {Domain: vector.Domain, Login: vector.Login, Client: "RP00000002", Nonce: vector.Nonce},
		"other nonce":  {Domain: vector.Domain, Login: vector.Login, Client: vector.Client, Nonce: "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
		// The same characters, cut elsewhere: the lengths tell them apart.
		"cut elsewhere": {Domain: vector.Domain, Login: vector.Login + "R", Client: "P00000001", Nonce: vector.Nonce},
		"zero":          {},
	} {
		if other, taken := seen[c.Digest()]; taken {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[c.Digest()] = name
	}
}

func TestLinks(t *testing.T) {
	link := Link("http://localhost:7081/open", "https://localhost:7443/app/logins/AbC-_1?x=1&y=2")
	if want := "http://localhost:7081/open?login=https%3A%2F%2Flocalhost%3A7443%2Fapp%2Flogins%2FAbC-_1%3Fx%3D1%26y%3D2"; link != want {
		t.Errorf("link\n got %s\nwant %s", link, want)
	}
	login, err := LoginURL(link)
	if want := "https://localhost:7443/app/logins/AbC-_1?x=1&y=2"; err != nil || login != want {
		t.Errorf("got %q, %v; want %q", login, err, want)
	}
}

func TestLinksWithoutALogin(t *testing.T) {
	for _, link := range []string{"", "http://localhost/open", "http://localhost/open?login=", "http://localhost/open?login=%2Fpath", "%zz"} {
		if login, err := LoginURL(link); err == nil {
			t.Errorf("%q gave %q", link, login)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add("https://localhost:7443/app/logins/1")
	f.Fuzz(func(t *testing.T, login string) {
		got, err := LoginURL(Link("http://phone.test/open", login))
		if err == nil && got != login {
			t.Errorf("%q came back as %q", login, got)
		}
	})
}

func TestMessagesOnTheWire(t *testing.T) {
	for _, test := range []struct {
		message any
		want    string
	}{
		{OpenRequest{}, `{}`},
		{Opened{
			Session: "s", Flow: CrossDevice, State: StateNumber, Number: "012345",
			Client: Client{ID: "RP00000001", Name: "かざす市"}, Attributes: []string{"name"},
			Challenge: Challenge{Domain: "d", Login: "l", Client: "c", Nonce: "n"},
			Expires:   time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC),
		}, `{"session":"s","flow":"cross-device","state":"waiting-for-number","number":"012345","client":{"id":"RP00000001","name":"かざす市"},"attributes":["name"],"challenge":{"domain":"d","login":"l","client":"c","nonce":"n"},"expires":"2026-11-23T01:02:03Z"}`},
		{Status{State: StateClosed, Reason: "expired"}, `{"state":"closed","reason":"expired"}`},
		{Proof{Certificate: []byte{1}, Signature: []byte{2}, Consent: []string{}}, `{"certificate":"AQ==","signature":"Ag==","consent":[]}`},
		{Proof{Files: &TextFiles{[]byte{1}, []byte{2}, []byte{3}}, Consent: []string{"name"}}, `{"certificate":null,"signature":null,"files":{"attributes":"AQ==","integrity":"Ag==","cv":"Aw=="},"consent":["name"]}`},
		{CancelRequest{Reason: "pin-blocked"}, `{"reason":"pin-blocked"}`},
		{Finished{}, `{}`},
		{Finished{Redirect: "https://rp.test/"}, `{"redirect":"https://rp.test/"}`},
		{Problem{"expired", "too late"}, `{"code":"expired","message":"too late"}`},
	} {
		got, err := json.Marshal(test.message)
		if err != nil || string(got) != test.want {
			t.Errorf("%T\n got %s\nwant %s (%v)", test.message, got, test.want, err)
		}
	}
}

// TestDocument keeps docs/APP-API.md complete: each member of each message,
// and the vector.
func TestDocument(t *testing.T) {
	b, err := os.ReadFile("../../docs/APP-API.md")
	if err != nil {
		t.Fatal(err)
	}
	document := string(b)
	for _, message := range []any{Opened{}, Client{}, Challenge{}, Status{}, Proof{}, TextFiles{}, CancelRequest{}, Finished{}, Problem{}} {
		for _, member := range members(reflect.TypeOf(message)) {
			if !strings.Contains(document, "`"+member+"`") {
				t.Errorf("APP-API.md says nothing of %T's member %s", message, member)
			}
		}
	}
	for _, literal := range []string{vectorDigest, vector.Domain, vector.Login, vector.Client, vector.Nonce} {
		if !strings.Contains(document, literal) {
			t.Errorf("APP-API.md lacks the vector's %s", literal)
		}
	}
	for _, secret := range SecretMembers {
		if !strings.Contains(document, fmt.Sprintf("`%s`", secret)) {
			t.Errorf("APP-API.md doesn't name the secret member %s", secret)
		}
	}
}

func members(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// TestDocumentedBytes hashes the bytes that the document spells out, line by
// line, and finds the vector's digest.
func TestDocumentedBytes(t *testing.T) {
	b, err := os.ReadFile("../../docs/APP-API.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "```hex\n")
	block, _, _ := strings.Cut(rest, "```")
	spelled, err := hex.DecodeString(strings.Join(strings.Fields(block), ""))
	if err != nil || len(spelled) == 0 {
		t.Fatalf("no bytes in the document: %v", err)
	}
	digest := sha256.Sum256(spelled)
	if got := hex.EncodeToString(digest[:]); got != vectorDigest {
		t.Errorf("the document's bytes hash to %s, want %s", got, vectorDigest)
	}
}
