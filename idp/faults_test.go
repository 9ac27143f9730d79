package idp

import (
	"net/url"
	"testing"
)

// lie is a whole login under a fault: its ID token's header and claims, and
// whether the key set verifies it, beside what userinfo says.
type lie struct {
	header, claims map[string]any
	genuine        bool
	userinfo       map[string]string
}

func (w *world) lieUnder(tag string) lie {
	w.t.Helper()
	params := goodRequest()
	if tag != "" {
		params.Set("kazasu_tag", tag)
	}
	answer := w.tokens(params)
	_, claims := w.userinfo(answer["access_token"].(string))
	return lie{
		header: part(w.t, answer["id_token"], 0), claims: part(w.t, answer["id_token"], 1),
		genuine: verifyByJWKS(w.t, w, answer["id_token"].(string)) == nil, userinfo: claims,
	}
}

// differences names what of two logins isn't the same, leaving out what must
// differ from one login to the next.
func (l lie) differences(honest lie) []string {
	var out []string
	for name, value := range honest.claims {
		if name != "jti" && name != "sid" && name != "at_hash" && l.claims[name] != value {
			out = append(out, name)
		}
	}
	for name, value := range honest.header {
		if l.header[name] != value {
			out = append(out, "header "+name)
		}
	}
	if l.genuine != honest.genuine {
		out = append(out, "signature")
	}
	for name, value := range honest.userinfo {
		if l.userinfo[name] != value {
			out = append(out, "userinfo "+name)
		}
	}
	return out
}

func TestEachFaultChangesExactlyWhatItSays(t *testing.T) {
	w := newWorld(t)
	honest := w.lieUnder("")
	if !honest.genuine {
		t.Fatal("an honest ID token doesn't verify")
	}
	for _, row := range []struct {
		name   string
		faults Faults
		want   []string
		claim  string
		value  any
	}{
		{"wrong nonce", Faults{WrongNonce: true}, []string{"nonce"}, "nonce", "another-nonce"},
		{"wrong issuer", Faults{WrongIssuer: true}, []string{"iss"}, "iss", "https://another-issuer.test/api/realms/main"},
		{"wrong audience", Faults{WrongAudience: true}, []string{"aud"}, "aud", "RP99999999"},
		{"expired", Faults{Expired: true}, []string{"exp"}, "exp", 1790820000.0},
		{"unsigned", Faults{Unsigned: true}, []string{"header alg", "signature"}, "acr", "aal3"},
		{"foreign key", Faults{ForeignKey: true}, []string{"signature"}, "acr", "aal3"},
		{"userinfo of another", Faults{UserinfoOfAnother: true}, []string{"userinfo sub"}, "acr", "aal3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.t = t
			w.provider.SetFaults("liar", row.faults)
			got := w.lieUnder("liar")
			if d := got.differences(honest); len(d) != len(row.want) || !within(row.want, d) {
				t.Errorf("differs in %v, want %v", d, row.want)
			}
			if got.claims[row.claim] != row.value {
				t.Errorf("%s is %v, want %v", row.claim, got.claims[row.claim], row.value)
			}
			if d := w.lieUnder("another").differences(honest); len(d) != 0 {
				t.Errorf("a login of another tag differs in %v", d)
			}
		})
	}
}

func TestFaultsOfEveryLogin(t *testing.T) {
	w := newWorld(t)
	w.provider.SetFaults("", Faults{WrongNonce: true})
	w.provider.SetFaults("liar", Faults{WrongIssuer: true})
	if l := w.lieUnder("liar"); l.claims["nonce"] != "another-nonce" || l.claims["iss"] == w.issuer {
		t.Errorf("claims are %v", l.claims)
	}
	if got := w.provider.Faults("liar"); got != (Faults{WrongIssuer: true}) {
		t.Errorf("faults of the tag are %+v", got)
	}
	w.provider.SetFaults("", Faults{})
	w.provider.SetFaults("liar", Faults{})
	if l := w.lieUnder("liar"); l.claims["nonce"] != "n-0S6_WzA2Mj" || l.claims["iss"] != w.issuer {
		t.Errorf("claims after the faults are %v", l.claims)
	}
}

func TestUnsignedTokenSaysSo(t *testing.T) {
	w := newWorld(t)
	w.provider.SetFaults("", Faults{Unsigned: true})
	_, answer := w.postToken(w.tokenForm(w.code(url.Values(goodRequest()))))
	token := answer["id_token"].(string)
	if token[len(token)-1] != '.' || part(t, token, 0)["alg"] != "none" {
		t.Errorf("token is %s", token)
	}
}
