package table

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ams/pkg/parallel"
	"ams/pkg/upload"
)

// rebuildBytes is how much of rows, packed, waits on disk at once. Beyond it they are written, and a day gets more parts.
const rebuildBytes = 1 << 30

// Rebuilt says what became of a rebuild.
type Rebuilt struct {
	Sessions int // that have new rows
	Open     int // that are not over, and have none
	Failed   int
	Replaced int // parts, which go a day later
}

// Watch follows a rebuild: Begin is told how many sessions there are, Each what became of one.
type Watch struct {
	Begin func(sessions int)
	Each  func(name string, err error)
}

// Rebuild makes the tables anew from the bodies that the index records name. Whatever parts were there when it began count no more once
// all is written, and go a day later: damaged ones, too. They stay where a session failed. A crash leaves rows
// twice, of which one counts.
func (k *Keeper) Rebuild(ctx context.Context, watch Watch) (out Rebuilt, err error) {
	if err := k.Ready(ctx); err != nil {
		return out, err
	}
	before, err := k.partsOf(ctx, "")
	if err != nil {
		return out, err
	}
	index, err := k.indexTags(ctx)
	if err != nil {
		return out, err
	}
	w, err := k.Writer()
	if err != nil {
		return out, err
	}
	defer w.Close()
	var todo []*pending
	for _, name := range slices.Sorted(maps.Keys(index)) {
		todo = append(todo, &pending{name: name})
	}
	watch.Begin(len(todo))
	for b := range parallel.InOrder(ctx, todo, k.stored) {
		err := b.err
		switch {
		case err != nil:
		case stillOpen(b.session.Outcome, b.session.Status):
			out.Open++
			watch.Each(b.of.name, nil)
			continue
		default:
			err = w.Add(b.session, b.of.name, b.etag, b.record)
		}
		watch.Each(b.of.name, err)
		if err != nil {
			out.Failed++
		} else if w.bytes() > rebuildBytes {
			if err := w.commitRebuilt(ctx, &out); err != nil {
				return out, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return out, err
	}
	if err := w.commitRebuilt(ctx, &out); err != nil || out.Failed > 0 {
		return out, err
	}
	return out, k.replace(ctx, before, w.written, &out)
}

func (w *Writer) commitRebuilt(ctx context.Context, out *Rebuilt) error {
	done, err := w.Commit(ctx)
	out.Sessions += len(done)
	return err
}

// replace notes that the parts of before are replaced by new ones, by day.
func (k *Keeper) replace(ctx context.Context, before twoTables, by map[string][]string, out *Rebuilt) error {
	old := map[string][]string{}
	for _, f := range slices.Concat(before.sessions, before.events) {
		if isPart(f.part) && !slices.Contains(old[f.day], f.part) {
			old[f.day] = append(old[f.day], f.part)
		}
	}
	for day, parts := range old {
		key := replacedPrefix + day + "." + k.newPart("", 0) + ".json"
		if err := k.put(ctx, key, replaced{Day: day, By: by[day], Replaced: parts, At: k.now().UTC()}, upload.PutOptions{}); err != nil {
			return fmt.Errorf("note what was replaced: %w", err)
		}
		out.Replaced += len(parts)
	}
	return nil
}
