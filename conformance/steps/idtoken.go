package steps

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

func idTokenSteps() []Row {
	return []Row{
		{`the ID token is signed with {word} by a key of the key set`, `IDトークンは鍵セットの鍵により {word} で署名されている`,
			"header, kid in the key set, and the signature", idTokenSigned},
		{`the ID token answers to this login`, `IDトークンはこのログインへの答えである`,
			"iss, aud, nonce, and the times iat and exp around now", idTokenAnswers},
		{`the ID token's at_hash belongs to the access token`, `IDトークンのat_hashはアクセストークンのものである`,
			"left half of SHA-256, base64url (OpenID Connect Core §3.1.3.6)", atHashBelongs},
		{`the ID token's subject is at most 255 ASCII characters`, `IDトークンのsubは255文字以内のASCIIである`,
			"OpenID Connect Core §2", subjectShort},
		{`the ID token's claim {string} is {string}`, `IDトークンの{string}は{string}である`, "compares one claim", idTokenClaim},
		{`the subject is kept as {string}`, `subを{string}として控える`, "remembers the ID token's sub under a name", subjectKept},
		{`the subjects {string} and {string} are the same`, `{string}と{string}のsubは同じである`, "compares two that were kept", subjectsSame},
		{`the subjects {string} and {string} differ`, `{string}と{string}のsubは異なる`, "compares two that were kept", subjectsDiffer},
		{`the userinfo is about the ID token's subject`, `利用者情報はIDトークンのsubのものである`,
			"compares sub (OpenID Connect Core §5.3.2)", userinfoSubject},
	}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// claims are the ID token's, taken without looking at the signature.
func (w *World) claims() (map[string]any, error) {
	return part(w.provider.idToken, 1)
}

// part is the header (0) or the claims (1) of a JWT.
func part(jwt string, n int) (map[string]any, error) {
	if jwt == "" {
		return nil, errors.New("no ID token is at hand: redeem a code first")
	}
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return nil, &Failure{"ID token", "a JWT of three parts", fmt.Sprintf("%d parts", len(parts))}
	}
	var out map[string]any
	raw, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return nil, &Failure{"ID token", "JSON in base64url", err.Error()}
	}
	return out, nil
}

func idTokenSigned(ctx context.Context, w *World, alg string) error {
	header, err := part(w.provider.idToken, 0)
	if err != nil {
		return err
	}
	if err := Expect("alg of the ID token", alg, header["alg"]); err != nil {
		return err
	}
	if err := jwksFetched(ctx, w); err != nil {
		return err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(w.exchange.body, &set); err != nil {
		return &Failure{"key set", "one that is readable", err.Error()}
	}
	kid, _ := header["kid"].(string)
	keys := set.Key(kid)
	if len(keys) != 1 {
		return &Failure{"kid of the ID token", "the name of one key in the key set", show(header["kid"])}
	}
	token, err := jose.ParseSignedCompact(w.provider.idToken, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err == nil {
		_, err = token.Verify(keys[0])
	}
	if err != nil {
		return &Failure{"signature of the ID token", "one that key " + kid + " verifies", err.Error()}
	}
	return nil
}

// skew is how far the provider's clock may be off, in seconds.
const skew = 10

func idTokenAnswers(_ context.Context, w *World) error {
	claims, err := w.claims()
	if err != nil {
		return err
	}
	for _, claim := range []struct{ name, want string }{
		{"iss", w.Bench.Info().Issuer}, {"aud", w.provider.client.ID}, {"nonce", w.provider.authorize.Get("nonce")},
	} {
		if err := Expect(claim.name+" of the ID token", claim.want, claims[claim.name]); err != nil {
			return err
		}
	}
	now := float64(w.Bench.Clock().Now().Unix())
	expires, _ := claims["exp"].(float64)
	issued, _ := claims["iat"].(float64)
	if err := ExpectThat(expires > now, "exp of the ID token", "in the future", fmt.Sprintf("%.0f s ago", now-expires)); err != nil {
		return err
	}
	return ExpectThat(issued > now-60-skew && issued <= now+skew, "iat of the ID token", "now", fmt.Sprintf("%.0f s ago", now-issued))
}

func atHashBelongs(_ context.Context, w *World) error {
	claims, err := w.claims()
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(w.provider.access))
	return Expect("at_hash of the ID token", encode(digest[:16]), claims["at_hash"])
}

func subjectShort(_ context.Context, w *World) error {
	claims, err := w.claims()
	if err != nil {
		return err
	}
	sub, _ := claims["sub"].(string)
	ascii := !strings.ContainsFunc(sub, func(r rune) bool { return r < 0x21 || r > 0x7E })
	return ExpectThat(sub != "" && len(sub) <= 255 && ascii, "sub of the ID token", "1 to 255 ASCII characters", sub)
}

func idTokenClaim(_ context.Context, w *World, name, want string) error {
	claims, err := w.claims()
	if err != nil {
		return err
	}
	return Expect(name+" of the ID token", w.address(want), claims[name])
}

func subjectKept(_ context.Context, w *World, name string) error {
	claims, err := w.claims()
	if err != nil {
		return err
	}
	if w.provider.kept == nil {
		w.provider.kept = map[string]string{}
	}
	w.provider.kept[name] = show(claims["sub"])
	return nil
}

// keptSubjects are two subjects by the names under which they were kept.
func (w *World) keptSubjects(a, b string) (first, second string, err error) {
	first, ok := w.provider.kept[a]
	second, too := w.provider.kept[b]
	if !ok || !too {
		return "", "", fmt.Errorf("no subject is kept as %q or %q", a, b)
	}
	return first, second, nil
}

func subjectsSame(_ context.Context, w *World, a, b string) error {
	first, second, err := w.keptSubjects(a, b)
	if err != nil {
		return err
	}
	return Expect("sub of "+b, first, second)
}

func subjectsDiffer(_ context.Context, w *World, a, b string) error {
	first, second, err := w.keptSubjects(a, b)
	if err != nil {
		return err
	}
	return ExpectThat(first != second, "sub of "+b, "another than "+first, second)
}

func userinfoSubject(ctx context.Context, w *World) error {
	claims, err := w.claims()
	if err != nil {
		return err
	}
	return memberIs(ctx, w, "sub", show(claims["sub"]))
}
