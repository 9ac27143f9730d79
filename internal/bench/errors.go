package bench

import (
	"errors"
	"fmt"
)

// Error is something that keeps a bench from doing what it was told, with its
// cure where we know one.
type Error struct {
	Problem string
	Cure    string
	Cause   error // nil when the problem says it all
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Problem
	}
	return e.Problem + ": " + e.Cause.Error()
}

// Hint is the cure, or empty.
func (e *Error) Hint() string { return e.Cure }

func (e *Error) Unwrap() error { return e.Cause }

// Errors on which a caller branches.
var (
	// ErrInUse says that another bench has the state folder.
	ErrInUse = errors.New("another bench is using it")
	// ErrPortBusy says that another program listens on a port of the rig.
	ErrPortBusy = errors.New("another program listens there")
	// ErrUnknown says that a holder, profile, fault or PIN doesn't exist.
	ErrUnknown = errors.New("not known")
)

// unknown names something that doesn't exist, and what does.
func unknown(cure, format string, args ...any) *Error {
	return &Error{Problem: fmt.Sprintf(format, args...), Cure: cure, Cause: ErrUnknown}
}
