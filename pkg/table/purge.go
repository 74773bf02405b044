package table

import (
	"context"
	"errors"
	"slices"

	"ams/pkg/upload"
)

// purge takes every row of a session out of a day but those that say that it was removed, at once: a part that has some is
// written anew without them, then deleted. One that cannot be read is deleted, as it may have some: the rows of others in
// it are made anew by [Keeper.Rebuild]. The day is claimed.
func (k *Keeper) purge(ctx context.Context, day, id string) error {
	t, err := k.partsOf(ctx, day)
	if err != nil {
		return err
	}
	for _, f := range t.sessions {
		if err := k.purgePart(ctx, day, f, id); err != nil && !errors.Is(err, upload.ErrNotFound) {
			return err
		}
	}
	for _, f := range t.orphans() { // of a crash; or of a writer that is about to commit, who looks whether it is there
		has, err := k.hasEvents(ctx, f, id)
		if err != nil && !errors.Is(err, upload.ErrNotFound) {
			return err
		}
		if has {
			if err := k.opt.Store.Delete(ctx, f.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// purgePart is purge of one part.
func (k *Keeper) purgePart(ctx context.Context, day string, f partFile, id string) error {
	w, err := k.Writer()
	if err != nil {
		return err
	}
	defer w.Close()
	all, err := w.loadSessions(ctx, f)
	if err == nil {
		left := slices.DeleteFunc(slices.Clone(all), func(p *pending) bool { return p.id == id && !p.deleted })
		if len(left) == len(all) {
			return nil
		}
		if err = w.loadEvents(ctx, day, f.part, left); err == nil {
			if len(left) > 0 {
				err = w.putPart(ctx, day, k.newPart(f.part, len(left)), left)
			}
			if err != nil {
				return err
			}
			return k.deletePart(ctx, day, f.part)
		}
	}
	return k.deleteBad(ctx, day, f, err)
}

// deleteBad deletes a part that cannot be read, and is ours.
func (k *Keeper) deleteBad(ctx context.Context, day string, f partFile, err error) error {
	switch {
	case errors.Is(err, ErrForeign): // nothing of ours is in it
		return nil
	case !isBad(err) || errors.Is(err, ErrNewer):
		return err
	}
	k.opt.Note("%s: %v; it is deleted, as what is to be removed may be in it (ams-assemble tables rebuild makes the rest anew)", f.Key, err)
	return k.deletePart(ctx, day, f.part)
}

// hasEvents reports whether an events part has some of a session, or may have.
func (k *Keeper) hasEvents(ctx context.Context, f partFile, id string) (bool, error) {
	type named struct {
		SessionID string `parquet:"session_id"`
	}
	p, err := openPart[Event](ctx, k, f.Key)
	if err == nil {
		for row, rowErr := range rows[named](p) {
			if rowErr == nil && row.SessionID == id {
				return true, nil
			}
			err = rowErr
		}
	}
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrEmpty) {
		return true, nil
	}
	if errors.Is(err, ErrForeign) {
		return false, nil
	}
	return false, err
}
