package library

import (
	"context"
	"slices"
	"strings"

	"ams/pkg/packed"
	"ams/pkg/query"
	"ams/pkg/schema"
)

// List is what a store holds.
type List struct {
	Sessions   []Stored     // those that are wanted, the newest start first
	Total      int          // of the sessions in the store, wanted or not
	Unreadable []Unreadable // index records that tell of no session
	Doubtful   []Unreadable // index records that tell what cannot be true; their sessions are among the others
	BadParts   []Unreadable // parts of the tables that were of no use: the list is whole, and took longer

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
	return l.listOnly(ctx, q, records)
}

// ListOnly is [Library.List] for whoever reads, of those fields of a record that are maps, the ones named: the others may be
// empty, as with [Library.EachOnly]. They are most of a list's memory.
func (l *Library) ListOnly(ctx context.Context, q query.Query, maps []string) (*List, error) {
	return l.listOnly(ctx, q, records.Only(append(q.Maps(), maps...)...))
}

func (l *Library) listOnly(ctx context.Context, q query.Query, codec *packed.Codec[schema.Summary]) (*List, error) {
	var sessions []Stored
	index := &index{store: l.store, cachePath: l.indexCache(), progress: l.opt.Progress, codec: codec}
	list, err := l.each(ctx, q, index, func(s Stored) {
		codec.Trim(s.Summary) // it may have been read whole
		sessions = append(sessions, s)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(sessions, newestFirst)
	list.Sessions = sessions
	return list, nil
}

func newestFirst(a, b Stored) int {
	if n := b.StartTime.Compare(a.StartTime.Time); n != 0 {
		return n
	}
	return strings.Compare(a.Name, b.Name)
}

// Brief is [Library.List] for whoever reads Sessions, and nothing of their index records: of these there are the id and the
// start alone, a fifth of the memory.
func (l *Library) Brief(ctx context.Context, q query.Query) (*List, error) {
	var sessions []Stored
	list, err := l.EachOnly(ctx, q, nil, func(s Stored) {
		sessions = append(sessions, Stored{Name: s.Name, Summary: &schema.Summary{SessionID: strings.Clone(s.SessionID), StartTime: s.StartTime}})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(sessions, newestFirst)
	list.Sessions = sessions
	return list, nil
}

// Each is [Library.List] for whoever wants to see each session once, in no useful order: what visit is given is its own
// only until it returns ([Stored.Clone] is for keeping), and the list that Each returns has no Sessions.
func (l *Library) Each(ctx context.Context, q query.Query, visit func(Stored)) (*List, error) {
	return l.each(ctx, q, l.lentIndex(records), visit)
}

// EachOnly is [Library.Each] for whoever reads, of those fields of a record that are maps (files, tools, per_day and so on),
// the ones named: the others may be empty. Most of the time goes into reading them.
func (l *Library) EachOnly(ctx context.Context, q query.Query, maps []string, visit func(Stored)) (*List, error) {
	return l.each(ctx, q, l.lentIndex(records.Only(append(q.Maps(), maps...)...)), visit)
}

func (l *Library) lentIndex(codec *packed.Codec[schema.Summary]) *index {
	return &index{store: l.store, cachePath: l.indexCache(), progress: l.opt.Progress, lent: true, codec: codec}
}

// Clone returns a copy that shares nothing with s.
func (s Stored) Clone() Stored {
	sum := new(schema.Summary)
	if err := records.Unpack(records.Append(nil, s.Summary), sum); err != nil {
		panic(err) // it was packed a line before
	}
	s.Summary = sum
	return s
}

func (l *Library) each(ctx context.Context, q query.Query, index *index, visit func(Stored)) (*List, error) {
	list := &List{}
	var open []Stored // their records alone do not tell
	index.visit = func(key string, t told) {
		if t.bad != nil {
			list.Unreadable = append(list.Unreadable, Unreadable{key, t.bad})
			return
		}
		s := Stored{Name: nameOf(key), Summary: t.sum, Doubt: t.doubt}
		list.names = append(list.names, s.Name)
		if s.Doubt != nil {
			list.Doubtful = append(list.Doubtful, Unreadable{key, s.Doubt})
		}
		switch fits, sure := q.Judge(s.Summary); {
		case !sure:
			open = append(open, s.Clone())
		case fits:
			visit(s)
		}
	}
	err := index.each(ctx)
	if err != nil {
		return nil, err
	}
	list.Total, list.read = len(list.names), index.read
	for _, part := range index.badParts {
		list.BadParts = append(list.BadParts, Unreadable(part))
	}
	slices.Sort(list.names)
	byKey := func(a, b Unreadable) int { return strings.Compare(a.Key, b.Key) }
	slices.SortFunc(list.Unreadable, byKey)
	slices.SortFunc(list.Doubtful, byKey)
	if len(open) > 0 {
		err = l.settle(ctx, q, open, list, visit)
	}
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
