package table

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"ams/pkg/parallel"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// removal is what gone/removing/NAME.json and gone/removed/NAME.json hold: the session is being removed, or was. While it is, whoever
// writes rows of it takes them back; once it was, rows of a counter up to Rev are of before.
type removal struct {
	SessionID string    `json:"session_id"`
	Name      string    `json:"name"`
	Rev       int64     `json:"rev"`
	Days      []string  `json:"days"`
	At        time.Time `json:"at"`
	// Raised is the highest counter that rows got of what came back with one that is not above Rev.
	Raised int64 `json:"raised,omitzero"`

	pending, removed bool
	moved            moved
}

// moved is what gone/moved/NAME.json holds: the days that a session had before an earlier start of it was found. Done says that
// no part of them has rows of it; who writes some later takes them back.
type moved struct {
	SessionID string    `json:"session_id"`
	Days      []string  `json:"days"`
	Done      bool      `json:"done,omitzero"`
	At        time.Time `json:"at"`
}

// forgetAfter is how long a removal is remembered that was done: longer than any program writes rows of what it stored
// before.
const forgetAfter = 30 * 24 * time.Hour

// removals are the removals of sessions with one of the names; nil names are all.
func (k *Keeper) removals(ctx context.Context, names map[string]bool) (map[string]removal, error) {
	var keys []string
	err := k.opt.Store.List(ctx, gonePrefix, func(o upload.Object) error {
		if name := nameOf(o.Key); names == nil || names[name] {
			keys = append(keys, o.Key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list what was removed: %w", err)
	}
	out := map[string]removal{}
	for got := range parallel.InOrder(ctx, keys, func(ctx context.Context, key string) readRemoval { return k.readRemoval(ctx, key) }) {
		switch there := out[got.Name]; {
		case errors.Is(got.err, upload.ErrNotFound):
		case got.err != nil:
			return nil, got.err
		case !got.removed:
			there.Name, there.moved = got.Name, got.moved
			out[got.Name] = there
		case !there.removed || got.pending:
			got.Rev, got.moved = max(got.Rev, there.Rev), there.moved
			out[got.Name] = got.removal
		default:
			there.Rev, there.Raised = max(got.Rev, there.Rev), max(got.Raised, there.Raised)
			out[got.Name] = there
		}
	}
	return out, ctx.Err()
}

type readRemoval struct {
	removal
	err error
}

func (k *Keeper) readRemoval(ctx context.Context, key string) readRemoval {
	var r removal
	var err error
	if strings.HasPrefix(key, movedPrefix) {
		_, err = k.get(ctx, key, &r.moved)
	} else {
		_, err = k.get(ctx, key, &r)
		r.removed, r.pending = true, strings.HasPrefix(key, removingPrefix)
	}
	r.Name = nameOf(key)
	return readRemoval{r, err}
}

// nameOf is the name of the session, part or day that an object of this package is about.
func nameOf(key string) string { return strings.TrimSuffix(path.Base(key), ".json") }

// stillThere leaves out sessions that were removed, or moved to another day. One that came back after that has a counter above that of its removal,
// but for a clock that is behind that of who stored it before: then it gets one here.
func (k *Keeper) stillThere(ctx context.Context, day string, todo map[string]*pending, gone map[string]removal) ([]*pending, error) {
	var out []*pending
	for _, p := range todo {
		r := gone[p.name]
		if hasMoved, err := k.hasMoved(ctx, day, r); err != nil || hasMoved {
			if err != nil {
				return nil, err
			}
			continue
		}
		if r.removed {
			there, err := k.isStored(ctx, p.name, p.etag)
			if err != nil {
				return nil, err
			}
			if r.pending || !there {
				continue
			}
		}
		if r.removed && p.rev <= r.Rev {
			r.Raised = max(r.Rev, r.Raised) + 1
			if err := k.put(ctx, removedPrefix+r.Name+".json", r, upload.PutOptions{}); err != nil {
				return nil, err
			}
			p.rev = r.Raised
		}
		out = append(out, p)
	}
	return out, nil
}

// hasMoved reports whether rows of a session must not be in a day, as it is in another one now.
func (k *Keeper) hasMoved(ctx context.Context, day string, r removal) (bool, error) {
	if !slices.Contains(r.moved.Days, day) {
		return false, nil
	}
	record, _, err := k.opt.Store.Get(ctx, upload.IndexKey(r.Name))
	if errors.Is(err, upload.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look on which day session %s is: %w", r.Name, err)
	}
	sum, err := schema.DecodeSummary(record)
	return err == nil && Day(sum.StartTime.Time) != day, nil
}

// isGone reports whether rows of a session must not be in a day: it was removed after they were read, or is being removed, or
// moved to another day.
func (k *Keeper) isGone(ctx context.Context, day string, p *pending, gone map[string]removal) (bool, error) {
	r, ok := gone[p.name]
	if !ok || p.deleted {
		return false, nil
	}
	if hasMoved, err := k.hasMoved(ctx, day, r); err != nil || hasMoved || !r.removed {
		return hasMoved, err
	}
	if r.pending || p.rev <= r.Rev {
		return true, nil
	}
	there, err := k.isStored(ctx, p.name, "")
	return !there, err
}

// isStored reports whether a session's index record is this one, or for "" whether it has one.
func (k *Keeper) isStored(ctx context.Context, name, etag string) (bool, error) {
	there, err := upload.Look(ctx, k.opt.Store, upload.IndexKey(name))
	if errors.Is(err, upload.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether session %s is stored: %w", name, err)
	}
	return etag == "" || there.ETag == etag, nil
}

// Removal is a session that is to go.
type Removal struct {
	SessionID, Name string
	Days            []string // that it may have rows in
	Rev             int64    // the highest counter that is known of it
}

// claimWait is how long a removal waits for a compaction of its day, looking each claimPause.
const (
	claimWait  = 2 * time.Minute
	claimPause = time.Second
)

// Remove takes a session out of the tables, and its objects, which the caller deletes, between two steps. Where there are no
// tables the objects alone go.
//
//  1. The days are claimed, so that nobody compacts them meanwhile. A crash leaves claims that lapse.
//  2. gone/removing/NAME.json is put. From now on who writes rows of the session takes them back.
//  3. The objects are deleted.
//  4. A row with deleted is put: no row that turns up later counts in a query.
//  5. Every part of the days that holds the session is written anew without it and deleted, those too that were replaced
//     already and wait for their end; and every one that cannot be read.
//  6. gone/removed/NAME.json is put, gone/removing/NAME.json deleted, the claims given back.
//
// What a crash leaves after 3 is done by a later [Keeper.Tend] of anybody, or by removing the session once more.
func (k *Keeper) Remove(ctx context.Context, r Removal, objects func(context.Context) error) error {
	if there, err := k.exist(ctx); err != nil || !there {
		if err != nil {
			return err
		}
		return objects(ctx)
	}
	before, err := k.removals(ctx, map[string]bool{r.Name: true})
	if err != nil {
		return err
	}
	if old, ok := before[r.Name]; ok {
		r.Days = append(r.Days, old.moved.Days...)
		if old.removed {
			r.Rev = max(r.Rev, old.Rev+1, old.Raised)
		}
		if old.pending {
			r.Days = append(r.Days, old.Days...)
		}
	}
	slices.Sort(r.Days)
	r.Days = slices.Compact(r.Days)
	release, err := k.claimAll(ctx, r.Days)
	if err != nil {
		return err
	}
	defer release()
	rev := r.Rev + 1
	if r.Rev == 0 {
		rev = k.now().UnixMilli()
	}
	now := removal{SessionID: r.SessionID, Name: r.Name, Rev: rev, Days: r.Days, At: k.now().UTC()}
	if err := k.put(ctx, removingPrefix+r.Name+".json", now, upload.PutOptions{}); err != nil {
		return fmt.Errorf("begin to remove it: %w", err)
	}
	if err := objects(ctx); err != nil {
		return err
	}
	return k.finish(ctx, now)
}

// Removing returns the removal of a session that was begun and not finished, nil for none.
func (k *Keeper) Removing(ctx context.Context, name string) (*Removal, error) {
	got := k.readRemoval(ctx, removingPrefix+name+".json")
	if errors.Is(got.err, upload.ErrNotFound) {
		return nil, nil
	}
	return &Removal{SessionID: got.SessionID, Name: name, Days: got.Days, Rev: got.Rev}, got.err
}

// finish does what is left of a removal once the objects are gone. The days are claimed.
func (k *Keeper) finish(ctx context.Context, r removal) error {
	id := valid(r.SessionID)
	for _, day := range r.Days {
		if err := k.bury(ctx, day, Tombstone(id, r.Name, r.Rev)); err != nil {
			return fmt.Errorf("remove it from the tables: %w", err)
		}
		if err := k.purge(ctx, day, id); err != nil {
			return fmt.Errorf("remove it from the tables: %w", err)
		}
	}
	if err := k.put(ctx, removedPrefix+r.Name+".json", r, upload.PutOptions{}); err != nil {
		return fmt.Errorf("note that it was removed from the tables: %w", err)
	}
	return k.opt.Store.Delete(ctx, removingPrefix+r.Name+".json")
}

// bury writes a row with deleted, as a part of its own.
func (k *Keeper) bury(ctx context.Context, day string, row Session) error {
	w, err := k.Writer()
	if err != nil {
		return err
	}
	defer w.Close()
	p := &pending{id: row.SessionID, name: row.Name, rev: row.Rev, deleted: true}
	if err := w.keep(p, &row, func(func(*Event, error) bool) {}); err != nil {
		return err
	}
	return w.putSessions(ctx, day, k.newPart("", 1), []*pending{p})
}

// Forget takes the rows of a session out of a day that it no longer belongs to, as an earlier start of it was found.
//
//  1. gone/moved/NAME.json is put. From now on who writes rows of it into that day takes them back, and a removal looks there, too.
//  2. The day is claimed, and every part of it that holds the session is written anew without it.
//
// What a crash leaves, or a day that somebody else works on, is left to a later [Keeper.Tend].
func (k *Keeper) Forget(ctx context.Context, day, id, name string) error {
	if there, err := k.exist(ctx); err != nil || !there {
		return err
	}
	key := movedPrefix + name + ".json"
	for {
		var m moved
		etag, err := k.get(ctx, key, &m)
		if err != nil && !errors.Is(err, upload.ErrNotFound) {
			return err
		}
		if !slices.Contains(m.Days, day) {
			m.Days = append(m.Days, day)
		}
		m.SessionID, m.Done, m.At = id, false, k.now().UTC()
		err = k.put(ctx, key, m, upload.PutOptions{IfMatch: etag, IfAbsent: etag == ""})
		if err == nil {
			return k.forget(ctx, key, m)
		}
		if !errors.Is(err, upload.ErrChanged) {
			return err
		}
	}
}

// forget is step 2 of [Keeper.Forget].
func (k *Keeper) forget(ctx context.Context, key string, m moved) error {
	for _, day := range m.Days {
		if hasMoved, err := k.hasMoved(ctx, day, removal{Name: nameOf(key), moved: m}); err != nil || !hasMoved {
			return err // it has not yet, or is back
		}
		release, err := k.claim(ctx, day)
		var claimed *ClaimedError
		if errors.As(err, &claimed) {
			return nil
		}
		if err != nil {
			return err
		}
		err = k.purge(ctx, day, valid(m.SessionID))
		release()
		if err != nil {
			return err
		}
	}
	m.Done = true
	return k.put(ctx, key, m, upload.PutOptions{})
}
