package main

import (
	"context"
	"errors"
	"fmt"

	"ams/pkg/assemble"
	"ams/pkg/receipt"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// shelf puts Sessions into a store, redacted, and never a poorer one over a richer one.
type shelf struct {
	store upload.Store
	set   settings
}

// putTries bounds how often a Session is united anew because another machine stored the same session in between.
const putTries = 4

// put stores a Session: its body first, then the index record by which it is found. last is the receipt of the Session stored before from
// this machine, or nil. Where its inputs cover those of the stored Session it replaces it whole; else, and where this machine does not
// know what is stored, the stored one is read first and replaced only if nobody else did so in between. It returns the Session as
// it was stored.
func (sh *shelf) put(ctx context.Context, w *work, last *receipt.Receipt) (key string, stored *schema.Session, err error) {
	key = upload.SessionKey(w.name, w.session.StartTime.Time)
	known := last != nil && last.Key != ""
	if known {
		key = last.Key
	} else if old, err := sh.indexed(ctx, w.name); err != nil {
		return key, w.session, err
	} else if old != nil {
		key = upload.SessionKey(w.name, old.StartTime.Time)
	}
	for try := 1; ; try++ {
		s, opt := w.session, upload.PutOptions{}
		if !known || !assemble.Covers(assemble.Inputs(w.session.Completeness), last.Made) {
			if s, opt, err = sh.unite(ctx, key, w.session); err != nil {
				return key, w.session, err
			}
		}
		masks := redact.New(sh.set.redact)
		masks.Session(s)
		body, err := schema.Encode(s)
		if err != nil {
			return key, w.session, err
		}
		_, err = sh.store.Put(ctx, key, body, opt)
		if errors.Is(err, upload.ErrChanged) && try < putTries {
			continue
		}
		if err != nil {
			return key, w.session, fmt.Errorf("store it: %w", err)
		}
		if err := sh.putIndex(ctx, w.name, s); err != nil {
			return key, s, err
		}
		return key, s, sh.putRaw(ctx, w, key, masks)
	}
}

// putRaw stores the raw material of a finished session, if it is to be kept. It has the same masks as the Session.
func (sh *shelf) putRaw(ctx context.Context, w *work, key string, masks *redact.Redactor) error {
	if sh.set.keepRaw == noRaw || !w.final {
		return nil
	}
	if sh.set.keepRaw == unredactedRaw {
		masks = nil
	}
	body, err := w.bundle(masks)
	if err != nil {
		return err
	}
	if _, err := sh.store.Put(ctx, upload.RawKey(key), body, upload.PutOptions{}); err != nil {
		return fmt.Errorf("store its raw material: %w", err)
	}
	return nil
}

func (sh *shelf) putIndex(ctx context.Context, name string, s *schema.Session) error {
	index, err := schema.EncodeSummary(schema.Summarize(s))
	if err != nil {
		return err
	}
	if _, err := sh.store.Put(ctx, upload.IndexKey(name), index, upload.PutOptions{}); err != nil {
		return fmt.Errorf("store its index record: %w", err)
	}
	return nil
}

// indexed is the index record of a session, or nil where there is none that can be read.
func (sh *shelf) indexed(ctx context.Context, name string) (*schema.Summary, error) {
	b, _, err := sh.store.Get(ctx, upload.IndexKey(name))
	if errors.Is(err, upload.ErrNotFound) || errors.Is(err, upload.ErrTooLarge) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for it: %w", err)
	}
	sum, err := schema.DecodeSummary(b)
	if errors.Is(err, schema.ErrNewer) {
		return nil, err
	}
	if err != nil || sum.StartTime.IsZero() {
		return nil, nil // a damaged record is written anew
	}
	return sum, nil
}

// unite reads the stored Session and carries over what fresh lacks. A stored object that is damaged is replaced; one of a newer version
// is not touched.
func (sh *shelf) unite(ctx context.Context, key string, fresh *schema.Session) (*schema.Session, upload.PutOptions, error) {
	body, etag, err := sh.store.Get(ctx, key)
	if errors.Is(err, upload.ErrNotFound) {
		return fresh, upload.PutOptions{IfAbsent: true}, nil
	}
	if err != nil {
		return nil, upload.PutOptions{}, fmt.Errorf("read what is stored of it: %w", err)
	}
	opt := upload.PutOptions{IfMatch: etag}
	old, err := schema.Decode(body)
	switch {
	case errors.Is(err, schema.ErrNewer):
		return nil, opt, err
	case err != nil || old.SessionID != fresh.SessionID:
		return fresh, opt, nil
	}
	return assemble.Carry(old, fresh, sh.set.join.Status), opt, nil
}
