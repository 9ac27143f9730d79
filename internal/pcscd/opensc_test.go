//go:build linux

package pcscd_test

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kazasu/emulator"
	"kazasu/emulator/testca"
	"kazasu/internal/jpki"
	"kazasu/internal/pcscd"
	"kazasu/internal/realparts"
	"kazasu/vsmartcard"
)

// person is the office's view of a holder.
func person(h jpki.Holder) testca.Person {
	name, nameFlags, address, addressFlags := h.CertificateText()
	return testca.Person{
		ID: h.ID, Prefecture: h.Prefecture, City: h.City, Municipality: h.Municipality, Birth: h.Birth, CardExpiry: h.CardExpiry,
		Name: name, NameFlags: nameFlags, Address: address, AddressFlags: addressFlags,
		SexCode: h.Sex.CertificateSex(), BirthCode: h.CertificateBirth(), UnderFifteen: h.UnderFifteen,
	}
}

// secret is a PIN as the emulator takes it.
func secret(p jpki.PIN) emulator.Secret { return emulator.NewSecret(string(p.Bytes())) }

// issue makes a CA and the card of a shipped holder.
func issue(t testing.TB, id string) (*testca.CA, testca.Issued, *emulator.Card) {
	t.Helper()
	holder, ok := jpki.HolderByID(id)
	if !ok {
		t.Fatalf("no holder %s", id)
	}
	ca, err := testca.New(testca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := ca.Issue(person(holder))
	if err != nil {
		t.Fatal(err)
	}
	profile, err := emulator.Build("standard", emulator.Contents{
		AuthCertificate: issued.Auth.DER, SignCertificate: issued.Sign.DER,
		AuthCA: ca.Certificate(testca.Auth).Raw, SignCA: ca.Certificate(testca.Sign).Raw,
		AuthKey: issued.Auth.Key, SignKey: issued.Sign.Key, CardKey: issued.Text.CardKey, IntegrityKey: issued.Text.IntegrityKey,
		CV: issued.Text.CV, Name: holder.Name, Address: holder.Address, Birth: holder.Birth, Sex: byte(holder.Sex),
		MyNumber: secret(holder.NumberA()), NumberB: secret(holder.NumberB()),
		AuthPIN: secret(holder.AuthPIN), SignPassword: secret(holder.SignPassword), TextPIN: secret(holder.TextPIN),
		CardExpiry: holder.CardExpiry, Municipality: holder.Municipality, Serial: "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	card, err := emulator.New(profile, emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ca, issued, card
}

// OpenSC makes a token of each PIN; these are their indices.
const slotAuth, slotSign = "0", "1"

// bench is a card of hanako's in a private pcscd, her CA answering over HTTP,
// and a folder for what OpenSC and OpenSSL exchange.
type bench struct {
	*testing.T
	daemon *pcscd.Daemon
	ca     *testca.CA
	issued testca.Issued
	url    string // of the CA
	dir    string
}

func newBench(t *testing.T) *bench {
	realparts.Need(t, "opensc", "opensc-tool", "pkcs15-tool", "pkcs11-tool")
	realparts.Need(t, "openssl", "openssl")
	ca, issued, card := issue(t, "hanako")
	server := httptest.NewServer(ca.Handler())
	t.Cleanup(server.Close)
	d := start(t, pcscd.Config{})
	insert(t, d, 0, card, vsmartcard.Options{})
	run(t, d, "opensc-tool", "--wait", "--reader", "Kazasu 00 00", "--atr")
	return &bench{T: t, daemon: d, ca: ca, issued: issued, url: server.URL, dir: t.TempDir()}
}

// file is the path of a file in the bench's folder.
func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

// run runs a program and returns what it printed.
func (b *bench) run(name string, arguments ...string) string {
	b.Helper()
	return run(b, b.daemon, name, arguments...)
}

// refused runs a program that must fail, and returns what it printed.
func (b *bench) refused(name string, arguments ...string) string {
	b.Helper()
	output, err := try(b, b.daemon, name, arguments...)
	if err == nil {
		b.Errorf("%s %s succeeded:\n%s", name, strings.Join(arguments, " "), output)
	}
	return output
}

// fetch gets a DER file from the CA as PEM.
func (b *bench) fetch(path, kind, name string) string {
	b.Helper()
	response, err := http.Get(b.url + path)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	der, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %v", path, response.Status, err)
	}
	b.write(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	return b.file(name)
}

func (b *bench) write(name string, content []byte) {
	b.Helper()
	if err := os.WriteFile(b.file(name), content, 0o600); err != nil {
		b.Fatal(err)
	}
}

// certificate has OpenSC read a certificate into a file, and compares it with
// what was issued.
func (b *bench) certificate(name string, want []byte, arguments ...string) string {
	b.Helper()
	b.run("pkcs15-tool", append([]string{"--output", b.file(name)}, arguments...)...)
	text, err := os.ReadFile(b.file(name))
	if err != nil {
		b.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil || !bytes.Equal(block.Bytes, want) {
		b.Errorf("%s isn't what was issued:\n%s", name, text)
	}
	return b.file(name)
}

// TestOpenSCDump: OpenSC finds its driver, both PINs with their tries, and
// all objects.
func TestOpenSCDump(t *testing.T) {
	b := newBench(t)
	dump := b.run("pkcs15-tool", "--dump")
	for what, want := range map[string]int{
		"PKCS#15 Card [JPKI]": 1,
		"PIN [":               2, "Tries left     : 3": 1, "Tries left     : 5": 1,
		"Length         : min_len:4, max_len:4":  1,
		"Length         : min_len:6, max_len:16": 1,
		"Private RSA Key [":                      2, "Public RSA Key [": 2, "ModLength      : 2048": 2,
		"X.509 Certificate [": 4, "Authority      : yes": 2,
		"c5a0a252-9d2d-eb60-fec0-41b4fbd722a2": 1, "e1bc1dae-59f1-16ab-b43f-9dafbb2acc9b": 1,
	} {
		if got := strings.Count(dump, what); got != want {
			t.Errorf("%q stands %d times in the dump, want %d", what, got, want)
		}
	}
	if t.Failed() {
		t.Log(dump)
	}
}

// TestOpenSCPIN: a wrong PIN costs a try, the right one gives it back.
func TestOpenSCPIN(t *testing.T) {
	b := newBench(t)
	b.refused("pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "9999")
	if dump := b.run("pkcs15-tool", "--list-pins"); !strings.Contains(dump, "Tries left     : 2") {
		t.Errorf("after a wrong PIN:\n%s", dump)
	}
	b.run("pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "1234")
	if dump := b.run("pkcs15-tool", "--list-pins"); !strings.Contains(dump, "Tries left     : 3") {
		t.Errorf("after the right PIN:\n%s", dump)
	}
}

// TestOpenSCAndOpenSSL: certificates and signatures come off the card by
// OpenSC; OpenSSL verifies them, their chain, the list and the responder, and
// notices a revocation.
func TestOpenSCAndOpenSSL(t *testing.T) {
	b := newBench(t)
	b.write("data", []byte("かざす\n"))

	b.refused("pkcs15-tool", "--read-certificate", "02") // the password first
	auth := b.certificate("auth.pem", b.issued.Auth.DER, "--read-certificate", "01")
	sign := b.certificate("sign.pem", b.issued.Sign.DER, "--read-certificate", "02", "--verify-pin", "--auth-id", "02", "--pin", "ABC123")

	b.verifySignature(auth, b.sign(slotAuth, "01", "1234"))
	b.verifySignature(sign, b.sign(slotSign, "02", "ABC123"))
	b.verifyChain("auth", auth)
	b.verifyChain("sign", sign)
	if answer := b.ocsp(auth); !strings.Contains(answer, "Response verify OK") || !strings.Contains(answer, auth+": good") {
		t.Errorf("OpenSSL about the responder:\n%s", answer)
	}

	if err := b.ca.Revoke(testca.Auth, b.issued.Auth.Certificate.SerialNumber, 1); err != nil {
		t.Fatal(err)
	}
	if answer := b.ocsp(auth); !strings.Contains(answer, auth+": revoked") || !strings.Contains(answer, "Reason: keyCompromise") {
		t.Errorf("OpenSSL about the responder after the revocation:\n%s", answer)
	}
	if answer := b.refused("openssl", b.chain("auth", auth)...); !strings.Contains(answer, "certificate revoked") {
		t.Errorf("OpenSSL about the list after the revocation:\n%s", answer)
	}
}

// sign has OpenSC sign the data and returns the signature's file.
func (b *bench) sign(slot, id, pin string) string {
	b.Helper()
	signature := b.file("signature-" + id)
	b.run("pkcs11-tool", "--slot-index", slot, "--login", "--pin", pin, "--sign", "--id", id,
		"--mechanism", "SHA256-RSA-PKCS", "--input-file", b.file("data"), "--output-file", signature)
	return signature
}

// verifySignature has OpenSSL verify a signature of the data, and refuse it
// for other data.
func (b *bench) verifySignature(certificate, signature string) {
	b.Helper()
	key := certificate + ".key"
	b.run("openssl", "x509", "-in", certificate, "-noout", "-pubkey", "-out", key)
	verify := []string{"dgst", "-sha256", "-verify", key, "-signature", signature}
	if output := b.run("openssl", append(verify, b.file("data"))...); output != "Verified OK\n" {
		b.Errorf("openssl dgst says %q", output)
	}
	b.refused("openssl", append(verify, certificate)...)
}

// chain are OpenSSL's arguments to verify a certificate against the CA and
// the list that the CA serves.
func (b *bench) chain(family, certificate string) []string {
	b.Helper()
	return []string{"verify", "-x509_strict", "-crl_check",
		"-CAfile", b.fetch("/"+family+"/ca.cer", "CERTIFICATE", family+"-ca.pem"),
		"-CRLfile", b.fetch("/"+family+"/crl", "X509 CRL", family+"-crl.pem"), certificate}
}

func (b *bench) verifyChain(family, certificate string) {
	b.Helper()
	if output := b.run("openssl", b.chain(family, certificate)...); output != certificate+": OK\n" {
		b.Errorf("openssl verify says %q", output)
	}
}

// ocsp asks the responder about the auth certificate with OpenSSL.
func (b *bench) ocsp(certificate string) string {
	b.Helper()
	ca := b.fetch("/auth/ca.cer", "CERTIFICATE", "auth-ca.pem")
	return b.run("openssl", "ocsp", "-issuer", ca, "-CAfile", ca, "-cert", certificate, "-url", b.url+"/auth/ocsp")
}
