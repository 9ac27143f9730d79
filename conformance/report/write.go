package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Formats are the files that Write knows: json is results.json, junit is
// junit.xml and html is report.html.
func Formats() []string { return []string{"json", "junit", "html"} }

// Write puts the files of the given formats (all of them when none is given)
// into dir, which it makes when it isn't there. results.json is always
// written, because the others can be made from it.
func Write(dir string, r Results, formats ...string) error {
	if len(formats) == 0 {
		formats = Formats()
	}
	if err := CheckFormats(formats); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder for results: %w", err)
	}
	for _, file := range files {
		if file.format != "json" && !slices.Contains(formats, file.format) {
			continue
		}
		content, err := file.render(r)
		if err != nil {
			return err
		}
		if err := WriteFile(filepath.Join(dir, file.name), content); err != nil {
			return err
		}
	}
	return nil
}

// CheckFormats names the first format that Write doesn't know.
func CheckFormats(formats []string) error {
	for _, f := range formats {
		if !slices.Contains(Formats(), f) {
			return fmt.Errorf("no format is called %q: there are %s", f, strings.Join(Formats(), ", "))
		}
	}
	return nil
}

var files = []struct {
	format, name string
	render       func(Results) ([]byte, error)
}{
	{"json", "results.json", JSON},
	{"junit", "junit.xml", JUnit},
	{"html", "report.html", HTML},
}

// WriteFile writes a file whole: to a temporary name beside it, then renamed
// over it, so that nobody ever reads half of it.
func WriteFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
