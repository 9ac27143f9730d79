// Command genkeys writes the key pairs that the test CA and the shipped
// holders have in common with everybody who has a copy of Kazasu.
//
//	go generate ./emulator/testca
//
// It makes only the files that are missing: a key that others have pinned, or
// that lies on somebody's card, isn't replaced by accident. A file is a PEM
// block of PKCS#1 behind a line that says what it is for.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kazasu/internal/jpki"
)

// folder is where the keys are, seen from the package that embeds them, where
// go generate runs.
const folder = "keys"

// keyBits is the only length of key that JPKI uses.
const keyBits = 2048

// warning stands above every key.
const warning = "This private key is PUBLIC: it is part of Kazasu's source and good for tests alone. Never trust it.\n"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "genkeys:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range names() {
		if err := write(filepath.Join(folder, name+".pem")); err != nil {
			return fmt.Errorf("writing key %s: %w", name, err)
		}
	}
	return nil
}

func names() []string {
	all := []string{"ca-auth", "ca-sign", "ocsp", "text-root", "text-issuer", "face-root", "face-issuer", "card-root", "card-middle", "card-issuer"}
	for _, h := range jpki.Holders() {
		all = append(all, h.ID+"-auth", h.ID+"-sign", h.ID+"-card", h.ID+"-face", h.ID+"-common")
	}
	return all
}

func write(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return os.WriteFile(path, append([]byte(warning), block...), 0o644)
}
