package ship

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ams/pkg/receipt"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// Remove takes a session out of the store, and out of the tables. Pages that were handed over go first, then the index record: what a
// crash leaves behind is found by no list. Where one was interrupted after that, this does the rest. The receipt stays without a key, so
// that the next run does not store the same again.
func (sh *Shipper) Remove(ctx context.Context, id string) error {
	name := spool.FileName(id)
	last := sh.opt.Book.Get(name)
	if err := sh.removePages(ctx, upload.SharesOf(name), func(time.Time) bool { return true }); err != nil {
		return fmt.Errorf("remove pages of session %s: %w", screen.Line(id), err)
	}
	keys, rev, err := sh.keysOf(ctx, name, last)
	if err != nil {
		return fmt.Errorf("remove session %s: %w", screen.Line(id), err)
	}
	if len(keys) == 0 && !sh.IsRemoving(ctx, name) {
		return fmt.Errorf("session %s is not stored", screen.Line(id))
	}
	gone := []string{upload.IndexKey(name)}
	for _, key := range keys {
		gone = append(gone, key, upload.RawKey(key))
	}
	err = sh.removeFromTables(ctx, id, name, keys, rev, func(ctx context.Context) error {
		for _, key := range gone {
			if err := sh.opt.Store.Delete(ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove session %s: %w", screen.Line(id), err)
	}
	if last == nil {
		return nil
	}
	without := *last
	without.Key, without.Made, without.Version = "", nil, receipt.Version{}
	return sh.opt.Book.Put(name, without)
}

// keysOf are the keys under which a session may be stored: where this machine put it, and where the
// index record says, as another machine may have seen an earlier part of it; and the highest counter that either knows.
func (sh *Shipper) keysOf(ctx context.Context, name string, last *receipt.Receipt) (keys []string, rev int64, err error) {
	if last != nil && last.Key != "" {
		keys, rev = append(keys, last.Key), last.Rev
	}
	b, _, err := sh.opt.Store.Get(ctx, upload.IndexKey(name))
	if errors.Is(err, upload.ErrNotFound) {
		return keys, rev, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look for it: %w", err)
	}
	sum, err := readSummary(b)
	if err != nil {
		return nil, 0, err
	}
	if sum != nil {
		rev = max(rev, revOf(sum.Stored))
		if key := upload.SessionKey(name, sum.StartTime.Time); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, rev, nil
}

// IsRemoving reports whether the removal of a session, by the name of its spool, was interrupted, as far as the store tells.
func (sh *Shipper) IsRemoving(ctx context.Context, name string) bool {
	if sh.opt.Tables == nil {
		return false
	}
	r, err := sh.opt.Tables.Removing(ctx, name)
	return err == nil && r != nil
}
