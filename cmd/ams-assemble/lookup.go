package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ams/pkg/catalog"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/screen"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// lastSession is the word for the newest session.
const lastSession = "last"

// lookup finds one session for a person: in the store, else among what was recorded and is not stored yet.
type lookup struct {
	e     env
	set   settings
	store upload.Store
}

func findSession(ctx context.Context, e env, set settings, arg string) (*schema.Session, error) {
	store, err := set.open(ctx)
	if err != nil {
		return nil, err
	}
	l := &lookup{e: e, set: set, store: store}
	if arg == lastSession {
		return l.last(ctx)
	}
	sum, err := l.stored(ctx, arg)
	switch {
	case err == nil:
		return l.body(ctx, sum)
	case !errors.Is(err, upload.ErrNotFound):
		return nil, err
	}
	return l.recorded(arg)
}

// stored finds the index record of a session by its id or the beginning of it. It reads no other record. Without one the error
// wraps [upload.ErrNotFound].
func (l *lookup) stored(ctx context.Context, arg string) (*schema.Summary, error) {
	sum, err := l.record(ctx, upload.IndexKey(spool.FileName(arg)))
	if !errors.Is(err, upload.ErrNotFound) {
		return sum, err
	}
	var keys []string
	err = l.store.List(ctx, catalog.Prefix+strings.ToLower(arg), func(o upload.Object) error {
		keys = append(keys, o.Key)
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for session %s: %w", screen.Line(arg), err)
	case len(keys) == 0:
		return nil, upload.ErrNotFound
	case len(keys) == 1:
		return l.record(ctx, keys[0])
	}
	return nil, l.ambiguous(ctx, arg, keys)
}

// record reads an index record.
func (l *lookup) record(ctx context.Context, key string) (*schema.Summary, error) {
	b, _, err := l.store.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	sum, err := catalog.Decode(key, b)
	if err != nil {
		return nil, l.unreadable(key, err)
	}
	return sum, nil
}

// unreadable is an object that cannot be read as what it must be.
func (l *lookup) unreadable(key string, err error) error {
	name := strings.TrimSuffix(key[strings.LastIndexByte(key, '/')+1:], ".json")
	hint := "ams-assemble session " + name + " --store stores it anew, as long as its spool or transcript is there"
	if errors.Is(err, schema.ErrNewer) {
		hint = "a newer ams-assemble wrote it: update this one"
	}
	return &hintError{err: fmt.Errorf("read %s: %w", key, err), hint: hint}
}

// maxCandidates bounds how many sessions an ambiguous id names.
const maxCandidates = 10

// ambiguous says which sessions an id could mean.
func (l *lookup) ambiguous(ctx context.Context, arg string, keys []string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d sessions begin with %q:", len(keys), arg)
	for _, key := range keys[:min(len(keys), maxCandidates)] {
		sum, err := l.record(ctx, key)
		if err != nil {
			fmt.Fprintf(&b, "\n  %s", strings.TrimSuffix(strings.TrimPrefix(key, catalog.Prefix), ".json"))
			continue
		}
		fmt.Fprintf(&b, "\n  %s  %s  %s", screen.Line(sum.SessionID), sum.StartTime.Local().Format("2006-01-02 15:04"), screen.Cut(screen.Line(titleOf(sum)), 50))
	}
	if more := len(keys) - maxCandidates; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return &hintError{err: errors.New(b.String()), hint: "type more of the id"}
}

// body reads the Session of an index record.
func (l *lookup) body(ctx context.Context, sum *schema.Summary) (*schema.Session, error) {
	key := upload.SessionKey(spool.FileName(sum.SessionID), sum.StartTime.Time)
	b, _, err := l.store.Get(ctx, key)
	if err != nil {
		return nil, l.unreadable(key, err)
	}
	s, err := catalog.DecodeSession(sum, b)
	if err != nil {
		return nil, l.unreadable(key, err)
	}
	return s, nil
}

// recorded tells a session from its spool.
func (l *lookup) recorded(arg string) (*schema.Session, error) {
	spools, err := spool.List(l.set.spoolDir)
	if err != nil {
		return nil, err
	}
	exact, prefix := spool.FileName(arg), strings.ToLower(arg)
	var names []string
	for _, s := range spools {
		if s.Name == exact {
			names = []string{exact}
			break
		}
		if strings.HasPrefix(s.Name, prefix) && s.Name != spool.Unassigned {
			names = append(names, s.Name)
		}
	}
	switch len(names) {
	case 0:
		return nil, &hintError{
			err:  fmt.Errorf("no session begins with %q, in %s or recorded in %s", arg, l.set.storeName(), l.set.spoolDir),
			hint: "ams-assemble list shows the stored sessions, ams-assemble import stores those that were never recorded",
		}
	case 1:
		return l.fromSpool(names[0])
	}
	return nil, &hintError{
		err:  fmt.Errorf("%d recorded sessions begin with %q: %s", len(names), arg, strings.Join(names[:min(len(names), maxCandidates)], ", ")),
		hint: "type more of the id",
	}
}

func (l *lookup) fromSpool(name string) (*schema.Session, error) {
	w, err := l.set.source(l.e).Reader().FromSpool(name)
	if err != nil {
		return nil, err
	}
	return l.unstored(w), nil
}

// unstored is a session that was assembled for this reader, with the masks that storing it would give it.
func (l *lookup) unstored(w *recorded.Session) *schema.Session {
	sayTrouble(l.e, w)
	fmt.Fprintf(l.e.stderr, "ams-assemble: session %s is told from its spool; ams-assemble run stores it\n", screen.Line(w.Session.SessionID))
	redact.New(l.set.redact).Session(w.Session)
	w.Session.Bound()
	return w.Session
}

// last is the newest session, of those that are stored and the one that was recorded last: it may be at work.
func (l *lookup) last(ctx context.Context) (*schema.Session, error) {
	all, _, err := loadCatalog(ctx, l.e, l.set)
	if err != nil {
		return nil, err
	}
	var sum *schema.Summary
	if len(all.Records) > 0 {
		sum = all.Records[0].Summary
	}
	newest, err := l.newestSpool()
	if err != nil {
		return nil, err
	}
	if w := l.newer(newest, sum); w != nil {
		return l.unstored(w), nil
	}
	if sum == nil {
		return nil, &hintError{
			err:  fmt.Errorf("there is no session in %s, and none is recorded in %s", l.set.storeName(), l.set.spoolDir),
			hint: "run claude once with ams-hook registered (ams-assemble install), or ams-assemble import; ams-assemble doctor says what is wrong",
		}
	}
	return l.body(ctx, sum)
}

// newer assembles a spool, if there is one, and returns it if it knows more than what is stored: of a session that began later, or of
// the same one. A spool that cannot be read is no reason not to tell what is stored; run and doctor say what is wrong with it.
func (l *lookup) newer(s *spool.Stat, sum *schema.Summary) *recorded.Session {
	if s == nil || sum != nil && !s.LastChange().After(endOf(sum)) {
		return nil
	}
	w, err := l.set.source(l.e).Reader().FromSpool(s.Name)
	switch {
	case err != nil || w.Session == nil:
		return nil
	case sum == nil:
		return w
	case w.Session.SessionID == sum.SessionID && !w.Session.EndTime.After(endOf(sum)),
		w.Session.SessionID != sum.SessionID && !w.Session.StartTime.After(sum.StartTime.Time):
		return nil
	}
	return w
}

func endOf(sum *schema.Summary) time.Time {
	if sum.EndTime != nil {
		return sum.EndTime.Time
	}
	return sum.StartTime.Time
}

func (l *lookup) newestSpool() (*spool.Stat, error) {
	spools, err := spool.List(l.set.spoolDir)
	if err != nil {
		return nil, err
	}
	spools = slices.DeleteFunc(spools, func(s spool.Stat) bool { return s.Name == spool.Unassigned })
	if len(spools) == 0 {
		return nil, nil
	}
	newest := slices.MaxFunc(spools, func(a, b spool.Stat) int { return a.LastChange().Compare(b.LastChange()) })
	return &newest, nil
}
