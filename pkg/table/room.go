package table

import "sync"

// room bounds how much is at work at once, where how much each takes differs. One that takes more than there is room
// for goes alone, or as the last of some.
type room struct {
	mu    sync.Mutex
	freed sync.Cond
	left  int64
}

func newRoom(size int64) *room {
	r := &room{left: size}
	r.freed.L = &r.mu
	return r
}

// take waits until something is left, and takes n, which it returns.
func (r *room) take(n int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.left <= 0 {
		r.freed.Wait()
	}
	r.left -= n
	return n
}

func (r *room) giveBack(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left += n
	r.freed.Broadcast()
}
