package terminal

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
)

// exchange is one command and its answer, in hex with spaces by field.
type exchange struct{ command, answer string }

// script is a slot that expects literal commands in order. An answer of
// "link: …" is a failure of the link.
type script struct {
	t     *testing.T
	left  []exchange
	fails map[string]error
}

func play(t *testing.T, exchanges ...exchange) *script {
	s := &script{t: t, left: exchanges, fails: map[string]error{}}
	t.Cleanup(func() {
		if len(s.left) > 0 {
			t.Errorf("the terminal never sent %s", s.left[0].command)
		}
	})
	return s
}

func (s *script) PowerOn(context.Context) ([]byte, error) { return nil, nil }
func (s *script) Reset(context.Context) ([]byte, error)   { return nil, nil }
func (s *script) PowerOff(context.Context) error          { return nil }
func (s *script) ATR() []byte                             { return nil }

func (s *script) Transmit(_ context.Context, command []byte) ([]byte, error) {
	s.t.Helper()
	if len(s.left) == 0 {
		s.t.Fatalf("the terminal sent %X after the end", command)
	}
	next := s.left[0]
	s.left = s.left[1:]
	if got, want := strings.ToUpper(hex.EncodeToString(command)), compact(next.command); got != want {
		s.t.Fatalf("command\n got %s\nwant %s", got, want)
	}
	if err := s.fails[next.answer]; err != nil {
		return nil, err
	}
	return unhex(s.t, next.answer), nil
}

func compact(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(compact(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Lines that many scripts begin with.
var (
	selectJPKI    = exchange{"00 A4 04 0C 0A D392F000260100000001", "9000"}
	selectText    = exchange{"00 A4 04 0C 0A D3921000310001010408", "9000"}
	selectAuthPIN = exchange{"00 A4 02 0C 02 0018", "9000"}
	selectSignPIN = exchange{"00 A4 02 0C 02 001B", "9000"}
	selectTextPIN = exchange{"00 A4 02 0C 02 0011", "9000"}
)

const query = "00 20 00 80"
