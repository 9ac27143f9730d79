package store

import (
	"errors"
	"sync"
	"time"
)

// ErrClosed says that the store was used after Close.
var ErrClosed = errors.New("store is closed")

// Memory makes a store that ends with the process. now is the clock by which
// values expire.
func Memory(now func() time.Time) *Store {
	return &Store{backend: &memory{all: map[string]memoryBucket{}}, now: now}
}

type memory struct {
	mu  sync.RWMutex
	all map[string]memoryBucket // nil when closed
}

func (m *memory) view(bucket string, f func(bucketView) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.all == nil {
		return ErrClosed
	}
	return f(m.all[bucket])
}

func (m *memory) update(bucket string, f func(bucketView) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		return ErrClosed
	}
	b, ok := m.all[bucket]
	if !ok {
		b = memoryBucket{}
		m.all[bucket] = b
	}
	return f(b)
}

func (m *memory) buckets() ([]string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	names := make([]string, 0, len(m.all))
	for name := range m.all {
		names = append(names, name)
	}
	return names, nil
}

func (m *memory) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = nil
	return nil
}

type memoryBucket map[string][]byte

func (b memoryBucket) get(key string) []byte { return b[key] }

func (b memoryBucket) put(key string, record []byte) error {
	b[key] = record
	return nil
}

func (b memoryBucket) delete(key string) error {
	delete(b, key)
	return nil
}

func (b memoryBucket) each(f func(string, []byte) error) error {
	for key, record := range b {
		if err := f(key, record); err != nil {
			return err
		}
	}
	return nil
}
