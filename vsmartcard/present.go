package vsmartcard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"kazasu/internal/slot"
)

// Card is what a reader can do with a card: the five methods of a slot. It is
// called by one goroutine at a time, and must give way when ctx ends.
type Card interface {
	// PowerOn starts the card cold and returns its answer to reset.
	PowerOn(ctx context.Context) (atr []byte, err error)
	// Reset resets the card warm and returns its answer to reset.
	Reset(ctx context.Context) (atr []byte, err error)
	// PowerOff ends the session; twice is no error.
	PowerOff(ctx context.Context) error
	// ATR is the answer to reset, powered or not; it doesn't block.
	ATR() []byte
	// Transmit takes a command APDU and returns the response APDU.
	Transmit(ctx context.Context, command []byte) (response []byte, err error)
}

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	NewTimer(d time.Duration) *time.Timer
}

// Options of [Serve] and [Present]. The zero value is usable.
type Options struct {
	// Deadline is how long the card may take for one command or reset,
	// default 30 s. When it passes, the connection is closed: the reader
	// has no time-out of its own and would wait for ever.
	Deadline time.Duration
	// Link is asked before each answer to an APDU; nil is an honest cable.
	Link func() Link
	// Log is told of connections and what ended them; nil tells nobody.
	Log func(format string, args ...any)
	// Clock of deadlines, delays and back-off; nil is the machine's.
	Clock Clock
}

const deadlineDefault = 30 * time.Second

func (o Options) withDefaults() Options {
	if o.Deadline <= 0 {
		o.Deadline = deadlineDefault
	}
	if o.Link == nil {
		o.Link = func() Link { return Link{} }
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.Clock == nil {
		o.Clock = machineClock{}
	}
	return o
}

// machineClock is the Clock of those who bring none.
type machineClock struct{}

func (machineClock) Now() time.Time                       { return time.Now() }
func (machineClock) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

// ErrCut says that the link's fault Cut closed the connection.
var ErrCut = errors.New("connection cut on request")

// Serve is the card on one connection to a reader, until the reader closes it
// (nil), ctx ends (ctx.Err), the card fails or stays silent, or the reader
// breaks the protocol. It closes conn and powers the card off in any case.
func Serve(ctx context.Context, conn net.Conn, card Card, o Options) error {
	s, err := newServer(ctx, conn, card, o.withDefaults())
	if err != nil {
		conn.Close()
		return err
	}
	err = s.run()
	s.close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// server is one connection's state.
type server struct {
	Options
	ctx      context.Context // ends when the deadline passes or the caller's does
	cancel   context.CancelCauseFunc
	conn     net.Conn
	in       *bufio.Reader
	out      []byte // the frame being written, reused
	card     Card
	quickAck func()
	deadline *time.Timer
	watched  chan struct{} // closed when the watchdog is gone
}

// readBuffer holds many short commands; a longer payload passes it by.
const readBuffer = 4096

func newServer(ctx context.Context, conn net.Conn, card Card, o Options) (*server, error) {
	quickAck, err := quickAck(conn)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection: %w", err)
	}
	s := &server{Options: o, conn: conn, card: card, quickAck: quickAck,
		in: bufio.NewReaderSize(conn, readBuffer), watched: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.deadline = o.Clock.NewTimer(o.Deadline)
	s.deadline.Stop()
	go s.watch()
	return s, nil
}

// watch closes the connection when the deadline passes or the context ends,
// which frees whoever reads from it.
func (s *server) watch() {
	defer close(s.watched)
	select {
	case <-s.deadline.C:
		s.cancel(fmt.Errorf("%w within %v", slot.ErrMute, s.Options.Deadline))
	case <-s.ctx.Done():
	}
	s.conn.Close()
}

// close ends the session: a new connection finds the card just inserted.
func (s *server) close() {
	s.deadline.Stop()
	s.cancel(nil)
	<-s.watched
	if err := s.card.PowerOff(context.WithoutCancel(s.ctx)); err != nil {
		s.Log("powering the card off: %v", err)
	}
}

// run answers frame after frame.
func (s *server) run() error {
	for {
		payload, err := readFrame(s.in, s.incomplete)
		if err != nil {
			return s.because("reading a frame", err)
		}
		if len(payload) == 1 {
			err = s.control(payload[0])
		} else {
			err = s.command(payload)
		}
		if err != nil {
			return err
		}
	}
}

// incomplete is called when a frame's length has come. Drivers up to 2019
// write length and payload separately, with Nagle's algorithm on: the payload
// leaves only when the length was acknowledged, which a kernel puts off for 40
// ms unless it is told to hurry. The order isn't remembered, so it is given
// each time that it matters.
func (s *server) incomplete(length int) {
	if s.in.Buffered() < length {
		s.quickAck()
	}
}

// control obeys a one-byte frame.
func (s *server) control(order byte) error {
	var err error
	switch order {
	case controlATR:
		return s.answerATR()
	case controlPowerOn:
		err = s.timed("powering on", func() error { _, err := s.card.PowerOn(s.ctx); return err })
	case controlReset:
		err = s.timed("resetting", func() error { _, err := s.card.Reset(s.ctx); return err })
	case controlPowerOff:
		err = s.timed("powering off", func() error { return s.card.PowerOff(s.ctx) })
	default:
		s.Log("control byte %02X is unknown and gets no answer", order)
	}
	// No answer carries the acknowledgement back, and the reader's next
	// frame waits for it.
	s.quickAck()
	return err
}

// answerATR also tells the reader that the card is there: it asks in every
// state, several times a second.
func (s *server) answerATR() error {
	atr := s.card.ATR()
	if len(atr) == 0 {
		return fmt.Errorf("answering for the ATR: %w", slot.ErrNoCard)
	}
	return s.write(atr)
}

// command gives an APDU to the card and its answer to the reader.
func (s *server) command(apdu []byte) error {
	var response []byte
	err := s.timed("transmitting", func() (err error) {
		response, err = s.card.Transmit(s.ctx, apdu)
		return err
	})
	if err != nil {
		return err
	}
	link := s.Options.Link()
	if link.Cut {
		return ErrCut
	}
	if err := s.wait(link.Delay); err != nil {
		return err
	}
	return s.write(response)
}

// timed runs one order to the card under the deadline.
func (s *server) timed(what string, order func() error) error {
	s.deadline.Reset(s.Options.Deadline)
	err := order()
	s.deadline.Stop()
	if s.ctx.Err() != nil {
		err = context.Cause(s.ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// wait holds an answer back; it gives way when the connection's time is over.
func (s *server) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := s.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// write sends one frame in one write. A payload that no frame holds is an
// error before the first byte leaves.
func (s *server) write(payload []byte) error {
	var err error
	if s.out, err = AppendFrame(s.out[:0], payload); err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	if _, err := s.conn.Write(s.out); err != nil {
		return s.because("answering", err)
	}
	return nil
}

// because names the true reason when a closed connection is only its effect.
func (s *server) because(what string, err error) error {
	if s.ctx.Err() != nil {
		err = context.Cause(s.ctx)
	}
	return fmt.Errorf("%s: %w", what, err)
}
