package testca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

func parseList(t *testing.T, c *CA, f Family) *x509.RevocationList {
	t.Helper()
	der, err := c.CRL(f)
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.CheckSignatureFrom(c.Certificate(f)); err != nil {
		t.Error(err)
	}
	return list
}

// entries writes a list's entries: serial@time:reason.
func entries(list *x509.RevocationList) string {
	var out []string
	for _, e := range list.RevokedCertificateEntries {
		out = append(out, fmt.Sprintf("%X@%s:%d", e.SerialNumber, e.RevocationTime.UTC().Format("20060102150405"), e.ReasonCode))
	}
	return strings.Join(out, " ")
}

func TestCRLShape(t *testing.T) {
	c := newCA(t, Options{})
	hanako := issue(t, c, person(t, "hanako"))
	if err := c.Revoke(Sign, hanako.Sign.Certificate.SerialNumber, 3); err != nil {
		t.Fatal(err)
	}
	der, err := c.CRL(Sign)
	if err != nil {
		t.Fatal(err)
	}
	// all but the signature, which CheckSignatureFrom looks at
	got, _, _ := strings.Cut(tree(t, der), "\nBITS")
	got = got[:strings.LastIndex(got, "\n  BITS")]
	name := strings.ReplaceAll(strings.TrimSpace(caNameSign), "\n", "\n    ")
	same(t, got, fmt.Sprintf(`SEQ
  SEQ
    INT 01
    SEQ
      OID 1.2.840.113549.1.1.11
      NULL
    %s
    UTC 261123030000Z
    UTC 261125030000Z
    SEQ
      SEQ
        INT %X
        UTC 261123030000Z
        SEQ
          SEQ
            OID 2.5.29.21
            OCTETS 0A0103
    [0]
      SEQ
        SEQ
          OID 2.5.29.35
          OCTETS 30168014%X
        SEQ
          OID 2.5.29.20
          OCTETS 020101
  SEQ
    OID 1.2.840.113549.1.1.11
    NULL`, name, hanako.Sign.Certificate.SerialNumber.Bytes(), c.Certificate(Sign).SubjectKeyId))
}

func TestRevokeAndReinstate(t *testing.T) {
	at := &clock{at: noon}
	c := newCA(t, Options{Now: at.now})
	hanako := issue(t, c, person(t, "hanako"))
	serial := hanako.Auth.Certificate.SerialNumber
	step := func(name string, err error, want string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := entries(parseList(t, c, Auth)); got != want {
			t.Errorf("%s: the CRL has %q, want %q", name, got, want)
		}
	}
	step("nothing revoked", nil, "")
	step("suspended", c.Revoke(Auth, serial, 6), "5468282@20261123030000:6")
	at.set(noon.Add(time.Hour))
	step("another reason keeps the time", c.Revoke(Auth, serial, 1), "5468282@20261123030000:1")
	if got := c.Revoked(Auth); len(got) != 1 || got[0].Serial.Cmp(serial) != 0 || got[0].Reason != 1 {
		t.Errorf("Revoked says %v", got)
	}
	if got := entries(parseList(t, c, Sign)); got != "" {
		t.Errorf("the other family's CRL has %q", got)
	}
	step("reinstated", c.Reinstate(Auth, serial), "")
	step("reinstated again", c.Reinstate(Auth, serial), "")
}

func TestRevokeRefuses(t *testing.T) {
	c := newCA(t, Options{})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	for _, x := range []struct {
		name string
		err  error
		want error
	}{
		{"a serial never issued", c.Revoke(Auth, big.NewInt(4711), 1), ErrSerial},
		{"a serial of the other family", c.Revoke(Sign, serial, 1), ErrSerial},
		{"no serial", c.Revoke(Auth, nil, 1), ErrSerial},
		{"no such family", c.Revoke("mobile", serial, 1), ErrFamily},
		{"reinstating what was never issued", c.Reinstate(Auth, big.NewInt(4711)), ErrSerial},
	} {
		if !errors.Is(x.err, x.want) {
			t.Errorf("%s: got %v, want %v", x.name, x.err, x.want)
		}
	}
	for _, reason := range []int{-1, 7, 11} {
		if err := c.Revoke(Auth, serial, reason); err == nil {
			t.Errorf("reason %d was taken", reason)
		}
	}
	for _, reason := range []int{0, 1, 2, 3, 4, 5, 6, 8, 9, 10} {
		if err := c.Revoke(Auth, serial, reason); err != nil {
			t.Errorf("reason %d: %v", reason, err)
		}
		if got := parseList(t, c, Auth).RevokedCertificateEntries[0].ReasonCode; got != reason {
			t.Errorf("reason %d is listed as %d", reason, got)
		}
	}
	if _, err := c.CRL("mobile"); !errors.Is(err, ErrFamily) {
		t.Errorf("CRL of no family: %v", err)
	}
}

// The number grows with every new list, and a list stays as it is while
// nothing changes.
func TestCRLNumberGrows(t *testing.T) {
	at := &clock{at: noon}
	c := newCA(t, Options{Now: at.now})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	check := func(name string, number int64, thisUpdate string) {
		t.Helper()
		list := parseList(t, c, Auth)
		if list.Number.Int64() != number || list.ThisUpdate.Format("0102-1504") != thisUpdate || list.NextUpdate.Sub(list.ThisUpdate) != 48*time.Hour {
			t.Errorf("%s: number %s of %s, next %s; want %d of %s", name, list.Number, list.ThisUpdate, list.NextUpdate, number, thisUpdate)
		}
	}
	check("first", 1, "1123-0300")
	at.set(noon.Add(time.Hour))
	check("an hour later", 1, "1123-0300")
	if err := c.Revoke(Auth, serial, 1); err != nil {
		t.Fatal(err)
	}
	check("revoked", 2, "1123-0400")
	check("asked again", 2, "1123-0400")
	at.set(time.Date(2026, 11, 24, 0, 0, 0, 0, japan))
	check("a new day in Japan", 3, "1123-1500")
	if err := c.Reinstate(Auth, serial); err != nil {
		t.Fatal(err)
	}
	check("reinstated", 4, "1123-1500")
	at.set(time.Date(2026, 11, 24, 10, 0, 0, 0, japan))
	if err := c.Revoke(Auth, serial, 1); err != nil {
		t.Fatal(err)
	}
	check("revoked again", 5, "1124-0100")
	at.set(time.Date(2026, 11, 24, 9, 0, 0, 0, japan))
	check("the clock went back by an hour", 6, "1124-0000")
	at.set(noon)
	check("the clock went back by a day", 7, "1123-0300")
}

func TestRevocationsOutliveTheProcess(t *testing.T) {
	var state blob
	first := newCA(t, Options{State: &state})
	serial := issue(t, first, person(t, "hanako")).Auth.Certificate.SerialNumber
	if err := first.Revoke(Auth, serial, 4); err != nil {
		t.Fatal(err)
	}
	before, err := first.CRL(Auth)
	if err != nil {
		t.Fatal(err)
	}
	second := newCA(t, Options{State: &state})
	after, err := second.CRL(Auth)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("the CRL changed with the restart:\n%x\n%x", before, after)
	}
	if got := ocspStatus(t, second, serial); got != "revoked 4" {
		t.Errorf("OCSP says %s", got)
	}
}

func TestStateThatCantBeReadIsAnError(t *testing.T) {
	var state blob
	c := newCA(t, Options{State: &state})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	if err := c.Revoke(Auth, serial, 4); err != nil {
		t.Fatal(err)
	}
	whole := string(state.saved)
	for n := range whole {
		if _, err := decode([]byte(whole[:n])); err == nil || !strings.Contains(err.Error(), "torn") {
			t.Fatalf("torn after %d bytes: got %v", n, err)
		}
	}
	for _, x := range []struct{ name, blob, want string }{
		{"torn", whole[:len(whole)/2], "it is torn: unexpected EOF"},
		{"another version", strings.Replace(whole, "ca-state/1", "ca-state/2", 1), `schema "kazasu.ca-state/2", want "kazasu.ca-state/1"`},
		{"another program's", `{"pins":[]}`, "unknown field"},
		{"two of them", whole + whole, "something follows"},
		{"a family that isn't", strings.Replace(whole, `"sign":`, `"mobile":`, 1), `no such family: "mobile"`},
		{"a revoked serial that was never issued", strings.Replace(whole, `"issued":["`+serial.String()+`"]`, `"issued":[]`, 1), "was never issued"},
		{"a serial that is no number", strings.ReplaceAll(whole, serial.String(), "x"), `revoked serial "x"`},
		{"empty", "", "torn"},
	} {
		_, err := New(Options{State: &blob{saved: []byte(x.blob)}})
		if !errors.Is(err, ErrState) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: got %v, want … %s …", x.name, err, x.want)
		}
	}
}

// What can't be kept hasn't happened.
func TestStateThatCantBeSaved(t *testing.T) {
	state := blob{}
	c := newCA(t, Options{State: &state})
	p := person(t, "hanako")
	serial := issue(t, c, p).Auth.Certificate.SerialNumber
	state.broken = true
	if err := c.Revoke(Auth, serial, 1); !errors.Is(err, errBroken) {
		t.Errorf("revoking: got %v", err)
	}
	if got := c.Revoked(Auth); len(got) != 0 {
		t.Errorf("revoked all the same: %v", got)
	}
	if _, err := c.CRL(Auth); !errors.Is(err, errBroken) {
		t.Errorf("CRL with a number that isn't kept: %v", err)
	}
	p.Generation = 1
	if _, err := c.Issue(p); !errors.Is(err, errBroken) {
		t.Errorf("issuing: got %v", err)
	}
	state.broken = false
	if got := parseList(t, c, Auth).Number.Int64(); got != 1 || !strings.Contains(string(state.saved), `"crl":{"number":1,`) {
		t.Errorf("the first CRL that could be kept has the number %d; kept is %s", got, state.saved)
	}
	if _, err := c.Issue(p); err != nil {
		t.Error(err)
	}
}

func TestFaultRevoked(t *testing.T) {
	c := newCA(t, Options{})
	hanako := issue(t, c, person(t, "hanako"))
	serial := hanako.Auth.Certificate.SerialNumber
	honest := parseList(t, c, Auth)
	c.SetFaults(Faults{Revoked: true})
	lying := parseList(t, c, Auth)
	if got, want := entries(lying), "5468282@20261123000000:1"; got != want {
		t.Errorf("CRL has %q, want %q", got, want)
	}
	if got := ocspStatus(t, c, serial); got != "revoked 1" {
		t.Errorf("OCSP says %s", got)
	}
	if got := len(parseList(t, c, Sign).RevokedCertificateEntries); got != 1 {
		t.Errorf("%d sign certificates on the list", got)
	}
	if got := c.Revoked(Auth); len(got) != 0 {
		t.Errorf("the CA believes it itself: %v", got)
	}
	c.SetFaults(Faults{})
	again := parseList(t, c, Auth)
	if len(again.RevokedCertificateEntries) != 0 || ocspStatus(t, c, serial) != "good" {
		t.Error("the fault stayed on")
	}
	if honest.Number.Int64() != 1 || lying.Number.Int64() != 2 || again.Number.Int64() != 3 {
		t.Errorf("numbers %s %s %s, want 1 2 3", honest.Number, lying.Number, again.Number)
	}
}

func TestFaultStaleCRL(t *testing.T) {
	c := newCA(t, Options{})
	serial := issue(t, c, person(t, "hanako")).Auth.Certificate.SerialNumber
	if err := c.Revoke(Auth, serial, 1); err != nil {
		t.Fatal(err)
	}
	parseList(t, c, Auth)
	c.SetFaults(Faults{StaleCRL: true})
	list := parseList(t, c, Auth)
	if !list.NextUpdate.Equal(noon.Add(-24*time.Hour)) || !list.ThisUpdate.Equal(noon.Add(-72*time.Hour)) {
		t.Errorf("from %s to %s", list.ThisUpdate, list.NextUpdate)
	}
	if got := entries(list); got != "" || list.Number.Int64() != 0 {
		t.Errorf("number %s with %q: it is older than the revocation", list.Number, got)
	}
	c.SetFaults(Faults{})
	if got := parseList(t, c, Auth); got.Number.Int64() != 1 || !got.NextUpdate.After(noon) {
		t.Errorf("the fault stayed on: number %s", got.Number)
	}
}

func TestCAIsSafeForManyAtOnce(t *testing.T) {
	c := newCA(t, Options{State: &blob{}})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			p := person(t, "taro")
			p.Generation = i
			issued, err := c.Issue(p)
			if err != nil {
				t.Error(err)
				return
			}
			serial := issued.Auth.Certificate.SerialNumber
			if err := c.Revoke(Auth, serial, 1); err != nil {
				t.Error(err)
			}
			c.SetFaults(Faults{Revoked: i%2 == 0})
			if _, err := c.CRL(Auth); err != nil {
				t.Error(err)
			}
			ocspStatus(t, c, serial)
		})
	}
	wg.Wait()
	if got := len(c.Revoked(Auth)); got != 16 {
		t.Errorf("%d revoked, want 16", got)
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"schema":"kazasu.ca-state/1","families":{"auth":{"issued":["7"],"revoked":[{"serial":"7","time":"2026-11-23T03:00:00Z","reason":1}],"crl":{"number":2,"time":"2026-11-23T03:00:00Z","contents":"AA=="}}}}`))
	f.Fuzz(func(t *testing.T, blob []byte) {
		l, err := decode(blob)
		if err != nil {
			return
		}
		once := l.encode()
		again, err := decode(once)
		if err != nil || string(again.encode()) != string(once) {
			t.Errorf("%s\ndoesn't come back: %v", once, err)
		}
	})
}
