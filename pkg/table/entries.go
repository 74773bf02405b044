package table

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ams/pkg/upload"
)

// partsAtOnce is how many parts are read at once, most of them on their way from a bucket, and bytesAtOnce how many bytes of
// them are in memory.
const (
	partsAtOnce = 16
	bytesAtOnce = 2 * partBytes
)

// BadPart is a part that is left out of reading, or read in part, and why: one of the errors of this package.
type BadPart struct {
	Key string
	Err error
}

// Entries tells visit of the sessions rows of a store, old ones and tombstones among them, in no order. visit is called from
// several goroutines, and what it is given is its own only until it returns. What is being written or deleted meanwhile
// may be told or not. The error is the store's.
func Entries(ctx context.Context, store upload.Store, visit func(*Entry)) (bad []BadPart, err error) {
	k := New(Options{Store: store})
	files, err := k.parts(ctx, SessionsPrefix)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue, space := make(chan partFile), newRoom(bytesAtOnce)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range min(partsAtOnce, len(files)) {
		workers.Go(func() {
			for f := range queue {
				taken := space.take(f.Size)
				err := k.entries(ctx, f, visit)
				space.giveBack(taken)
				switch {
				case isBad(err):
					mu.Lock()
					bad = append(bad, BadPart{f.Key, err})
					mu.Unlock()
				case err != nil && !errors.Is(err, upload.ErrNotFound): // one that was replaced is gone by now
					cancel(fmt.Errorf("read %s: %w", f.Key, err))
				}
			}
		})
	}
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		queue <- f
	}
	close(queue)
	workers.Wait()
	return bad, context.Cause(ctx)
}

func (k *Keeper) entries(ctx context.Context, f partFile, visit func(*Entry)) error {
	if f.Size > partBytes { // it need not be read to know
		return ErrForeign
	}
	p, err := openPart[Session](ctx, k, f.Key)
	if err != nil {
		return err
	}
	for row, err := range rows[Entry](p) {
		if err != nil {
			return err
		}
		visit(row)
	}
	return nil
}
