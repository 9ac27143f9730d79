// Package emulator is a virtual My Number Card: what the chip does, command
// by command, with nothing behind it but data.
//
// [Build] turns [Contents] (certificates, keys, a fictional holder) into a
// [Profile], the card as it leaves the factory; [New] switches a Card on with
// it. From there everything happens in [Card.Transmit]: the command is parsed
// (malformed bytes are answered 6700), looked up in the table of
// instructions.go (else 6D00 or 6E00), checked against the access rule of the
// file it wants, and run. Three things are kept apart:
//
//   - the Profile never changes: files, keys, access rules, answer to reset;
//   - the memory (state.go) survives power loss: PIN tries and changed PINs,
//     written to [State] before a PIN is compared, so that neither pulling the
//     plug nor kill -9 gives a try back;
//   - the session (session.go) dies with the power: current application and
//     file, PINs verified.
//
// All five applications are here: 公的個人認証AP (JPKI-AP), 券面事項入力補助AP (the
// four attributes as text, with secure messaging, secure.go), 券面事項確認AP (the
// card's face, signed), 共通カードAP and 住基AP (records, and a PIN that they
// share); and above them the card's own data objects. Where no source tells
// what a real card does, a comment says "a guess"; docs/FIDELITY.md says of
// each behaviour how it is known.
//
// The card is honest unless [Card.SetFaults] says otherwise.
package emulator
