package peer

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if handled, exit := Helper(os.Args[1:]); handled {
		os.Exit(exit)
	}
	os.Exit(m.Run())
}

func TestLogin(t *testing.T) {
	m, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for range 3 {
		if err := m.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
