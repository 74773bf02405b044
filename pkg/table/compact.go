package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ams/pkg/parallel"
	"ams/pkg/upload"
)

// replacedAfter is how long parts stay that were replaced: a query that began before is over then.
const replacedAfter = 24 * time.Hour

// Compacted says what a compaction did.
type Compacted struct {
	Day      string
	Sessions int      // current rows
	Before   int      // parts
	After    int      // parts; as many as before where there was nothing to gain
	Bad      []string // what was left as it is, and why
}

// replaced is what tables/replaced/DAY.PART.json holds: once all of By are there, nothing in Replaced counts any more.
type replaced struct {
	Day      string    `json:"day"`
	By       []string  `json:"by"`
	Replaced []string  `json:"replaced"`
	At       time.Time `json:"at"`
}

// errRemovedMeanwhile ends a compaction.
var errRemovedMeanwhile = errors.New("a session was removed meanwhile; it is compacted at another time")

// Compact writes the current rows of a day as few parts. Anybody may write to the day meanwhile.
//
//  1. The day is claimed.
//  2. The current rows are read: of each session those of the highest (rev, part), none of what was removed. A part that
//     cannot be read stays as it is.
//  3. New events parts are put. A crash leaves events parts that no sessions part names; a later compaction takes them away.
//  4. tables/replaced/DAY.PART.json is put: it names the new parts and the old.
//  5. It is looked once more whether a session was removed meanwhile: then all of this is taken back.
//  6. New sessions parts are put: each commits. A crash leaves both parts of some sessions, with equal rows, of which one
//     counts.
//  7. The old parts stay for a day, then [Keeper.Tend] deletes them, if all of the new ones are there.
//
// A removal does not come between: it needs the claim. Where that lapsed, the writer of a part looks once more after 6.
func (k *Keeper) Compact(ctx context.Context, day string) (Compacted, error) {
	release, err := k.claim(ctx, day)
	if err != nil {
		return Compacted{Day: day}, err
	}
	defer release()
	w, err := k.Writer()
	if err != nil {
		return Compacted{Day: day}, err
	}
	defer w.Close()
	w.pack.Level = dense
	c := compaction{w: w, k: k, out: Compacted{Day: day}, current: map[string]*pending{}}
	if err := c.read(ctx); err != nil {
		return c.out, fmt.Errorf("compact the tables of %s: %w", day, err)
	}
	c.out.Before, c.out.After = c.parts, c.parts
	parts := batches(c.rows())
	if len(c.old) == 0 || len(parts) >= len(c.old) && !c.waste {
		return c.out, nil
	}
	if err := c.write(ctx, parts); err != nil {
		return c.out, fmt.Errorf("compact the tables of %s: %w", day, err)
	}
	c.out.After = c.parts - len(c.old) + len(parts)
	return c.out, nil
}

// compaction is one at work.
type compaction struct {
	k       *Keeper
	w       *Writer
	out     Compacted
	parts   int
	current map[string]*pending // by session
	old     []string            // parts that are read whole, and are replaced
	gone    []string            // sessions that were removed and have rows
	waste   bool                // some rows of them count no more, or are nobody's
}

// rows are the current rows.
func (c *compaction) rows() (out []*pending) {
	for _, p := range c.current {
		out = append(out, p)
	}
	c.out.Sessions = len(out)
	return out
}

// read reads the current rows of the day.
func (c *compaction) read(ctx context.Context) error {
	t, err := c.k.partsOf(ctx, c.out.Day)
	if err != nil {
		return err
	}
	c.parts = len(t.sessions)
	names := map[string]bool{}
	sources := map[string]bool{}
	for _, f := range t.sessions {
		loaded, err := c.w.loadSessions(ctx, f)
		if isBad(err) || errors.Is(err, upload.ErrNotFound) {
			c.bad(f.Key, err)
			continue
		}
		if err != nil {
			return err
		}
		sources[f.part] = true
		for _, p := range loaded {
			names[p.name] = true
			there := c.current[p.id]
			c.waste = c.waste || there != nil
			if there == nil || p.supersedes(there) {
				c.current[p.id] = p
			}
		}
	}
	gone, err := c.k.removals(ctx, names)
	if err != nil {
		return err
	}
	for id, p := range c.current {
		r := gone[p.name]
		hasMoved, err := c.k.hasMoved(ctx, c.out.Day, r)
		if err != nil {
			return err
		}
		if !p.deleted && (hasMoved || r.removed && p.rev <= r.Rev) {
			delete(c.current, id)
			c.gone, c.waste = append(c.gone, p.name), true
		}
	}
	if err := c.readEvents(ctx, sources); err != nil {
		return err
	}
	for _, f := range t.orphans() {
		if at, ok := partTime(f.part); ok && c.k.old(at, f.ModTime, replacedAfter) {
			c.old, c.waste = append(c.old, f.part), true
		}
	}
	return nil
}

// readEvents reads the events of the current rows. The sessions of a part that lacks some stay as they are.
func (c *compaction) readEvents(ctx context.Context, sources map[string]bool) error {
	of := map[string][]*pending{}
	for _, p := range c.current {
		of[p.part] = append(of[p.part], p)
	}
	for part := range sources {
		err := c.w.loadEvents(ctx, c.out.Day, part, of[part])
		switch {
		case isBad(err):
			c.bad(partKey(events, c.out.Day, part), err)
			for _, p := range of[part] {
				delete(c.current, p.id)
			}
		case err != nil:
			return err
		default:
			c.old = append(c.old, part)
		}
	}
	slices.Sort(c.old)
	return nil
}

func (c *compaction) bad(key string, err error) {
	c.out.Bad = append(c.out.Bad, fmt.Sprintf("%s: %v", key, err))
}

// write puts the new parts.
func (c *compaction) write(ctx context.Context, batches [][]*pending) error {
	day, last := c.out.Day, ""
	if len(c.old) > 0 {
		last = c.old[len(c.old)-1]
	}
	journal := replaced{Day: day, Replaced: c.old, At: c.k.now().UTC()}
	names := map[string]bool{}
	for _, batch := range batches {
		last = c.k.newPart(last, len(batch))
		journal.By = append(journal.By, last)
		if err := c.w.putEvents(ctx, day, last, batch); err != nil {
			return err
		}
		for _, p := range batch {
			names[p.name] = !p.deleted
		}
	}
	key := replacedPrefix + day + "." + c.k.newPart(last, 0) + ".json"
	if err := c.k.put(ctx, key, journal, upload.PutOptions{}); err != nil {
		return err
	}
	gone, err := c.k.removals(ctx, names)
	if err != nil {
		return err
	}
	for _, batch := range batches {
		for _, p := range batch {
			isGone, err := c.k.isGone(ctx, day, p, gone)
			if err != nil {
				return err
			}
			if isGone {
				return errors.Join(errRemovedMeanwhile, c.takeBack(ctx, journal, key))
			}
		}
	}
	for i, batch := range batches {
		if err := c.w.putSessions(ctx, day, journal.By[i], batch); err != nil {
			return err
		}
		if err := c.w.recheck(ctx, day, journal.By[i], batch); err != nil {
			return err
		}
	}
	return nil
}

// takeBack deletes what a compaction put that is not committed.
func (c *compaction) takeBack(ctx context.Context, journal replaced, key string) error {
	for _, part := range journal.By {
		if err := c.k.opt.Store.Delete(ctx, partKey(events, journal.Day, part)); err != nil {
			return err
		}
	}
	return c.k.opt.Store.Delete(ctx, key)
}

// old reports whether something is so old by its own word and by the store's, where that says.
func (k *Keeper) old(at, modified time.Time, age time.Duration) bool {
	now := k.now()
	return now.Sub(at) >= age && (modified.IsZero() || now.Sub(modified) >= age)
}

// journals lists what compactions replaced and did not delete yet.
func (k *Keeper) journals(ctx context.Context) (out []upload.Object, err error) {
	err = k.opt.Store.List(ctx, replacedPrefix, func(o upload.Object) error {
		out = append(out, o)
		return nil
	})
	return out, err
}

// sweep deletes the parts that a compaction replaced a day ago: all of them at once, as a query that overlaps it fails. Where
// the compaction did not come to its end nothing was replaced, and what it left goes.
func (k *Keeper) sweep(ctx context.Context, o upload.Object) error {
	var journal replaced
	_, err := k.get(ctx, o.Key, &journal)
	if errors.Is(err, upload.ErrNotFound) || err == nil && !k.old(journal.At, o.ModTime, replacedAfter) {
		return nil
	}
	if err != nil {
		return err
	}
	t, err := k.partsOf(ctx, journal.Day)
	if err != nil {
		return err
	}
	goes := journal.Replaced
	if slices.ContainsFunc(journal.By, func(part string) bool { return !t.has(part) }) {
		goes = slices.DeleteFunc(journal.By, t.has)
	}
	goes = slices.DeleteFunc(goes, func(part string) bool { return !isPart(part) })
	for err := range parallel.InOrder(ctx, goes, func(ctx context.Context, part string) error { return k.deletePart(ctx, journal.Day, part) }) {
		if err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return k.opt.Store.Delete(ctx, o.Key)
}

// has reports whether a part is committed.
func (t twoTables) has(part string) bool {
	return slices.ContainsFunc(t.sessions, func(f partFile) bool { return f.part == part })
}
