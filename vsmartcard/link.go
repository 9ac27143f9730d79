package vsmartcard

import "time"

// Link is how the cable between card and reader misbehaves. The zero value is
// an honest cable. It is asked for each answer of the card to an APDU, so a
// change takes effect with the next one.
type Link struct {
	Cut   bool          `fault:"closes the connection instead of answering a command, as if the card were pulled out"`
	Delay time.Duration `fault:"holds each of the card's answers back for this long"`
}
