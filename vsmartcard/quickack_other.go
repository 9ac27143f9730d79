//go:build !linux

package vsmartcard

import "net"

// quickAck prepares conn for short frames: no waiting for more to send. Only
// Linux can be told to acknowledge at once; elsewhere the function does
// nothing, and a driver that writes its frames in two parts is slow.
func quickAck(conn net.Conn) (func(), error) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetNoDelay(true); err != nil {
			return nil, err
		}
	}
	return func() {}, nil
}
