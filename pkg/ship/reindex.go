package ship

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"

	"ams/pkg/parallel"
	"ams/pkg/schema"
	"ams/pkg/signal"
	"ams/pkg/upload"
)

// reindexers is how many Sessions are read at once at least: a bucket answers after tens of milliseconds.
const reindexers = 8

// Reindexed counts what became of the index records of a store.
type Reindexed struct {
	Found   int // index records
	Made    int // that were made anew
	Kept    int // that are as they would be made
	Failed  int
	Orphans []string // keys of Sessions that no index record names; they are left alone
	Dead    bool     // the store failed in a way that every other record would meet: not all were tried
}

// reindexed is what became of one index record.
type reindexed struct {
	name           string // of its session
	key            string // of the Session that it names, "" where it names none
	before, etag   string // of the record, as it was and as it was put; "" where it was not put
	made, vanished bool
	err            error
}

// Reindex makes the index records of a store anew, each from the Session that it names: those of an older version and
// those that cannot be true, or all of them. A record is put on the condition that it is still the one that was read, so that any number of machines
// may do so at once, beside runs, too; what was interrupted is begun again, and passes over what is done. A Session that
// no record names is named and not brought back: it may have been removed.
func (sh *Shipper) Reindex(ctx context.Context, all bool, watch Watch) (Reindexed, error) {
	var out Reindexed
	var keys []string
	err := sh.opt.Store.List(ctx, upload.IndexPrefix, func(o upload.Object) error {
		if path.Dir(o.Key)+"/" == upload.IndexPrefix && strings.HasSuffix(o.Key, ".json") {
			keys = append(keys, o.Key)
		}
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("list index records: %w", err)
	}
	out.Found = len(keys)
	watch.begin(len(keys))
	handOut, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var state health
	named := map[string]string{}
	for r := range parallel.Each(handOut, max(sh.opt.Jobs, reindexers), keys, func() func(string) reindexed {
		return func(key string) reindexed { return sh.reindex(ctx, key, all) }
	}) {
		if !r.vanished {
			named[r.name] = r.key
		}
		out.count(sh, r)
		if state.note(r.err); state.dead {
			out.Dead = true
			giveUp()
		}
		watch.each(Result{Name: r.name, Key: r.key, Err: r.err})
	}
	if out.Dead || ctx.Err() != nil {
		return out, ctx.Err()
	}
	out.Orphans, err = sh.orphans(ctx, named)
	return out, err
}

func (out *Reindexed) count(sh *Shipper, r reindexed) {
	switch {
	case r.err != nil:
		out.Failed++
		sh.opt.Note("%s: %v", upload.IndexKey(r.name), r.err)
	case r.made:
		out.Made++
		if err := sh.noteIndexTag(r); err != nil {
			sh.opt.Note("note the new index record of session %s: %v", r.name, err)
		}
	case !r.vanished:
		out.Kept++
	}
}

// noteIndexTag keeps the receipt of a session true: the record that it names is another one now. Without it the next
// time that the session has news, what is stored of it would be read.
func (sh *Shipper) noteIndexTag(r reindexed) error {
	if sh.opt.Book == nil {
		return nil
	}
	last := sh.opt.Book.Get(r.name)
	if last == nil || last.IndexTag == "" || last.IndexTag != r.before {
		return nil
	}
	fresh := *last
	fresh.IndexTag, fresh.Taken = r.etag, maps.Clone(last.Taken)
	delete(fresh.Taken, tablesName) // its row is of the record before
	return sh.opt.Book.Put(r.name, fresh)
}

// reindex makes one record anew.
func (sh *Shipper) reindex(ctx context.Context, key string, all bool) reindexed {
	out := reindexed{name: strings.TrimSuffix(path.Base(key), ".json")}
	for try := 1; ; try++ {
		index, etag, err := sh.opt.Store.Get(ctx, key)
		if errors.Is(err, upload.ErrNotFound) {
			out.vanished = true
			return out
		}
		var fresh []byte
		if err == nil {
			out.key, fresh, err = sh.freshIndex(ctx, out.name, index, all)
		}
		if err != nil || bytes.Equal(index, fresh) {
			out.err = err
			return out
		}
		out.before = etag
		out.etag, err = sh.opt.Store.Put(ctx, key, fresh, upload.PutOptions{IfMatch: etag})
		if err == nil || !errors.Is(err, upload.ErrChanged) || try == putTries {
			out.made, out.err = err == nil, err
			return out
		}
	}
}

// freshIndex is what an index record is to be, and the key of the Session that it names: the record itself where it
// may stay.
func (sh *Shipper) freshIndex(ctx context.Context, name string, index []byte, all bool) (key string, fresh []byte, err error) {
	sum, err := schema.DecodeSummary(index)
	if err != nil {
		return "", nil, err
	}
	if sum.StartTime.IsZero() {
		return "", nil, errors.New("it has no start_time, so it names no session")
	}
	key = upload.SessionKey(name, sum.StartTime.Time)
	if !all && sum.SchemaVersion == schema.Version && !sum.Old() && sum.Check() == nil && len(index) <= schema.MaxSummary {
		return key, index, nil
	}
	body, _, err := sh.opt.Store.Get(ctx, key)
	if err != nil {
		return key, nil, fmt.Errorf("read the session that it names: %w", err)
	}
	s, err := schema.Decode(body)
	switch {
	case err != nil:
		return key, nil, fmt.Errorf("read the session that it names: %w", err)
	case s.SessionID != sum.SessionID:
		return key, nil, fmt.Errorf("it is of session %.80q, and what it names is of %.80q", sum.SessionID, s.SessionID)
	case upload.SessionKey(name, s.StartTime.Time) != key:
		return key, nil, errors.New("the session that it names began on another day")
	}
	if signal.Old(s) {
		signal.ReviewOld(s)
	}
	record := schema.Summarize(s)
	if !sum.Old() && !sum.Lacks("per_model") && record.Lacks("per_model") { // its calls are not all in the body
		record.KeepSums(sum)
	}
	fresh, err = schema.EncodeSummary(record)
	return key, fresh, err
}

// orphans are the keys of Sessions that no index record names. named has the key that each record names, by session, ""
// where a record is there that cannot be read. What is being stored gets its record a moment after its body: so a record
// is looked for once more.
func (sh *Shipper) orphans(ctx context.Context, named map[string]string) ([]string, error) {
	var suspects []string
	err := sh.opt.Store.List(ctx, upload.SessionsPrefix, func(o upload.Object) error {
		key, ok := named[strings.TrimSuffix(path.Base(o.Key), ".json")]
		if !ok || key != "" && key != o.Key {
			suspects = append(suspects, o.Key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	var out []string
	done := 0
	for orphan := range parallel.InOrder(ctx, suspects, sh.isOrphan) {
		if orphan {
			out = append(out, suspects[done])
		}
		done++
	}
	return out, context.Cause(ctx)
}

// isOrphan reports whether no index record names a Session.
func (sh *Shipper) isOrphan(ctx context.Context, key string) bool {
	name := strings.TrimSuffix(path.Base(key), ".json")
	index, _, err := sh.opt.Store.Get(ctx, upload.IndexKey(name))
	if err != nil {
		return errors.Is(err, upload.ErrNotFound) || errors.Is(err, upload.ErrKey)
	}
	sum, err := schema.DecodeSummary(index)
	return err == nil && upload.SessionKey(name, sum.StartTime.Time) != key
}
