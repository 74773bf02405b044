// Package parallel works on many items at once: it starts the work, bounds it, and gives the results to one caller.
package parallel

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"sync"
)

// Each works on the items with up to jobs workers, each made by its own call of newWorker, and returns the results as
// they come. When ctx ends, what is at work is finished and the rest is left. The caller reads the results to their
// end.
func Each[T, R any](ctx context.Context, jobs int, items []T, newWorker func() func(T) R) <-chan R {
	queue, results := make(chan T), make(chan R)
	var workers sync.WaitGroup
	for range min(jobs, len(items)) {
		workers.Go(func() {
			work := newWorker()
			for item := range queue {
				results <- work(item)
			}
		})
	}
	go func() {
		defer close(results)
		defer workers.Wait()
		defer close(queue)
		for _, item := range items {
			select {
			case queue <- item:
			case <-ctx.Done():
				return
			}
		}
	}()
	return results
}

// ahead is how many results of [InOrder] wait for their turn, and callers how many items it works on at once: a bucket
// answers after a while, so there are more than processors. Both bound its memory.
const (
	ahead   = 8
	callers = 8
)

// InOrder works on several items at once and gives the results in the order of the items. When the context ends, no
// further item is begun. When the caller takes no more, the context of what is at work ends, and InOrder returns after it.
func InOrder[T, R any](ctx context.Context, items []T, work func(context.Context, T) R) iter.Seq[R] {
	return InOrderOf(ctx, slices.Values(items), work)
}

// InOrderOf is [InOrder] for items that are made one after the other, as there is room for them.
func InOrderOf[T, R any](ctx context.Context, items iter.Seq[T], work func(context.Context, T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, stop := context.WithCancel(ctx)
		turns := make(chan chan R, ahead)
		slots := make(chan struct{}, max(runtime.GOMAXPROCS(0), callers))
		go func() {
			defer close(turns)
			for item := range items {
				if ctx.Err() != nil {
					return
				}
				turn := make(chan R, 1)
				slots <- struct{}{}
				go func() {
					turn <- work(ctx, item)
					<-slots
				}()
				turns <- turn
			}
		}()
		defer func() {
			stop()
			for turn := range turns {
				<-turn
			}
		}()
		for turn := range turns {
			if !yield(<-turn) {
				return
			}
		}
	}
}
