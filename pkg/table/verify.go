package table

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"ams/pkg/parallel"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// Verified says what a comparison of the tables with bodies and index records showed.
type Verified struct {
	Days, Parts      int
	Sessions, Events int // rows that count and are as they should be
	Open             int // sessions that are not over, and have no row or an older one
	Findings         []string
}

// Verify compares every row that counts with the index record and the body that it was made of, and names what is wrong: rows
// that are missing, old, wrong, or of sessions that are not stored; parts that cannot be read; events parts that no
// sessions part names, as a crash leaves them; bodies without an index record, as a crash or a removal leaves them. It
// changes nothing. What is written meanwhile may be named, too.
func (k *Keeper) Verify(ctx context.Context) (Verified, error) {
	v := verifier{k: k, seen: map[string]bool{}}
	var err error
	if v.index, err = k.indexTags(ctx); err != nil {
		return v.out, err
	}
	t, err := k.partsOf(ctx, "")
	if err != nil {
		return v.out, err
	}
	for _, f := range t.orphans() {
		v.say("%s: no sessions part names it", f.Key)
	}
	days := byDay(t, nil)
	v.out.Days, v.out.Parts = len(days), len(t.sessions)
	for _, d := range days {
		if err := v.day(ctx, d.name); err != nil {
			return v.out, fmt.Errorf("verify the tables of %s: %w", d.name, err)
		}
	}
	if err := v.missing(ctx); err != nil {
		return v.out, err
	}
	err = k.opt.Store.List(ctx, upload.SessionsPrefix, func(o upload.Object) error {
		if _, ok := v.index[nameOf(o.Key)]; !ok {
			v.say("%s: no index record names it", o.Key)
		}
		return nil
	})
	return v.out, err
}

// indexTags are the ETags of all index records, by the names of their sessions.
func (k *Keeper) indexTags(ctx context.Context) (map[string]string, error) {
	index := map[string]string{}
	err := k.opt.Store.List(ctx, upload.IndexPrefix, func(o upload.Object) error {
		if path.Dir(o.Key)+"/" == upload.IndexPrefix && strings.HasSuffix(o.Key, ".json") {
			index[nameOf(o.Key)] = o.ETag
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list index records: %w", err)
	}
	return index, nil
}

// verifier is a comparison at work.
type verifier struct {
	k     *Keeper
	index map[string]string
	seen  map[string]bool // sessions that have a row of their index record
	out   Verified
}

func (v *verifier) say(format string, args ...any) {
	v.out.Findings = append(v.out.Findings, fmt.Sprintf(format, args...))
}

// day compares the rows of a day.
func (v *verifier) day(ctx context.Context, day string) error {
	w, err := v.k.Writer()
	if err != nil {
		return err
	}
	defer w.Close()
	c := compaction{w: w, k: v.k, out: Compacted{Day: day}, current: map[string]*pending{}}
	if err := c.read(ctx); err != nil {
		return err
	}
	v.out.Findings = append(v.out.Findings, c.out.Bad...)
	for _, name := range c.gone {
		v.say("session %s: it was removed, and has a row in dt=%s", name, day)
	}
	todo := slices.SortedFunc(maps.Values(c.current), func(a, b *pending) int { return strings.Compare(a.id, b.id) })
	var stale []*pending
	todo = slices.DeleteFunc(todo, func(p *pending) bool {
		if v.isCurrent(day, p) {
			return false
		}
		if _, stored := v.index[p.name]; stored && !p.deleted {
			stale = append(stale, p)
		}
		return true
	})
	for b := range parallel.InOrder(ctx, stale, v.k.summary) { // told by missing, unless they stand where they must not
		if b.err == nil && Day(b.sum.StartTime.Time) != day {
			v.say("session %s: it has a row in dt=%s, and began on %s", b.name, day, Day(b.sum.StartTime.Time))
		}
	}
	for b := range parallel.InOrder(ctx, todo, v.k.stored) {
		switch {
		case errors.Is(b.err, upload.ErrNotFound):
			v.say("session %s: it has a row, and its body is not there", b.of.name)
		case b.err != nil && ctx.Err() != nil:
			return ctx.Err()
		case b.err != nil:
			v.say("session %s: %v", b.of.name, b.err)
		default:
			if err := v.compare(w, day, b); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// isCurrent reports whether a row is of the index record that the store has.
func (v *verifier) isCurrent(day string, p *pending) bool {
	etag, stored := v.index[p.name]
	switch {
	case p.deleted:
		return false
	case !stored:
		v.say("session %s: it has a row in dt=%s, and is not stored", p.name, day)
		return false
	case etag != p.etag:
		return false
	}
	v.seen[p.name] = true
	return true
}

// body is what the store has of a session.
type body struct {
	of      *pending
	session *schema.Session
	etag    string
	record  []byte
	err     error
}

// stored reads the index record of a session and the body that it names.
func (k *Keeper) stored(ctx context.Context, p *pending) (b body) {
	b.of = p
	if b.record, b.etag, b.err = k.opt.Store.Get(ctx, upload.IndexKey(p.name)); b.err != nil {
		return b
	}
	sum, err := schema.DecodeSummary(b.record)
	if err != nil {
		b.err = err
		return b
	}
	whole, _, err := k.opt.Store.Get(ctx, upload.SessionKey(p.name, sum.StartTime.Time))
	if err != nil {
		b.err = err
		return b
	}
	if b.session, b.err = schema.Decode(whole); b.err == nil && b.session.SessionID != sum.SessionID {
		b.err = fmt.Errorf("its index record names the body of session %s", b.session.SessionID)
	}
	return b
}

// compare compares the rows of a session with what is stored.
func (v *verifier) compare(w *Writer, day string, b body) error {
	p := b.of
	if Day(b.session.StartTime.Time) != day {
		v.say("session %s: its row stands in dt=%s, and it began on %s", p.name, day, Day(b.session.StartTime.Time))
	}
	want, err := SessionOf(p.name, b.etag, b.record, len(b.session.Events))
	if err != nil {
		return err
	}
	for got, err := range kept[Session](w.spill, p.row) {
		if err != nil {
			return err
		}
		got.Part = ""
		if got.Rev > want.Rev { // as it came back after its removal
			got.Rev = want.Rev
		}
		if column := differ(got, &want); column != "" {
			v.say("session %s: its row has another %s than its index record", p.name, column)
			return nil
		}
	}
	next, stop := iter.Pull2(kept[Event](w.spill, p.events))
	defer stop()
	for e := range EventsOf(b.session) {
		got, err, ok := next()
		if err != nil {
			return err
		}
		e.SessionID = ""
		if !ok {
			break // there are fewer, which the row of the session said
		}
		if column := differ(got, &e); column != "" {
			v.say("session %s: the row of event %s has another %s than its body", p.name, e.EventID, column)
			return nil
		}
		v.out.Events++
	}
	v.out.Sessions++
	return nil
}

// missing names the sessions that are over and have no row of their index record.
func (v *verifier) missing(ctx context.Context) error {
	var names []*pending
	for _, name := range slices.Sorted(maps.Keys(v.index)) {
		if !v.seen[name] {
			names = append(names, &pending{name: name})
		}
	}
	for b := range parallel.InOrder(ctx, names, v.k.summary) {
		switch {
		case errors.Is(b.err, upload.ErrNotFound): // gone meanwhile
		case b.err != nil && ctx.Err() != nil:
		case b.err != nil:
			v.say("%s: %v", upload.IndexKey(b.name), b.err)
		case isOpen(b.sum):
			v.out.Open++
		default:
			v.say("session %s: the tables have no row of it as it is stored", b.name)
		}
	}
	return ctx.Err()
}

type summarized struct {
	name string
	sum  *schema.Summary
	err  error
}

func (k *Keeper) summary(ctx context.Context, p *pending) summarized {
	record, _, err := k.opt.Store.Get(ctx, upload.IndexKey(p.name))
	if err != nil {
		return summarized{p.name, nil, err}
	}
	sum, err := schema.DecodeSummary(record)
	return summarized{p.name, sum, err}
}

// isOpen reports whether a session was not over when it was stored.
func isOpen(sum *schema.Summary) bool {
	return stillOpen(schema.OrZero(sum.Outcome), sum.Status)
}

// stillOpen goes by the outcome: a status may be a person's own word, and the oldest objects have no outcome.
func stillOpen(outcome schema.Outcome, status schema.Status) bool {
	return outcome == schema.StillOpen || outcome == "" && status == schema.Running
}
