package relyingparty

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestNoDuplicates(t *testing.T) {
	for _, good := range []string{`{}`, `[]`, `1`, `"a"`, `{"a":1,"b":{"a":2}}`, `[{"a":1},{"a":2}]`, `{"a":[{"b":1}],"b":null}`} {
		if err := noDuplicates([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, twice := range []string{`{"a":1,"a":1}`, `{"x":{"a":1,"b":2,"a":3}}`, `[1,{"a":1,"a":2}]`, "{\"a\":1,\"\\u0061\":2}"} {
		if err := noDuplicates([]byte(twice)); !errors.Is(err, errDuplicate) {
			t.Errorf("%s: got %v, want a duplicate", twice, err)
		}
	}
	for _, broken := range []string{``, `{`, `{"a"`, `[1,`, `{"a":}`} {
		if err := noDuplicates([]byte(broken)); err == nil {
			t.Errorf("%s: no error", broken)
		}
	}
}

func FuzzNoDuplicates(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,2,{"c":"d"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := noDuplicates(b); errors.Is(err, errDuplicate) {
			return
		} else if err != nil && json.Valid(b) {
			t.Errorf("%q is valid and was refused: %v", b, err)
		}
	})
}
