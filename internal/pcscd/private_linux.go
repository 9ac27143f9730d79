package pcscd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"kazasu/internal/pcsc"
)

// Where distributions put the program, and the drivers for readers that a
// configuration file names.
var (
	pcscdFolders  = []string{"/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/local/bin"}
	driverFolders = []string{"/usr/lib/pcsc/drivers", "/usr/lib64/pcsc/drivers", "/usr/local/lib/pcsc/drivers"}
)

const driverName = "serial/libifdvpcd.so"

// helperName is the name under which our binary is started again; nobody
// types it as a program's name.
const helperName = "kazasu-pcscd-helper"

// order is what the helper is told, as JSON in its only argument. Its control
// socket is file descriptor 3.
type order struct {
	Pcscd  string `json:"pcscd"`  // the program
	Driver string `json:"driver"` // the vpcd driver
	Run    string `json:"run"`    // folder to become /run/pcscd
	Slots  int    `json:"slots"`
}

// readyTimeout is how long pcscd may take until its readers are there; it
// takes about 20 ms.
const readyTimeout = 10 * time.Second

// private is a pcscd in its namespace, while it is started and stopped.
type private struct {
	*Daemon
	order   order
	folder  *folder
	helper  *exec.Cmd
	control *control
	tail    *tail
	closing chan struct{} // closed when we end it ourselves
	ending  sync.Once
}

func startPrivate(ctx context.Context, c Config, slots int) (*Daemon, error) {
	o, err := findParts(c)
	if err != nil {
		return nil, err
	}
	folder, err := openFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	o.Run, o.Slots = folder.run(), slots
	p := newPrivate(o, folder, c.Log)
	if err := p.run(ctx); err != nil {
		return nil, errors.Join(err, folder.close())
	}
	return p.Daemon, nil
}

func newPrivate(o order, folder *folder, log io.Writer) *private {
	p := &private{Daemon: &Daemon{socket: folder.socket(), done: make(chan struct{})},
		order: o, folder: folder, tail: &tail{next: log}, closing: make(chan struct{})}
	p.Daemon.stop, p.Daemon.again, p.Daemon.dial = p.close, p.restart, p.reach
	return p
}

// run starts pcscd and waits for its readers. After an error nothing is
// running.
func (p *private) run(ctx context.Context) error {
	if err := p.start(ctx); err != nil {
		return err
	}
	if err := p.awaitReaders(ctx); err != nil {
		p.end()
		return err
	}
	return nil
}

// restart is another pcscd in the folder of this one, which ended.
func (p *private) restart(ctx context.Context) (*Daemon, error) {
	p.end()
	if err := p.folder.renew(); err != nil {
		return nil, err
	}
	next := newPrivate(p.order, p.folder, p.tail.next)
	if err := next.run(ctx); err != nil {
		return nil, err
	}
	return next.Daemon, nil
}

// reach dials; when the helper is gone it says why.
func (p *private) reach(ctx context.Context, port int) (net.Conn, error) {
	conn, err := p.control.dial(ctx, port)
	if !errors.Is(err, errGone) {
		return conn, err
	}
	select {
	case <-p.done: // the helper closes its socket when it ends, or we do
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if why := p.Err(); why != nil {
		return nil, why
	}
	return nil, err
}

// findParts finds the program and the driver.
func findParts(c Config) (order, error) {
	o := order{Pcscd: c.Pcscd, Driver: c.Driver}
	if o.Pcscd == "" {
		o.Pcscd = first(pcscdFolders, "pcscd")
	}
	if o.Driver == "" {
		o.Driver = first(driverFolders, driverName)
	}
	if _, err := os.Stat(o.Pcscd); err != nil {
		return o, fmt.Errorf("%w: looked in %s", ErrNoPcscd, looked(c.Pcscd, pcscdFolders))
	}
	if _, err := os.Stat(o.Driver); err != nil {
		return o, fmt.Errorf("%w: looked for %s in %s", ErrNoDriver, driverName, looked(c.Driver, driverFolders))
	}
	return o, nil
}

// first is the path of name in the first folder that has it, "" for none.
func first(folders []string, name string) string {
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

func looked(given string, folders []string) string {
	if given != "" {
		return given
	}
	return strings.Join(folders, ", ")
}

// start starts the helper and waits until its namespace is ready. After an
// error nothing is running.
func (p *private) start(ctx context.Context) error {
	ours, theirs, err := socketPair()
	if err != nil {
		return err
	}
	err = p.startHelper(theirs)
	theirs.Close()
	if err != nil {
		ours.Close()
		return err
	}
	go p.wait()
	err = awaitReady(ctx, ours)
	if err != nil {
		close(p.closing)
		ours.Close()
		<-p.done
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("the helper ended at once: %s", strings.Join(p.tail.lines(), " | "))
		}
		return err
	}
	p.control = newControl(ours)
	return nil
}

// startHelper runs our binary in new namespaces: as root without one for
// users, else, or where root isn't quite root (a container), with one.
func (p *private) startHelper(control *os.File) error {
	err := errors.New("not root")
	if os.Geteuid() == 0 {
		err = p.clone(control, 0)
	}
	if err != nil {
		err = p.clone(control, syscall.CLONE_NEWUSER)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoNamespace, err)
	}
	return nil
}

// clone starts the helper. Its session of its own keeps a Ctrl-C at the
// terminal from it: the bench closes in its order.
func (p *private) clone(control *os.File, user uintptr) error {
	argument, err := json.Marshal(p.order)
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{helperName, string(argument)}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{control}
	cmd.Stdout, cmd.Stderr = p.tail, p.tail
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | user,
	}
	if user != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.helper = cmd
	return nil
}

// awaitReady reads the helper's first message. The helper can't make a
// namespace its own on a machine that grants it without its rights.
func awaitReady(ctx context.Context, conn *net.UnixConn) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	m, _, err := receive(conn)
	if !stop() {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if m.Error != "" {
		return fmt.Errorf("%w: %s", ErrNoNamespace, m.Error)
	}
	return nil
}

// wait notes how the helper, and pcscd with it, ended.
func (p *private) wait() {
	p.helper.Wait()
	select {
	case <-p.closing:
	default:
		p.mu.Lock()
		p.err = &ExitError{Status: exitText(p.helper.ProcessState), Log: p.tail.lines()}
		p.mu.Unlock()
	}
	close(p.done)
}

// awaitReaders waits until pcscd lists all readers. pcscd opens its socket
// after its drivers, so the first answer mostly has them.
func (p *private) awaitReaders(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	wait := time.Millisecond
	for {
		names, err := pcsc.List(ctx, p.socket)
		if err == nil && len(names) == p.order.Slots {
			p.readers = names
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			wait = min(wait*3/2, 50*time.Millisecond)
		case <-p.done:
			timer.Stop()
			return p.Err()
		case <-ctx.Done():
			timer.Stop()
			return p.late(ctx.Err(), names)
		}
	}
}

// late says what was missing when time was up.
func (p *private) late(why error, names []string) error {
	err := fmt.Errorf("waiting for pcscd's readers (it has %d of %d): %w", len(names), p.order.Slots, why)
	if lines := p.tail.lines(); len(lines) > 0 {
		err = fmt.Errorf("%w; it said: %s", err, strings.Join(lines, " | "))
	}
	return err
}

// exitText is how the helper ended, which is how pcscd did.
func exitText(state *os.ProcessState) string {
	if signal := state.ExitCode() - exitSignal; signal > 0 && signal <= signalMax {
		return "signal: " + syscall.Signal(signal).String()
	}
	return state.String()
}

// end ends the helper by closing its control socket; the kernel ends pcscd
// with it.
func (p *private) end() {
	p.ending.Do(func() {
		close(p.closing)
		p.control.close()
		<-p.done
	})
}

func (p *private) close() error {
	p.end()
	return p.folder.close()
}
