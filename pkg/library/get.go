package library

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ams/pkg/query"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// Get returns the Session with an id, with the only id that begins so, or the newest for [Last]: of the store, else of what
// is recorded and not stored yet. It reads no other session's record. Errors: [ErrNotFound], *[AmbiguousError],
// *[ObjectError] for what is stored and cannot be read, or the store's.
func (l *Library) Get(ctx context.Context, id string) (*schema.Session, error) {
	if id == Last {
		list, err := l.List(ctx, query.Query{})
		if err != nil {
			return nil, err
		}
		return l.Newest(ctx, list)
	}
	sum, err := l.stored(ctx, id)
	switch {
	case err == nil:
		return l.session(ctx, sum)
	case !errors.Is(err, upload.ErrNotFound):
		return nil, err
	}
	return l.unstored(ctx, id)
}

// Newest returns the newest Session of a list, or one that was recorded since and knows more: of a session that began later,
// or of the same one. It may still be at work. [ErrNotFound] says that there is neither.
func (l *Library) Newest(ctx context.Context, list *List) (*schema.Session, error) {
	var sum *schema.Summary
	if len(list.Sessions) > 0 {
		sum = list.Sessions[0].Summary
	}
	newer, err := l.newer(ctx, sum)
	switch {
	case err != nil:
		return nil, err
	case newer != nil:
		return l.masked(newer), nil
	case sum == nil:
		return nil, ErrNotFound
	}
	return l.session(ctx, sum)
}

// stored finds an index record by a session's id or the beginning of it. Without one the error wraps [upload.ErrNotFound].
func (l *Library) stored(ctx context.Context, id string) (*schema.Summary, error) {
	sum, err := l.record(ctx, upload.IndexKey(spool.FileName(id)))
	if !errors.Is(err, upload.ErrNotFound) {
		return sum, err
	}
	name, err := l.begins(ctx, id)
	if err != nil {
		return nil, err
	}
	return l.record(ctx, upload.IndexKey(name))
}

// Name is the name of the stored session with an id, of the only one whose id begins so, or of the newest for [Last]. Its
// record need not be readable. Errors: [ErrNotFound], *[AmbiguousError], or the store's.
func (l *Library) Name(ctx context.Context, id string) (string, error) {
	if id == Last {
		list, err := l.List(ctx, query.Query{})
		if err == nil && len(list.Sessions) == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return "", err
		}
		return list.Sessions[0].Name, nil
	}
	name := spool.FileName(id)
	_, _, err := l.store.Get(ctx, upload.IndexKey(name))
	if errors.Is(err, upload.ErrNotFound) {
		if name, err = l.begins(ctx, id); errors.Is(err, upload.ErrNotFound) {
			err = ErrNotFound
		}
		return name, err
	}
	return name, nil // or it cannot be read, which whoever uses it finds out
}

// begins is the name of the only stored session whose id begins so; without one the error wraps [upload.ErrNotFound].
func (l *Library) begins(ctx context.Context, id string) (string, error) {
	var names []string
	err := l.store.List(ctx, upload.IndexPrefix+strings.ToLower(id), func(o upload.Object) error {
		names = append(names, nameOf(o.Key))
		return nil
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("look for session %s: %w", id, err)
	case len(names) == 0:
		return "", upload.ErrNotFound
	case len(names) == 1:
		return names[0], nil
	}
	ambiguous := &AmbiguousError{ID: id, Count: len(names)}
	for _, name := range names[:min(len(names), maxCandidates)] {
		sum, _ := l.record(ctx, upload.IndexKey(name)) // one that cannot be read is named all the same
		ambiguous.Sessions = append(ambiguous.Sessions, Stored{Name: name, Summary: sum})
	}
	return "", ambiguous
}

// record reads an index record.
func (l *Library) record(ctx context.Context, key string) (*schema.Summary, error) {
	b, _, err := l.store.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	sum, err := decodeRecord(key, b)
	if err != nil {
		return nil, &ObjectError{Key: key, Name: nameOf(key), Err: err}
	}
	return sum, nil
}

// session reads the Session of an index record.
func (l *Library) session(ctx context.Context, sum *schema.Summary) (*schema.Session, error) {
	name := spool.FileName(sum.SessionID)
	key := upload.SessionKey(name, sum.StartTime.Time)
	b, _, err := l.store.Get(ctx, key)
	if err != nil {
		return nil, &ObjectError{Key: key, Name: name, Err: err}
	}
	s, err := decodeSession(sum, b)
	if err != nil {
		return nil, &ObjectError{Key: key, Name: name, Err: err}
	}
	return s, nil
}

// unstored finds a session among those that were recorded.
func (l *Library) unstored(ctx context.Context, id string) (*schema.Session, error) {
	if l.opt.Unstored == nil {
		return nil, ErrNotFound
	}
	names, err := l.opt.Unstored.Names(ctx, id)
	if err != nil {
		return nil, err
	}
	name, err := Choose(id, names)
	if err != nil {
		return nil, err
	}
	s, err := l.opt.Unstored.Session(ctx, name)
	if err != nil {
		return nil, err
	}
	return l.masked(s), nil
}

// Choose is the only one of the recorded sessions that an id could mean. Errors: [ErrNotFound], *[AmbiguousError].
func Choose(id string, names []string) (string, error) {
	switch len(names) {
	case 0:
		return "", ErrNotFound
	case 1:
		return names[0], nil
	}
	ambiguous := &AmbiguousError{ID: id, Count: len(names), Unstored: true}
	for _, name := range names[:min(len(names), maxCandidates)] {
		ambiguous.Sessions = append(ambiguous.Sessions, Stored{Name: name})
	}
	return "", ambiguous
}

// newer is a session that was recorded and knows more than the newest that is stored, nil where there is none.
func (l *Library) newer(ctx context.Context, stored *schema.Summary) (*schema.Session, error) {
	if l.opt.Unstored == nil {
		return nil, nil
	}
	var end time.Time
	if stored != nil {
		end = endOf(stored)
	}
	s, err := l.opt.Unstored.Newest(ctx, end)
	switch {
	case err != nil || s == nil || stored == nil:
		return s, err
	case s.SessionID == stored.SessionID && !s.EndTime.After(end),
		s.SessionID != stored.SessionID && !s.StartTime.After(stored.StartTime.Time):
		return nil, nil
	}
	return s, nil
}

func endOf(sum *schema.Summary) time.Time {
	if sum.EndTime != nil {
		return sum.EndTime.Time
	}
	return sum.StartTime.Time
}

// masked gives a session that is not stored the masks and the bounds that storing would give it.
func (l *Library) masked(s *schema.Session) *schema.Session {
	redact.New(l.opt.Mask).Session(s)
	s.Bound()
	return s
}
