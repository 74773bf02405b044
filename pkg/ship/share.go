package ship

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ams/pkg/spool"
	"ams/pkg/upload"
)

// ErrNoLinks says that a store has no addresses to hand out.
var ErrNoLinks = errors.New("only a bucket can be read by a link")

// Link is the address of a page that was handed over.
type Link struct {
	URL   string
	Until time.Time // it may end before its life, with the keys that it is signed with
}

// Share puts a session's page into the store, under a key that nobody can guess, and returns the
// address at which anybody can read it for so long. The page goes with [Shipper.Remove], or with
// [Shipper.Sweep] when its time is over.
func (sh *Shipper) Share(ctx context.Context, id string, page []byte, life time.Duration) (Link, error) {
	store, ok := sh.opt.Store.(upload.Linker)
	if !ok {
		return Link{}, ErrNoLinks
	}
	key := upload.ShareKey(spool.FileName(id), sh.opt.Source.Now().Add(life))
	address, until, err := store.Link(ctx, key, life)
	if err != nil {
		return Link{}, err
	}
	if _, err := sh.opt.Store.Put(ctx, key, page, upload.PutOptions{IfAbsent: true}); err != nil {
		return Link{}, fmt.Errorf("store its page: %w", err)
	}
	return Link{address, until}, nil
}

// sweepEvery is how long after one sweep the next may come: a run every five minutes is to ask a
// bucket for nothing.
const sweepEvery = time.Hour

// Sweep removes the pages whose links ended, whoever made them, unless that was done a short while
// ago, and returns when it was done last. Keys that may not list or delete leave that to others.
func (sh *Shipper) Sweep(ctx context.Context, last time.Time) time.Time {
	now := sh.opt.Source.Now()
	if _, ok := sh.opt.Store.(upload.Linker); !ok || now.Sub(last).Abs() < sweepEvery {
		return last
	}
	over := func(end time.Time) bool { return end.Before(now) }
	if err := sh.removePages(ctx, upload.SharePrefix, over); err != nil && ctx.Err() == nil {
		sh.opt.Note("remove pages whose links ended: %v", err)
	}
	return now
}

// removePages removes the pages below a prefix that are over.
func (sh *Shipper) removePages(ctx context.Context, prefix string, over func(end time.Time) bool) error {
	if _, ok := sh.opt.Store.(upload.Linker); !ok {
		return nil
	}
	var failed error
	err := sh.opt.Store.List(ctx, prefix, func(o upload.Object) error {
		if end, ok := upload.ShareEnd(o.Key); ok && over(end) {
			failed = errors.Join(failed, sh.opt.Store.Delete(ctx, o.Key))
		}
		return nil
	})
	if err = errors.Join(err, failed); errors.Is(err, upload.ErrDenied) {
		return nil
	}
	return err
}
