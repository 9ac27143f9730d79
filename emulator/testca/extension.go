package testca

import (
	"crypto/rsa"
	"crypto/sha1" // what JPKI's key identifiers are, RFC 5280 §4.2.1.2 (1)
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	"kazasu/internal/jpki"
)

// extensions are the values of a certificate's extensions by object
// identifier. The order in which they stand is the profile's.
type extensions map[string][]byte

func (e extensions) add(id asn1.ObjectIdentifier, value []byte) { e[id.String()] = value }

// encode lays the extensions out in order. One that is missing or left over
// breaks our own table.
func (e extensions) encode(order []asn1.ObjectIdentifier) []byte {
	var all [][]byte
	for _, id := range order {
		value, ok := e[id.String()]
		if !ok {
			panic(fmt.Sprintf("testca: no value for extension %s", id))
		}
		all = append(all, extension(id, value))
	}
	if len(all) != len(e) {
		panic(fmt.Sprintf("testca: %d extensions, %d in the profile", len(e), len(all)))
	}
	return sequence(all...)
}

func extension(id asn1.ObjectIdentifier, value []byte) []byte {
	if jpki.ExtensionCritical(id) {
		return sequence(oid(id), object(tagBoolean, []byte{0xFF}), object(tagOctets, value))
	}
	return sequence(oid(id), object(tagOctets, value))
}

// directoryName is a GeneralName.
func directoryName(name []byte) []byte { return object(constructed(4), name) }

// policies is one policy with the address of its practice statement.
func policies(policy asn1.ObjectIdentifier, cps string) []byte {
	qualifier := sequence(oid(jpki.OIDCPS), text(tagIA5, cps))
	return sequence(sequence(oid(policy), sequence(qualifier)))
}

// distributionPoint is a fullName that is a directory name.
func distributionPoint(name []byte) []byte {
	fullName := object(constructed(0), directoryName(name))
	return sequence(sequence(object(constructed(0), fullName)))
}

// ocspAccess is an authorityInfoAccess with a responder's address.
func ocspAccess(url string) []byte {
	return sequence(sequence(oid(jpki.OIDOCSP), text(implicit(6), url)))
}

// authorityKey is key, name and serial number of the issuer: all three, as
// CAs that share a name need.
func authorityKey(keyID, issuer []byte, serial *big.Int) []byte {
	number := integer(serial)
	return sequence(
		object(implicit(0), keyID),
		object(constructed(1), directoryName(issuer)),
		object(implicit(2), number[2:])) // its value: serials take fewer than 128 bytes
}

// personalData is a sign certificate's subjectAltName: six otherNames, all of
// them UTF8String.
func personalData(p Person) []byte {
	values := map[string]string{
		jpki.OIDName.String(): p.Name, jpki.OIDNameFlags.String(): p.NameFlags,
		jpki.OIDAddress.String(): p.Address, jpki.OIDAddressFlags.String(): p.AddressFlags,
		jpki.OIDBirth.String(): p.BirthCode, jpki.OIDSex.String(): p.SexCode,
	}
	var names [][]byte
	for _, id := range jpki.SignAttributes {
		value := object(constructed(0), text(tagUTF8, values[id.String()]))
		names = append(names, object(constructed(0), oid(id), value))
	}
	return sequence(names...)
}

// keyID is the SHA-1 of the key's bit string, RFC 5280 §4.2.1.2 (1).
func keyID(key *rsa.PublicKey) []byte {
	sum := sha1.Sum(x509.MarshalPKCS1PublicKey(key))
	return sum[:]
}
