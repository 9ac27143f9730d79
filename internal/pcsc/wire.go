package pcsc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// Commands of pcscd's protocol, and the sizes in bytes of what goes with them
// both ways (winscard_msg.h of pcsc-lite; version 4:4 is understood from 1.8 to
// 2.5). Numbers are in the machine's own byte order.
const (
	commandEstablish  = 0x01
	commandConnect    = 0x04
	commandReconnect  = 0x05
	commandDisconnect = 0x06
	commandTransmit   = 0x09
	commandVersion    = 0x11
	commandReaders    = 0x12

	protocolMajor, protocolMinor = 4, 4

	nameSize    = 128 // a reader's name, ended by 00
	readersMax  = 16  // entries in the list of readers
	readerSize  = 184 // bytes of an entry
	atrOffset   = 140 // of the ATR in an entry
	atrSize     = 33
	atrLen      = 176   // offset of its length
	responseMax = 65548 // what pcscd allows a response: MAX_BUFFER_SIZE_EXTENDED
)

// Values of PC/SC part 5.
const (
	scopeSystem = 2
	shareShared = 2
	protocolAny = 3 // T=0 or T=1

	leaveCard   = 0
	resetCard   = 1
	unpowerCard = 2
)

// returnValue is what pcscd says of a call.
type returnValue uint32

// Return values that a slot has names for.
const (
	errNoCard       returnValue = 0x8010000C
	errUnavailable  returnValue = 0x80100017
	errUnresponsive returnValue = 0x80100066
	errReset        returnValue = 0x80100068
	errRemoved      returnValue = 0x80100069
)

var returnTexts = map[returnValue]string{
	0x80100009:      "no such reader",
	0x8010000B:      "sharing violation",
	errNoCard:       "no card",
	0x80100016:      "not transacted",
	errUnavailable:  "reader unavailable",
	errUnresponsive: "card unresponsive",
	0x80100067:      "card unpowered",
	errReset:        "card was reset",
	errRemoved:      "card was removed",
}

func (v returnValue) Error() string {
	if text := returnTexts[v]; text != "" {
		return fmt.Sprintf("pcscd answered %08X (%s)", uint32(v), text)
	}
	return fmt.Sprintf("pcscd answered %08X", uint32(v))
}

// client speaks with one pcscd. It is used by one goroutine at a time.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte // the request being written, reused
}

func newClient(conn net.Conn) *client {
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 4096)}
}

// request is a command's fields, in order.
type request []byte

func (r request) number(values ...uint32) request {
	for _, v := range values {
		r = binary.NativeEndian.AppendUint32(r, v)
	}
	return r
}

func (r request) name(reader string) request {
	field := make([]byte, nameSize)
	copy(field[:nameSize-1], reader)
	return append(r, field...)
}

// do sends one command with what follows its fields, and reads an answer of
// size bytes.
func (c *client) do(command uint32, fields request, following []byte, size int) (answer, error) {
	c.out = request(c.out[:0]).number(uint32(len(fields)), command)
	c.out = append(append(c.out, fields...), following...)
	if _, err := c.conn.Write(c.out); err != nil {
		return nil, err
	}
	a := make(answer, size)
	_, err := io.ReadFull(c.in, a)
	return a, err
}

// answer is a command's fields, filled in by pcscd.
type answer []byte

func (a answer) number(offset int) uint32 { return binary.NativeEndian.Uint32(a[offset:]) }

// value is the return value in the last field, as an error.
func (a answer) value() error {
	if v := returnValue(a.number(len(a) - 4)); v != 0 {
		return v
	}
	return nil
}

func (c *client) version() error {
	a, err := c.do(commandVersion, request(nil).number(protocolMajor, protocolMinor, 0), nil, 12)
	if err != nil {
		return err
	}
	if err := a.value(); err != nil {
		return fmt.Errorf("pcscd speaks protocol %d:%d and refuses ours, %d:%d: %w",
			a.number(0), a.number(4), protocolMajor, protocolMinor, err)
	}
	return nil
}

func (c *client) establish() (context uint32, err error) {
	a, err := c.do(commandEstablish, request(nil).number(scopeSystem, 0, 0), nil, 12)
	if err != nil {
		return 0, err
	}
	return a.number(4), a.value()
}

// state is an entry of the list of readers.
type state struct {
	name string
	atr  []byte // nil without a card
}

func (c *client) readers() ([]state, error) {
	a, err := c.do(commandReaders, nil, nil, readersMax*readerSize)
	if err != nil {
		return nil, err
	}
	return parseReaders(a), nil
}

// parseReaders reads the entries that have a name. A length beyond the field
// is taken as the field's.
func parseReaders(list []byte) []state {
	var found []state
	for ; len(list) >= readerSize; list = list[readerSize:] {
		name, _, _ := bytes.Cut(list[:nameSize], []byte{0})
		if len(name) == 0 {
			continue
		}
		s := state{name: string(name)}
		if n := min(int(answer(list).number(atrLen)), atrSize); n > 0 {
			s.atr = bytes.Clone(list[atrOffset : atrOffset+n])
		}
		found = append(found, s)
	}
	return found
}

func (c *client) connect(context uint32, reader string) (handle, protocol uint32, err error) {
	fields := request(nil).number(context).name(reader).number(shareShared, protocolAny, 0, 0, 0)
	a, err := c.do(commandConnect, fields, nil, len(fields))
	if err != nil {
		return 0, 0, err
	}
	const handleAt = 4 + nameSize + 8
	return a.number(handleAt), a.number(handleAt + 4), a.value()
}

func (c *client) reconnect(handle, how uint32) (protocol uint32, err error) {
	fields := request(nil).number(handle, shareShared, protocolAny, how, 0, 0)
	a, err := c.do(commandReconnect, fields, nil, len(fields))
	if err != nil {
		return 0, err
	}
	return a.number(16), a.value()
}

func (c *client) disconnect(handle, how uint32) error {
	fields := request(nil).number(handle, how, 0)
	a, err := c.do(commandDisconnect, fields, nil, len(fields))
	if err != nil {
		return err
	}
	return a.value()
}

// transmit sends a command APDU. The response follows the fields of the
// answer, and is the caller's.
func (c *client) transmit(handle, protocol uint32, command []byte) ([]byte, error) {
	const pciSize = 8
	var space [32]byte
	fields := request(space[:0]).number(handle, protocol, pciSize, uint32(len(command)), 0, pciSize, responseMax, 0)
	a, err := c.do(commandTransmit, fields, command, len(fields))
	if err != nil {
		return nil, err
	}
	if err := a.value(); err != nil {
		return nil, err
	}
	n := a.number(24)
	if n > responseMax {
		return nil, fmt.Errorf("pcscd announces a response of %d bytes", n)
	}
	response := make([]byte, n)
	_, err = io.ReadFull(c.in, response)
	return response, err
}
