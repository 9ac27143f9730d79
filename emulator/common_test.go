package emulator_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
)

// What the surveyed card has, but for the key id, whose value is a guess.
const (
	record = "011C3430303030303031323731393834333133323231" + "3230333530323137"
	keyID  = "01103630303030323008053030310000" + "00A8"
)

func TestCommonRecords(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		"00B2010C 00", "6A82", // no application
		selectCommon, "9000",
		"00B20104 00", "6986",
		"00B2010C 00", record+" 9000",
		"00B20104 00", record+" 9000", // now current
		"00B20105 00", record+" 9000",
		"00B20104 1E", record+" 9000",
		"00B20104 02", "011C 9000",
		"00B20104 000000", record+" 9000",
		"00B20204 00", "6A83", "00B20004 00", "6A83", "00B20205 00", "6A83",
		"00B20106 00", "6A86", "00B20100 00", "6A86", "00B20104", "6700",
		"00B00000 00", "6981", // records are no bytes
		"00B20114 00", keyID+" 9000",
		"00B201CC 00", "6981", "00B201E4 00", "6981",
		"00B201EC 00", "6A82",
		selectJuki, "9000",
		"00B2010C 00", "6A82",
		"00B20114 00", keyID+" 9000",
		selectJPKI, "9000",
		"00B20154 00", "6981", // a certificate has no records
	)
}

func TestInternalAuthenticate(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectCommon, "9000")
	proof := read(t, card, "00880099 06 'kazasu' 00")
	digest := sha256.Sum256([]byte("kazasu"))
	if err := rsa.VerifyPKCS1v15(&testKeys()["common"].PublicKey, crypto.SHA256, digest[:], proof); err != nil {
		t.Errorf("proof over the challenge: %v", err)
	}
	again := send(t, card, "00880099 06 'kazasu' 00")
	expect(t, card,
		"00880099 06 'kazasu' 00", again,
		"00A4020C 02 0019", "9000", "00880080 06 'kazasu' 00", again,
		"00880199 01 AA 00", "6A86", "00880099 01 AA", "6700", "00880099", "6700", "00880099 00", "6700",
		"00880080 01 AA FF", "6700", "0088009A 01 AA 00", "6A82",
		"0088009C 01 AA 00", "6981", "00880081 01 AA 00", "6981", "802A0099 01 AA 00", "6981",
		selectJPKI, "9000",
		"00880097 01 AA 00", "6982", "0088009A 01 AA 00", "6982", "00880099 01 AA 00", "6981",
		verifyAuth, "9000", "00880097 01 AA 00", "6985", "0088009A 01 AA 00", "6982",
		selectText, "9000", "00880093 01 AA 00", "6985",
	)
	keyless := newCard(t, "standard", withoutCommon)
	expect(t, keyless, selectCommon, "9000", "00880099 01 AA 00", "6985",
		"0020009C", "63C0", verifyJuki, "6984", selectJuki, "9000", "0020009C", "63C0")
}

// TestSharedCounter: 共通カードAP and 住基AP have one PIN, but what was verified
// in one says nothing in the other.
func TestSharedCounter(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		selectCommon, "9000", "0020009C 04 '0000'", "63C2",
		selectJuki, "9000", "0020009C", "63C2", "0020009C 04 '0000'", "63C1",
		selectCommon, "9000", "0020009C", "63C1", verifyJuki, "9000", "0020009C", "63C3",
		selectJuki, "9000", "8032009C 04 '1111'", "6982",
		verifyJuki, "9000", "0024019C 04 '1111'", "6985",
		"8032009C 05 '11111'", "6A80", "8032019C 04 '1111'", "6A86", "80320082 04 '1111'", "6981",
		"00A4020C 02 001C", "9000", "80320080 04 '1111'", "9000",
		selectCommon, "9000", verifyJuki, "63C2", "0020009C 04 '1111'", "9000",
		selectJPKI, "9000", verifyAuth, "9000", "80320098 04 '1111'", "6985",
	)
}
