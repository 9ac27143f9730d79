package testca

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"kazasu/internal/tlv"
)

// Tags of X.690, as far as certificates need them.
const (
	tagBoolean   = 0x01
	tagInteger   = 0x02
	tagBits      = 0x03
	tagOctets    = 0x04
	tagNull      = 0x05
	tagUTF8      = 0x0C
	tagPrintable = 0x13
	tagIA5       = 0x16
	tagUTCTime   = 0x17
	tagTime      = 0x18 // GeneralizedTime
	tagSequence  = 0x30
	tagSet       = 0x31
)

// implicit is the tag [n] of a primitive, constructed that of a constructed
// object.
func implicit(n int) tlv.Tag    { return tlv.Tag(0x80 | n) }
func constructed(n int) tlv.Tag { return tlv.Tag(0xA0 | n) }

// object is one DER object around its parts. crypto/x509 and encoding/asn1
// choose string types, orders and defaults by themselves; here each byte is
// put where the profile wants it.
func object(tag tlv.Tag, parts ...[]byte) []byte {
	b := tlv.Builder{Rule: tlv.DER}
	return b.Add(tag, bytes.Join(parts, nil)).Bytes()
}

func sequence(parts ...[]byte) []byte { return object(tagSequence, parts...) }

func text(tag tlv.Tag, s string) []byte { return object(tag, []byte(s)) }

// oid panics for what is no object identifier: it is a row of our own table.
func oid(id asn1.ObjectIdentifier) []byte { return mustMarshal(id) }

func integer(n *big.Int) []byte { return mustMarshal(n) }

func bits(b asn1.BitString) []byte { return mustMarshal(b) }

func mustMarshal(v any) []byte {
	der, err := asn1.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("testca: %v has no DER form: %v", v, err))
	}
	return der
}

// instant is UTCTime, and from 2050 on GeneralizedTime, RFC 5280 §4.1.2.5.
func instant(t time.Time) []byte {
	if t = t.UTC(); t.Year() < 2050 {
		return text(tagUTCTime, t.Format("060102150405Z"))
	}
	return generalized(t)
}

// generalized is GeneralizedTime, the only form of a time in OCSP.
func generalized(t time.Time) []byte { return text(tagTime, t.UTC().Format("20060102150405Z")) }

func enumerated(n int) []byte { return mustMarshal(asn1.Enumerated(n)) }
