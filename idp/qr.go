package idp

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/encoder"
)

// qrQuiet is the white border that a scanner needs, ISO/IEC 18004: 4 modules.
const qrQuiet = 4

// qrMask is one of the eight masks, ISO/IEC 18004 §7.8. Trying them all for the
// best takes ten times as long as the drawing, and tickets are random enough
// for any.
const qrMask = 3

// qrSVG draws text as a QR code, one path in an SVG without size: the style
// sheet gives it one.
func qrSVG(text string) (template.HTML, error) {
	code, err := encoder.Encoder_encode(text, decoder.ErrorCorrectionLevel_M,
		map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_QR_MASK_PATTERN: qrMask})
	if err != nil {
		return "", fmt.Errorf("drawing QR code: %w", err)
	}
	matrix := code.GetMatrix()
	var path strings.Builder
	for y := range matrix.GetHeight() {
		for x := 0; x < matrix.GetWidth(); x++ {
			run := 0
			for x+run < matrix.GetWidth() && matrix.Get(x+run, y) == 1 {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+qrQuiet, y+qrQuiet, run, run)
				x += run
			}
		}
	}
	side := matrix.GetWidth() + 2*qrQuiet
	return template.HTML(fmt.Sprintf(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges" role="img">`+
			`<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="%s"/></svg>`,
		side, side, side, side, path.String())), nil
}
