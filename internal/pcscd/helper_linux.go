package pcscd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Inside its namespace the helper has /run to itself.
const (
	insideRun     = "/run/pcscd"         // the outside's run folder
	insideConfig  = "/run/kazasu/config" // reader.conf for pcscd
	insideDrivers = "/run/kazasu/drivers"
	controlFD     = 3
	dialTimeout   = 3 * time.Second // a third card in one slot is never accepted
)

// Helper is the process inside the namespace, if args, which are os.Args, say
// so; the caller then ends with the exit status. A program that calls [Start]
// calls this before anything else:
//
//	if handled, exit := pcscd.Helper(os.Args); handled {
//		os.Exit(exit)
//	}
func Helper(args []string) (handled bool, exit int) {
	if len(args) != 2 || args[0] != helperName {
		return false, 0
	}
	err := help(args[1])
	var ended *exec.ExitError
	switch {
	case err == nil:
		return true, 0
	case errors.As(err, &ended):
		return true, exitStatus(ended)
	}
	fmt.Fprintf(os.Stderr, "pcscd helper: %v\n", err)
	return true, 1
}

// exitSignal and a signal's number are the exit status of who was killed by
// it, as shells have it.
const (
	exitSignal = 128
	signalMax  = 64
)

// exitStatus lets the helper end as pcscd did.
func exitStatus(e *exec.ExitError) int {
	if status, ok := e.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal())
	}
	return e.ExitCode()
}

// help prepares the namespace, runs pcscd, and ends when pcscd does or when
// the control socket closes.
func help(argument string) error {
	var o order
	if err := json.Unmarshal([]byte(argument), &o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	syscall.CloseOnExec(controlFD)
	conn, err := unixConn(os.NewFile(controlFD, "control"))
	if err != nil {
		return err
	}
	if err := enter(o); err != nil {
		send(conn, message{Error: err.Error()}, nil)
		return err
	}
	if err := send(conn, message{}, nil); err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- runPcscd(o) }()
	go func() { ended <- serve(conn) }()
	return <-ended
}

// enter makes the namespaces ours: mounts that nobody else sees, and a
// loopback of our own.
func enter(o order) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	run, err := unix.Open(o.Run, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", o.Run, err)
	}
	defer unix.Close(run)
	driver, err := os.ReadFile(o.Driver)
	if err != nil {
		return fmt.Errorf("reading the driver: %w", err)
	}
	if err := mountFolders(run); err != nil {
		return err
	}
	if err := installDriver(driver, o.Slots); err != nil {
		return err
	}
	return loopbackUp()
}

// mountFolders hides the machine's /run behind an empty one, puts the
// outside's folder there, and hides the USB drivers, so that our pcscd takes
// no real reader from the machine's.
func mountFolders(run int) error {
	if err := mountEmpty("/run"); err != nil {
		return err
	}
	for _, folder := range []string{insideRun, insideConfig, insideDrivers} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", folder, err)
		}
	}
	source := fmt.Sprintf("/proc/self/fd/%d", run)
	if err := unix.Mount(source, insideRun, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("binding the run folder: %w", err)
	}
	for _, folder := range driverFolders {
		if _, err := os.Stat(folder); err != nil {
			continue
		}
		if err := mountEmpty(folder); err != nil {
			return err
		}
	}
	return nil
}

func mountEmpty(folder string) error {
	if err := unix.Mount("tmpfs", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mounting an empty %s: %w", folder, err)
	}
	return nil
}

// installDriver writes pcscd's configuration. A driver has two slots and one
// table of them, so each pair of slots gets a copy of its own: the same file
// loaded twice would be one library.
func installDriver(driver []byte, slots int) error {
	var config strings.Builder
	for i := range slots / slotsPerDriver {
		path := filepath.Join(insideDrivers, fmt.Sprintf("vpcd-%d.so", i))
		if err := os.WriteFile(path, driver, 0o755); err != nil {
			return fmt.Errorf("copying the driver: %w", err)
		}
		port := portFirst + i*slotsPerDriver
		fmt.Fprintf(&config, "FRIENDLYNAME \"%s\"\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n\n",
			friendlyName(i), port, path, port)
	}
	if err := os.WriteFile(filepath.Join(insideConfig, "kazasu"), []byte(config.String()), 0o644); err != nil {
		return fmt.Errorf("writing pcscd's configuration: %w", err)
	}
	return nil
}

// friendlyName is what pcscd makes its readers' names of, by adding two
// numbers: "Kazasu 00 00" and "Kazasu 00 01", then "Kazasu 2 00 00". It numbers
// only USB readers of one name, so ours must differ.
func friendlyName(pair int) string {
	if pair == 0 {
		return "Kazasu"
	}
	return fmt.Sprintf("Kazasu %d", pair+1)
}

// loopbackUp switches the namespace's only network device on, without needing
// the ip command.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("switching loopback on: %w", err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("switching loopback on: %w", err)
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("switching loopback on: %w", err)
	}
	return nil
}

// runPcscd runs pcscd until it ends, which is an error whatever its status:
// nobody inside asks it to.
func runPcscd(o order) error {
	arguments := []string{"--foreground", "--config", insideConfig}
	if knowsPolkit(o.Pcscd) {
		arguments = append(arguments, "--disable-polkit")
	}
	cmd := exec.Command(o.Pcscd, arguments...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running pcscd: %w", err)
	}
	return errors.New("pcscd ended")
}

// knowsPolkit says whether pcscd can be told to leave polkit alone, which is
// out of reach here (pcsc-lite 2.0.0 and later).
func knowsPolkit(pcscd string) bool {
	usage, _ := exec.Command(pcscd, "--help").CombinedOutput()
	return strings.Contains(string(usage), "disable-polkit")
}

// serve makes the connections that the bench asks for, until the bench is
// gone.
func serve(conn *net.UnixConn) error {
	for {
		m, file, err := receive(conn)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listening to the bench: %w", err)
		}
		closeFile(file)
		go func() {
			answer, file := connect(m)
			defer closeFile(file)
			send(conn, answer, file) // a bench that is gone needs no answer
		}()
	}
}

// connect connects to a port of the driver.
func connect(m message) (message, *os.File) {
	conn, err := net.DialTimeout("tcp4", loopback(m.Port), dialTimeout)
	if err != nil {
		return message{ID: m.ID, Error: err.Error()}, nil
	}
	defer conn.Close()
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return message{ID: m.ID, Error: err.Error()}, nil
	}
	return message{ID: m.ID}, file
}
