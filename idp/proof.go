package idp

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"kazasu/internal/appapi"
)

// proofFailure is one way for a proof to fail. Its code is what app and tests
// branch on, its sentence what people read.
type proofFailure struct{ code, sentence string }

func (f *proofFailure) Error() string { return f.sentence }

// status of the answer to the app.
func (f *proofFailure) status() int {
	if f == errChallengeUsed {
		return http.StatusConflict
	}
	return http.StatusForbidden
}

// The ways to fail, in the order of the checks.
var (
	errChallengeUsed = &proofFailure{"challenge-used", "the challenge is unknown, too old or was used before"}

	errCertificateForm      = &proofFailure{"certificate-unreadable", "the certificate can't be read"}
	errIssuerUnknown        = &proofFailure{"issuer-unknown", "the certificate's issuer is no CA that is trusted"}
	errAuthorityKey         = &proofFailure{"authority-key-unknown", "the certificate names a key or serial of its CA that is not trusted"}
	errCertificateAlgorithm = &proofFailure{"certificate-algorithm", "the certificate is not signed by RSA with SHA-256"}
	errCertificateForged    = &proofFailure{"certificate-forged", "the certificate's signature is not its CA's"}
	errIssuerTime           = &proofFailure{"ca-expired", "the CA's own certificate is not valid now"}
	errTimeForm             = &proofFailure{"validity-form", "the certificate writes a time before 2050 other than as UTCTime"}
	errNotYetValid          = &proofFailure{"certificate-not-yet-valid", "the certificate is not valid yet"}
	errCertificateExpired   = &proofFailure{"certificate-expired", "the certificate has expired"}
	errCriticalExtension    = &proofFailure{"critical-extension", "the certificate has a critical extension that is not known"}
	errPolicy               = &proofFailure{"policy-wrong", "the certificate's policy is not that of an auth certificate"}
	errKeyUsage             = &proofFailure{"key-usage-wrong", "the certificate's key is not for digital signatures alone"}
	errExtKeyUsage          = &proofFailure{"extended-key-usage-wrong", "the certificate is not for client authentication"}
	errLeafIsCA             = &proofFailure{"certificate-is-ca", "the certificate is a CA's"}
	errKeyUnsuitable        = &proofFailure{"key-unsuitable", "the certificate's key is not RSA with 2048 bits and exponent 65537"}

	errSignature = &proofFailure{"signature-wrong", "the signature is not the card's over this challenge"}

	errTextMissing     = &proofFailure{"attributes-missing", "attributes were agreed to but not sent"}
	errCVForged        = &proofFailure{"cv-forged", "the certificate of the card's text was not issued by its root"}
	errIntegrityForged = &proofFailure{"integrity-forged", "the record over the card's text is not signed by its certificate"}
	errTextAltered     = &proofFailure{"attributes-altered", "the card's text is not what its record was made of"}
	errTextForm        = &proofFailure{"attributes-unreadable", "the card's text can't be read"}

	errRevoked       = &proofFailure{"certificate-revoked", "the certificate was revoked"}
	errStatusUnknown = &proofFailure{"revocation-unknown", "nobody could vouch that the certificate is not revoked"}
)

// errConsent is no way for a proof to fail but an app's mistake.
var errConsent = errors.New("consent goes beyond what the client asked for")

// errSkip says that a check has nothing to say here.
var errSkip = errors.New("skipped")

// evidence is a proof under examination, and what the checks so far found out.
type evidence struct {
	provider *Provider
	login    *login
	proof    appapi.Proof
	now      time.Time

	challenge     appapi.Challenge
	certificate   *x509.Certificate
	candidates    []*x509.Certificate // anchors that may have issued it
	anchor        *x509.Certificate   // the one that did
	ocspAnswered  bool
	cvKey         *rsa.PublicKey
	attributeHash []byte
	text          text
}

// check is one row of the examination: its name in events and reports, the
// failure that it finds, and how.
type check struct {
	name    string
	failure *proofFailure
	run     func(context.Context, *evidence) error
}

// examination is the whole judgement on a proof, in order. The challenge goes
// first, so that it is used up whatever follows. Revocation goes last: it alone
// takes the network, and nobody shall learn the state of a certificate without
// the card's signature and text.
//
// No check ties the text to the certificate, since nothing on the card does:
// see the package's comment.
var examination = []check{
	{"challenge", errChallengeUsed, takeChallenge},

	{"certificate", errCertificateForm, readCertificate},
	{"issuer", errIssuerUnknown, findIssuer},
	{"authority-key", errAuthorityKey, matchAuthorityKey},
	{"certificate-algorithm", errCertificateAlgorithm, checkAlgorithm},
	{"certificate-signature", errCertificateForged, checkIssued},
	{"ca-validity", errIssuerTime, checkIssuerTime},
	{"validity-form", errTimeForm, checkTimeForm},
	{"not-before", errNotYetValid, checkNotBefore},
	{"not-after", errCertificateExpired, checkNotAfter},
	{"critical-extensions", errCriticalExtension, checkCritical},
	{"policy", errPolicy, checkPolicy},
	{"key-usage", errKeyUsage, checkKeyUsage},
	{"extended-key-usage", errExtKeyUsage, checkExtKeyUsage},
	{"not-a-ca", errLeafIsCA, checkNotCA},
	{"key", errKeyUnsuitable, checkKey},

	{"signature", errSignature, checkSignature},

	{"attributes-sent", errTextMissing, checkTextSent},
	{"cv", errCVForged, checkCV},
	{"integrity", errIntegrityForged, checkIntegrity},
	{"attributes", errTextAltered, checkText},
	{"attributes-form", errTextForm, readText},

	{"ocsp", errStatusUnknown, checkOCSP},
	{"crl", errStatusUnknown, checkCRL},
}

// judge runs the examination up to the first failure, tells of each check, and
// returns who was there.
func (p *Provider) judge(ctx context.Context, l *login, proof appapi.Proof) (person, error) {
	e := &evidence{provider: p, login: l, proof: proof, now: p.now()}
	for _, c := range examination {
		err := c.run(ctx, e)
		p.tellCheck(l, c, err)
		var failure *proofFailure
		switch {
		case err == nil, errors.Is(err, errSkip):
		case errors.As(err, &failure):
			return person{}, err
		default:
			return person{}, fmt.Errorf("%w: %w", c.failure, err)
		}
	}
	return person{key: p.config.Person(e.certificate), text: e.text}, nil
}

func (p *Provider) tellCheck(l *login, c check, err error) {
	detail := map[string]string{"check": c.name, "outcome": "passed"}
	text := c.name + " passed"
	switch {
	case errors.Is(err, errSkip):
		detail["outcome"], text = "skipped", c.name+" skipped"
	case err != nil:
		detail["outcome"], detail["cause"] = "failed", err.Error()
		text = c.name + " failed: " + c.failure.sentence
		var failure *proofFailure
		if errors.As(err, &failure) {
			text = c.name + " failed: " + failure.sentence
		}
	}
	p.tell(l, KindProofCheck, text, detail)
}

// takeChallenge uses the challenge up: of many proofs at once, one gets it.
func takeChallenge(_ context.Context, e *evidence) error {
	nonce, ok, err := e.provider.config.Store.Take(bucketChallenge, e.login.id)
	switch {
	case err != nil:
		return fmt.Errorf("taking challenge: %w", err)
	case !ok:
		return errChallengeUsed
	}
	e.challenge = e.provider.challenge(e.login, string(nonce))
	return nil
}

// checkSignature compares the whole encoded message, as VerifyPKCS1v15 does,
// not just the hash at its end.
func checkSignature(_ context.Context, e *evidence) error {
	digest := e.challenge.Digest()
	return rsa.VerifyPKCS1v15(e.certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], e.proof.Signature)
}

// within says that every element of part is in whole.
func within(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}
