package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"ams/pkg/upload"
)

// openPart reads a part of the store.
func openPart[R row](ctx context.Context, k *Keeper, key string) (Part, error) {
	body, _, err := k.opt.Store.Get(ctx, key)
	if errors.Is(err, upload.ErrTooLarge) {
		err = ErrForeign // we write none of that size
	}
	if err != nil {
		return Part{}, err
	}
	return open[R](bytes.NewReader(body), int64(len(body)))
}

// isBad reports whether an error is of what is in a part, not of reading it.
func isBad(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrForeign) || errors.Is(err, ErrNewer) || errors.Is(err, ErrEmpty)
}

// loadSessions keeps the rows of a sessions part.
func (w *Writer) loadSessions(ctx context.Context, f partFile) ([]*pending, error) {
	p, err := openPart[Session](ctx, w.k, f.Key)
	if err != nil {
		return nil, err
	}
	var out []*pending
	for row, err := range rows[Session](p) {
		if err != nil {
			return nil, err
		}
		p1 := &pending{id: row.SessionID, name: row.Name, part: f.part, want: row.Events, rev: row.Rev, etag: row.IndexETag, deleted: row.Deleted}
		if err := w.keep(p1, row, noEvents); err != nil {
			return nil, err
		}
		out = append(out, p1)
	}
	return out, nil
}

func noEvents(func(*Event, error) bool) {}

// loadEvents keeps the events of the sessions of a part, by their ids.
func (w *Writer) loadEvents(ctx context.Context, day, part string, of []*pending) error {
	wanted := map[string]*pending{}
	for _, p := range of {
		if p.events, p.count = nil, 0; p.want > 0 {
			wanted[p.id] = p
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	file, err := openPart[Event](ctx, w.k, partKey(events, day, part))
	if errors.Is(err, upload.ErrNotFound) {
		return fmt.Errorf("%w: it has no events", ErrDamaged)
	}
	if err != nil {
		return err
	}
	var now *pending
	a := w.spill.adder()
	defer a.close()
	flush := func() error {
		err := a.flush()
		if now != nil {
			now.events, now.count = append(now.events, a.frames...), now.count+int64(a.n)
		}
		a.frames, a.n = nil, 0
		return err
	}
	for row, err := range rows[Event](file) {
		if err != nil {
			return err
		}
		p := wanted[row.SessionID]
		if p != now {
			if err := flush(); err != nil {
				return err
			}
			now = p
		}
		if p == nil {
			continue
		}
		row.SessionID, row.Part = "", ""
		if err := a.add(row); err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	for _, p := range wanted {
		if p.count != p.want {
			return fmt.Errorf("%w: it has %d of %d events of session %s", ErrDamaged, p.count, p.want, p.name)
		}
	}
	return nil
}

// deletePart deletes both objects of a part, the one that commits first.
func (k *Keeper) deletePart(ctx context.Context, day, part string) error {
	for _, table := range []string{sessions, events} {
		if err := k.opt.Store.Delete(ctx, partKey(table, day, part)); err != nil {
			return err
		}
	}
	return nil
}
