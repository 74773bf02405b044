package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io"

	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// GetChanged returns the Session with an id as [Library.Get] does, with a word for the version of it; no Session where
// that is still the version that the caller has. Of what is stored only the index record is read then: the Session is
// written before it.
func (l *Library) GetChanged(ctx context.Context, id, have string) (s *schema.Session, version string, err error) {
	key := upload.IndexKey(spool.FileName(id))
	body, etag, err := l.store.Get(ctx, key)
	if errors.Is(err, upload.ErrNotFound) {
		var name string
		if name, err = l.begins(ctx, id); err == nil {
			key = upload.IndexKey(name)
			body, etag, err = l.store.Get(ctx, key)
		}
	}
	switch {
	case errors.Is(err, upload.ErrNotFound):
		if s, err = l.unstored(ctx, id); err == nil {
			version = VersionOf(s)
		}
		return s, version, err
	case err != nil:
		return nil, "", fmt.Errorf("read %s: %w", key, err)
	}
	if version = word(etag, string(body)); version == have {
		return nil, version, nil
	}
	sum, err := decodeRecord(key, body)
	if err != nil {
		return nil, "", &ObjectError{Key: key, Name: nameOf(key), Err: err}
	}
	s, err = l.session(ctx, sum)
	return s, version, err
}

// VersionOf is the version of a session that is not stored: it only grows.
func VersionOf(s *schema.Session) string {
	return word(fmt.Sprint(len(s.Events), s.EndTime, s.Status, s.Outcome, s.Totals.ToolCalls, s.Totals.LLMCalls, s.Totals.Errors, s.DurationMS))
}

func word(of ...string) string {
	sum := sha256.Sum256(fmt.Append(nil, of))
	return hex.EncodeToString(sum[:8])
}

// Version is a word for all index records of the store: while it stays, nothing of a list changes. It costs what listing
// the store does; no record is read.
func (l *Library) Version(ctx context.Context) (string, error) {
	var sum uint64 // of hashes, as a store may list in any order
	n := 0
	err := upload.Versions(ctx, l.store, upload.IndexPrefix, func(key, version string) error {
		h := fnv.New64a()
		_, _ = io.WriteString(h, key+"\x00"+version)
		sum += h.Sum64()
		n++
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("list sessions: %w", err)
	}
	return fmt.Sprintf("%d-%016x", n, sum), nil
}
