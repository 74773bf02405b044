package main

import (
	"context"
	"fmt"

	"ams/pkg/schema"
	"ams/pkg/upload"
)

// put stores a Session: its body first, then the index record by which it is found. The date in its key is that of the record stored
// before, if there is one: a session's key never moves.
func put(ctx context.Context, store upload.Store, name string, s *schema.Session) (key string, err error) {
	start := s.StartTime.Time
	indexKey := upload.IndexKey(name)
	if old, _, err := store.Get(ctx, indexKey); err == nil {
		if sum, err := schema.DecodeSummary(old); err == nil && !sum.StartTime.IsZero() {
			start = sum.StartTime.Time
		}
	}
	key = upload.SessionKey(name, start)
	body, err := schema.Encode(s)
	if err != nil {
		return key, err
	}
	index, err := schema.EncodeSummary(schema.Summarize(s))
	if err != nil {
		return key, err
	}
	if _, err := store.Put(ctx, key, body, upload.PutOptions{}); err != nil {
		return key, fmt.Errorf("store session %s: %w", s.SessionID, err)
	}
	if _, err := store.Put(ctx, indexKey, index, upload.PutOptions{}); err != nil {
		return key, fmt.Errorf("store index record of session %s: %w", s.SessionID, err)
	}
	return key, nil
}
