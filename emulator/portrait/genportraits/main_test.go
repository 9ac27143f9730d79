package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"kazasu/internal/jpki"
)

func TestEveryImageIsThere(t *testing.T) {
	files, err := filepath.Glob("../images/*")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, f := range files {
		got = append(got, filepath.Base(f))
	}
	for _, h := range jpki.Holders() {
		for _, image := range []string{"-address.png", "-code.png", "-name.png", "-number.png", "-photo.jp2"} {
			want = append(want, h.ID+image)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("images are %v\nwant %v: run go generate ./emulator/portrait", got, want)
	}
}

// Every holder has a figure, and no two look alike.
func TestFigures(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range jpki.Holders() {
		drawn := figures[h.ID].draw()
		if head := []byte("P5\n192 240\n255\n"); !bytes.HasPrefix(drawn, head) || len(drawn) != len(head)+192*240 {
			t.Errorf("%s: %d bytes are no PGM of 192×240", h.ID, len(drawn))
		}
		if figures[h.ID] == (figure{}) || seen[string(drawn)] {
			t.Errorf("%s has no figure of their own", h.ID)
		}
		seen[string(drawn)] = true
	}
}

// What lies on somebody's card stays.
func TestOnlyMissingImagesAreMade(t *testing.T) {
	there := filepath.Join("..", "images", "hanako-photo.jp2")
	if err := missing(there, func(string) error { t.Error("it was drawn again"); return nil }); err != nil {
		t.Error(err)
	}
	made := false
	if err := missing(filepath.Join(t.TempDir(), "x"), func(string) error { made = true; return nil }); err != nil || !made {
		t.Errorf("made %t, %v", made, err)
	}
}

func TestLinesBreak(t *testing.T) {
	if got := broken("あいうえお", 2); got != "あい\nうえ\nお" {
		t.Errorf("got %q", got)
	}
}
