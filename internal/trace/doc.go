// Package trace has the one recorder and the one clock of a bench.
//
// What happens is recorded where it crosses a seam: [Recorder.Slot] stands
// round a card, [Recorder.Tap] round an HTTP handler, and players tell the
// rest with [Recorder.Record]. Nothing is interpreted before it is recorded,
// and nothing secret is recorded: redaction happens here, at the source, by
// lists of what may be kept. What is on no list is blanked, one "xx" for each
// byte, so that lengths stay visible:
//
//	0020008004xxxxxxxx            VERIFY with a PIN
//	00B0000000 → xxxx…            a file that says whose card it is
//
// Header, lengths and status word of every command are always kept.
package trace
