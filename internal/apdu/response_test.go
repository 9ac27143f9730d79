package apdu_test

import (
	"bytes"
	"errors"
	"testing"

	"kazasu/internal/apdu"
)

func TestResponse(t *testing.T) {
	for _, c := range []struct {
		hex    string
		data   string
		status apdu.Status
	}{
		{"9000", "", 0x9000},
		{"63C2", "", 0x63C2},
		{"AABB 6A82", "AABB", 0x6A82},
	} {
		r, err := apdu.ParseResponse(unhex(c.hex))
		if err != nil || !bytes.Equal(r.Data, unhex(c.data)) || r.Status != c.status {
			t.Errorf("%s: got %X %04X, %v", c.hex, r.Data, uint16(r.Status), err)
		}
		if got := r.Append([]byte{0x11}); !bytes.Equal(got, unhex("11"+c.hex)) {
			t.Errorf("%s: wrote %X", c.hex, got)
		}
	}
	for _, short := range []string{"", "90"} {
		if _, err := apdu.ParseResponse(unhex(short)); !errors.Is(err, apdu.ErrShortResponse) {
			t.Errorf("%q: got %v, want ErrShortResponse", short, err)
		}
	}
}

func TestResponseErr(t *testing.T) {
	if err := (apdu.Response{Status: apdu.OK}).Err(); err != nil {
		t.Errorf("9000: %v", err)
	}
	err := apdu.Response{Status: 0x6982}.Err()
	var refused apdu.StatusError
	if !errors.As(err, &refused) || refused.Status != apdu.SecurityNotSatisfied {
		t.Errorf("6982: got %#v", err)
	}
	if want := "card answered 6982 (PIN not verified)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[apdu.Status]string{
		0x9000: "9000 (ok)",
		0x63C3: "63C3 (wrong PIN or query, 3 tries left)",
		0x63C0: "63C0 (wrong PIN or query, 0 tries left)",
		0x6300: "6300 (not verified, no limit of tries)",
		0x6984: "6984 (PIN blocked)",
		0x6A82: "6A82 (file or application not found)",
		0x6D00: "6D00 (instruction not supported)",
		0x1234: "1234",
	} {
		if got := status.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTries(t *testing.T) {
	for n, want := range map[int]apdu.Status{0: 0x63C0, 3: 0x63C3, 15: 0x63CF} {
		if got := apdu.TriesLeft(n); got != want {
			t.Errorf("TriesLeft(%d) is %04X, want %04X", n, uint16(got), uint16(want))
		}
		if got, ok := want.Tries(); got != n || !ok {
			t.Errorf("%04X: %d tries, %t", uint16(want), got, ok)
		}
	}
	for _, other := range []apdu.Status{0x9000, 0x6300, 0x63B3, 0x6984} {
		if _, ok := other.Tries(); ok {
			t.Errorf("%04X is taken for tries", uint16(other))
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("TriesLeft(16) is written")
		}
	}()
	apdu.TriesLeft(16)
}

func FuzzParseResponse(f *testing.F) {
	for _, seed := range []string{"", "90", "9000", "AA 6A82"} {
		f.Add(unhex(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := apdu.ParseResponse(b)
		if (err != nil) != (len(b) < 2) {
			t.Fatalf("%X: %v", b, err)
		}
		if err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Fatalf("read  %X\nwrote %X", b, r.Append(nil))
		}
	})
}
