//go:build pcsc

package cli

// builtWithPCSC says that this binary can open real readers.
const builtWithPCSC = true
