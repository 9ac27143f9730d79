package pcsc

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// entry is one of pcscd's 184-byte reader entries, by its name alone.
func entry(name string) []byte { return append([]byte(name), make([]byte, 184-len(name))...) }

func TestParseReaders(t *testing.T) {
	var answer []byte
	for _, name := range []string{"Virtual PCD 00 00", "", "Virtual PCD 00 01", strings.Repeat("n", 128), ""} {
		answer = append(answer, entry(name)...)
	}
	var got []string
	for _, s := range parseReaders(append(answer, 0x56, 0x69)) { // and a part of an entry
		got = append(got, s.name)
	}
	want := []string{"Virtual PCD 00 00", "Virtual PCD 00 01", strings.Repeat("n", 128)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// fakePcscd answers one connection: to each request of so many bytes, an
// answer in hex.
func fakePcscd(t *testing.T, requests []string, answers []string) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "pcscd.comm")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for i := range requests {
			got := make([]byte, len(requests[i])/2)
			if io.ReadFull(conn, got); hex.EncodeToString(got) != requests[i] {
				t.Errorf("request %d: got %x, want %s", i, got, requests[i])
			}
			answer, _ := hex.DecodeString(answers[i])
			conn.Write(answer)
		}
	}()
	return socket
}

// As a little-endian machine sends them.
const (
	askVersion = "0c00000011000000" + "040000000400000000000000"
	askReaders = "0000000012000000"
	goodAnswer = "040000000400000000000000"
	badAnswer  = "0500000001000000" + "1e001080"
)

func TestReaderNames(t *testing.T) {
	table := hex.EncodeToString(append(entry("Virtual PCD 00 00"), make([]byte, 15*184)...))
	socket := fakePcscd(t, []string{askVersion, askReaders}, []string{goodAnswer, table})
	got, err := List(t.Context(), socket)
	if err != nil || !reflect.DeepEqual(got, []string{"Virtual PCD 00 00"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestReaderNamesErrors(t *testing.T) {
	refuses := fakePcscd(t, []string{askVersion}, []string{badAnswer})
	if _, err := List(t.Context(), refuses); err == nil || !strings.Contains(err.Error(), "speaks protocol 5:1") {
		t.Errorf("another protocol: %v", err)
	}
	hangsUp := fakePcscd(t, []string{askVersion}, []string{"0400"})
	if _, err := List(t.Context(), hangsUp); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half an answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := List(ctx, hangsUp); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}
