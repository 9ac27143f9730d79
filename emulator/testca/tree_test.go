package testca

import (
	"encoding/asn1"
	"fmt"
	"strings"
	"testing"
)

// tree writes DER as one line per object, indented: what stands in a
// certificate, in its order, with the string types that it has. It is a
// reader of its own, so that it can't share a mistake with the writer.
func tree(t *testing.T, der []byte) string {
	t.Helper()
	var b strings.Builder
	walk(t, &b, der, 0)
	return b.String()
}

func walk(t *testing.T, b *strings.Builder, der []byte, depth int) {
	t.Helper()
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			t.Fatalf("%x: %v", der, err)
		}
		der = rest
		fmt.Fprintf(b, "%s%s\n", strings.Repeat("  ", depth), line(t, v))
		if v.IsCompound {
			walk(t, b, v.Bytes, depth+1)
		}
	}
}

func line(t *testing.T, v asn1.RawValue) string {
	t.Helper()
	if v.Class == asn1.ClassContextSpecific {
		if v.IsCompound {
			return fmt.Sprintf("[%d]", v.Tag)
		}
		if v.Tag == 6 {
			return fmt.Sprintf("[6] %s", v.Bytes)
		}
		return fmt.Sprintf("[%d] %X", v.Tag, v.Bytes)
	}
	switch v.Tag {
	case asn1.TagOID:
		var id asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(v.FullBytes, &id); err != nil {
			t.Fatal(err)
		}
		return "OID " + id.String()
	case asn1.TagUTF8String:
		return "UTF8 " + string(v.Bytes)
	case asn1.TagPrintableString:
		return "PRINTABLE " + string(v.Bytes)
	case asn1.TagIA5String:
		return "IA5 " + string(v.Bytes)
	case asn1.TagUTCTime:
		return "UTC " + string(v.Bytes)
	case asn1.TagGeneralizedTime:
		return "TIME " + string(v.Bytes)
	case asn1.TagSequence:
		return "SEQ"
	case asn1.TagSet:
		return "SET"
	}
	names := map[int]string{asn1.TagBoolean: "BOOL", asn1.TagInteger: "INT", asn1.TagBitString: "BITS", asn1.TagOctetString: "OCTETS", asn1.TagNull: "NULL", asn1.TagEnum: "ENUM"}
	return strings.TrimSpace(fmt.Sprintf("%s %X", names[v.Tag], v.Bytes))
}

// same compares two trees and shows the first line that differs.
func same(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(strings.TrimSpace(got), "\n"), strings.Split(strings.TrimSpace(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("line %d differs\ngot:\n%s\nwant:\n%s", i+1, got, want)
		}
	}
}
