package ship

import (
	"context"
	"fmt"
	"sync"
	"time"

	"ams/pkg/schema"
	"ams/pkg/table"
	"ams/pkg/upload"
)

// tables is the [Taker] that writes rows of sessions that are over: all of a Run at its end, one part a day.
type tables struct {
	keeper *table.Keeper
	store  upload.Store

	mu      sync.Mutex
	writer  *table.Writer
	wrote   bool
	trouble error // why there is no writer
}

// tablesName is what receipts know it by.
const tablesName = "tables"

func (t *tables) taker() Taker { return Taker{Name: tablesName, Take: t.take, Flush: t.flush} }

// open begins: nothing is asked of the store in a Run without news.
func (t *tables) open(ctx context.Context) (*table.Writer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.writer != nil || t.trouble != nil {
		return t.writer, t.trouble
	}
	if t.trouble = declined(t.keeper.Ready(ctx)); t.trouble == nil {
		t.writer, t.trouble = t.keeper.Writer()
	}
	return t.writer, t.trouble
}

func (t *tables) take(ctx context.Context, f Final) ([]string, error) {
	w, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	record, tag := f.Index, f.IndexTag
	if record == nil {
		if record, tag, err = t.store.Get(ctx, upload.IndexKey(f.Name)); err != nil {
			return nil, fmt.Errorf("read its index record: %w", err)
		}
	}
	return nil, w.Add(f.Session, f.Name, tag, record)
}

func (t *tables) flush(ctx context.Context) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.writer
	if w == nil {
		return nil, nil
	}
	t.writer = nil
	defer w.Close()
	if ctx.Err() != nil {
		return nil, nil // it was told to stop
	}
	done, err := w.Commit(ctx)
	var names []string
	for name := range done {
		names = append(names, name)
	}
	t.wrote = len(names) > 0
	return names, declined(err)
}

func declined(err error) error {
	if table.IsRefused(err) {
		return &Declined{err}
	}
	return err
}

// tend does what is due for the tables, after a Run that wrote some.
func (sh *Shipper) tend(ctx context.Context) {
	if sh.tables == nil || !sh.tables.wrote {
		return
	}
	done, err := sh.opt.Tables.Tend(ctx)
	if done.Compacted != nil {
		for _, bad := range done.Compacted.Bad {
			sh.opt.Note("tables: %s; it is left as it is", bad)
		}
	}
	if err != nil && ctx.Err() == nil {
		sh.opt.Note("tables: %v; another run tries it again", err)
	}
}

// removeFromTables takes a session out of the tables while delete takes it out of the store.
func (sh *Shipper) removeFromTables(ctx context.Context, id, name string, keys []string, rev int64, remove func(context.Context) error) error {
	if sh.opt.Tables == nil {
		return remove(ctx)
	}
	r := table.Removal{SessionID: id, Name: name, Rev: rev}
	before, err := sh.opt.Tables.Removing(ctx, name)
	if err != nil {
		return err
	}
	if before != nil {
		r.Days, r.Rev = before.Days, max(r.Rev, before.Rev)
	}
	for _, key := range keys {
		if day, ok := dayOf(key); ok {
			r.Days = append(r.Days, day)
		}
	}
	return sh.opt.Tables.Remove(ctx, r, remove)
}

// forget takes the rows of a session out of the day of a key that it has no more. If that fails they stay, and
// count no more.
func (p *putting) forget(ctx context.Context, s *schema.Session, key, now string) {
	was, ok := dayOf(key)
	if is, _ := dayOf(now); !ok || is == was || p.sh.opt.Tables == nil {
		return
	}
	if err := p.sh.opt.Tables.Forget(ctx, was, s.SessionID, p.w.Name); err != nil {
		p.sh.opt.Note("session %s: its rows of %s stay in the tables: %v", p.w.Name, was, err)
	}
}

// dayOf is the day of a key of [upload.SessionKey], as the tables write it.
func dayOf(key string) (string, bool) {
	const head, layout = upload.SessionsPrefix, "2006/01/02"
	if len(key) < len(head+layout) {
		return "", false
	}
	t, err := time.Parse(layout, key[len(head):len(head+layout)])
	return table.Day(t), err == nil
}
