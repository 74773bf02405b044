package receipt

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestReadLooksAndLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "book.db")
	if all, err := Read(path); err != nil || len(all) != 0 {
		t.Errorf("of nothing: got %v, %v", all, err)
	}
	book, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := book.Put("s", Receipt{SessionID: "s", LookedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, ErrLocked) {
		t.Errorf("beside a run: got %v, want ErrLocked", err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	if all, err := Read(path); err != nil || len(all) != 1 || all["s"] == nil {
		t.Errorf("got %v, %v", all, err)
	}
}
