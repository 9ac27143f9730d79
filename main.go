// Kazasu tests the whole way of a My Number Card login, from the relying
// party's button to the chip, on one machine: see README.md.
package main

import (
	"os"

	"kazasu/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Process()))
}
