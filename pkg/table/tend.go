package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"ams/pkg/upload"
)

const (
	// tendEvery is how often somebody looks for something to do, of all machines together: it lists all parts.
	tendEvery = time.Hour
	// closedAfter is how long after its end a day is closed: few sessions of it end later.
	closedAfter = 48 * time.Hour
	// openParts is from how many parts on an open day is compacted: engines begin to feel it.
	openParts = 32
)

// Tended says what became of a [Keeper.Tend].
type Tended struct {
	Looked    bool       // somebody else did not just do so
	Compacted *Compacted // the one day that was, nil for none
}

// Tend does what is due, once an hour for all machines together: it finishes removals that were interrupted, deletes
// what was replaced a day ago, and compacts one day.
func (k *Keeper) Tend(ctx context.Context) (out Tended, err error) {
	if there, err := k.exist(ctx); err != nil || !there {
		return out, err
	}
	if due, err := k.turn(ctx); err != nil || !due {
		return out, err
	}
	out.Looked = true
	if err := k.finishRemovals(ctx); err != nil {
		return out, err
	}
	journals, err := k.journals(ctx)
	if err != nil {
		return out, err
	}
	for _, o := range journals {
		if err := k.sweep(ctx, o); err != nil {
			return out, err
		}
	}
	due, err := k.dueDays(ctx, journals)
	if err != nil || len(due) == 0 {
		return out, err
	}
	done, err := k.Compact(ctx, due[rand.IntN(len(due))]) // any: one that fails is not to keep back the others
	var claimed *ClaimedError
	if errors.As(err, &claimed) || errors.Is(err, errRemovedMeanwhile) {
		return out, nil
	}
	out.Compacted = &done
	return out, err
}

// turn reports whether it is this machine's turn to tend. A time in the future is of a clock that is wrong.
func (k *Keeper) turn(ctx context.Context) (bool, error) {
	var last struct {
		At time.Time `json:"at"`
	}
	etag, err := k.get(ctx, tendedKey, &last)
	if err != nil && !errors.Is(err, upload.ErrNotFound) {
		return false, err
	}
	if age := k.now().Sub(last.At); age >= 0 && age < tendEvery {
		return false, nil
	}
	last.At = k.now().UTC()
	err = k.put(ctx, tendedKey, last, upload.PutOptions{IfMatch: etag, IfAbsent: etag == ""})
	if errors.Is(err, upload.ErrChanged) {
		return false, nil
	}
	return err == nil, err
}

// finishRemovals finishes what a crash left of removals, where the session is gone, and forgets old ones.
func (k *Keeper) finishRemovals(ctx context.Context) error {
	all, err := k.removals(ctx, nil)
	if err != nil {
		return err
	}
	for _, r := range all {
		if len(r.moved.Days) > 0 {
			if err := k.tendMoved(ctx, r); err != nil {
				return err
			}
		}
		if !r.removed {
			continue
		}
		if !r.pending {
			// One whose counter is of a clock that was ahead is kept: rows of what comes back are raised above it.
			if k.now().Sub(r.At) > forgetAfter && r.Rev < r.At.UnixMilli() {
				err = k.opt.Store.Delete(ctx, removedPrefix+r.Name+".json")
			}
		} else if there, lookErr := k.isStored(ctx, r.Name, ""); lookErr != nil {
			err = lookErr
		} else if !there {
			err = k.finishOne(ctx, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tendMoved finishes what a crash left of a move, or forgets an old one.
func (k *Keeper) tendMoved(ctx context.Context, r removal) error {
	key := movedPrefix + r.Name + ".json"
	switch {
	case k.now().Sub(r.moved.At) > forgetAfter:
		return k.opt.Store.Delete(ctx, key)
	case !r.moved.Done:
		return k.forget(ctx, key, r.moved)
	}
	return nil
}

func (k *Keeper) finishOne(ctx context.Context, r removal) error {
	for _, day := range r.Days {
		release, err := k.claim(ctx, day)
		var claimed *ClaimedError
		if errors.As(err, &claimed) {
			return nil // another time
		}
		if err != nil {
			return err
		}
		defer release()
	}
	return k.finish(ctx, r)
}

// day is what a list tells of a day.
type day struct {
	name   string
	small  int // parts that could be fewer
	parts  int
	sought string // the last compaction whose old parts are still there, "" for none
}

// dueDays are the days that are to be compacted.
func (k *Keeper) dueDays(ctx context.Context, journals []upload.Object) ([]string, error) {
	t, err := k.partsOf(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range byDay(t, journals) {
		start, err := time.Parse(time.DateOnly, d.name)
		if err != nil {
			continue
		}
		closed := k.now().Sub(start.AddDate(0, 0, 1)) >= closedAfter
		if d.small > openParts || closed && d.small > 1 {
			out = append(out, d.name)
		}
	}
	return out, nil
}

// byDay counts the parts of each day. What a compaction read is not counted again while it waits for its end.
func byDay(t twoTables, journals []upload.Object) []*day {
	days := map[string]*day{}
	sizes := map[string]int64{}
	for _, f := range slices.Concat(t.sessions, t.events) {
		sizes[f.day+"/"+f.part] += f.Size
	}
	at := func(name string) *day {
		if days[name] == nil {
			days[name] = &day{name: name}
		}
		return days[name]
	}
	for _, o := range journals {
		name, part, _ := cutDay(nameOf(o.Key))
		d := at(name)
		d.sought = max(d.sought, part)
	}
	var out []*day
	for _, f := range t.sessions {
		d := at(f.day)
		d.parts++
		if f.part > d.sought && partCount(f.part) < partSessions/2 && sizes[f.day+"/"+f.part] < partBytes/4 {
			d.small++
		}
	}
	for _, d := range days {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b *day) int { return cmp.Compare(a.name, b.name) })
	return out
}

// cutDay cuts the name of a journal.
func cutDay(name string) (day, part string, ok bool) {
	if len(name) <= len(time.DateOnly) {
		return name, "", false
	}
	return name[:len(time.DateOnly)], name[len(time.DateOnly)+1:], true
}

// Status is what lists tell of the tables.
type Status struct {
	Days     int
	Parts    int
	Sessions int // rows, old and superseded ones too, as the names of parts say
	Bytes    int64
	Orphans  int      // events parts without a sessions part
	Waiting  int      // compactions whose old parts are still there
	Removing []string // sessions whose removal was interrupted
	Due      []string // days that are to be compacted
	Claims   []string // days that somebody works on
}

// Status lists the tables.
func (k *Keeper) Status(ctx context.Context) (s Status, err error) {
	t, err := k.partsOf(ctx, "")
	if err != nil {
		return s, err
	}
	journals, err := k.journals(ctx)
	if err != nil {
		return s, err
	}
	s.Days, s.Parts, s.Orphans, s.Waiting = len(byDay(t, nil)), len(t.sessions), len(t.orphans()), len(journals)
	for _, f := range t.sessions {
		s.Sessions += partCount(f.part)
		s.Bytes += f.Size
	}
	for _, f := range t.events {
		s.Bytes += f.Size
	}
	for prefix, names := range map[string]*[]string{removingPrefix: &s.Removing, claimsPrefix: &s.Claims} {
		err := k.opt.Store.List(ctx, prefix, func(o upload.Object) error {
			if prefix != claimsPrefix || k.now().Sub(o.ModTime) < claimLapse {
				*names = append(*names, nameOf(o.Key))
			}
			return nil
		})
		if err != nil {
			return s, fmt.Errorf("list %s: %w", prefix, err)
		}
	}
	s.Due, err = k.dueDays(ctx, journals)
	return s, err
}
