package conformance

// Notice says which check must notice a fault: with the fault on for the whole
// run it fails, without it it passes. A suite that can't fail is no suite.
type Notice struct{ Fault, Check string }

// Notices is the table of all faults, each with the check that must notice it.
func Notices() []Notice {
	return []Notice{
		{"card.wrong-signature", "CA-35"},
		{"card.swapped-certificate", "CA-19"},
		{"card.counter-not-decremented", "CA-25"},
		{"card.mute", "CA-02"},
		{"card.slow", "CA-52"},
		{"link.cut", "RD-43"},
		{"link.delay", "RD-41"},
		{"idp.wrong-nonce", "OP-25"},
		{"idp.wrong-issuer", "OP-25"},
		{"idp.wrong-audience", "OP-25"},
		{"idp.expired", "OP-25"},
		{"idp.unsigned", "OP-25"},
		{"idp.foreign-key", "OP-25"},
		{"idp.userinfo-of-another", "OP-30"},
		{"ca.revoked", "PK-23"},
		{"ca.ocsp-down", "PK-33"},
		{"ca.stale-crl", "PK-25"},
	}
}
