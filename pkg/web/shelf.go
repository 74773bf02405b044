package web

import (
	"context"
	"sync"
	"time"

	"ams/pkg/library"
	"ams/pkg/schema"
	"ams/pkg/view"
)

// keptBytes bounds the memory of the sessions that are kept decoded: the one that is looked at, and some before it.
const keptBytes = 96 << 20

// fresh is how long a session is taken to be as it was: a page asks for many slices in a moment.
const fresh = 2 * time.Second

// shelf keeps the sessions that were looked at last.
type shelf struct {
	lib *library.Library

	mu    sync.Mutex // of what follows
	kept  []*book    // the one that was used last comes last
	bytes int
}

// book is one session. Its lock is held while it is read, so that it is read once.
type book struct {
	id string

	mu      sync.Mutex
	view    *view.Session
	version string
	checked time.Time
	size    int // that the shelf counts, under its lock
}

// get returns a session as it is now or was a moment ago, and its version.
func (s *shelf) get(ctx context.Context, id string) (*view.Session, string, error) {
	b := s.take(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.view != nil && time.Since(b.checked) < fresh {
		return b.view, b.version, nil
	}
	session, version, err := s.lib.GetChanged(ctx, id, b.version)
	if err != nil {
		s.drop(b)
		return nil, "", err
	}
	if session != nil && version != b.version {
		b.view, b.version = view.Of(session), version
		s.count(b, b.view.Bytes)
	}
	b.checked = time.Now()
	return b.view, b.version, nil
}

// put keeps a session that somebody else read: one that grows is joined anew each time.
func (s *shelf) put(id string, session *schema.Session, version string) *view.Session {
	v := view.Of(session)
	b := s.take(id)
	b.mu.Lock()
	b.view, b.version, b.checked = v, version, time.Now()
	b.mu.Unlock()
	s.count(b, v.Bytes)
	return v
}

// take finds a book, or makes an empty one, and puts it last.
func (s *shelf) take(id string) *book {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, b := range s.kept {
		if b.id == id {
			s.kept = append(append(s.kept[:i:i], s.kept[i+1:]...), b)
			return b
		}
	}
	b := &book{id: id}
	s.kept = append(s.kept, b)
	return b
}

// count notes the size of a book and lets the oldest go that there is no room for; the newest stays, whatever its size.
func (s *shelf) count(b *book, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes += size - b.size
	b.size = size
	for s.bytes > keptBytes && len(s.kept) > 1 {
		s.bytes -= s.kept[0].size
		s.kept[0].size = 0
		s.kept = s.kept[1:]
	}
}

func (s *shelf) drop(b *book) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, k := range s.kept {
		if k == b {
			s.kept = append(s.kept[:i:i], s.kept[i+1:]...)
			s.bytes -= b.size
			b.size = 0
			return
		}
	}
}
