package emulator_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"kazasu/emulator"
	"kazasu/internal/slot"
)

var _ slot.Slot = (*emulator.Card)(nil)

// keysPEM are the keys of these tests alone. They are fixed so that golden
// transcripts stay the same: PKCS#1 v1.5 signatures are deterministic.
//
//go:embed testdata/keys.pem
var keysPEM []byte

var testKeys = sync.OnceValue(func() map[string]*rsa.PrivateKey {
	keys := map[string]*rsa.PrivateKey{}
	for rest := keysPEM; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return keys
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			panic(err)
		}
		keys[block.Headers["Test-Key"]] = key.(*rsa.PrivateKey)
	}
})

// testCertificate is a plain certificate; the card never looks inside.
func testCertificate(name, issuer string, serial int64) []byte {
	template := func(cn string, serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial),
			Subject:      pkix.Name{Country: []string{"JP"}, Organization: []string{"JPKI-KAZASU"}, CommonName: cn},
			NotBefore:    time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC),
			NotAfter:     time.Date(2035, 3, 31, 14, 59, 59, 0, time.UTC),
			KeyUsage:     x509.KeyUsageDigitalSignature,
		}
	}
	keys := testKeys()
	der, err := x509.CreateCertificate(rand.Reader, template(name, serial), template(issuer, 1), &keys[name].PublicKey, keys[issuer])
	if err != nil {
		panic(err)
	}
	return der
}

// The secrets of the test card.
const (
	authPIN      = "1234"
	signPassword = "ABC123"
	textPIN      = "5678"
	numberA      = "123456789010" // wrong check digit
	numberB      = "55021720352285"
	jukiPIN      = "2580"
	birthKey     = "550217"
)

// testContents are a fictional holder's, with the values of the spec's
// synthetic vector where a test compares bytes.
var testContents = sync.OnceValue(func() emulator.Contents {
	keys := testKeys()
	return emulator.Contents{
		AuthCertificate: testCertificate("auth", "auth-ca", 2), SignCertificate: testCertificate("sign", "sign-ca", 3),
		AuthCA: testCertificate("auth-ca", "auth-ca", 1), SignCA: testCertificate("sign-ca", "sign-ca", 1),
		AuthKey: keys["auth"], SignKey: keys["sign"], CardKey: keys["card"], IntegrityKey: keys["integrity"],
		CV:   cvLike("6000033", "1322121", 0x5A),
		Name: "黒桐　幹也", Address: "東京都清瀬市観布子南１２－７－２０２", Birth: "19800217", Sex: '1',
		MyNumber: emulator.NewSecret(numberA), NumberB: emulator.NewSecret(numberB),
		AuthPIN: emulator.NewSecret(authPIN), SignPassword: emulator.NewSecret(signPassword), TextPIN: emulator.NewSecret(textPIN),
		Face: &emulator.Face{
			CardKey: keys["face"], IntegrityKey: keys["face-integrity"], CV: cvLike("6000023", "1322121", 0x33),
			Photo: append(unhex("0000000C 6A502020 0D0A870A"), bytes.Repeat([]byte{0x77}, 1500)...),
			Name:  []byte("image of the name"), Address: []byte("image of the address"),
			Number: []byte("image of the number"), SecurityCode: []byte("image of the code"),
			BirthKey: emulator.NewSecret(birthKey),
		},
		CardCV: cvLike("6000020", "6000021", 0x11), OfficeCV: cvLike("6000021", "1322121", 0x22),
		JukiPIN: emulator.NewSecret(jukiPIN), CommonKey: keys["common"], CardNumber: "400000012719843",
		CardExpiry: "20350217", Municipality: "13221", Serial: "20500003",
	}
})

// newCard is a powered card of this profile.
func newCard(t testing.TB, profile string, change ...func(*emulator.Contents)) *emulator.Card {
	t.Helper()
	return newCardWith(t, profile, emulator.Options{}, change...)
}

func newCardWith(t testing.TB, profile string, o emulator.Options, change ...func(*emulator.Contents)) *emulator.Card {
	t.Helper()
	card, err := emulator.New(testProfile(t, profile, change...), o)
	if err != nil {
		t.Fatalf("making card: %v", err)
	}
	if _, err := card.PowerOn(context.Background()); err != nil {
		t.Fatalf("powering on: %v", err)
	}
	return card
}

// built keeps the profiles of testContents, since building one signs twice.
var built sync.Map

func testProfile(t testing.TB, name string, change ...func(*emulator.Contents)) emulator.Profile {
	t.Helper()
	if p, ok := built.Load(name); ok && len(change) == 0 {
		return p.(emulator.Profile)
	}
	contents := testContents()
	for _, f := range change {
		f(&contents)
	}
	p, err := emulator.Build(name, contents)
	if err != nil {
		t.Fatalf("building card: %v", err)
	}
	if len(change) == 0 {
		built.Store(name, p)
	}
	return p
}

func underFifteen(c *emulator.Contents) {
	c.SignCertificate, c.SignKey, c.SignPassword = nil, nil, emulator.Secret{}
}

// cvLike has the form of a CV certificate and is none.
func cvLike(issuer, subject string, filler byte) []byte {
	name := func(number string) string { return fmt.Sprintf("%X 0805 303031 000000A8", number) }
	head := unhex("7F21 820233 5F4E 820129 " + name(issuer) + " " + name(subject) + " 90 03 010001 91 820100")
	middle := append(bytes.Repeat([]byte{filler}, 256), unhex("5F37 820100")...)
	return append(append(head, middle...), bytes.Repeat([]byte{filler ^ 0xFF}, 256)...)
}

func withoutCommon(c *emulator.Contents) {
	c.Face = nil
	c.CommonKey, c.JukiPIN, c.CardCV, c.OfficeCV, c.CardNumber = nil, emulator.Secret{}, nil, nil, ""
}

// unhex reads hex with spaces; a word in 'single quotes' is ASCII.
func unhex(s string) []byte {
	var out []byte
	for _, word := range strings.Fields(s) {
		if text, ok := strings.CutPrefix(word, "'"); ok {
			out = append(out, strings.TrimSuffix(text, "'")...)
			continue
		}
		b, err := hex.DecodeString(word)
		if err != nil {
			panic(fmt.Sprintf("test vector %q: %v", s, err))
		}
		out = append(out, b...)
	}
	return out
}

// send transmits a command in hex and returns the answer in hex; of more than
// 64 bytes of data their number and SHA-256.
func send(t testing.TB, card slot.Slot, command string) string {
	t.Helper()
	response, err := card.Transmit(context.Background(), unhex(command))
	if err != nil {
		t.Fatalf("> %s\n%v", command, err)
	}
	return show(response)
}

func show(response []byte) string {
	data, sw := response[:len(response)-2], response[len(response)-2:]
	switch {
	case len(data) == 0:
		return fmt.Sprintf("%X", sw)
	case len(data) > 64:
		return fmt.Sprintf("[%d bytes, SHA-256 %x] %X", len(data), sha256.Sum256(data), sw)
	}
	return fmt.Sprintf("%X %X", data, sw)
}

// expect sends commands and compares each answer: command, answer, command, …
func expect(t testing.TB, card slot.Slot, dialogue ...string) {
	t.Helper()
	for i := 0; i < len(dialogue); i += 2 {
		if got := send(t, card, dialogue[i]); got != dialogue[i+1] {
			t.Errorf("> %s\ngot  %s\nwant %s", dialogue[i], got, dialogue[i+1])
		}
	}
}

// read returns the data of a command that must be answered 9000.
func read(t testing.TB, card slot.Slot, command string) []byte {
	t.Helper()
	response, err := card.Transmit(context.Background(), unhex(command))
	if err != nil {
		t.Fatalf("> %s\n%v", command, err)
	}
	if !bytes.HasSuffix(response, []byte{0x90, 0x00}) {
		t.Fatalf("> %s\ngot %s, want 9000", command, show(response))
	}
	return response[:len(response)-2]
}

// Commands that most tests begin with.
const (
	selectJPKI   = "00A4040C 0A D392F000260100000001"
	selectText   = "00A4040C 0A D3921000310001010408"
	selectCommon = "00A4040C 0A D3921000310001010100"
	selectJuki   = "00A4040C 0A D3921000310001010401"
	verifyJuki   = "0020009C 04 '2580'"
	selectFace   = "00A4040C 0A D3921000310001010402"
	verifyBirth  = "00200091 06 '550217'"
	verifyFaceB  = "00200092 0E '55021720352285'"
	verifyFaceA  = "00200093 0C '123456789010'"
	verifyAuth   = "00200098 04 '1234'"
	verifySign   = "0020009B 06 'ABC123'"
	verifyText   = "00200091 04 '5678'"
	verifyWrong  = "00200098 04 '9999'"
	verifyA      = "00200094 0C '123456789010'"
	verifyB      = "00200095 0E '55021720352285'"
	readFile1    = "00B08100 00"
	readFile2    = "00B08200 00"
	readAuthCert = "00B08A00 00"
)
