package terminal

import (
	"context"
	"errors"
	"fmt"

	"kazasu/internal/appapi"
	"kazasu/internal/jpki"
	"kazasu/internal/tlv"
)

// Attributes are the 基本4情報 as the card has them.
type Attributes struct {
	Name    string // family, U+3000, given
	Address string
	Birth   string // YYYYMMDD
	Sex     jpki.Sex
}

// ErrAttributes says that EF 0002 isn't what it should be.
var ErrAttributes = errors.New("malformed attributes file")

// Attributes verifies the text PIN and reads the attributes, both in parts and
// as the raw files with which a provider proves them: EF 0002, 0003 and 0004.
func (t *Terminal) Attributes(ctx context.Context, pin jpki.PIN) (Attributes, appapi.TextFiles, error) {
	if err := t.Verify(ctx, jpki.CredentialText, pin); err != nil {
		return Attributes{}, appapi.TextFiles{}, err
	}
	var files appapi.TextFiles
	for _, file := range []struct {
		id   jpki.FileID
		into *[]byte
	}{
		{jpki.TextAttributes, &files.Attributes},
		{jpki.TextIntegrity, &files.Integrity},
		{jpki.TextCV, &files.CV},
	} {
		content, err := t.ReadFile(ctx, file.id)
		if err != nil {
			return Attributes{}, appapi.TextFiles{}, err
		}
		*file.into = content
	}
	attributes, err := ParseAttributes(files.Attributes)
	return attributes, files, err
}

// ParseAttributes reads EF 0002: FF20 { DF21 offsets, DF22 name, DF23 address,
// DF24 birth, DF25 sex }. Filler behind the object is ignored.
func ParseAttributes(file []byte) (Attributes, error) {
	outer := tlv.NewReader(file)
	r := tlv.NewReader(outer.Expect(jpki.TagAttributes))
	if outer.Err() != nil {
		return Attributes{}, fmt.Errorf("%w: %w", ErrAttributes, outer.Err())
	}
	r.Expect(jpki.TagOffsets)
	a := Attributes{
		Name:    string(r.Expect(jpki.TagName)),
		Address: string(r.Expect(jpki.TagAddress)),
		Birth:   string(r.Expect(jpki.TagBirth)),
	}
	sex := r.Expect(jpki.TagSex)
	if r.Err() != nil {
		return Attributes{}, fmt.Errorf("%w: %w", ErrAttributes, r.Err())
	}
	if len(sex) != 1 {
		return Attributes{}, fmt.Errorf("%w: sex has %d bytes", ErrAttributes, len(sex))
	}
	a.Sex = jpki.Sex(sex[0])
	return a, nil
}
