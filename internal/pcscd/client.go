package pcscd

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// What we say to pcscd ourselves: enough of its protocol to read the list of
// readers (winscard_msg.h of pcsc-lite; version 4:4 is understood from 1.9 to
// 2.5).
const (
	commandVersion = 0x11
	commandReaders = 0x12

	protocolMajor, protocolMinor = 4, 4

	readersMax  = 16  // entries in an answer
	readerSize  = 184 // bytes of an entry
	readerName  = 128 // bytes of the name that it begins with
	versionSize = 12
)

// readerNames asks the pcscd behind socket which readers it has.
func readerNames(ctx context.Context, socket string) ([]string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	version := binary.NativeEndian.AppendUint32(nil, protocolMajor)
	version = binary.NativeEndian.AppendUint32(version, protocolMinor)
	version = binary.NativeEndian.AppendUint32(version, 0)
	answer, err := call(conn, commandVersion, version, versionSize)
	if err != nil {
		return nil, fmt.Errorf("asking pcscd for its protocol: %w", err)
	}
	if rv := binary.NativeEndian.Uint32(answer[8:]); rv != 0 {
		return nil, fmt.Errorf("pcscd speaks protocol %d:%d and refuses ours, %d:%d: %08X",
			binary.NativeEndian.Uint32(answer), binary.NativeEndian.Uint32(answer[4:]), protocolMajor, protocolMinor, rv)
	}
	answer, err = call(conn, commandReaders, nil, readersMax*readerSize)
	if err != nil {
		return nil, fmt.Errorf("asking pcscd for its readers: %w", err)
	}
	return parseReaders(answer), nil
}

// call sends one command and reads an answer of a known size.
func call(conn net.Conn, command uint32, body []byte, size int) ([]byte, error) {
	request := binary.NativeEndian.AppendUint32(nil, uint32(len(body)))
	request = binary.NativeEndian.AppendUint32(request, command)
	if _, err := conn.Write(append(request, body...)); err != nil {
		return nil, err
	}
	answer := make([]byte, size)
	_, err := io.ReadFull(conn, answer)
	return answer, err
}

// parseReaders reads the names out of the entries; an empty name is an empty
// entry.
func parseReaders(answer []byte) []string {
	var names []string
	for len(answer) >= readerSize {
		name, _, _ := bytes.Cut(answer[:readerName], []byte{0})
		if len(name) > 0 {
			names = append(names, string(name))
		}
		answer = answer[readerSize:]
	}
	return names
}
