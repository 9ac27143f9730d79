// Package testca is the test JPKI: the two certification authorities of
// 公的個人認証サービス, rebuilt, with the office that issues, revokes and answers.
//
// # Never trust it
//
// All its private keys are PUBLIC. They lie in this package's keys folder and
// in every copy of Kazasu, so anybody can issue what this CA issues. Trust it
// on a bench, never on a system where a person's data lives.
//
// # The story
//
// [New] sets the two CAs up, one self-signed root for each [Family]: auth
// (利用者証明用, for logging in) and sign (署名用, for signing documents). [CA.Issue]
// is the counter of the municipal office: it takes a [Person] and gives the
// certificates, keys and text keys that go onto a card. [CA.Revoke] is the
// telephone for lost cards, [CA.CRL] the list that is made of it, and
// [CA.Handler] answers for all of it over HTTP: CA certificates, CRLs, and OCSP
// for the auth family, as only its certificates name a responder.
//
// The bytes are those of the real thing: order and criticality of extensions,
// string types, a CRL distribution point that is a directory name, six
// otherNames in a sign certificate. Filled with the real names, a certificate
// has the length of the real one to the byte; a test holds that.
//
// # What tells it from the real thing
//
// The organisation of every name is JPKI-KAZASU, the service's Japanese name
// has TEST behind it, the policies are test policies, and the URLs end in the
// reserved .test. [Options.Organization] changes the first; the organisations
// of the real service and of J-LIS's test cards are refused unless
// [Options.InsecureProductionName] asks for them, and then names and policies
// are the real ones too ("right name, wrong key" is what a relying party must
// refuse). URLs stay ours even then, so that nobody asks the real service
// about a certificate that it never saw.
//
// The sign policy is that of J-LIS's test cards, 1.2.392.200149.8.5.1.0.20. No
// auth policy of a test card is known; ours is a guess by analogy,
// 1.2.392.200149.8.5.1.0.30, as 1.20 became 0.20 (docs/FIDELITY.md K17).
//
// # What stays the same
//
// PKCS#1 v1.5 is deterministic, keys are embedded, serial numbers are hashes:
// so one Person, at one Generation, has the same certificates to the byte on
// every machine, for three years. Years come in blocks of three (2026 to 2028,
// 2029 to 2031, …, from 3 o'clock on New Year's morning in Japan); within a block everything is as old as it was on its first
// day. A certificate begins in the night after the birthday before the block
// and ends with the 5th birthday after that, so it is valid throughout and has
// a year to live when the block ends. See validity.go.
//
// # What is missing
//
// The new fields of 2026 (readings, former names), since their form isn't
// public; the CRL's partitions by municipality, here is one whole list; OCSP
// for the sign family, whose real address isn't public either; certificates
// for phones. A person of one's own gets new keys, kept for the life of the CA
// alone: keep them, and hand them back in [Person.Keys].
package testca

//go:generate go run ./genkeys
