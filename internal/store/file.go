package store

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrInUse says that another process has the file open.
var ErrInUse = errors.New("in use by another process")

// lockWait is how long Open waits for another process to let go.
const lockWait = time.Second

// Open opens a store in a file, made when missing, for this process alone. now
// is the clock by which values expire. When another process has it, Open waits
// for one second and then returns an error that wraps [ErrInUse].
func Open(path string, now func() time.Time) (*Store, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:        lockWait,
		NoSync:         true, // see the package comment
		NoFreelistSync: true,
		FreelistType:   bolt.FreelistMapType,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("opening store %s: %w", path, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("opening store %s: %w", path, err)
	}
	s := &Store{backend: file{db}, now: now}
	if err := s.purge(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store %s: %w", path, err), db.Close())
	}
	return s, nil
}

type file struct{ db *bolt.DB }

func (f file) view(bucket string, do func(bucketView) error) error {
	return closed(f.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return do(memoryBucket(nil)) // nothing was ever put there
		}
		return do(fileBucket{b})
	}))
}

func (f file) update(bucket string, do func(bucketView) error) error {
	return closed(f.db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		return do(fileBucket{b})
	}))
}

func (f file) buckets() (names []string, err error) {
	err = f.db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
			names = append(names, string(name))
			return nil
		})
	})
	return names, closed(err)
}

func (f file) close() error { return f.db.Close() }

func closed(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

type fileBucket struct{ b *bolt.Bucket }

func (f fileBucket) get(key string) []byte               { return f.b.Get([]byte(key)) }
func (f fileBucket) put(key string, record []byte) error { return f.b.Put([]byte(key), record) }
func (f fileBucket) delete(key string) error             { return f.b.Delete([]byte(key)) }

func (f fileBucket) each(do func(string, []byte) error) error {
	return f.b.ForEach(func(key, record []byte) error { return do(string(key), record) })
}
