package trace

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kazasu/internal/slot"
)

// scripted is a card that answers every command with the same bytes.
type scripted struct{ answer []byte }

func (s *scripted) PowerOn(context.Context) ([]byte, error)          { return []byte{0x3B, 0x00}, nil }
func (s *scripted) Reset(context.Context) ([]byte, error)            { return []byte{0x3B, 0x00}, nil }
func (s *scripted) PowerOff(context.Context) error                   { return nil }
func (s *scripted) ATR() []byte                                      { return []byte{0x3B, 0x00} }
func (s *scripted) Transmit(context.Context, []byte) ([]byte, error) { return s.answer, nil }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSlotRecordsWhatMayBeTold(t *testing.T) {
	const jpki = "00A4040C 0A D392F000260100000001"
	const text = "00A4040C 0A D3921000310001010408"
	for name, c := range map[string]struct {
		before          []string // each answered 9000
		command, answer string
		want            Event
	}{
		"select application": {
			nil, jpki, "9000",
			Event{Text: "SELECT JPKI-AP", Command: "00A4040C0AD392F000260100000001", Status: "9000"},
		},
		"select file": {
			[]string{jpki}, "00A4020C 02 000A", "9000",
			Event{Text: "SELECT 000A", Command: "00A4020C02000A", Status: "9000"},
		},
		"verify": {
			[]string{jpki, "00A4020C 02 0018"}, "00200080 04 31323334", "63C2",
			Event{Text: "VERIFY auth PIN", Command: "0020008004xxxxxxxx", Status: "63C2"},
		},
		"verify whose PIN looks like its header": {
			[]string{jpki, "00A4020C 02 0018"}, "00200080 04 04040404", "9000",
			Event{Text: "VERIFY auth PIN", Command: "0020008004xxxxxxxx", Status: "9000"},
		},
		"verify by short identifier, extended": {
			[]string{text}, "00200091 00 0004 31323334", "9000",
			Event{Text: "VERIFY text PIN", Command: "00200091000004xxxxxxxx", Status: "9000"},
		},
		"query": {
			[]string{jpki, "00A4020C 02 001B"}, "00200080", "63C5",
			Event{Text: "VERIFY sign PIN (query)", Command: "00200080", Status: "63C5"},
		},
		"malformed verify": {
			nil, "00200080 04 313233", "6700",
			Event{Text: "malformed command, 8 bytes", Command: "00200080xxxxxxxx", Status: "6700"},
		},
		"change": {
			[]string{jpki, "00A4020C 02 0018"}, "00240180 04 35363738", "9000",
			Event{Text: "CHANGE REFERENCE DATA auth PIN", Command: "0024018004xxxxxxxx", Status: "9000"},
		},
		"sign": {
			[]string{jpki, "00A4020C 02 0017"}, "802A0080 02 3031 00", "ABCD 9000",
			Event{Text: "SIGN auth", Command: "802A008002303100", Response: "xxxx", Status: "9000"},
		},
		"read of an open file": {
			[]string{jpki, "00A4020C 02 0006"}, "00B00000 02", "4A50 9000",
			Event{Text: "READ BINARY 0006 @0", Command: "00B0000002", Response: "4A50", Status: "9000"},
		},
		"read of a certificate": {
			[]string{jpki, "00A4020C 02 000A"}, "00B00100 02", "3082 9000",
			Event{Text: "READ BINARY 000A @256", Command: "00B0010002", Response: "xxxx", Status: "9000"},
		},
		"read by short identifier": {
			[]string{text}, "00B08204 02", "FF20 9000",
			Event{Text: "READ BINARY 0002 @4", Command: "00B0820402", Response: "xxxx", Status: "9000"},
		},
		"read of nobody knows what": {
			nil, "00B00000 02", "4142 9000",
			Event{Text: "READ BINARY 0000 @0", Command: "00B0000002", Response: "xxxx", Status: "9000"},
		},
		"unknown instruction": {
			nil, "80D60000 02 4142", "6D00",
			Event{Text: "INS D6", Command: "80D6000002xxxx", Status: "6D00"},
		},
		"answer without a status word": {
			nil, "00840000 08", "41",
			Event{Text: "GET CHALLENGE", Command: "0084000008", Response: "xx"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, card := NewRecorder(System{}), &scripted{answer: unhex(t, "9000")}
			traced := r.Slot("card", card)
			for _, command := range c.before {
				traced.Transmit(t.Context(), unhex(t, command))
			}
			card.answer = unhex(t, c.answer)
			mark := r.Mark()
			traced.Transmit(t.Context(), unhex(t, c.command))
			got := r.Since(mark)[0]
			want := c.want
			want.Player, want.Kind = "card", "apdu"
			if got.Player != want.Player || got.Kind != want.Kind || got.Text != want.Text ||
				got.Command != want.Command || got.Response != want.Response || got.Status != want.Status {
				t.Errorf("recorded\n got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestResetForgetsTheSelection(t *testing.T) {
	r := NewRecorder(System{})
	s := r.Slot("card", &scripted{answer: unhex(t, "4A50 9000")})
	s.Transmit(t.Context(), unhex(t, "00A4040C 0A D392F000260100000001"))
	s.Transmit(t.Context(), unhex(t, "00A4020C 02 0006"))
	s.Reset(t.Context())
	mark := r.Mark()
	s.Transmit(t.Context(), unhex(t, "00B00000 02"))
	if got := r.Since(mark)[0].Response; got != "xxxx" {
		t.Errorf("response = %s after a reset, want it blanked", got)
	}
}

// canaries are secrets that no recording may hold, as text or as hex.
var canaries = []string{"7391", "37333931", "CANARY9", "43414E41525939"}

func TestNoPINIsEverRecorded(t *testing.T) {
	r := NewRecorder(System{})
	card := &scripted{}
	s := r.Slot("card", card)
	pins := [][]byte{[]byte("7391"), []byte("CANARY9")}
	headers := []string{"00200080", "00200098", "10200080", "80200080", "00240080", "002C0080", "00D60000", "00FF0000", "00210000"}
	for _, pin := range pins {
		card.answer = append(append([]byte{}, pin...), 0x90, 0x00) // a card that echoes
		for _, header := range headers {
			h := unhex(t, header)
			n := byte(len(pin))
			for _, command := range [][]byte{
				bytes.Join([][]byte{h, {n}, pin}, nil),
				bytes.Join([][]byte{h, {n}, pin, {0}}, nil),
				bytes.Join([][]byte{h, {0, 0, n}, pin}, nil),
				bytes.Join([][]byte{h, {n + 1}, pin}, nil), // a wrong Lc
				bytes.Join([][]byte{h, pin}, nil),          // none
			} {
				if _, err := s.Transmit(t.Context(), command); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	events := r.Events()
	for i := range events {
		events[i].Time, events[i].Duration = time.Time{}, 0 // digits that any PIN may be among
	}
	var out bytes.Buffer
	if err := WriteNDJSON(&out, events); err != nil {
		t.Fatal(err)
	}
	for _, canary := range canaries {
		if strings.Contains(strings.ToUpper(out.String()), canary) {
			t.Errorf("the trace holds %s", canary)
		}
	}
	if !strings.Contains(out.String(), "0020008004xxxxxxxx") {
		t.Error("the trace holds no VERIFY at all: this test sees nothing")
	}
}

// watcher is a scripted card that can tell that it is there.
type watcher struct{ scripted }

func (watcher) Watch(context.Context) <-chan slot.Presence { return nil }

func TestWatcherStaysAWatcher(t *testing.T) {
	r := NewRecorder(System{})
	if _, ok := r.Slot("card", &watcher{}).(slot.Watcher); !ok {
		t.Error("the recorder hides Watch")
	}
	if _, ok := r.Slot("card", &scripted{}).(slot.Watcher); ok {
		t.Error("the recorder invents Watch")
	}
}

func TestTapBlanksSecrets(t *testing.T) {
	r := NewRecorder(System{})
	h := r.Tap("idp", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "http://localhost:7080/callback?code=CANARY-CODE&state=CANARY-STATE&iss=x", http.StatusSeeOther)
	}))
	req := httptest.NewRequest("GET", "/api/realms/main/login/Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5/wait?client_id=RP1&nonce=CANARY-NONCE", nil)
	req.Header.Set("Kazasu-Tag", "t1")
	req.Header.Set("Authorization", "Bearer CANARY-BEARER")
	h.ServeHTTP(httptest.NewRecorder(), req)
	e := r.Events()[0]
	if want := "GET /api/realms/main/login/Zm9v…/wait?client_id=RP1&nonce=xx"; e.Text != want || e.Status != "303" {
		t.Errorf("recorded %s %s, want 303 %s", e.Status, e.Text, want)
	}
	if want := "http://localhost:7080/callback?code=xx&state=xx&iss=xx"; e.Detail["location"] != want {
		t.Errorf("location %s, want %s", e.Detail["location"], want)
	}
	if e.Detail["tag"] != "t1" {
		t.Errorf("tag %q, want t1", e.Detail["tag"])
	}
	var out bytes.Buffer
	WriteNDJSON(&out, r.Events())
	if strings.Contains(out.String(), "CANARY") {
		t.Errorf("the trace tells a secret: %s", out.String())
	}
}

func TestTapKeepsLongWords(t *testing.T) {
	r := NewRecorder(System{})
	r.Tap("idp", http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(),
		httptest.NewRequest("GET", "/.well-known/openid-configuration", nil))
	if e := r.Events()[0]; e.Text != "GET /.well-known/openid-configuration" || e.Status != "404" {
		t.Errorf("recorded %s %s", e.Status, e.Text)
	}
}

func TestMarkSinceAndForgetting(t *testing.T) {
	r := NewRecorder(System{})
	for range 2*keep - 1 {
		r.Record(Event{Kind: "old"})
	}
	mark := r.Mark()
	r.Record(Event{Kind: "new"}) // lets the oldest go
	if got := r.Since(mark); len(got) != 1 || got[0].Kind != "new" {
		t.Errorf("Since(mark) = %d events, want the new one", len(got))
	}
	if got := len(r.Events()); got != keep {
		t.Errorf("%d events kept, want %d", got, keep)
	}
}

func TestSubscribe(t *testing.T) {
	clock := &Traveller{}
	clock.Travel(24 * time.Hour)
	r := NewRecorder(clock)
	ctx, cancel := context.WithCancel(t.Context())
	events := r.Subscribe(ctx)
	r.Record(Event{Kind: "one"})
	if e := <-events; e.Kind != "one" || time.Until(e.Time) < 23*time.Hour {
		t.Errorf("told %+v, want one, tomorrow", e)
	}
	cancel()
	if _, open := <-events; open {
		t.Error("the channel is open after its context ended")
	}
	r.Record(Event{Kind: "two"}) // must not panic
}

func FuzzRedact(f *testing.F) {
	for _, seed := range []string{"00200080 04 31323334", "00A4040C 0A D392F000260100000001", "00B00000 00 0000", "00"} {
		b, _ := hex.DecodeString(strings.ReplaceAll(seed, " ", ""))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, command []byte) {
		r := selection{}.read(command)
		if got := redactCommand(command, r.keepCommand); len(got) != 2*len(command) {
			t.Errorf("%X recorded as %s: another length", command, got)
		}
	})
}
