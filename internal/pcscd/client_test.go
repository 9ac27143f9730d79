package pcscd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
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
	got := parseReaders(append(answer, 0x56, 0x69)) // and a part of an entry
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
	got, err := readerNames(t.Context(), socket)
	if err != nil || !reflect.DeepEqual(got, []string{"Virtual PCD 00 00"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestReaderNamesErrors(t *testing.T) {
	refuses := fakePcscd(t, []string{askVersion}, []string{badAnswer})
	if _, err := readerNames(t.Context(), refuses); err == nil || !strings.Contains(err.Error(), "speaks protocol 5:1") {
		t.Errorf("another protocol: %v", err)
	}
	hangsUp := fakePcscd(t, []string{askVersion}, []string{"0400"})
	if _, err := readerNames(t.Context(), hangsUp); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half an answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readerNames(ctx, hangsUp); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

// TestSystemWithoutDriver: a pcscd that has other readers only.
func TestSystemWithoutDriver(t *testing.T) {
	table := hex.EncodeToString(append(entry("Virtual PCDs are not ours 00 00"), make([]byte, 15*184)...))
	socket := fakePcscd(t, []string{askVersion, askReaders}, []string{goodAnswer, table})
	if _, err := startSystem(t.Context(), socket); !errors.Is(err, ErrNoDriver) {
		t.Errorf("got %v, want %v", err, ErrNoDriver)
	}
	if _, err := startSystem(t.Context(), filepath.Join(t.TempDir(), "nobody")); !errors.Is(err, ErrNoPcscd) {
		t.Errorf("no socket: got %v, want %v", err, ErrNoPcscd)
	}
}

func TestTail(t *testing.T) {
	var next strings.Builder
	tail := &tail{next: &next}
	for _, part := range []string{"one\ntw", "o\n\n", "3\n4\n5\n6\n7\n8\n9\n10\n11\npart"} {
		if n, err := tail.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	want := []string{"two", "3", "4", "5", "6", "7", "8", "9", "10", "11", "part"}
	if got := tail.lines(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if next.String() != "one\ntwo\n\n3\n4\n5\n6\n7\n8\n9\n10\n11\npart" {
		t.Errorf("passed on %q", next.String())
	}
}

// TestTailSaysAThingOnce: what pcscd repeats leaves room for what came before.
func TestTailSaysAThingOnce(t *testing.T) {
	tail := &tail{next: io.Discard}
	fmt.Fprintln(tail, "00000010 loading the driver")
	for i := range 100 {
		fmt.Fprintf(tail, "%08d card not transacted: 606\n", i)
	}
	fmt.Fprintln(tail, "00000002 loading the driver")
	want := []string{"loading the driver", "card not transacted: 606", "loading the driver"}
	if got := tail.lines(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
