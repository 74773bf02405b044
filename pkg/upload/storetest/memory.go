package storetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"ams/pkg/upload"
)

// Memory is a bucket in memory: a [upload.Store] for tests of thousands of objects, which would wait for a disk.
type Memory struct {
	mu      sync.Mutex
	objects map[string]object
	sorted  []string // their keys, nil where these changed
	// Before is called before each request, without a lock: it may count, sleep or fail. Nil does nothing.
	Before func(op, key string) error
}

type object struct {
	body []byte
	etag string
	at   time.Time
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return &Memory{objects: map[string]object{}} }

func (m *Memory) begin(ctx context.Context, op, key string) error {
	if m.Before != nil {
		if err := m.Before(op, key); err != nil {
			return err
		}
	}
	if op != "list" {
		if err := upload.CheckKey(key); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Put implements [upload.Store].
func (m *Memory) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	if opt.IfMatch != "" && opt.IfAbsent {
		return "", errors.New("IfMatch and IfAbsent exclude each other")
	}
	if err := m.begin(ctx, "put", key); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	there, ok := m.objects[key]
	if opt.IfAbsent && ok || opt.IfMatch != "" && there.etag != opt.IfMatch {
		return "", fmt.Errorf("put %s: %w", key, upload.ErrChanged)
	}
	sum := md5.Sum(body)
	o := object{bytes.Clone(body), hex.EncodeToString(sum[:]), time.Now().UTC()}
	if m.objects[key] = o; !ok {
		m.sorted = nil
	}
	return o.etag, nil
}

// Get implements [upload.Store].
func (m *Memory) Get(ctx context.Context, key string) ([]byte, string, error) {
	if err := m.begin(ctx, "get", key); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	if !ok {
		return nil, "", fmt.Errorf("get %s: %w", key, upload.ErrNotFound)
	}
	return bytes.Clone(o.body), o.etag, nil
}

// pageKeys is how many keys one request lists.
const pageKeys = 1000

// List implements [upload.Store]. Each thousand keys are a request of their own.
func (m *Memory) List(ctx context.Context, prefix string, fn func(upload.Object) error) error {
	if err := m.begin(ctx, "list", prefix); err != nil {
		return err
	}
	m.mu.Lock()
	if m.sorted == nil {
		m.sorted = slices.Sorted(maps.Keys(m.objects))
	}
	at, _ := slices.BinarySearch(m.sorted, prefix)
	var found []upload.Object
	for _, key := range m.sorted[at:] {
		if !strings.HasPrefix(key, prefix) {
			break
		}
		o := m.objects[key]
		found = append(found, upload.Object{Key: key, Size: int64(len(o.body)), ETag: o.etag, ModTime: o.at})
	}
	m.mu.Unlock()
	for i, o := range found {
		if i > 0 && i%pageKeys == 0 {
			if err := m.begin(ctx, "list", prefix); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return nil
}

// Delete implements [upload.Store].
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := m.begin(ctx, "delete", key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	m.sorted = nil
	return nil
}
