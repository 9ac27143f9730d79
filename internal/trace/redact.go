package trace

import (
	"encoding/hex"
	"fmt"
	"strings"

	"kazasu/internal/apdu"
	"kazasu/internal/jpki"
)

// Instructions that the recorder knows, by ISO/IEC 7816-4 §11.
const (
	insVerify      = 0x20
	insChange      = 0x24
	insPSO         = 0x2A
	insReset       = 0x2C
	insExternal    = 0x82
	insChallenge   = 0x84
	insInternal    = 0x88
	insChangeKey   = 0x32 // JICSAP
	insReadRecord  = 0xB2
	insCertificate = 0xA2 // proprietary: terminal certificate
	insSelect      = 0xA4
	insReadBinary  = 0xB0
	insGetData     = 0xCA
)

// instructionNames is how people call them.
var instructionNames = map[byte]string{
	insVerify:      "VERIFY",
	insChange:      "CHANGE REFERENCE DATA",
	insPSO:         "SIGN",
	insReset:       "RESET RETRY COUNTER",
	insExternal:    "EXTERNAL AUTHENTICATE",
	insChallenge:   "GET CHALLENGE",
	insInternal:    "INTERNAL AUTHENTICATE",
	insChangeKey:   "CHANGE KEY",
	insReadRecord:  "READ RECORD",
	insCertificate: "VERIFY CERTIFICATE",
	insSelect:      "SELECT",
	insReadBinary:  "READ BINARY",
	insGetData:     "GET DATA",
}

// openCommands are the instructions whose command data tells no secret: names
// of files, hashes to sign, challenges, certificates of terminals.
var openCommands = map[byte]bool{
	insSelect: true, insReadBinary: true, insPSO: true, insChallenge: true,
	insInternal: true, insCertificate: true, insGetData: true,
}

// openResponses are those whose response data tells no secret; READ BINARY is
// looked at file by file.
var openResponses = map[byte]bool{insSelect: true, insChallenge: true}

// openFiles are the files that say nothing about the holder, by application.
var openFiles = map[string]map[jpki.FileID]bool{
	string(jpki.AIDJPKI): {
		jpki.SignCA: true, jpki.TokenInfo: true, jpki.CertificatesThere: true, jpki.AuthCA: true,
	},
}

// applicationNames is how people call the applications.
var applicationNames = map[string]string{
	string(jpki.AIDJPKI):    "JPKI-AP",
	string(jpki.AIDText):    "券面事項入力補助AP",
	string(jpki.AIDSurface): "券面事項確認AP",
	string(jpki.AIDJuki):    "住基AP",
	string(jpki.AIDCommon):  "共通カードAP",
	string(jpki.AIDISD):     "ISD",
}

// keyNames names the private keys that SIGN uses.
var keyNames = map[string]map[jpki.FileID]string{
	string(jpki.AIDJPKI): {jpki.AuthKey: "auth", jpki.SignKey: "sign"},
	string(jpki.AIDText): {jpki.TextSigningKey: "card"},
}

// selection is where the card stands, as far as the recorder could see.
type selection struct {
	aid  string
	file jpki.FileID
}

// reading is what the recorder makes of one command.
type reading struct {
	text        string
	ins         byte
	keepCommand bool
	readFile    jpki.FileID // of READ BINARY
	next        selection   // when the card says 9000
}

// read looks at one command without judging it. A command that can't be parsed
// may hold anything, so nothing but its header is kept.
func (s selection) read(command []byte) reading {
	c, err := apdu.Parse(command)
	if err != nil {
		return reading{text: fmt.Sprintf("malformed command, %d bytes", len(command)), next: s}
	}
	r := reading{ins: c.INS, keepCommand: openCommands[c.INS], next: s}
	name, known := instructionNames[c.INS]
	if !known {
		name = fmt.Sprintf("INS %02X", c.INS)
	}
	switch c.INS {
	case insSelect:
		r.text, r.next = s.readSelect(c)
	case insReadBinary:
		r.readFile = s.file
		offset := int(c.P1)<<8 | int(c.P2)
		if c.P1&0x80 != 0 { // ISO/IEC 7816-4 §11.3.3: bits 5–1 of P1 are a short identifier
			r.readFile, offset = jpki.FileID(c.P1&0x1F), int(c.P2)
			r.next.file = r.readFile
		}
		r.text = fmt.Sprintf("READ BINARY %04X @%d", uint16(r.readFile), offset)
	case insVerify, insChange, insReset, insChangeKey:
		r.text = s.readVerify(name, c)
	case insPSO:
		r.text = strings.TrimSpace(name + " " + keyNames[s.aid][s.file])
	default:
		r.text = name
	}
	return r
}

func (s selection) readSelect(c apdu.Command) (string, selection) {
	switch {
	case c.P1 == 0x04:
		name, known := applicationNames[string(c.Data)]
		if !known {
			name = fmt.Sprintf("AID %X", c.Data)
		}
		return "SELECT " + name, selection{aid: string(c.Data)}
	case len(c.Data) == 2:
		id := jpki.FileID(c.Data[0])<<8 | jpki.FileID(c.Data[1])
		return fmt.Sprintf("SELECT %04X", uint16(id)), selection{s.aid, id}
	}
	return fmt.Sprintf("SELECT %X", c.Data), selection{}
}

func (s selection) readVerify(name string, c apdu.Command) string {
	file := s.file
	if sfi := c.P2 & 0x1F; sfi != 0 {
		file = jpki.FileID(sfi)
	}
	for _, credential := range jpki.Credentials {
		if credential.File == file && string(credential.AID) == s.aid {
			name += " " + credential.Name + " PIN"
		}
	}
	if c.INS == insVerify && len(c.Data) == 0 {
		name += " (query)"
	}
	return name
}

// keepResponse says that the data of the answer may be recorded.
func (r reading) keepResponse() bool {
	if r.ins == insReadBinary {
		return openFiles[r.next.aid][r.readFile]
	}
	return openResponses[r.ins]
}

// redactCommand is the command in hex with its data blanked unless it is open.
func redactCommand(command []byte, keep bool) string {
	if keep {
		return strings.ToUpper(hex.EncodeToString(command))
	}
	c, err := apdu.Parse(command)
	if err != nil {
		head := min(4, len(command))
		return fmt.Sprintf("%X", command[:head]) + blank(len(command)-head)
	}
	if len(c.Data) == 0 {
		return fmt.Sprintf("%X", command)
	}
	start := 5 // behind header and Lc
	if c.Extended {
		start = 7
	}
	end := start + len(c.Data)
	return fmt.Sprintf("%X%s%X", command[:start], blank(len(c.Data)), command[end:])
}

func redactData(data []byte, keep bool) string {
	if keep {
		return strings.ToUpper(hex.EncodeToString(data))
	}
	return blank(len(data))
}

// blank stands for n bytes that are not told.
func blank(n int) string { return strings.Repeat("xx", n) }
