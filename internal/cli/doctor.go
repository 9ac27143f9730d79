package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kazasu/internal/pcscd"
	"kazasu/internal/relyingparty"
	"kazasu/rigs"
)

// ailment is one line of the doctor's: what was looked at, and, when it isn't
// well, its cure.
type ailment struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Found  string `json:"found"`
	Needed string `json:"needed"` // for what
	Must   bool   `json:"must"`   // the rig asked about can't do without it
	Cure   string `json:"cure,omitempty"`
}

// examination is the object of doctor --json.
type examination struct {
	Schema string    `json:"schema"`
	Rig    string    `json:"rig"`
	Lines  []ailment `json:"lines"`
}

// look is one thing to look at; found says what there is, cure is "" when it
// is well.
type look struct {
	name, needed string
	must         func(rigs.Rig) bool
	at           func(context.Context, rigs.Rig) (found, cure string)
}

func always(rigs.Rig) bool        { return true }
func never(rigs.Rig) bool         { return false }
func onVpcd(r rigs.Rig) bool      { return r.Reader.Kind == "vpcd" }
func onRealSlot(r rigs.Rig) bool  { return r.Reader.Kind == "pcsc" }
func onPrivate(r rigs.Rig) bool   { return onVpcd(r) && r.Reader.PCSCD == "private" }
func onSystem(r rigs.Rig) bool    { return onRealSlot(r) || onVpcd(r) && r.Reader.PCSCD == "system" }
func cureApt(names string) string { return "make setup, or apt-get install " + names }

func doctorCommand(w World) *cobra.Command {
	var rig string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that a bench needs; every line has a cure",
		Long: `Looks at this machine and says what is there and what isn't, each with its cure.
What the rig can't do without is marked and makes the exit code 1; the rest is
needed by other rigs, or by the tests of this project.`,
		Example: "  kazasu doctor --rig virtual",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := loadRig(rig)
			if err != nil {
				return err
			}
			found := examine(c.Context(), r, looks(r))
			if asJSON {
				err = json.NewEncoder(w.Stdout).Encode(examination{"kazasu.doctor/1", r.Name, found})
			} else {
				printAilments(w, found)
			}
			if err == nil && slices.ContainsFunc(found, func(a ailment) bool { return a.Must && !a.OK }) {
				return exit(exitFailed)
			}
			return err
		},
	}
	rigFlag(c, &rig)
	c.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return c
}

func examine(ctx context.Context, r rigs.Rig, looks []look) []ailment {
	var all []ailment
	for _, l := range looks {
		found, cure := l.at(ctx, r)
		all = append(all, ailment{l.name, cure == "", found, l.needed, l.must(r), cure})
	}
	return all
}

func printAilments(w World, all []ailment) {
	c := newConsole(w, w.Stdout)
	var t table
	for _, a := range all {
		sign, cure := c.green("ok"), ""
		if !a.OK {
			sign, cure = c.yellow("--"), c.dim("for "+a.Needed+": ")+a.Cure
			if a.Must {
				sign = c.red("!!")
			}
		}
		t.add(sign, a.Name, a.Found, cure)
	}
	t.writeTo(w.Stdout)
}

// looks is everything the doctor looks at; at the system's pcscd, which a look
// may wake, only for a rig that goes through it.
func looks(r rigs.Rig) []look {
	all := []look{
		{"clock", "certificates and tokens", always, lookAtClock},
		{"ports", "kazasu up", always, lookAtPorts},
		{"openssl", "kazasu demo, and the tests", always, lookAtProgram("openssl", "openssl")},
		{"chromium", "the browser tests", never, lookAtBrowser},
		{"fonts", "screenshots with Japanese text", never, lookAtFonts},
		{"pcscd", "rig vpcd", onVpcd, lookAtProgram("pcscd", "pcscd")},
		{"vpcd driver", "rig vpcd", onVpcd, lookAtDriver},
		{"namespaces", "rig vpcd with a private pcscd", onPrivate, lookAtNamespaces},
		{"opensc", "the tests with other people's card software", never, lookAtProgram("opensc-tool", "opensc")},
		{"PC/SC", "kazasu run on rig vpcd, and rigs with real readers", onRealSlot, lookAtBuild},
		{"promtool", "the tests of the metrics", never, lookAtProgram("promtool", "prometheus")},
	}
	if onSystem(r) {
		all = append(all, look{"system's pcscd", "rig " + r.Name, always, lookAtSystem})
	}
	return all
}

// oldest is a day before which no clock of a machine that runs this can be.
var oldest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func lookAtClock(context.Context, rigs.Rig) (found, cure string) {
	now := time.Now()
	if now.Before(oldest) {
		cure = "set the clock: timedatectl set-ntp true"
	}
	return now.Format("2006-01-02 15:04 MST"), cure
}

// sbin is where Debian keeps daemons that aren't in everybody's PATH.
const sbin = "/usr/sbin/"

func lookAtProgram(name, debian string) func(context.Context, rigs.Rig) (string, string) {
	return func(context.Context, rigs.Rig) (found, cure string) {
		if path := find(name); path != "" {
			return path, ""
		}
		return "not found", cureApt(debian)
	}
}

// find is the path of a program, "" when it isn't there.
func find(name string) string {
	for _, candidate := range []string{name, sbin + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}

// lookAtSystem asks the pcscd that runs on this machine for its readers. Only
// a rig with the vpcd driver needs one of that driver's.
func lookAtSystem(ctx context.Context, r rigs.Rig) (found, cure string) {
	d, err := pcscd.Start(ctx, pcscd.Config{System: true})
	switch {
	case errors.Is(err, pcscd.ErrNoDriver) && !onVpcd(r):
		return "answers", ""
	case errors.Is(err, pcscd.ErrNoPcscd):
		return "doesn't answer", systemCure(find("pcscd"))
	case err != nil:
		return err.Error(), hintOf(withHint(err, "see what pcscd says: journalctl -u pcscd"))
	}
	defer d.Close()
	return "answers, with " + strings.Join(d.Readers(), ", "), ""
}

// systemCure helps where the system's pcscd doesn't answer; program is its
// path, "" when it isn't installed.
func systemCure(program string) string {
	if program == "" {
		return "pcscd is not installed: apt-get install pcscd vsmartcard-vpcd"
	}
	return program + " is installed, but not running: systemctl start pcscd, or as root: " + program
}

func lookAtBrowser(context.Context, rigs.Rig) (found, cure string) {
	path, err := relyingparty.FindBrowser()
	if err != nil {
		return "not found", cureApt("chromium")
	}
	return path, ""
}

func lookAtFonts(ctx context.Context, _ rigs.Rig) (found, cure string) {
	list, err := exec.CommandContext(ctx, "fc-list", ":lang=ja", "family").Output()
	if err != nil || len(list) == 0 {
		return "no font for Japanese", cureApt("fonts-noto-cjk")
	}
	line, _, _ := strings.Cut(string(list), "\n")
	family, _, _ := strings.Cut(line, ",")
	return family, ""
}

// vpcdDrivers is where packages put the driver.
var vpcdDrivers = []string{
	"/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
	"/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
}

func lookAtDriver(context.Context, rigs.Rig) (found, cure string) {
	for _, path := range vpcdDrivers {
		if _, err := os.Stat(path); err == nil {
			return path, ""
		}
	}
	return "not found", cureApt("vsmartcard-vpcd")
}

// lookAtNamespaces makes a mount and a network namespace and leaves them.
func lookAtNamespaces(ctx context.Context, _ rigs.Rig) (found, cure string) {
	if runtime.GOOS != "linux" {
		return runtime.GOOS + " has none", "use rig virtual"
	}
	args := []string{"--mount", "--net", "true"}
	if os.Getuid() != 0 {
		args = append([]string{"--user", "--map-root-user"}, args...)
	}
	said, err := exec.CommandContext(ctx, "unshare", args...).CombinedOutput()
	if err != nil {
		return "not allowed: " + strings.TrimSpace(string(said)),
			hintOf(pcscd.ErrNoNamespace)
	}
	return "allowed", ""
}

func lookAtBuild(context.Context, rigs.Rig) (found, cure string) {
	if builtWithPCSC {
		return "with the PC/SC library", ""
	}
	return "without the PC/SC library: rigs work, real readers don't", "make setup build (libpcsclite-dev gives the headers, tag pcsc)"
}

func lookAtPorts(ctx context.Context, r rigs.Rig) (found, cure string) {
	var busy []string
	ports := []int{r.Ports.IdP, r.Ports.RP, r.Ports.Phone, r.Ports.CA, r.Ports.Metrics}
	for _, port := range ports {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			busy = append(busy, strconv.Itoa(port))
			continue
		}
		l.Close()
	}
	if len(busy) > 0 {
		return "busy: " + strings.Join(busy, " "), "stop the bench that runs there, or kazasu up --ports auto"
	}
	return strings.Trim(fmt.Sprint(ports), "[]") + " free", ""
}
