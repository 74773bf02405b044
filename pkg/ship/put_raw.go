package ship

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ams/pkg/bundle"
	"ams/pkg/recorded"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// putRaw stores the raw material of a finished session, if it is to be kept, and returns its ETag.
// It has the same masks as the Session. What another machine has of it, or this one had, is kept.
func (p *putting) putRaw(ctx context.Context, have holding) (string, error) {
	if p.sh.opt.Raw == NoRaw || !p.w.Final {
		return "", nil
	}
	masks := p.masks
	if p.sh.opt.Raw == UnmaskedRaw {
		masks = nil
	}
	body, err := p.w.Bundle(masks)
	if err != nil {
		return "", err
	}
	key := upload.RawKey(have.key)
	if have.known && p.last.RawTag != "" { // this machine's own, and covered
		etag, err := p.put(ctx, key, body, p.last.RawTag)
		if !errors.Is(err, upload.ErrChanged) {
			return etag, rawError(err)
		}
	}
	return p.uniteRaw(ctx, key, body)
}

// rawError says what err is about. That what is stored is too large to be read is no matter of the session itself.
func rawError(err error) error {
	if errors.Is(err, upload.ErrTooLarge) {
		err = fmt.Errorf("%w: %v", bundle.ErrTooLarge, err)
	}
	if err != nil {
		return fmt.Errorf("store its raw material: %w", err)
	}
	return nil
}

// uniteRaw stores a bundle, with what the one that is there has beside it.
func (p *putting) uniteRaw(ctx context.Context, key string, body []byte) (string, error) {
	for try := 1; ; try++ {
		old, tag, err := p.read(ctx, key)
		if err != nil {
			return "", rawError(err)
		}
		united, err := p.uniteBundles(old, body)
		if err != nil {
			return "", rawError(err)
		}
		if old != nil && bytes.Equal(united, old) {
			return tag, nil
		}
		etag, err := p.put(ctx, key, united, tag)
		if !errors.Is(err, upload.ErrChanged) || try == putTries {
			return etag, rawError(err)
		}
	}
}

// moveRaw brings raw material to the key that belongs to its session's.
func (p *putting) moveRaw(ctx context.Context, from, to string) error {
	old, _, err := p.sh.opt.Store.Get(ctx, from)
	if errors.Is(err, upload.ErrNotFound) || errors.Is(err, upload.ErrDenied) {
		return nil
	}
	if err == nil {
		_, err = p.uniteRaw(ctx, to, old)
	}
	if err == nil {
		err = p.sh.opt.Store.Delete(ctx, from)
	}
	return rawError(err)
}

// uniteBundles is what two bundles of one session hold. A stored one that cannot be read is
// replaced, but for one of a newer version or one that is too large.
func (p *putting) uniteBundles(stored, fresh []byte) ([]byte, error) {
	if stored == nil || bytes.Equal(stored, fresh) {
		return fresh, nil
	}
	old, err := bundle.Decode(bytes.NewReader(stored))
	if errors.Is(err, bundle.ErrNewer) || errors.Is(err, bundle.ErrTooLarge) {
		return nil, err
	}
	if err != nil {
		return fresh, nil
	}
	now, err := bundle.Decode(bytes.NewReader(fresh))
	if err != nil {
		return nil, err
	}
	masks := p.masks
	if p.sh.opt.Raw != MaskedRaw {
		masks = nil // else what was stored before it was to be masked is masked now
	}
	records, err := uniteRecords(old, now)
	if err != nil {
		return fresh, nil // what is stored is damaged
	}
	var lines bytes.Buffer
	if err := recorded.WriteRecords(&lines, records, masks); err != nil {
		return nil, err
	}
	now.Records = lines.Bytes()
	for name, body := range old.Files {
		mine, both := now.Files[name]
		switch {
		case !both:
			now.Files[name] = recorded.Masked(body, masks)
		case strings.HasSuffix(name, ".jsonl"):
			now.Files[name] = uniteLines(recorded.Masked(body, masks), mine)
		}
	}
	return bundle.Encode(now)
}

// uniteRecords are the records of both in the order of their times, each once.
func uniteRecords(old, fresh bundle.Bundle) ([]spool.Record, error) {
	type moment struct {
		at  int64
		raw string
	}
	var out []spool.Record
	most := map[moment]int{}
	for _, b := range []bundle.Bundle{old, fresh} {
		contents, err := recorded.BundleContents(b)
		if err != nil {
			return nil, err
		}
		count := map[moment]int{}
		for _, r := range contents.Records {
			m := moment{r.Key.Time().UnixNano(), string(r.Raw)}
			if count[m]++; count[m] > most[m] {
				most[m] = count[m]
				out = append(out, r)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b spool.Record) int { return a.Key.Time().Compare(b.Key.Time()) })
	return out, nil
}

// uniteLines are the lines of two copies of one file, each copy's in its own order: files grow at
// their end, and two machines add their own.
func uniteLines(old, fresh []byte) []byte {
	oldLines := slices.Collect(bytes.Lines(old))
	place := map[string][]int{}
	for i, l := range oldLines {
		place[line(l)] = append(place[line(l)], i)
	}
	var out []byte
	add := func(l []byte) { out = append(append(out, bytes.TrimRight(l, "\n")...), '\n') }
	next := 0 // of the old lines
	for l := range bytes.Lines(fresh) {
		at := place[line(l)]
		for len(at) > 0 && at[0] < next {
			at = at[1:]
		}
		if len(at) > 0 {
			for ; next <= at[0]; next++ {
				add(oldLines[next])
			}
			continue
		}
		add(l)
	}
	for ; next < len(oldLines); next++ {
		add(oldLines[next])
	}
	return out
}

func line(l []byte) string { return string(bytes.TrimRight(l, "\n")) }
