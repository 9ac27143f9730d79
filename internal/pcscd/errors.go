package pcscd

import (
	"fmt"
	"strings"
)

// Errors of a machine that isn't ready. Each has a cure: errors.As to an
// interface{ Hint() string } gives it.
var (
	// ErrNoPcscd says that there is no pcscd: not installed, or, for
	// Config.System, not running.
	ErrNoPcscd error = &cured{"no pcscd",
		"install it (Debian: apt-get install pcscd); for the system's pcscd, start it (systemctl start pcscd)"}

	// ErrNoDriver says that pcscd has no vpcd driver.
	ErrNoDriver error = &cured{"no vpcd driver",
		"install it (Debian: apt-get install vsmartcard-vpcd); the system's pcscd must be restarted afterwards"}

	// ErrNoNamespace says that the machine gives us no namespaces of our
	// own.
	ErrNoNamespace error = &cured{"no namespace for a private pcscd",
		"allow user namespaces (sysctl user.max_user_namespaces=10000; Debian: kernel.unprivileged_userns_clone=1; " +
			"Ubuntu: kernel.apparmor_restrict_unprivileged_userns=0), or run as root, in a container with --cap-add SYS_ADMIN " +
			"--security-opt seccomp=unconfined; or let the rig use the system's pcscd"}
)

// cured is an error whose cure we know.
type cured struct{ text, hint string }

func (e *cured) Error() string { return e.text }

// Hint is what to do about it, as a sentence for the person at the bench.
func (e *cured) Hint() string { return e.hint }

// ExitError says that pcscd ended though nobody asked it to.
type ExitError struct {
	Status string   // how the process ended: "exit status 1", "signal: killed"
	Log    []string // the last lines that pcscd said
}

func (e *ExitError) Error() string {
	text := fmt.Sprintf("pcscd ended: %s", e.Status)
	if len(e.Log) > 0 {
		text += "; it said: " + strings.Join(e.Log, " | ")
	}
	return text
}
