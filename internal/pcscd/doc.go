// Package pcscd runs a PC/SC daemon for a bench, with readers that take a
// virtual card.
//
// The daemon is the machine's own pcscd with Debian's vpcd driver. That driver
// listens on all addresses for whoever wants to be a card, and pcscd has one
// socket for the whole machine; so [Start] puts both into a mount, network and
// process namespace of their own. Root needs nothing for that; others need
// user namespaces. Nothing listens on the host, and any number of daemons run
// side by side.
//
// Three things reach out of the namespace. The folder of pcscd's socket is
// bound to a folder below Config.Dir, so that every PC/SC client of the machine
// finds it when PCSCLITE_CSOCK_NAME is [Daemon.Socket]. [Daemon.Dial] has a
// connection to the driver made inside and passed out as a file descriptor.
// And what pcscd says goes to Config.Log.
//
// The process inside is our own binary, started again: main, and TestMain of a
// package that starts a daemon, call [Helper] first. It is the first process of
// its namespace, so the kernel ends pcscd with it, and it ends when its
// control socket closes: a bench that is killed leaves nothing running. What a
// killed bench leaves in the folder is cleared at the next Start.
//
// With Config.System the machine's running pcscd is used instead, with its
// vpcd driver on loopback. Only Linux has a private pcscd.
package pcscd
