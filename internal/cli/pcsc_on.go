//go:build pcsc

package cli

// builtWithPCSC says that this binary can open readers through the PC/SC library.
const builtWithPCSC = true
