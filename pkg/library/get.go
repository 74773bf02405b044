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
	var keys []string
	err = l.store.List(ctx, upload.IndexPrefix+strings.ToLower(id), func(o upload.Object) error {
		keys = append(keys, o.Key)
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for session %s: %w", id, err)
	case len(keys) == 0:
		return nil, upload.ErrNotFound
	case len(keys) == 1:
		return l.record(ctx, keys[0])
	}
	ambiguous := &AmbiguousError{ID: id, Count: len(keys)}
	for _, key := range keys[:min(len(keys), maxCandidates)] {
		sum, _ := l.record(ctx, key) // one that cannot be read is named all the same
		ambiguous.Sessions = append(ambiguous.Sessions, Stored{Name: nameOf(key), Summary: sum})
	}
	return nil, ambiguous
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
	switch {
	case err != nil:
		return nil, err
	case len(names) == 0:
		return nil, ErrNotFound
	case len(names) > 1:
		ambiguous := &AmbiguousError{ID: id, Count: len(names), Unstored: true}
		for _, name := range names[:min(len(names), maxCandidates)] {
			ambiguous.Sessions = append(ambiguous.Sessions, Stored{Name: name})
		}
		return nil, ambiguous
	}
	s, err := l.opt.Unstored.Session(ctx, names[0])
	if err != nil {
		return nil, err
	}
	return l.masked(s), nil
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
