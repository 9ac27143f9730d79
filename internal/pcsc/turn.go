package pcsc

import "context"

// turn lets one call into PC/SC run at a time.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// do runs call when it is its turn, and returns when the call does or, earlier,
// when ctx ends; ok says that the call returned. Whatever the call writes to
// is the call's until then.
func (t turn) do(ctx context.Context, call func()) (ok bool) {
	select {
	case t <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	returned := make(chan struct{})
	go func() {
		call()
		<-t
		close(returned)
	}()
	select {
	case <-returned:
		return true
	case <-ctx.Done():
		return false
	}
}
