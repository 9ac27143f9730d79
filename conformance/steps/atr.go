package steps

import (
	"context"
	"fmt"
)

// atrDecodes walks through an answer to reset by ISO/IEC 7816-3 §8.2: TS, T0,
// interface bytes, historical bytes, and TCK where a protocol other than T=0
// is offered; nothing may be left over.
func atrDecodes(_ context.Context, w *World) error {
	atr := w.card.atr
	const what = "answer to reset"
	if len(atr) < 2 || (atr[0] != 0x3B && atr[0] != 0x3F) {
		return &Failure{what, "TS 3B or 3F, and T0", show(atr)}
	}
	end, needsTCK := interfaceBytes(atr)
	length := end + int(atr[1]&0x0F)
	if needsTCK {
		length++
	}
	if err := Expect("bytes in the answer to reset", length, len(atr)); err != nil {
		return err
	}
	if !needsTCK {
		return nil
	}
	var sum byte
	for _, b := range atr[1:] {
		sum ^= b
	}
	return Expect("check byte: exclusive-or of T0 to TCK", "00", fmt.Sprintf("%02X", sum))
}

// interfaceBytes finds where the historical bytes begin, and whether a check
// byte follows them. Each TDi says which of TA, TB, TC, TD come next.
func interfaceBytes(atr []byte) (end int, needsTCK bool) {
	at, indicator := 2, atr[1]
	for {
		for bit := byte(0x10); bit <= 0x40; bit <<= 1 {
			if indicator&bit != 0 {
				at++
			}
		}
		if indicator&0x80 == 0 || at >= len(atr) {
			return at, needsTCK
		}
		indicator = atr[at]
		at++
		needsTCK = needsTCK || indicator&0x0F != 0
	}
}
