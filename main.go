// Kazasu tests the whole way of a My Number Card login, from the relying
// party's button to the chip, on one machine: see README.md.
package main

import (
	"os"

	"kazasu/internal/cli"
	"kazasu/internal/pcscd"
)

func main() {
	// A private pcscd is this program again, inside namespaces of its own.
	if handled, exit := pcscd.Helper(os.Args); handled {
		os.Exit(exit)
	}
	os.Exit(cli.Main(os.Args[1:], cli.Process()))
}
