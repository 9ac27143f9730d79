//go:build linux && !(pcsc && cgo)

package pcsc_test

// library is not built in.
var library way
