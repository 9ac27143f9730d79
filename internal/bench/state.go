package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"kazasu/internal/store"
)

// What lies in a state folder.
const (
	// AdminSocket is the name of the admin API's Unix socket.
	AdminSocket = "admin.sock"

	storeFile = "kazasu.db"
	rootFile  = "tls-root.pem" // what clients are told to trust
	keyFolder = "keys"
)

// Buckets of the store.
const (
	bucketPorts = "bench-ports" // listener → port
	bucketCards = "bench-cards" // holder and profile → what the emulator keeps
	bucketSlot  = "bench-slot"  // "card" → holder and profile, or empty
	bucketCA    = "bench-ca"    // "state" → what the test CA keeps
	bucketIssue = "bench-issue" // serial number of a certificate → holder
)

// folder is a state folder that this bench alone uses. Its store is the lock:
// the system lets go of it when a process dies, however that happens.
type folder struct {
	path  string
	store *store.Store
}

// openFolder makes the folder when it is missing, takes the lock, and clears
// what a killed bench left.
func openFolder(path string, open func(path string) (*store.Store, error)) (*folder, error) {
	if path == "" {
		return nil, errors.New("no state folder was named")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding state folder: %w", err)
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	s, err := open(filepath.Join(path, storeFile))
	if errors.Is(err, store.ErrInUse) {
		return nil, &Error{
			Problem: "state folder " + path, Cause: ErrInUse,
			Cure: "end that bench, or choose another folder with --state",
		}
	}
	if err != nil {
		return nil, err
	}
	f := &folder{path, s}
	if err := f.removeSocket(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return f, nil
}

// makePrivate makes a folder that is for this user alone. A folder that is
// there and open to others is only closed when it holds nothing, or a bench's
// state: it may be anything.
func makePrivate(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("making state folder: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("looking at state folder: %w", err)
	}
	if runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("looking at state folder: %w", err)
	}
	_, err = os.Stat(filepath.Join(path, storeFile))
	if len(entries) > 0 && err != nil {
		return &Error{
			Problem: fmt.Sprintf("state folder %s is open to others (%v) and holds other things", path, info.Mode().Perm()),
			Cure:    "choose a folder that is empty or not there yet",
		}
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return fmt.Errorf("closing state folder to others: %w", err)
	}
	return nil
}

func (f *folder) file(name ...string) string {
	return filepath.Join(append([]string{f.path}, name...)...)
}

// removeSocket removes the admin socket of a bench that was killed. Whoever
// holds the store's lock knows that nobody serves it.
func (f *folder) removeSocket() error {
	path := f.file(AdminSocket)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking for an old admin socket: %w", err)
	case info.Mode().Type() != os.ModeSocket && runtime.GOOS != "windows":
		return &Error{Problem: path + " is no socket", Cure: "move it away: the admin API's socket belongs there"}
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing an old admin socket: %w", err)
	}
	return nil
}

// writePrivate writes a file for this user alone, whole or not at all.
func writePrivate(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*") // made with 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}

// blob is one value of the store as the players ask for it: Load and Save.
type blob struct {
	store       *store.Store
	bucket, key string
}

// Load returns nil when nothing was saved yet.
func (b blob) Load() ([]byte, error) {
	value, _, err := b.store.Get(b.bucket, b.key)
	return value, err
}

// Save replaces the value.
func (b blob) Save(value []byte) error { return b.store.Put(b.bucket, b.key, value, 0) }
