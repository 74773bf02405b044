package library

import (
	"context"
	"slices"

	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/spool"
)

// mostWaiting is how many sessions that wait to be stored are assembled for a list: each may take half a second, and
// where more wait, no run comes.
const mostWaiting = 10

// Waiting returns the sessions that were recorded, are not in the store, and that a query wants, the newest record
// first; of those that change while one looks, as they are now. more is how many others wait and were not looked at.
// One that cannot be read is left out: run and doctor say what is wrong with it.
func (l *Library) Waiting(ctx context.Context, list *List, q query.Query) (waiting []Stored, more int, err error) {
	names, err := l.waiting(ctx, list)
	if err != nil {
		return nil, 0, err
	}
	if len(names) > mostWaiting {
		names, more = names[:mostWaiting], len(names)-mostWaiting
	}
	for _, name := range names {
		s, err := l.opt.Unstored.Session(ctx, name)
		if err != nil {
			continue
		}
		sum := schema.Summarize(l.masked(s))
		if q.Match(sum) {
			waiting = append(waiting, Stored{Name: spool.FileName(s.SessionID), Summary: sum, Unstored: true, Doubt: sum.Check()})
		}
	}
	return waiting, more, nil
}

// CountWaiting is how many sessions were recorded and are not in the store, whatever a query wants: none of them is read.
func (l *Library) CountWaiting(ctx context.Context, list *List) (int, error) {
	names, err := l.waiting(ctx, list)
	return len(names), err
}

// waiting are the names of the sessions that were recorded and are not in the store, the newest record first.
func (l *Library) waiting(ctx context.Context, list *List) ([]string, error) {
	if l.opt.Unstored == nil {
		return nil, nil
	}
	return l.opt.Unstored.Waiting(ctx, func(name string) bool {
		_, stored := slices.BinarySearch(list.names, name)
		return stored
	})
}
