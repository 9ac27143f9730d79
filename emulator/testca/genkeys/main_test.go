package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryKeyIsThere(t *testing.T) {
	files, err := filepath.Glob("../keys/*.pem")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, strings.TrimSuffix(filepath.Base(f), ".pem"))
	}
	want := names()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("keys are %v\nwant %v: run go generate ./emulator/testca", got, want)
	}
}

// What lies on somebody's card stays.
func TestOnlyMissingKeysAreMade(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("keys", 0o700); err != nil {
		t.Fatal(err)
	}
	there, missing := "keys/there.pem", "keys/missing.pem"
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{there, missing} {
		if err := write(path); err != nil {
			t.Error(err)
		}
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "mine" {
		t.Errorf("%s became %q, %v", there, b, err)
	}
	b, err := os.ReadFile(missing)
	if err != nil || !strings.HasPrefix(string(b), "This private key is PUBLIC") || !strings.Contains(string(b), "-----BEGIN RSA PRIVATE KEY-----") {
		t.Errorf("%s is %q, %v", missing, b, err)
	}
	if err := write("nowhere/key.pem"); err == nil {
		t.Error("a key was written into no folder")
	}
}
