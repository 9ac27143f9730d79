package emulator

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"kazasu/internal/jpki"
)

// Contents is what an issuer puts on a card. It prints and marshals without
// its secrets.
type Contents struct {
	// Certificates in DER, each beginning 30 82 as clients insist.
	// SignCertificate nil: the holder is under 15.
	AuthCertificate, SignCertificate, AuthCA, SignCA []byte

	// SwapCertificate is what the fault SwappedCertificate shows as auth
	// certificate; nil: the sign certificate, or the auth CA's where there
	// is none.
	SwapCertificate []byte

	// Keys, RSA-2048: of the two certificates; the card's own, certified
	// in EF 0007 of 券面事項入力補助AP; and the one in EF 0004 that signs its
	// integrity record.
	AuthKey, SignKey, CardKey, IntegrityKey *rsa.PrivateKey `json:"-"`

	// CV is EF 0004, from the tag 7F21 on, 568 bytes.
	CV []byte

	Name    string // family, U+3000, given
	Address string
	Birth   string // YYYYMMDD
	Sex     byte   // ASCII: '1' male, '2' female, '9' not applicable, '0' unknown

	MyNumber Secret `json:"-"` // 12 digits; also 照合番号A
	NumberB  Secret `json:"-"` // 照合番号B, 14 digits

	AuthPIN, SignPassword, TextPIN Secret `json:"-"`

	// CardCV and OfficeCV are the card's own CV certificates, each from the
	// tag 7F21 on, 568 bytes: the root certifies a key in between, and that
	// key the next. nil: the card has none, as older ones lack the second.
	CardCV, OfficeCV []byte

	// JukiPIN is 住民基本台帳用暗証番号 of 共通カードAP and 住基AP, 4 digits; zero:
	// blocked from issue. CommonKey answers INTERNAL AUTHENTICATE there;
	// nil: the card has none.
	JukiPIN   Secret          `json:"-"`
	CommonKey *rsa.PrivateKey `json:"-"`

	// CardNumber is 製造番号, 15 digits; empty: made from Serial.
	CardNumber string

	// Face is what 券面事項確認AP holds; nil: the card hasn't got it.
	Face *Face

	CardExpiry   string // YYYYMMDD
	Municipality string // 5 digits 全国地方公共団体コード
	Serial       string // up to 16 digits or letters; empty: zeros
}

// Face is the card's face as data, beside name, address, birth, sex and numbers
// of Contents.
type Face struct {
	// CardKey is the card's own key in this application; IntegrityKey,
	// certified in EF 0004, signs what the files say. RSA-2048.
	CardKey, IntegrityKey *rsa.PrivateKey `json:"-"`
	CV                    []byte          // EF 0004, 568 bytes from the tag 7F21 on

	Photo []byte // JPEG 2000 in its JP2 container, grey

	// Images, PNG with 1 bit a pixel. Number is the 個人番号.
	Name, Address, Number, SecurityCode []byte `json:"-"`

	BirthKey Secret `json:"-"` // 生年月日 in the Japanese calendar, YYMMDD
}

// String says no more than that it is one.
func (Face) String() string { return "face of a card" }

// Format prints String for every verb.
func (f Face) Format(s fmt.State, _ rune) { fmt.Fprint(s, f.String()) }

// String names the card by its serial.
func (c Contents) String() string { return "contents of card " + serial(c.Serial) }

// Format prints String for every verb.
func (c Contents) Format(s fmt.State, _ rune) { fmt.Fprint(s, c.String()) }

// LogValue is String.
func (c Contents) LogValue() slog.Value { return slog.StringValue(c.String()) }

// serialLen is the length of CK_TOKEN_INFO's serialNumber.
const serialLen = 16

// serial fills up with zeros on the left.
func serial(s string) string { return zeros(s, serialLen) }

// zeros fills up with zeros on the left to n characters.
func zeros(s string, n int) string { return strings.Repeat("0", max(0, n-len(s))) + s }

// keyBits is the only length of key that JPKI uses.
const keyBits = 2048

// checkJPKI says what is missing for JPKI-AP. No error names a secret's value.
func (c Contents) checkJPKI() error {
	return errors.Join(
		checkCertificate("auth certificate", c.AuthCertificate),
		checkCertificate("auth CA certificate", c.AuthCA),
		checkCertificate("sign CA certificate", c.SignCA),
		checkKey("auth key", c.AuthKey),
		checkPIN(jpki.CredentialAuth, c.AuthPIN),
		checkText("serial", len(serial(c.Serial)) == serialLen && isPrintable(c.Serial)),
		checkText("card expiry", c.CardExpiry == "" || isDigits(c.CardExpiry, 8)),
		checkText("municipality", c.Municipality == "" || isDigits(c.Municipality, 5)),
		c.checkSign(),
	)
}

func (c Contents) checkSign() error {
	if c.SignCertificate == nil {
		return nil
	}
	return errors.Join(
		checkCertificate("sign certificate", c.SignCertificate),
		checkKey("sign key", c.SignKey),
		checkPIN(jpki.CredentialSign, c.SignPassword),
	)
}

// checkText says what is missing for 券面事項入力補助AP.
func (c Contents) checkText() error {
	return errors.Join(
		checkKey("card key", c.CardKey),
		checkKey("integrity key", c.IntegrityKey),
		checkPIN(jpki.CredentialText, c.TextPIN),
		checkPIN(jpki.CredentialNumberA, c.MyNumber),
		checkPIN(jpki.CredentialNumberB, c.NumberB),
		checkText("name", c.Name != "" && len(c.Name) < textMax),
		checkText("address", len(c.Address) < textMax),
		checkText("birth", isDigits(c.Birth, 8)),
		checkText("sex", c.Sex >= '0' && c.Sex <= '9'),
		checkText("CV certificate", len(c.CV) > 0),
	)
}

// checkCommon says what hasn't its form in 共通カードAP and 住基AP.
func (c Contents) checkCommon() error {
	var errs []error
	for what, cv := range map[string][]byte{"CV certificate of the card": c.CardCV, "CV certificate of the office": c.OfficeCV} {
		errs = append(errs, checkText(what, cv == nil || len(cv) == cvLen))
	}
	if c.CommonKey != nil {
		errs = append(errs, checkKey("key of the common application", c.CommonKey))
	}
	if !c.JukiPIN.value.IsZero() {
		errs = append(errs, checkPIN(jpki.CredentialJuki, c.JukiPIN))
	}
	errs = append(errs, checkText("card number", c.CardNumber == "" || isDigits(c.CardNumber, 15)))
	return errors.Join(errs...)
}

// checkFace says what is missing for 券面事項確認AP. Offsets in its EF 0002 have
// 16 bits, and READ BINARY's 15.
func (c Contents) checkFace() error {
	f := c.Face
	return errors.Join(
		checkKey("card key of the face", f.CardKey),
		checkKey("integrity key of the face", f.IntegrityKey),
		checkText("CV certificate of the face", len(f.CV) == cvLen),
		checkPIN(jpki.CredentialFaceBirth, f.BirthKey),
		checkText("photograph", len(f.Photo) > 0 && len(f.Photo) < textMax),
		checkText("image of the name", len(f.Name) > 0 && len(f.Name) < textMax),
		checkText("image of the address", len(f.Address) > 0 && len(f.Address) < textMax),
		checkText("image of the number", len(f.Number) > 0 && len(f.Number) < textMax),
		checkText("image of the security code", len(f.SecurityCode) > 0 && len(f.SecurityCode) < textMax),
		checkText("card expiry", isDigits(c.CardExpiry, 8)),
		checkText("municipality", isDigits(c.Municipality, 5)),
	)
}

// cvLen is the length of a CV certificate in bytes, with its header.
const cvLen = 568

// textMax keeps name and address together inside a file that READ BINARY's
// 15-bit offset reaches.
const textMax = 8192

func checkText(what string, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%s is missing or has not its form", what)
}

func checkCertificate(what string, der []byte) error {
	return checkText(what, len(der) > 4 && der[0] == 0x30 && der[1] == 0x82)
}

func checkKey(what string, key *rsa.PrivateKey) error {
	return checkText(what, key != nil && key.N.BitLen() == keyBits)
}

func checkPIN(credential jpki.Credential, secret Secret) error {
	spec := pinSpec{credential, secret.value}
	return checkText("PIN "+credential.Name, spec.fits(spec.value))
}

func isDigits(s string, n int) bool {
	for _, ch := range s {
		if ch < '0' || ch > '9' {
			return false
		}
	}
	return len(s) == n
}

func isPrintable(s string) bool {
	for _, ch := range s {
		if ch < 0x20 || ch > 0x7E {
			return false
		}
	}
	return true
}
