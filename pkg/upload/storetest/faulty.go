package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"ams/pkg/upload"
)

// ErrInjected is what a call fails with that [Faulty] lets fail.
var ErrInjected = errors.New("injected fault")

// Fault is what happens to one call.
type Fault int

const (
	None        Fault = iota // it passes
	NotDone                  // it fails and had no effect
	DoneButLost              // it had its effect, and its answer was lost on the way
)

func (f Fault) String() string {
	return [...]string{"none", "not done", "done but lost"}[f]
}

// Call is one call of a store.
type Call struct {
	N   int    // counts from 1 in the order the calls came in
	Op  string // put, get, list or delete
	Key string // the prefix for a list
}

// Faulty returns s with the faults that plan decides on. plan may be called by
// several goroutines at once if the store is.
func Faulty(s upload.Store, plan func(Call) Fault) upload.Store {
	return &faulty{store: s, plan: plan}
}

type faulty struct {
	store upload.Store
	plan  func(Call) Fault

	mu sync.Mutex
	n  int // calls so far; guarded by mu
}

// call runs do as the fault for this call demands.
func (f *faulty) call(op, key string, do func() error) error {
	f.mu.Lock()
	f.n++
	c := Call{N: f.n, Op: op, Key: key}
	f.mu.Unlock()
	fault := f.plan(c)
	if fault == NotDone {
		return fmt.Errorf("%s %s: %w", op, key, ErrInjected)
	}
	err := do()
	if fault == DoneButLost && err == nil {
		err = fmt.Errorf("%s %s: %w", op, key, ErrInjected)
	}
	return err
}

func (f *faulty) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	var etag string
	err := f.call("put", key, func() (err error) {
		etag, err = f.store.Put(ctx, key, body, opt)
		return err
	})
	if err != nil {
		return "", err
	}
	return etag, nil
}

func (f *faulty) Get(ctx context.Context, key string) ([]byte, string, error) {
	var body []byte
	var etag string
	err := f.call("get", key, func() (err error) {
		body, etag, err = f.store.Get(ctx, key)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return body, etag, nil
}

// List calls back before a DoneButLost fault: a page came, the next one did not.
func (f *faulty) List(ctx context.Context, prefix string, fn func(upload.Object) error) error {
	return f.call("list", prefix, func() error { return f.store.List(ctx, prefix, fn) })
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	return f.call("delete", key, func() error { return f.store.Delete(ctx, key) })
}

// EachFault runs a scenario once without faults and then once for each of its
// calls and each of the two faults, every time on a new store. The scenario does
// its work on s, whose call may fail, and then checks through plain, the same
// store without faults, that a second try brings everything in order.
func EachFault(t *testing.T, open func(t *testing.T) upload.Store, scenario func(t *testing.T, s, plain upload.Store)) {
	var mu sync.Mutex
	var calls []Call
	if !t.Run("no fault", func(t *testing.T) {
		plain := open(t)
		scenario(t, Faulty(plain, func(c Call) Fault {
			mu.Lock()
			defer mu.Unlock()
			calls = append(calls, c)
			return None
		}), plain)
	}) {
		return
	}
	for _, bad := range calls {
		for _, fault := range []Fault{NotDone, DoneButLost} {
			t.Run(fmt.Sprintf("call %d %s %s %s", bad.N, bad.Op, bad.Key, fault), func(t *testing.T) {
				plain := open(t)
				scenario(t, Faulty(plain, func(c Call) Fault {
					if c.N == bad.N {
						return fault
					}
					return None
				}), plain)
			})
		}
	}
}
