package vsmartcard

import (
	"net"
	"syscall"
)

// quickAck prepares conn for short frames: no waiting for more to send. It
// returns a function that makes the kernel acknowledge at once what arrived.
// Setting TCP_QUICKACK flushes the acknowledgement that is due and is
// forgotten soon after (tcp(7)).
func quickAck(conn net.Conn) (func(), error) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return func() {}, nil
	}
	if err := tcp.SetNoDelay(true); err != nil {
		return nil, err
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	set := func(fd uintptr) {
		// An error means that the connection is gone, which the next
		// read tells better.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	}
	return func() { _ = raw.Control(set) }, nil
}
