// The program table prints which real parts the tests ran, as the last stage
// of make test. It fails if one was skipped that ALLOW_SKIP doesn't name.
package main

import (
	"fmt"
	"os"

	"kazasu/internal/realparts"
)

func main() {
	whole, err := realparts.Print(os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "real parts:", err)
		os.Exit(1)
	}
	if !whole {
		fmt.Fprintln(os.Stderr, "real parts: one was not run; install it (make setup), or allow it: ALLOW_SKIP=part,part make test")
		os.Exit(1)
	}
}
