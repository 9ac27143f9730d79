package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"kazasu/rigs"
)

// loopback is the only address that a bench listens on.
const loopback = "127.0.0.1"

// listeners are the bench's, by name.
type listeners map[string]net.Listener

// portNames are the keys of a rig's ports, in the order in which they are opened.
var portNames = [...]string{"idp", "rp", "phone", "ca", "metrics"}

func portsOf(p rigs.Ports) map[string]int {
	return map[string]int{"idp": p.IdP, "rp": p.RP, "phone": p.Phone, "ca": p.CA, "metrics": p.Metrics}
}

// listen opens a listener for each port of the rig. With auto, and where the
// rig says 0, the port of the last time is taken if it is still free.
func (f *folder) listen(ctx context.Context, p rigs.Ports, auto bool, log func(string, ...any)) (listeners, error) {
	all := listeners{}
	for _, name := range portNames {
		port := portsOf(p)[name]
		if auto {
			port = 0
		}
		l, err := f.listenOne(ctx, name, port, log)
		if err != nil {
			all.close()
			return nil, err
		}
		all[name] = l
	}
	return all, nil
}

func (f *folder) listenOne(ctx context.Context, name string, port int, log func(string, ...any)) (net.Listener, error) {
	if port != 0 {
		return listenOn(ctx, name, port)
	}
	remembered, _, err := f.store.Get(bucketPorts, name)
	if err != nil {
		return nil, err
	}
	if port, _ = strconv.Atoi(string(remembered)); port != 0 {
		l, err := listenOn(ctx, name, port)
		if !errors.Is(err, ErrPortBusy) {
			return l, err
		}
		log("port %d, where ports.%s was last time, is busy: taking another", port, name)
	}
	l, err := listenOn(ctx, name, 0)
	if err != nil {
		return nil, err
	}
	return l, f.store.Put(bucketPorts, name, []byte(strconv.Itoa(portOf(l))), 0)
}

func listenOn(ctx context.Context, name string, port int) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if isBusy(err) {
		return nil, &Error{
			Problem: fmt.Sprintf("port %d on %s (ports.%s of the rig) is busy", port, loopback, name), Cause: ErrPortBusy,
			Cure: "end that program (another bench?), choose another port in the rig, or use --ports auto",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("listening for %s: %w", name, err)
	}
	return l, nil
}

// wsaeaddrinuse is what Windows calls a busy address.
const wsaeaddrinuse = syscall.Errno(10048)

func isBusy(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaeaddrinuse)
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// url is where a listener answers. The name is localhost, which browsers take
// for a secure context and which the local TLS root vouches for.
func (l listeners) url(scheme, name string) string {
	return fmt.Sprintf("%s://localhost:%d", scheme, portOf(l[name]))
}

func (l listeners) close() {
	for _, one := range l {
		one.Close()
	}
}
