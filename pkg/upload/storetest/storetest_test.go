package storetest_test

import (
	"errors"
	"testing"

	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

func local(t *testing.T) upload.Store { return upload.NewLocal(t.TempDir()) }

func TestFaultyWithoutFaultsIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) upload.Store {
		return storetest.Faulty(local(t), func(storetest.Call) storetest.Fault { return storetest.None })
	})
}

func TestFaultyFailsBothWays(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.NotDone, storetest.DoneButLost} {
		plain := local(t)
		s := storetest.Faulty(plain, func(storetest.Call) storetest.Fault { return fault })
		done := fault == storetest.DoneButLost
		ctx := t.Context()

		if etag, err := s.Put(ctx, "a", []byte("1"), upload.PutOptions{}); !errors.Is(err, storetest.ErrInjected) || etag != "" {
			t.Errorf("%s: Put: got %q, %v", fault, etag, err)
		}
		if _, _, err := plain.Get(ctx, "a"); (err == nil) != done {
			t.Errorf("%s: after the Put: Get: %v", fault, err)
		}
		if _, err := plain.Put(ctx, "a", []byte("2"), upload.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if body, _, err := s.Get(ctx, "a"); !errors.Is(err, storetest.ErrInjected) || body != nil {
			t.Errorf("%s: Get: got %q, %v", fault, body, err)
		}
		seen := false
		err := s.List(ctx, "", func(upload.Object) error { seen = true; return nil })
		if !errors.Is(err, storetest.ErrInjected) || seen != done {
			t.Errorf("%s: List: got %v, called back %v", fault, err, seen)
		}
		if err := s.Delete(ctx, "a"); !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("%s: Delete: got %v", fault, err)
		}
		if _, _, err := plain.Get(ctx, "a"); errors.Is(err, upload.ErrNotFound) != done {
			t.Errorf("%s: after the Delete: Get: %v", fault, err)
		}
		if _, _, err := s.Get(ctx, "none"); fault == storetest.DoneButLost && !errors.Is(err, upload.ErrNotFound) {
			t.Errorf("%s: the store's own error is hidden by %v", fault, err)
		}
	}
}

func TestEachFaultVisitsEveryCallTwice(t *testing.T) {
	runs := 0
	storetest.EachFault(t, local, func(t *testing.T, s, plain upload.Store) {
		runs++
		work := func() error { // a body, then its summary: the second try must bring both
			if _, err := s.Put(t.Context(), "sessions/a", []byte("1"), upload.PutOptions{}); err != nil {
				return err
			}
			_, err := s.Put(t.Context(), "index/a", []byte("2"), upload.PutOptions{})
			return err
		}
		first := work()
		if first != nil && !errors.Is(first, storetest.ErrInjected) {
			t.Fatal(first)
		}
		if _, _, err := plain.Get(t.Context(), "index/a"); err == nil {
			if _, _, err := plain.Get(t.Context(), "sessions/a"); err != nil {
				t.Errorf("a summary without its body: %v", err)
			}
		}
		if first != nil {
			if err := work(); err != nil {
				t.Errorf("second try: %v", err)
			}
		}
	})
	if runs != 5 {
		t.Errorf("got %d runs, want 1 and twice 2", runs)
	}
}

func TestMemoryIsAStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) upload.Store { return storetest.NewMemory() })
}
