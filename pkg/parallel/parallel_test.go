package parallel

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
)

func TestInOrderKeepsTheOrder(t *testing.T) {
	items := make([]int, 500)
	for i := range items {
		items[i] = i
	}
	got := slices.Collect(InOrder(t.Context(), items, func(_ context.Context, i int) int { return i }))
	if !slices.Equal(got, items) {
		t.Errorf("got %v", got)
	}
}

// TestInOrderEndsWhatIsAtWork: a caller that has enough waits for nothing but the end of what was begun.
func TestInOrderEndsWhatIsAtWork(t *testing.T) {
	var atWork, begun atomic.Int64
	work := func(ctx context.Context, i int) int {
		atWork.Add(1)
		defer atWork.Add(-1)
		if begun.Add(1); i > 0 {
			<-ctx.Done()
		}
		return i
	}
	for got := range InOrder(t.Context(), make([]int, 1), work) {
		if got != 0 {
			t.Errorf("got %d, want the first", got)
		}
	}
	for range InOrder(t.Context(), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, work) {
		break
	}
	if n := atWork.Load(); n != 0 {
		t.Errorf("%d are at work when it is over", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	begun.Store(0)
	for range InOrder(ctx, make([]int, 100), work) {
		t.Error("a result after the end")
	}
	if begun.Load() != 0 {
		t.Error("work was begun after the end")
	}
}
