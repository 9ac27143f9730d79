// Package vsmartcard speaks the vpcd protocol of the vsmartcard project on
// TCP, from both ends: it can be the card that a reader driver powers and
// commands, and it can be the reader.
//
// The protocol is a two-byte length, big-endian, and that many bytes, both
// ways. The reader asks and the card answers; the card never speaks unasked.
// A frame of one byte is an order to the slot (power off, power on, warm
// reset, tell the ATR), of which only the last is answered; a longer frame is
// a command APDU. There is no error code and no time-out, so the connection
// itself is the presence of the card: opening it inserts the card, closing it
// takes the card away. See [AppendFrame] and [ReadFrame].
//
// [Present] is what a bench uses: it dials a driver, serves a [Card] on the
// connection with [Serve], and dials again when the driver went away. What a
// driver can't survive, Serve never does: it sends no partial frame and no
// empty one, answers for the ATR in every state, and closes the connection
// when the card lets its deadline pass, since a reader would wait for ever.
//
// [Reader] is the other end: NewReader on a connection that a card opened, or
// [Listen] where a phone's app or jCardSim connects to us. [Link] is how the
// cable between the two misbehaves on request.
//
// Bytes go through here and aren't read: this package knows no APDU.
package vsmartcard
