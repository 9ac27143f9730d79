package steps

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"kazasu/internal/bench"
)

// pkiHand is the certificate and the status information at hand.
type pkiHand struct {
	kept        *x509.Certificate // to verify the card's signatures with
	ca          *x509.Certificate
	certificate *x509.Certificate
	crl         *x509.RevocationList
	status      responderAnswer
}

func pkiSteps() []Row {
	return slices.Concat(certificateSteps(), statusSteps(), integritySteps(), cvSteps())
}

func certificateSteps() []Row {
	return []Row{
		{`the {word} CA certificate is fetched`, `{word} のCA証明書を取得する`,
			"auth or sign, from where the bench says that it is", caFetched},
		{`the certificate in the file {hex} is looked at`, `ファイル {hex} の証明書を調べる`,
			"reads a certificate from the card", certificateLooked},
		{`the CA certificate in the file {hex} is looked at`, `ファイル {hex} のCA証明書を調べる`,
			"reads it from the card and takes it as the issuer, too", caLooked},
		{`it is the CA certificate of the bench`, `それはベンチのCA証明書である`, "byte for byte", isTheCA},
		{`it is signed by the CA`, `それはCAに署名されている`, "signature, and issuer equal to the CA's subject", signedByCA},
		{`it is signed by itself`, `それは自己署名である`, "signature with its own key", signedByItself},
		{`it belongs to the key that signs {string}`, `それは{string}に署名する鍵のものである`,
			"the selected key signs, and this certificate verifies it", belongsToKey},
		{`its {word} in order reads:`, `その {word} は順に次のとおりである:`,
			"issuer or subject: | OID | string type | value |", nameReads},
		{`its extensions in order are:`, `その拡張は順に次のとおりである:`, "| OID | critical or not |", extensionsAre},
		{`its extension {word} is {hex}`, `その拡張 {word} は {hex} である`, "compares the DER of one extension", extensionIs},
		{`its extension {word} contains {string}`, `その拡張 {word} は{string}を含む`, "looks for text in the DER of one extension", extensionContains},
		{`its policy is {word}`, `その証明書ポリシーは {word} である`, "exactly one policy, dotted", policyIs},
		{`its key is RSA with {int} bits and the exponent {int}`, `その鍵は {int} ビットのRSAで指数は {int} である`, "subject public key", keyIsRSA},
		{`its validity ends at 23:59:59 in Japan`, `その有効期限は日本時間23時59分59秒である`, "notAfter is 14:59:59 UTC, as UTCTime", endsAtMidnight},
		{`it is valid for {int} years`, `その有効期間は {int} 年である`, "notAfter is on the eve of, or on, the anniversary", validYears},
		{`its length is between {int} and {int} bytes`, `その長さは {int} から {int} バイトである`, "DER", lengthBetween},
		{`its other names in order are:`, `otherName は順に次のとおりである:`, "subjectAltName: | OID | value |", otherNames},
		{`none of its names has the organisation {string}`, `その名前に組織{string}はない`, "issuer and subject", lacksOrganisation},
	}
}

func caFetched(ctx context.Context, w *World, family string) error {
	address, err := w.caAddress(family, "cert")
	if err != nil {
		return err
	}
	if err := w.get(ctx, address); err != nil {
		return err
	}
	if err := Expect("HTTP status of the CA certificate", 200, w.exchange.status); err != nil {
		return err
	}
	w.pki.ca, err = parseCertificate(w.exchange.body)
	w.pki.certificate = w.pki.ca
	return err
}

// caAddress is a URL of the CA of one family: cert or crl.
func (w *World) caAddress(family, what string) (string, error) {
	info := w.Bench.Info().CA
	addresses := map[string]string{
		"auth cert": info.Auth.Cert, "auth crl": info.Auth.CRL, "auth ocsp": info.Auth.OCSP,
		"sign cert": info.Sign.Cert, "sign crl": info.Sign.CRL,
	}
	address := addresses[family+" "+what]
	if address == "" {
		return "", fmt.Errorf("the bench has no %s of family %q: auth or sign", what, family)
	}
	return address, nil
}

// parseCertificate reads DER, or PEM.
func parseCertificate(content []byte) (*x509.Certificate, error) {
	if block, _ := pem.Decode(content); block != nil {
		content = block.Bytes
	}
	certificate, err := x509.ParseCertificate(content)
	if err != nil {
		return nil, &Failure{"certificate", "one that crypto/x509 reads", err.Error()}
	}
	return certificate, nil
}

func certificateLooked(ctx context.Context, w *World, file []byte) error {
	if err := readFile(ctx, w, file); err != nil {
		return err
	}
	var err error
	w.pki.certificate, err = certificateIn(w.card.content)
	return err
}

func caLooked(ctx context.Context, w *World, file []byte) error {
	err := certificateLooked(ctx, w, file)
	w.pki.ca = w.pki.certificate
	return err
}

// certificate is the one at hand.
func (w *World) certificate() (*x509.Certificate, error) {
	if w.pki.certificate == nil {
		return nil, fmt.Errorf("no certificate is at hand: look at one first")
	}
	return w.pki.certificate, nil
}

func isTheCA(ctx context.Context, w *World) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	family := "auth"
	if strings.Contains(certificate.Subject.String(), "digital signature") {
		family = "sign"
	}
	if err := caFetched(ctx, w, family); err != nil {
		return err
	}
	return Expect("CA certificate on the card", w.pki.ca.Raw, certificate.Raw)
}

func signedByCA(_ context.Context, w *World) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	if !bytes.Equal(w.pki.ca.RawSubject, certificate.RawIssuer) {
		return &Failure{"issuer of the certificate", w.pki.ca.Subject.String(), certificate.Issuer.String()}
	}
	if err := w.pki.ca.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature); err != nil {
		return &Failure{"signature of the certificate", "the CA's", err.Error()}
	}
	return nil
}

func signedByItself(ctx context.Context, w *World) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	w.pki.ca = certificate
	return signedByCA(ctx, w)
}

func belongsToKey(ctx context.Context, w *World, message string) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	w.pki.kept = certificate
	return signatureVerifies(ctx, w, message)
}

// attribute is one attribute of a name, with its string type.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// stringTypes are the ASN.1 types that names use.
var stringTypes = map[int]string{
	asn1.TagUTF8String: "UTF8String", asn1.TagPrintableString: "PrintableString", asn1.TagIA5String: "IA5String",
}

func nameReads(_ context.Context, w *World, which string, table Table) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	raw := certificate.RawIssuer
	if which == "subject" {
		raw = certificate.RawSubject
	}
	var name []asn1.RawValue
	if _, err := asn1.Unmarshal(raw, &name); err != nil {
		return &Failure{which, "a sequence of names", err.Error()}
	}
	var got []string
	for _, rdn := range name {
		var a attribute
		if _, err := asn1.Unmarshal(rdn.Bytes, &a); err != nil {
			return &Failure{which, "one attribute in each name", err.Error()}
		}
		got = append(got, fmt.Sprintf("%s %s %s", a.Type, stringTypes[a.Value.Tag], a.Value.Bytes))
	}
	return expectRows(which, table, got)
}

// expectRows compares what is seen with the rows of a table, where "…" at the
// end of a cell stands for any text.
func expectRows(what string, table Table, got []string) error {
	for i, row := range table {
		want := strings.Join(row, " ")
		observed := "nothing"
		if i < len(got) {
			observed = got[i]
		}
		if prefix, open := strings.CutSuffix(want, "…"); open {
			if !strings.HasPrefix(observed, prefix) {
				return &Failure{fmt.Sprintf("%s, number %d", what, i+1), want, observed}
			}
			continue
		}
		if err := Expect(fmt.Sprintf("%s, number %d", what, i+1), want, observed); err != nil {
			return err
		}
	}
	return Expect("number of entries in "+what, len(table), len(got))
}

func extensionsAre(_ context.Context, w *World, table Table) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	var got []string
	for _, e := range certificate.Extensions {
		critical := "not"
		if e.Critical {
			critical = "critical"
		}
		got = append(got, e.Id.String()+" "+critical)
	}
	return expectRows("extensions", table, got)
}

func (w *World) extension(oid string) ([]byte, error) {
	certificate, err := w.certificate()
	if err != nil {
		return nil, err
	}
	for _, e := range certificate.Extensions {
		if e.Id.String() == oid {
			return e.Value, nil
		}
	}
	return nil, &Failure{"extension " + oid, "there", "not there"}
}

func extensionIs(_ context.Context, w *World, oid string, want []byte) error {
	value, err := w.extension(oid)
	if err != nil {
		return err
	}
	return Expect("extension "+oid, want, value)
}

func extensionContains(_ context.Context, w *World, oid, want string) error {
	value, err := w.extension(oid)
	if err != nil {
		return err
	}
	return ExpectThat(strings.Contains(string(value), want), "extension "+oid, "one with "+want, value)
}

func policyIs(_ context.Context, w *World, want string) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	var got []string
	for _, policy := range certificate.Policies {
		got = append(got, policy.String())
	}
	return Expect("policies of the certificate", want, strings.Join(got, " "))
}

func keyIsRSA(_ context.Context, w *World, bits, exponent int) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return &Failure{"key of the certificate", "RSA", fmt.Sprintf("%T", certificate.PublicKey)}
	}
	return Expect("key of the certificate", fmt.Sprintf("%d bits, exponent %d", bits, exponent), fmt.Sprintf("%d bits, exponent %d", key.N.BitLen(), key.E))
}

func endsAtMidnight(_ context.Context, w *World) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	return Expect("time of notAfter", "14:59:59", certificate.NotAfter.UTC().Format(time.TimeOnly))
}

func validYears(_ context.Context, w *World, years int) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	end := certificate.NotBefore.AddDate(years, 0, 0)
	off := certificate.NotAfter.Sub(end)
	return ExpectThat(off > -25*time.Hour && off < 25*time.Hour, "notAfter", end.Format(time.DateOnly)+", give or take a day", certificate.NotAfter.Format(time.DateOnly))
}

func lengthBetween(_ context.Context, w *World, least, most int) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	n := len(certificate.Raw)
	return ExpectThat(n >= least && n <= most, "bytes in the certificate", fmt.Sprintf("%d to %d", least, most), n)
}

// otherName is a GeneralName of choice [0]: an OID, and its value inside [0].
type otherName struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

func otherNames(_ context.Context, w *World, table Table) error {
	value, err := w.extension("2.5.29.17")
	if err != nil {
		return err
	}
	var names []asn1.RawValue
	if _, err := asn1.Unmarshal(value, &names); err != nil {
		return &Failure{"subjectAltName", "a sequence of names", err.Error()}
	}
	var got []string
	for _, n := range names {
		var other otherName
		if _, err := asn1.UnmarshalWithParams(n.FullBytes, &other, "tag:0"); err != nil {
			return &Failure{"subjectAltName", "otherName alone", err.Error()}
		}
		var text asn1.RawValue
		if _, err := asn1.Unmarshal(other.Value.Bytes, &text); err != nil {
			return &Failure{"otherName " + other.Type.String(), "a string", err.Error()}
		}
		got = append(got, fmt.Sprintf("%s %s %s", other.Type, stringTypes[text.Tag], text.Bytes))
	}
	return expectRows("other names", table, got)
}

func lacksOrganisation(_ context.Context, w *World, unwanted string) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	all := append(slices.Clone(certificate.Issuer.Organization), certificate.Subject.Organization...)
	return ExpectThat(!slices.Contains(all, unwanted), "organisation in the names", "another than "+unwanted, strings.Join(all, ", "))
}

// revoke puts a holder's certificate on the CA's list until the scenario ends.
func (w *World) revoke(holder, family string, reason int) error {
	if err := w.Bench.Revoke(holder, bench.Family(family), reason); err != nil {
		return fmt.Errorf("revoking: %w", err)
	}
	w.cleanup(func() { _ = w.Bench.Reinstate(holder, bench.Family(family)) }) // it may be reinstated already
	return nil
}
