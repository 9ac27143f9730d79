// Command genportraits draws what is printed on the shipped holders' cards.
//
//	go generate ./emulator/portrait
//
// It wants Debian's libopenjp2-tools (opj_compress), ImageMagick (convert) and
// fonts-noto-cjk, and makes only the files that are missing. Nobody sat for
// the figures: they are a dozen ellipses each.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kazasu/internal/jpki"
)

// folder is where the images are, seen from the package that embeds them.
const folder = "images"

// font is Debian's Noto Sans CJK; its first face is the Japanese one.
const font = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "genportraits:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, h := range jpki.Holders() {
		for _, image := range []struct {
			name string
			make func(path string) error
		}{
			{h.ID + "-photo.jp2", func(path string) error { return compress(figures[h.ID], path) }},
			{h.ID + "-name.png", func(path string) error { return write(path, 320, 28, 22, h.Name) }},
			{h.ID + "-address.png", func(path string) error { return write(path, 320, 0, 14, broken(h.Address, 22)) }},
			{h.ID + "-number.png", func(path string) error { return write(path, 72, 12, 11, h.MyNumber) }},
			{h.ID + "-code.png", func(path string) error { return write(path, 24, 12, 10, h.SecurityCode) }},
		} {
			if err := missing(filepath.Join(folder, image.name), image.make); err != nil {
				return fmt.Errorf("making %s: %w", image.name, err)
			}
		}
	}
	return nil
}

// missing makes a file that isn't there.
func missing(path string, make func(string) error) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return make(path)
}

// broken puts a line break behind every n characters.
func broken(text string, n int) string {
	var b strings.Builder
	for i, ch := range []rune(text) {
		if i > 0 && i%n == 0 {
			b.WriteByte('\n')
		}
		b.WriteRune(ch)
	}
	return b.String()
}

// write sets text in black on white, 1 bit a pixel; height 0 is as high as the
// text needs.
func write(path string, width, height, size int, text string) error {
	extent := fmt.Sprintf("%dx", width)
	if height > 0 {
		extent = fmt.Sprintf("%dx%d", width, height)
	}
	args := []string{"-background", "white", "-fill", "black", "-font", font, "-pointsize", fmt.Sprint(size),
		"-gravity", "West", "label:" + text, "-threshold", "62%"}
	if height > 0 {
		args = append(args, "-trim", "+repage", "-resize", fmt.Sprintf("%dx%d>", width, height), "-threshold", "62%", "-extent", extent)
	}
	args = append(args, "-strip", "-define", "png:exclude-chunks=date,time", "-define", "png:bit-depth=1",
		"-define", "png:color-type=0", "PNG:"+path)
	return tool("convert", args...)
}

// compress makes a JPEG 2000 file in the JP2 container, one component.
func compress(f figure, path string) error {
	dir, err := os.MkdirTemp("", "portrait")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	drawing := filepath.Join(dir, "figure.pgm")
	if err := os.WriteFile(drawing, f.draw(), 0o600); err != nil {
		return err
	}
	return tool("opj_compress", "-i", drawing, "-o", path, "-r", "20", "-n", "5")
}

func tool(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(said.String()))
	}
	return nil
}
