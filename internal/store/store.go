// Package store keeps small values under names: logins in flight, codes that
// may be used once, PIN counters, revocations.
//
// A [Store] is either in memory ([Memory]) or a file ([Open]); both behave the
// same. A value may have a time to live, by the clock that the store was
// given; an expired value is never returned, and is dropped in passing. [Store.Take]
// and [Store.Add] are what single use hangs on: of any number of callers, one
// gets the value, one puts it.
//
// The file is a bbolt database written without fsync. A change is in the
// operating system's hands when the call returns, so it survives the death of
// the process, kill -9 included; it may not survive a power cut, which a test
// bench can live with.
package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"
)

// Store is a set of buckets of named values. It may be used from several
// goroutines at once.
type Store struct {
	backend backend
	now     func() time.Time
	writes  atomic.Uint64
}

// backend is memory or a file. update runs alone; view may run beside others.
type backend interface {
	view(bucket string, f func(bucketView) error) error
	update(bucket string, f func(bucketView) error) error
	buckets() ([]string, error)
	close() error
}

// bucketView is one bucket inside a view or an update. What get returns is
// valid only there.
type bucketView interface {
	get(key string) []byte
	put(key string, record []byte) error
	delete(key string) error
	each(f func(key string, record []byte) error) error
}

// purgeEvery is after how many writes the expired values are dropped.
const purgeEvery = 1024

// A record is the expiry in Unix nanoseconds, big-endian, 0 for never; then the value.
const expiryLen = 8

func (s *Store) record(value []byte, ttl time.Duration) []byte {
	var expiry uint64
	if ttl > 0 {
		expiry = uint64(s.now().Add(ttl).UnixNano())
	}
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, expiryLen+len(value)), expiry), value...)
}

// live takes the value out of a record; ok is false when there is none or it
// has expired.
func (s *Store) live(record []byte) (value []byte, ok bool) {
	if len(record) < expiryLen {
		return nil, false
	}
	expiry := binary.BigEndian.Uint64(record)
	if expiry != 0 && s.now().UnixNano() >= int64(expiry) {
		return nil, false
	}
	return record[expiryLen:], true
}

// Put keeps a value, in place of an older one. It expires after ttl; 0 means never.
func (s *Store) Put(bucket, key string, value []byte, ttl time.Duration) error {
	return s.update(bucket, "putting", func(b bucketView) error {
		return b.put(key, s.record(value, ttl))
	})
}

// Get returns a value; ok is false when there is none.
func (s *Store) Get(bucket, key string) (value []byte, ok bool, err error) {
	err = s.backend.view(bucket, func(b bucketView) error {
		var v []byte
		if v, ok = s.live(b.get(key)); ok {
			value = bytes.Clone(v)
		}
		return nil
	})
	return value, ok, wrap("getting", bucket, err)
}

// Take returns a value and removes it, in one step: of several takers one gets it.
func (s *Store) Take(bucket, key string) (value []byte, ok bool, err error) {
	err = s.update(bucket, "taking", func(b bucketView) error {
		record := b.get(key)
		if record == nil {
			return nil
		}
		if v, alive := s.live(record); alive {
			value, ok = bytes.Clone(v), true
		}
		return b.delete(key)
	})
	return value, ok, err
}

// Add keeps a value unless there is one already; added says which. It is how
// an identifier that may be seen once is remembered.
func (s *Store) Add(bucket, key string, value []byte, ttl time.Duration) (added bool, err error) {
	err = s.update(bucket, "adding", func(b bucketView) error {
		if _, there := s.live(b.get(key)); there {
			return nil
		}
		added = true
		return b.put(key, s.record(value, ttl))
	})
	return added && err == nil, err
}

// Update replaces a value by what change makes of it, in one step. old is nil
// when there is none; a nil result removes the value; an error leaves it as it
// was. The time to live stays what it was.
func (s *Store) Update(bucket, key string, change func(old []byte) ([]byte, error)) error {
	return s.update(bucket, "updating", func(b bucketView) error {
		record := b.get(key)
		expiry := make([]byte, expiryLen)
		old, ok := s.live(record)
		if ok {
			copy(expiry, record)
			old = bytes.Clone(old)
		}
		value, err := change(old)
		switch {
		case err != nil:
			return err
		case value == nil:
			return b.delete(key)
		}
		return b.put(key, append(expiry, value...))
	})
}

// Delete removes a value. Removing nothing is no error.
func (s *Store) Delete(bucket, key string) error {
	return s.update(bucket, "deleting", func(b bucketView) error { return b.delete(key) })
}

// Each calls f with every value of a bucket, in no particular order, and stops
// at f's first error. f must not use the store.
func (s *Store) Each(bucket string, f func(key string, value []byte) error) error {
	return s.backend.view(bucket, func(b bucketView) error {
		return b.each(func(key string, record []byte) error {
			if v, ok := s.live(record); ok {
				return f(key, bytes.Clone(v))
			}
			return nil
		})
	})
}

// Close lets go of the file. The store can't be used after that. Closing twice
// is no error.
func (s *Store) Close() error { return s.backend.close() }

func (s *Store) update(bucket, doing string, f func(bucketView) error) error {
	if err := wrap(doing, bucket, s.backend.update(bucket, f)); err != nil {
		return err
	}
	if s.writes.Add(1)%purgeEvery == 0 {
		return s.purge()
	}
	return nil
}

// purge drops what has expired.
func (s *Store) purge() error {
	buckets, err := s.backend.buckets()
	if err != nil {
		return fmt.Errorf("purging store: %w", err)
	}
	for _, bucket := range buckets {
		if err := s.backend.update(bucket, s.purgeBucket); err != nil {
			return fmt.Errorf("purging %s: %w", bucket, err)
		}
	}
	return nil
}

func (s *Store) purgeBucket(b bucketView) error {
	var expired []string
	err := b.each(func(key string, record []byte) error {
		if _, ok := s.live(record); !ok {
			expired = append(expired, key)
		}
		return nil
	})
	for _, key := range expired {
		if err == nil {
			err = b.delete(key)
		}
	}
	return err
}

// wrap names the bucket, not the key: a key may be a secret, such as a code.
func wrap(doing, bucket string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s a value of %s: %w", doing, bucket, err)
}
