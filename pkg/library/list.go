package library

import (
	"context"
	"slices"

	"ams/pkg/query"
	"ams/pkg/upload"
)

// List is what a store holds.
type List struct {
	Sessions   []Stored     // those that are wanted, the newest start first
	Total      int          // of the sessions in the store, wanted or not
	Unreadable []Unreadable // index records that tell of no session
	Doubtful   []Unreadable // index records that tell what cannot be true; their sessions are among the others

	names []string // of all sessions, sorted
	read  int      // records that were read from the store, and not from the cache
}

// Of is a list of some of the sessions.
func (list *List) Of(some []Stored) *List {
	return &List{Sessions: some, Total: list.Total, names: list.names}
}

// List reads the index of the store and returns the sessions that a query wants; the zero Query wants all. A session whose
// index record lacks what a filter asks for ([query.Query.Judge]) is read itself. The error is the store's, of the list or
// of the first record that it would not give.
func (l *Library) List(ctx context.Context, q query.Query) (*List, error) {
	index, err := loadIndex(ctx, l.store, l.indexCache(), l.opt.Progress)
	if err != nil {
		return nil, err
	}
	list := &List{Total: len(index.records), Unreadable: index.unreadable, read: index.read}
	var open []Stored // their records alone do not tell
	for _, s := range index.records {
		list.names = append(list.names, s.Name)
		if err := s.Check(); err != nil {
			list.Doubtful = append(list.Doubtful, Unreadable{upload.IndexKey(s.Name), err})
		}
		switch fits, sure := q.Judge(s.Summary); {
		case !sure:
			open = append(open, s)
			list.Sessions = append(list.Sessions, s)
		case fits:
			list.Sessions = append(list.Sessions, s)
		}
	}
	slices.Sort(list.names)
	if len(open) == 0 {
		return list, nil
	}
	wanted, err := l.settle(ctx, q, open, list)
	list.Sessions = slices.DeleteFunc(list.Sessions, func(s Stored) bool {
		_, sure := q.Judge(s.Summary)
		return !sure && !wanted[s.Name]
	})
	return list, err
}

// shortest is how many characters of an id are shown at least.
const shortest = 8

// ShortID is the shortest beginning of a session's name, of eight characters or more, that no other session of the store
// shares: [Library.Get] finds the session by it.
func (list *List) ShortID(name string) string {
	n := shortest
	at, _ := slices.BinarySearch(list.names, name)
	for _, beside := range []int{at - 1, at, at + 1} {
		if beside >= 0 && beside < len(list.names) && list.names[beside] != name {
			n = max(n, shared(name, list.names[beside])+1)
		}
	}
	return name[:min(n, len(name))]
}

// shared is how many bytes two texts have in common at their beginning.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
