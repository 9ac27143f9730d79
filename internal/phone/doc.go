// Package phone is the app on a phone, emulated: it opens a login from a link
// or from what a QR code holds, takes PINs, reads the card that is held to
// it, asks for consent and tells the provider.
//
// [Phone] is the app's logic, spoken to by programs: [Phone.Open] follows the
// link, [Login.WaitReady] waits until the six digits were typed on the PC,
// [Login.ReadCard] verifies, signs and reads, [Login.Consent] hands over what
// the person agreed to, [Login.Cancel] gives up. [Phone.Finish] is all of it
// at once, for a phone that finishes every login by itself. [Screen] is the
// same app as web pages, for a person or a browser that a test drives.
//
// The interface to the provider is internal/appapi. Nothing here knows which
// provider it is, nor whose card: the card is a [slot.Slot].
package phone
