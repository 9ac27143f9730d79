package steps

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/http"

	"golang.org/x/crypto/ocsp"

	"kazasu/internal/bench"
)

// responderAnswer is what the OCSP responder said.
type responderAnswer struct {
	http     int
	response *ocsp.Response
	err      error // why the answer can't be used
}

func statusSteps() []Row {
	return []Row{
		{`the {word} certificate of {string} is revoked with reason {int}`, `{word} 証明書が{string}について理由 {int} で失効している`,
			"puts it on the CA's list until the scenario ends; needs the lane of those that touch the whole issuer", certificateRevoked},
		{`the {word} certificate of {string} is good again`, `{word} 証明書の失効が{string}について取り消される`, "takes it off the CA's list", certificateReinstated},
		{`the {word} CRL is fetched`, `{word} の失効リストを取得する`, "auth or sign, and expects a list that crypto/x509 reads", crlFetched},
		{`the CRL is signed by the CA`, `失効リストはCAに署名されている`, "signature, and issuer equal to the CA's subject", crlSigned},
		{`the CRL is current`, `失効リストは有効期間内である`, "thisUpdate is past, nextUpdate ahead on the bench's clock", crlCurrent},
		{`the CRL is out of date`, `失効リストは期限切れである`, "nextUpdate is past on the bench's clock", crlOutdated},
		{`the CRL lists the certificate with reason {int}`, `失効リストは証明書を理由 {int} で載せている`, "entry and CRLReason (RFC 5280 §5.3.1)", crlLists},
		{`the CRL does not list the certificate`, `失効リストは証明書を載せていない`, "no entry with this serial number", crlLacks},
		{`the responder is asked about the certificate`, `応答者に証明書を照会する`, "OCSP by POST, CertID with SHA-1", responderAsked},
		{`the responder is asked about a certificate that was never issued`, `応答者に発行していない証明書を照会する`,
			"the same with a serial number that the CA doesn't know", responderAskedUnknown},
		{`the responder says {word}`, `応答者は {word} と答える`, "good, revoked or unknown, in a response signed for this CA", responderSays},
		{`the responder gives the reason {int}`, `応答者は理由 {int} を示す`, "CRLReason of the response", responderReason},
		{`the responder gives no usable answer`, `応答者は使える応答を返さない`, "an HTTP error, or an OCSP error status", responderDown},
	}
}

func certificateRevoked(_ context.Context, w *World, family, holder string, reason int) error {
	return w.revoke(holder, family, reason)
}

func certificateReinstated(_ context.Context, w *World, family, holder string) error {
	if err := w.Bench.Reinstate(holder, bench.Family(family)); err != nil {
		return fmt.Errorf("reinstating: %w", err)
	}
	return nil
}

func crlFetched(ctx context.Context, w *World, family string) error {
	address, err := w.caAddress(family, "crl")
	if err != nil {
		return err
	}
	if err := w.get(ctx, address); err != nil {
		return err
	}
	if err := Expect("HTTP status of the CRL", 200, w.exchange.status); err != nil {
		return err
	}
	list, err := x509.ParseRevocationList(w.exchange.body)
	if err != nil {
		return &Failure{"CRL", "one that crypto/x509 reads", err.Error()}
	}
	w.pki.crl = list
	return nil
}

func (w *World) crl() (*x509.RevocationList, error) {
	if w.pki.crl == nil {
		return nil, errors.New("no CRL is at hand: fetch one first")
	}
	return w.pki.crl, nil
}

func crlSigned(_ context.Context, w *World) error {
	list, err := w.crl()
	if err != nil {
		return err
	}
	if !bytes.Equal(w.pki.ca.RawSubject, list.RawIssuer) {
		return &Failure{"issuer of the CRL", w.pki.ca.Subject.String(), list.Issuer.String()}
	}
	if err := list.CheckSignatureFrom(w.pki.ca); err != nil {
		return &Failure{"signature of the CRL", "the CA's", err.Error()}
	}
	return nil
}

// dateForm shows a moment to the second.
const dateForm = "2006-01-02 15:04:05Z"

func crlCurrent(_ context.Context, w *World) error {
	list, err := w.crl()
	if err != nil {
		return err
	}
	now := w.Bench.Clock().Now().UTC()
	if list.ThisUpdate.After(now) {
		return &Failure{"thisUpdate of the CRL", "not after " + now.Format(dateForm), list.ThisUpdate.Format(dateForm)}
	}
	return ExpectThat(list.NextUpdate.After(now), "nextUpdate of the CRL", "after "+now.Format(dateForm), list.NextUpdate.Format(dateForm))
}

func crlOutdated(_ context.Context, w *World) error {
	list, err := w.crl()
	if err != nil {
		return err
	}
	now := w.Bench.Clock().Now().UTC()
	return ExpectThat(list.NextUpdate.Before(now), "nextUpdate of the CRL", "before "+now.Format(dateForm), list.NextUpdate.Format(dateForm))
}

// entry is the certificate's on the CRL, nil if it isn't there.
func (w *World) entry() (*x509.RevocationListEntry, error) {
	list, err := w.crl()
	if err != nil {
		return nil, err
	}
	certificate, err := w.certificate()
	if err != nil {
		return nil, err
	}
	for i := range list.RevokedCertificateEntries {
		if list.RevokedCertificateEntries[i].SerialNumber.Cmp(certificate.SerialNumber) == 0 {
			return &list.RevokedCertificateEntries[i], nil
		}
	}
	return nil, nil
}

func crlLists(_ context.Context, w *World, reason int) error {
	entry, err := w.entry()
	if err != nil {
		return err
	}
	if entry == nil {
		return &Failure{"certificate on the CRL", fmt.Sprintf("listed with reason %d", reason), "not listed"}
	}
	return Expect("reason on the CRL", reason, entry.ReasonCode)
}

func crlLacks(_ context.Context, w *World) error {
	entry, err := w.entry()
	if err != nil {
		return err
	}
	if entry != nil {
		return &Failure{"certificate on the CRL", "not listed", fmt.Sprintf("revoked with reason %d", entry.ReasonCode)}
	}
	return nil
}

func responderAsked(ctx context.Context, w *World) error {
	certificate, err := w.certificate()
	if err != nil {
		return err
	}
	return w.ask(ctx, certificate)
}

func responderAskedUnknown(ctx context.Context, w *World) error {
	return w.ask(ctx, &x509.Certificate{SerialNumber: big.NewInt(0x7FFFFFFE)})
}

func (w *World) ask(ctx context.Context, certificate *x509.Certificate) error {
	if w.pki.ca == nil {
		return errors.New("no CA certificate is at hand: fetch it first")
	}
	request, err := ocsp.CreateRequest(certificate, w.pki.ca, nil)
	if err != nil {
		return fmt.Errorf("making an OCSP request: %w", err)
	}
	address, err := w.caAddress("auth", "ocsp")
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(request))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/ocsp-request")
	w.pki.status = responderAnswer{}
	if err := w.exchangeWith(req); err != nil {
		w.pki.status.err = err
		return nil
	}
	w.pki.status.http = w.exchange.status
	w.pki.status.response, w.pki.status.err = ocsp.ParseResponse(w.exchange.body, w.pki.ca)
	return nil
}

// responderStates are the states of RFC 6960 §2.2.
var responderStates = map[int]string{ocsp.Good: "good", ocsp.Revoked: "revoked", ocsp.Unknown: "unknown"}

func responderSays(_ context.Context, w *World, want string) error {
	status := w.pki.status
	switch {
	case status.http != 200 && status.http != 0:
		return &Failure{"OCSP responder", want, fmt.Sprintf("no answer: HTTP %d", status.http)}
	case status.err != nil:
		return &Failure{"OCSP responder", want, "no usable answer: " + status.err.Error()}
	}
	return Expect("OCSP responder", want, responderStates[status.response.Status])
}

func responderReason(_ context.Context, w *World, want int) error {
	if w.pki.status.response == nil {
		return &Failure{"OCSP responder", fmt.Sprintf("reason %d", want), "no answer"}
	}
	return Expect("reason of the OCSP responder", want, w.pki.status.response.RevocationReason)
}

func responderDown(_ context.Context, w *World) error {
	status := w.pki.status
	return ExpectThat(status.err != nil || status.http != 200, "OCSP responder", "no usable answer", fmt.Sprintf("HTTP %d", status.http))
}
