// Package jpki says what the My Number Card is, as data: its applications,
// files, keys and PINs, the certificate profiles of 公的個人認証サービス, and the
// [Holder] whose card it is. Each row stands with its source.
//
// Two applications matter for a login. In JPKI-AP lie two certificates with
// their keys: auth (利用者証明用, for logging in, 4-digit PIN) and sign (署名用, for
// signing documents, password of 6 to 16 characters). In 券面事項入力補助AP, here
// "text", lie name, address, birth date and sex as text, behind a PIN of its
// own. Nothing here does anything: the emulator, the terminal, the test CA and
// the provider each give these rows their behaviour.
package jpki
