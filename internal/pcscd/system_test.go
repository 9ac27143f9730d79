package pcscd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestSystemWithoutDriver: a pcscd that has other readers only.
func TestSystemWithoutDriver(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "pcscd.comm")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go otherReaders(l)
	if _, err := startSystem(t.Context(), socket); !errors.Is(err, ErrNoDriver) {
		t.Errorf("got %v, want %v", err, ErrNoDriver)
	}
	if _, err := startSystem(t.Context(), filepath.Join(t.TempDir(), "nobody")); !errors.Is(err, ErrNoPcscd) {
		t.Errorf("no socket: got %v, want %v", err, ErrNoPcscd)
	}
}

// otherReaders is a pcscd on a little-endian machine: it agrees to protocol 4:4,
// and lists one reader that isn't vpcd's.
func otherReaders(l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	io.CopyN(io.Discard, conn, 20)
	conn.Write([]byte{4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0})
	io.CopyN(io.Discard, conn, 8)
	conn.Write(append([]byte("Virtual PCDs are not ours 00 00"), make([]byte, 16*184-31)...))
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
