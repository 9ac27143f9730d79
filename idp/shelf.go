package idp

import (
	"sync"
	"time"
)

// shelf keeps values in memory until their time is over. What is over is never
// returned, and swept away once a minute by whoever puts something up. Its
// zero value is empty.
type shelf[T any] struct {
	mu    sync.Mutex
	items map[string]item[T]
	swept time.Time
}

type item[T any] struct {
	value T
	until time.Time
}

const sweepEvery = time.Minute

func (s *shelf[T]) put(key string, value T, now, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[string]item[T]{}
	}
	s.items[key] = item[T]{value, until}
	if since := now.Sub(s.swept); since >= sweepEvery || since < 0 {
		s.sweep(now)
	}
}

func (s *shelf[T]) sweep(now time.Time) {
	for key, it := range s.items {
		if now.After(it.until) {
			delete(s.items, key)
		}
	}
	s.swept = now
}

func (s *shelf[T]) get(key string, now time.Time) (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, ok := s.items[key]
	if !ok || now.After(it.until) {
		return value, false
	}
	return it.value, true
}

// shorten brings a value's end forward, if it is there and ends later.
func (s *shelf[T]) shorten(key string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it, ok := s.items[key]; ok && until.Before(it.until) {
		it.until = until
		s.items[key] = it
	}
}

func (s *shelf[T]) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, key)
}
