package emulator_test

import (
	"fmt"
	"testing"
)

func TestSelectApplication(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		selectJPKI, "9000",
		selectText, "9000",
		selectFace, "9000",
		selectCommon, "9000",
		selectJuki, "9000",
		// with FCI, and with P2=00 but no Le
		"00A40400 0A D392F000260100000001 00", "6F0C840AD392F000260100000001 9000",
		"00A40400 0A D392F000260100000001", "9000",
		// the beginning of a name, first of the list
		"00A40400 02 D392 00", "6F0C840AD392F000260100000001 9000",
		"00A40400 04 D3921000 00", "6F0C840AD3921000310001010408 9000",
		// more than a name is nobody's
		"00A4040C 0B D392F00026010000000100", "6A82",
		"00A4040C 10 D392F000260100000001000000000000", "6A82",
		"00A4040C 11 D392F00026010000000100000000000000", "6700",
		// issuer security domain, by name, beginning or nothing
		"00A4040C 07 A0000001510000", "9000",
		"00A4040C 05 A000000151", "9000",
		"00A40400", "9000",
		"00A40400 00", "6F098407A0000001510000 9000",
		// P1, P2 that nobody uses
		"00A4040E 0A D392F000260100000001", "6A86",
		"00A4050C 0A D392F000260100000001", "6A86",
	)
}

// TestForeignNames: names that other drivers probe for, which must not match
// although A0 and A00000 are beginnings of the issuer security domain's name.
func TestForeignNames(t *testing.T) {
	card := newCard(t, "standard")
	for driver, name := range map[string]string{
		"PIV":       "0B A000000308000010000100",
		"CAC":       "07 A0000000790100",
		"muscle":    "06 A00000000101",
		"coolkey":   "07 627601FF000000",
		"sc-hsm":    "0B E82B0601040181C31F0201",
		"isoApplet": "0C F276A288BCFBA69D34F31001",
		"gids":      "09 A00000039742544659",
		"ISD's kin": "08 A000000151000001",
	} {
		if got := send(t, card, "00A40400"+" "+name+" 00"); got != "6A82" {
			t.Errorf("%s: got %s, want 6A82", driver, got)
		}
	}
	expect(t, card, "00CADF30 05", "6A88") // setcos
}

func TestUnknownNameKeepsApplication(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", verifyAuth, "9000",
		"00A4040C 06 A00000000101", "6A82",
		"00A4020C 02 0017", "9000",
		"00B08A00 02", "3082 9000",
		"802A0097 01 00", "6700", // no Le
		"802A0097 01 AA 00", signatureOfAA)
}

// signatureOfAA is the auth key's PKCS#1 v1.5 block with AA inside, computed by
// openssl pkeyutl -sign -pkeyopt rsa_padding_mode:pkcs1, as length
// and hash.
const signatureOfAA = "[256 bytes, SHA-256 87e28fc5c247b9bef815e7832eab90dd9fd08abd0cd6c0ab57d053be2e8186f9] 9000"

func TestSelectMaster(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		"00A40000", "6A86",
		"00A40000 02 3F00", "6A82",
		"00A4000C 02 3F00", "6A82",
		selectJPKI, "9000",
		"00A40000", "9000",
		"00A40000 02 3F00", "6A82",
		"00A4020C 02 0006", "9000", // still inside JPKI-AP
	)
}

func TestSelectFile(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		"00A4020C 02 0006", "6A82", // no application yet
		selectJPKI, "9000",
		"00A4020C 02 0003", "6A82",
		"00A4020C 02 2F00", "6A82",
		"00A4020C 01 06", "6700",
		"00A4020C", "6700",
		"00A4020E 02 0006", "6A86",
	)
	for _, id := range []string{"0001", "0002", "0005", "0006", "0008", "0009", "000A", "000B", "0010", "0016", "0017", "0018", "0019", "001A", "001B", "001C", "001E"} {
		expect(t, card, "00A4020C 02 "+id, "9000")
	}
}

func TestClasses(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card,
		"01A4040C 0A D392F000260100000001", "6881",
		"03B00000 00", "6881",
		"04A4040C 0A D392F000260100000001", "6882",
		"0CA4040C 0A D392F000260100000001", "6882",
		"08B00000 00", "69FC",
		"0CB00000 00", "69FC",
		"08200080", "69FC",
		"0C200080", "69FC",
		"10A4040C 0A D392F000260100000001", "6884",
		"A0A40000", "6E00",
		"FF000000", "6E00",
		"00C00000 00", "6D00",
		"002C0080", "6D00",
		"002A9E9A 01 00 00", "6D00",
		"80200080", "6D00",
	)
}

// TestSweep: over all classes and instructions nothing happens to a PIN, and
// what is not in the table is refused as such.
func TestSweep(t *testing.T) {
	card := newCard(t, "standard")
	expect(t, card, selectJPKI, "9000", "00A4020C 02 0018", "9000")
	known := map[string]bool{
		"00A4": true, "00B0": true, "00B2": true, "0020": true, "0024": true, "0084": true, "00CA": true,
		"0088": true, "8032": true, "802A": true, "80A2": true, "80AE": true, "80FC": true,
	}
	before := card.PINs()
	for cla := range 256 {
		for ins := range 256 {
			head := fmt.Sprintf("%02X%02X", cla, ins)
			got := send(t, card, head+"0080")
			switch {
			case known[head]:
			case cla == 0x00 || cla == 0x80:
				if got != "6D00" {
					t.Fatalf("> %s0080: got %s, want 6D00", head, got)
				}
			case cla > 0x10 && got != "6E00":
				t.Fatalf("> %s0080: got %s, want 6E00", head, got)
			}
		}
	}
	for i, pin := range card.PINs() {
		if pin != before[i] {
			t.Errorf("the sweep changed PIN %s: %+v, was %+v", pin.Name, pin, before[i])
		}
	}
}

func TestMalformed(t *testing.T) {
	card := newCard(t, "standard")
	for _, command := range []string{
		"", "00", "00A4", "00A404",
		"00A4040C 0A D392", "00A4040C 02 D392F000", "00A4040C 00 01",
		"00A4040C 000000 01", "00A4040C 000002 D3", "00A4040C 0000",
	} {
		if got := send(t, card, command); got != "6700" {
			t.Errorf("> %s: got %s, want 6700", command, got)
		}
	}
}
