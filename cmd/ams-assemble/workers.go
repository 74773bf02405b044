package main

import (
	"context"
	"sync"
)

// inParallel works on the items with up to jobs workers, each made by its own call of newWorker, and returns the results as they come.
// When ctx ends, what is at work is finished and the rest is left. The caller reads the results to their end.
func inParallel[T, R any](ctx context.Context, jobs int, items []T, newWorker func() func(T) R) <-chan R {
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
