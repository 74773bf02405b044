package table

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"ams/pkg/upload"
)

// memory is a store whose objects were made by the clock of the test. It is quick: a scenario writes thousands of parts.
type memory struct {
	clock *clock

	mu      sync.Mutex
	objects map[string]upload.Object
	bodies  map[string][]byte
}

func newMemory(c *clock) *memory {
	return &memory{clock: c, objects: map[string]upload.Object{}, bodies: map[string][]byte{}}
}

func (m *memory) Put(ctx context.Context, key string, body []byte, opt upload.PutOptions) (string, error) {
	if err := upload.CheckKey(key); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	there, ok := m.objects[key]
	if opt.IfAbsent && ok || opt.IfMatch != "" && there.ETag != opt.IfMatch {
		return "", fmt.Errorf("put %s: %w", key, upload.ErrChanged)
	}
	sum := md5.Sum(body)
	m.objects[key] = upload.Object{Key: key, Size: int64(len(body)), ETag: hex.EncodeToString(sum[:]), ModTime: m.clock.now()}
	m.bodies[key] = bytes.Clone(body)
	return m.objects[key].ETag, ctx.Err()
}

func (m *memory) Get(ctx context.Context, key string) ([]byte, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	if !ok {
		return nil, "", fmt.Errorf("get %s: %w", key, upload.ErrNotFound)
	}
	return bytes.Clone(m.bodies[key]), o.ETag, ctx.Err()
}

func (m *memory) List(ctx context.Context, prefix string, fn func(upload.Object) error) error {
	m.mu.Lock()
	all := maps.Clone(m.objects)
	m.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(key, prefix) {
			if err := fn(all[key]); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (m *memory) Delete(ctx context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	delete(m.bodies, key)
	return ctx.Err()
}
