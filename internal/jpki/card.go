package jpki

// Application identifiers, as every public client selects them.
var (
	AIDJPKI    = []byte{0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01} // 公的個人認証AP
	AIDText    = []byte{0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08} // 券面事項入力補助AP
	AIDSurface = []byte{0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02} // 券面事項確認AP
	AIDJuki    = []byte{0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x01} // 住基AP
	AIDCommon  = []byte{0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x01, 0x00} // 共通カードAP
	AIDISD     = []byte{0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00}                   // GlobalPlatform issuer security domain
)

// FileID names an elementary file inside an application. Identifiers below
// 1F serve as short identifiers too (JICSAP 1.1).
type FileID uint16

// Files of JPKI-AP.
const (
	SignCertificate   FileID = 0x0001 // 署名用電子証明書, behind SignPIN
	SignCA            FileID = 0x0002 // 署名用CA証明書
	TokenInfo         FileID = 0x0006 // 160 bytes, a serialised CK_TOKEN_INFO
	CertificatesThere FileID = 0x0008 // 3 bytes: sign, auth, unknown; 8F present, 00 absent
	AuthCertificate   FileID = 0x000A // 利用者証明用電子証明書, free on the card, behind AuthPIN on a phone
	AuthCA            FileID = 0x000B // 利用者証明用CA証明書
	TerminalCAKey     FileID = 0x0016 // key for 80 A2
	AuthKey           FileID = 0x0017 // 利用者証明用秘密鍵
	AuthPIN           FileID = 0x0018 // 利用者証明用暗証番号
	SignKey           FileID = 0x001A // 署名用秘密鍵
	SignPIN           FileID = 0x001B // 署名用パスワード
)

// Files of 券面事項入力補助AP.
const (
	TextMyNumber   FileID = 0x0001 // 個人番号
	TextAttributes FileID = 0x0002 // 基本4情報
	TextIntegrity  FileID = 0x0003 // hashes of 0001 and 0002, and a signature over them
	TextCV         FileID = 0x0004 // CV certificate of the key that signed 0003
	TextBasic      FileID = 0x0005 // application's basic data
	TextSessionKey FileID = 0x0006 // public key for session-key delivery
	TextCardKey    FileID = 0x0007 // the card's own public key, signed
	TextPIN        FileID = 0x0011 // 券面事項入力補助用暗証番号
	TextSigningKey FileID = 0x0013 // the card's own private key, needs no PIN
	TextNumberA    FileID = 0x0014 // 照合番号A
	TextNumberB    FileID = 0x0015 // 照合番号B
)

// Files of 券面事項確認AP.
const (
	FaceAge        FileID = 0x0001 // birth date, for showing one's age
	FaceFront      FileID = 0x0002 // the card's face: birth, sex, images, photograph
	FaceBasic      FileID = 0x0003 // application's basic data
	FaceCV         FileID = 0x0004 // CV certificate of the key that signed 0001, 0002 and 0005
	FaceBack       FileID = 0x0005 // image of the 個人番号
	FaceBirth      FileID = 0x0011 // 生年月日 as a key
	FaceNumberB    FileID = 0x0012 // 照合番号B
	FaceNumberA    FileID = 0x0013 // 照合番号A
	FaceSigningKey FileID = 0x001A // the card's own private key, needs no PIN
)

// Files of 共通カードAP and 住基AP. Both have 0002 and 001C.
const (
	CommonSerial FileID = 0x0001 // records; the first: 製造番号, municipality, expiry
	CommonKeyID  FileID = 0x0002 // one record with a key's name
	CommonKey    FileID = 0x0019 // private key for INTERNAL AUTHENTICATE, needs no PIN
	JukiPIN      FileID = 0x001C // 住民基本台帳用暗証番号, one counter for both applications
)

// Tags inside the text application's files.
const (
	TagAttributes = 0xFF20 // EF 0002
	TagOffsets    = 0xDF21
	TagName       = 0xDF22
	TagAddress    = 0xDF23
	TagBirth      = 0xDF24
	TagSex        = 0xDF25

	TagIntegrity      = 0xFF30 // EF 0003
	TagNumberHash     = 0xDF31
	TagAttributesHash = 0xDF32
	TagIntegritySig   = 0xDF33

	TagCV          = 0x7F21 // EF 0004
	TagCVBody      = 0x5F4E
	TagCVSignature = 0x5F37
	TagRSAExponent = 0x90
	TagRSAModulus  = 0x91
)

// Credential is what VERIFY is asked for: which file, its form and its tries.
type Credential struct {
	Name     string // "auth", "sign", "text", …: how people and programs name it
	Japanese string
	AID      []byte
	File     FileID
	Min, Max int // length in characters
	Digits   bool
	TriesMax int
}

// Credentials of a card. That of 住基AP is the same as 共通カードAP's.
var (
	CredentialAuth        = Credential{"auth", "利用者証明用暗証番号", AIDJPKI, AuthPIN, 4, 4, true, 3}
	CredentialSign        = Credential{"sign", "署名用パスワード", AIDJPKI, SignPIN, 6, 16, false, 5}
	CredentialText        = Credential{"text", "券面事項入力補助用暗証番号", AIDText, TextPIN, 4, 4, true, 3}
	CredentialNumberA     = Credential{"number-a", "照合番号A", AIDText, TextNumberA, 12, 12, true, 10}
	CredentialNumberB     = Credential{"number-b", "照合番号B", AIDText, TextNumberB, 14, 14, true, 10}
	CredentialFaceBirth   = Credential{"face-birth", "生年月日", AIDSurface, FaceBirth, 6, 6, true, 10}
	CredentialFaceNumberB = Credential{"face-number-b", "照合番号B", AIDSurface, FaceNumberB, 14, 14, true, 10}
	CredentialFaceNumberA = Credential{"face-number-a", "照合番号A", AIDSurface, FaceNumberA, 12, 12, true, 10}
	CredentialJuki        = Credential{"juki", "住民基本台帳用暗証番号", AIDCommon, JukiPIN, 4, 4, true, 3}
)

// Credentials is the table of all that a card of ours holds.
var Credentials = []Credential{
	CredentialAuth, CredentialSign, CredentialText, CredentialNumberA, CredentialNumberB,
	CredentialFaceBirth, CredentialFaceNumberB, CredentialFaceNumberA, CredentialJuki,
}
