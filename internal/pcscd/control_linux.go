package pcscd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// The control socket joins the bench and its helper inside the namespace: one
// JSON message a packet. The helper says once whether the namespace is ready;
// then the bench asks for connections and the helper answers, in any order,
// each with a file descriptor or an error. The socket's end is the helper's.

// message is a packet either way.
type message struct {
	ID    int    `json:"id"`              // of a request and its answer, from 1; 0 for "ready"
	Port  int    `json:"port,omitempty"`  // request: connect to this port
	Error string `json:"error,omitempty"` // answer: why not
}

// messageMax is more than a message with an error's text needs.
const messageMax = 4096

// socketPair makes the two ends: ours, and the file that the helper inherits.
func socketPair() (*net.UnixConn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a control socket: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "control")
	ours, err := unixConn(os.NewFile(uintptr(fds[0]), "control"))
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// unixConn takes over a file that is a Unix socket.
func unixConn(file *os.File) (*net.UnixConn, error) {
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, errors.New("the control socket is no Unix socket")
	}
	return unix, nil
}

// send writes a message, with a file to pass along or nil.
func send(conn *net.UnixConn, m message, file *os.File) error {
	packet, err := json.Marshal(m)
	if err != nil {
		return err
	}
	var rights []byte
	if file != nil {
		rights = syscall.UnixRights(int(file.Fd()))
	}
	_, _, err = conn.WriteMsgUnix(packet, rights, nil)
	return err
}

// receive reads a message, with the file that came along or nil.
func receive(conn *net.UnixConn) (message, *os.File, error) {
	packet, rights := make([]byte, messageMax), make([]byte, syscall.CmsgSpace(4))
	n, rightsLen, _, _, err := conn.ReadMsgUnix(packet, rights)
	if err != nil {
		return message{}, nil, err
	}
	file, err := rightsFile(rights[:rightsLen])
	if err != nil {
		return message{}, nil, err
	}
	var m message
	if err := json.Unmarshal(packet[:n], &m); err != nil {
		return message{}, nil, errors.Join(fmt.Errorf("reading a control message: %w", err), closeFile(file))
	}
	return m, file, nil
}

// rightsFile is the one file of a control message, nil for none.
func rightsFile(rights []byte) (*os.File, error) {
	if len(rights) == 0 {
		return nil, nil
	}
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return nil, err
	}
	return os.NewFile(uintptr(fds[0]), "passed"), nil
}

func closeFile(file *os.File) error {
	if file == nil {
		return nil
	}
	return file.Close()
}

// errGone says that the other end of the control socket closed.
var errGone = errors.New("pcscd's helper is gone")

// control is the bench's end.
type control struct {
	conn *net.UnixConn

	mu      sync.Mutex
	last    int                  // the ID of the last request
	waiting map[int]chan dialled // requests without an answer yet
	ended   error                // why no more answers come
	gone    chan struct{}        // closed when the reading goroutine ended
}

// dialled is the answer to a request.
type dialled struct {
	file *os.File
	err  error
}

// newControl takes answers from now on; the helper has said that it's ready.
func newControl(conn *net.UnixConn) *control {
	c := &control{conn: conn, waiting: map[int]chan dialled{}, gone: make(chan struct{})}
	go c.read()
	return c
}

// dial has a connection to a port made inside.
func (c *control) dial(ctx context.Context, port int) (net.Conn, error) {
	id, answer, err := c.ask(port)
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		return a.conn()
	case <-ctx.Done():
		c.forget(id, answer)
		return nil, ctx.Err()
	}
}

// ask sends a request. The channel that gets its answer has room for it, so
// that nobody needs to wait.
func (c *control) ask(port int) (int, chan dialled, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return 0, nil, c.ended
	}
	c.last++
	answer := make(chan dialled, 1)
	c.waiting[c.last] = answer
	if err := send(c.conn, message{ID: c.last, Port: port}, nil); err != nil {
		delete(c.waiting, c.last)
		return 0, nil, fmt.Errorf("%w: %w", errGone, err)
	}
	return c.last, answer, nil
}

// forget closes what comes, or has just come, for somebody who left.
func (c *control) forget(id int, answer chan dialled) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
	select {
	case a := <-answer:
		closeFile(a.file)
	default:
	}
}

// read hands each answer to whoever waits for it.
func (c *control) read() {
	defer close(c.gone)
	for {
		m, file, err := receive(c.conn)
		if err != nil {
			c.end(fmt.Errorf("%w: %w", errGone, err))
			return
		}
		c.deliver(m, file)
	}
}

func (c *control) deliver(m message, file *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, ok := c.waiting[m.ID]
	if !ok {
		closeFile(file)
		return
	}
	delete(c.waiting, m.ID)
	a := dialled{file: file}
	if m.Error != "" {
		a.err = errors.New(m.Error)
	}
	answer <- a
}

// end tells all who wait that nothing comes any more.
func (c *control) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = why
	for _, answer := range c.waiting {
		answer <- dialled{err: why}
	}
	clear(c.waiting)
}

// close ends the helper, and waits for the reading goroutine.
func (c *control) close() {
	c.conn.Close()
	<-c.gone
}

// conn makes a connection of the file that was passed.
func (a dialled) conn() (net.Conn, error) {
	if a.err != nil {
		return nil, a.err
	}
	if a.file == nil {
		return nil, errors.New("the helper passed no connection")
	}
	defer a.file.Close()
	return net.FileConn(a.file)
}
