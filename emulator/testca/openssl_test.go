package testca

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kazasu/internal/realparts"
)

// OpenSSL's command line is the judge here: it shares nothing with Go's
// crypto/x509, nor with what wrote these certificates.

// desk is a folder with everything of hanako's that OpenSSL looks at, and a
// responder that runs.
type desk struct {
	t      *testing.T
	ca     *CA
	hanako Issued
	url    string
	dir    string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	realparts.Need(t, "openssl", "openssl")
	c := newCA(t, Options{Now: time.Now})
	d := &desk{t, c, issue(t, c, person(t, "hanako")), "", t.TempDir()}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	d.url = server.URL + "/auth/ocsp"
	for name, der := range map[string][]byte{
		"auth-ca": c.Certificate(Auth).Raw, "sign-ca": c.Certificate(Sign).Raw,
		"auth": d.hanako.Auth.DER, "sign": d.hanako.Sign.DER,
	} {
		d.write(name, "CERTIFICATE", der)
	}
	return d
}

func (d *desk) write(name, kind string, der []byte) {
	d.t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(d.dir, name+".pem"), block, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// crl fetches the list as it is now.
func (d *desk) crl(f Family) {
	d.t.Helper()
	der, err := d.ca.CRL(f)
	if err != nil {
		d.t.Fatal(err)
	}
	d.write(string(f)+"-crl", "X509 CRL", der)
}

// openssl runs one command line in the folder. No file of OpenSSL's own
// configuration is needed for any.
func (d *desk) openssl(line string) (output string, ok bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "openssl", strings.Fields(line)...)
	cmd.Dir = d.dir
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// expect runs a command line and looks for a phrase in what it says.
func (d *desk) expect(line string, ok bool, phrases ...string) {
	d.t.Helper()
	out, got := d.openssl(line)
	if got != ok {
		d.t.Errorf("openssl %s: succeeded %t, want %t\n%s", line, got, ok, out)
	}
	for _, phrase := range phrases {
		if !strings.Contains(out, phrase) {
			d.t.Errorf("openssl %s doesn't say %q:\n%s", line, phrase, out)
		}
	}
}

func TestOpenSSLReadsCertificates(t *testing.T) {
	d := newDesk(t)
	const show = "x509 -noout -text -certopt no_pubkey,no_sigdump -nameopt utf8,sep_comma_plus_space -in "
	d.expect(show+"auth.pem", true,
		"Digital Signature\n", "TLS Web Client Authentication", "Policy: 1.2.392.200149.8.5.1.0.30",
		"CN = Shibuya-ku CRLDP", "OCSP - URI:http://ocspauthnorm.jpki-kazasu.test", "O=JPKI-KAZASU", "X509v3 Subject Key Identifier")
	d.expect(show+"sign.pem", true,
		"Digital Signature, Non Repudiation", "othername: 1.2.392.200149.8.5.5.1::試験　花子",
		"othername: 1.2.392.200149.8.5.5.6::0000000000000000000", "L=Tokyo-to", "L=Shibuya-ku")
	d.expect(show+"auth-ca.pem", true, "CA:TRUE", "Certificate Sign, CRL Sign")
	if out, _ := d.openssl(show + "sign.pem"); strings.Contains(out, "Extended Key Usage") || strings.Contains(out, "Authority Information Access") {
		t.Errorf("the sign certificate has a usage or a responder:\n%s", out)
	}
}

func TestOpenSSLVerifiesChains(t *testing.T) {
	d := newDesk(t)
	const strict = "verify -x509_strict -policy_check "
	d.expect(strict+"-purpose sslclient -policy 1.2.392.200149.8.5.1.0.30 -explicit_policy -CAfile auth-ca.pem auth.pem", true, "auth.pem: OK")
	d.expect("verify -policy 1.2.392.200149.8.5.1.0.20 -explicit_policy -CAfile sign-ca.pem sign.pem", true, "sign.pem: OK")
	d.expect("verify -CAfile sign-ca.pem auth.pem", false, "unable to get local issuer certificate")
	d.expect("verify -CAfile auth-ca.pem sign.pem", false, "unable to get local issuer certificate")
	d.expect("verify -policy 1.2.392.200149.8.5.1.3.30 -explicit_policy -CAfile auth-ca.pem auth.pem", false, "no explicit policy")
	beyond := time.Now().AddDate(6, 0, 0).Unix()
	d.expect(fmt.Sprintf("verify -attime %d -CAfile auth-ca.pem auth.pem", beyond), false, "certificate has expired")
}

func TestOpenSSLChecksCRLs(t *testing.T) {
	d := newDesk(t)
	leaves := map[Family]Leaf{Auth: d.hanako.Auth, Sign: d.hanako.Sign}
	for _, f := range Families() {
		serial := leaves[f].Certificate.SerialNumber
		list := fmt.Sprintf("crl -noout -text -verify -CAfile %s-ca.pem -in %s-crl.pem", f, f)
		check := fmt.Sprintf("verify -crl_check -CAfile %s-ca.pem -CRLfile %s-crl.pem %s.pem", f, f, f)

		d.crl(f)
		d.expect(list, true, "verify OK", "Version 2", "No Revoked Certificates", "X509v3 CRL Number", "X509v3 Authority Key Identifier", "sha256WithRSAEncryption")
		d.expect(check, true, ".pem: OK")

		if err := d.ca.Revoke(f, serial, 3); err != nil {
			t.Fatal(err)
		}
		d.crl(f)
		d.expect(list, true, "verify OK", fmt.Sprintf("Serial Number: %08X", serial), "Affiliation Changed")
		d.expect(check, false, "certificate revoked")

		if err := d.ca.Reinstate(f, serial); err != nil {
			t.Fatal(err)
		}
		d.crl(f)
		d.expect(check, true, ".pem: OK")
	}
	d.expect("crl -noout -verify -CAfile sign-ca.pem -in auth-crl.pem", false)
	d.expect("verify -crl_check -CAfile auth-ca.pem -CRLfile sign-crl.pem auth.pem", false, "unable to get certificate CRL")
}

const askOCSP = "ocsp -issuer auth-ca.pem -CAfile auth-ca.pem -cert auth.pem -url "

func TestOpenSSLAsksOCSP(t *testing.T) {
	d := newDesk(t)
	serial := d.hanako.Auth.Certificate.SerialNumber
	d.expect(askOCSP+d.url, true, "Response verify OK", "auth.pem: good")
	if out, _ := d.openssl(askOCSP + d.url); strings.Contains(out, "WARNING") { // of a missing nonce
		t.Errorf("openssl warns:\n%s", out)
	}
	d.expect(askOCSP+d.url+" -no_nonce", true, "Response verify OK", "auth.pem: good")
	d.expect("ocsp -sha256 "+strings.TrimPrefix(askOCSP, "ocsp ")+d.url, true, "auth.pem: good")
	if err := d.ca.Revoke(Auth, serial, 4); err != nil {
		t.Fatal(err)
	}
	d.expect(askOCSP+d.url, true, "Response verify OK", "auth.pem: revoked", "Reason: superseded")
	d.expect("ocsp -issuer auth-ca.pem -CAfile auth-ca.pem -serial 4711 -url "+d.url, true, "Response verify OK", "4711: unknown")
	d.expect(askOCSP+d.url+" -CAfile sign-ca.pem", false, "Response Verify Failure")
	d.expect("ocsp -issuer sign-ca.pem -CAfile sign-ca.pem -cert sign.pem -url "+d.url, false, "unauthorized")
	d.expect(askOCSP+d.url+" -text", true, "OCSP Responder TEST", "OCSP No Check", "OCSP Signing")
}

// Each fault makes the check fail that must notice it, and no other.
func TestOpenSSLNoticesFaults(t *testing.T) {
	const checkCRL = "verify -crl_check -CAfile auth-ca.pem -CRLfile auth-crl.pem auth.pem"
	for _, x := range []struct {
		name      string
		faults    Faults
		crlOK     bool
		crlSays   string
		ocspOK    bool
		ocspReply string
	}{
		{"honest", Faults{}, true, "OK", true, "auth.pem: good"},
		{"revoked", Faults{Revoked: true}, false, "certificate revoked", true, "auth.pem: revoked"},
		{"stale CRL", Faults{StaleCRL: true}, false, "CRL has expired", true, "auth.pem: good"},
		{"OCSP down", Faults{OCSPDown: true}, true, "OK", false, "503"},
	} {
		t.Run(x.name, func(t *testing.T) {
			d := newDesk(t)
			d.ca.SetFaults(x.faults)
			d.crl(Auth)
			d.expect(checkCRL, x.crlOK, x.crlSays)
			d.expect(askOCSP+d.url, x.ocspOK, x.ocspReply)
		})
	}
}

// The key in a certificate signs for it: OpenSSL verifies what hanako's sign
// key signed with what the certificate says.
func TestOpenSSLVerifiesByTheCertificatesKey(t *testing.T) {
	d := newDesk(t)
	path, err := filepath.Abs(filepath.Join("keys", "hanako-sign.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "text"), []byte("契約書"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.expect("dgst -sha256 -sign "+path+" -out signature text", true)
	d.expect("x509 -pubkey -noout -in sign.pem -out sign-key.pem", true)
	d.expect("x509 -pubkey -noout -in auth.pem -out auth-key.pem", true)
	d.expect("dgst -sha256 -verify sign-key.pem -signature signature text", true, "Verified OK")
	d.expect("dgst -sha256 -verify auth-key.pem -signature signature text", false, "Verification failure")
}
