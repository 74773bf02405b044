package ship

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"ams/pkg/assemble"
	"ams/pkg/bundle"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// shelved is what became of a Session that was put.
type shelved struct {
	key     string
	session *schema.Session // as it is stored
	version receipt.Version
	index   []byte // record as it is stored, nil where that was not read
}

// putTries bounds how often a Session is put anew because another machine stored the same session
// in between: of so many at once each is the first one time.
const putTries = 16

// maxRev is the highest counter: what every reader of JSON takes for a whole number. Only a damaged
// object has one near it.
const maxRev = 1 << 53

// put stores a Session. last is the receipt of the Session stored before from this machine, or nil. Of
// an error that is [isTooLarge] the receipt is kept, too.
func (sh *Shipper) put(ctx context.Context, w *recorded.Session, last *receipt.Receipt) (shelved, error) {
	p := &putting{sh: sh, w: w, last: last, masks: redact.New(sh.opt.Mask), denied: map[string]error{}}
	for try := 1; ; try++ {
		done, err := p.once(ctx)
		switch {
		case errors.Is(err, upload.ErrTooLarge): // without a key its spool is never pruned
			return shelved{session: done.session}, fmt.Errorf("%w; it is not tried again before it has changed", err)
		case err == nil || !errors.Is(err, upload.ErrChanged):
			return done, err
		case try == putTries:
			return done, err
		}
		p.changed = true
		fresh, err := w.Again() // what is united and masked would be so twice
		if err != nil {
			return shelved{}, fmt.Errorf("another machine stored it meanwhile; make it again: %w", err)
		}
		*w, p.masks = *fresh, redact.New(sh.opt.Mask)
	}
}

// isTooLarge reports whether an error says that a session, or its raw material, is too large for a store.
// Each later try would meet it again.
func isTooLarge(err error) bool {
	return errors.Is(err, upload.ErrTooLarge) || errors.Is(err, bundle.ErrTooLarge)
}

// putting is one Session on its way into the store.
type putting struct {
	sh    *Shipper
	w     *recorded.Session
	last  *receipt.Receipt
	masks *redact.Redactor

	stale   []string // keys of bodies that this machine put, now or before: of them the index record names one
	changed bool     // another machine stored the session since it was first looked at

	whole *schema.Summary // of a large Session, before its body was cut

	denied  map[string]error // by key, why what may be stored could not be read
	crossed int              // how often such an object was there after all
}

// holding is what the store holds of a session, as far as it was looked at.
type holding struct {
	key      string            // of the body that the session is to be in
	tags     map[string]string // ETags by the keys that were looked at, "" where nothing is
	known    bool              // it is what this machine stored, and was not read
	body     []byte            // under key, nil where it was not read
	stored   *schema.Stored    // the counter of that body
	index    []byte
	indexTag string
	rev      int64 // the highest counter that was seen
	own      bool  // nothing that another machine may have given is in it
}

// once tries to store the Session; ErrChanged says that another machine did in between.
func (p *putting) once(ctx context.Context) (shelved, error) {
	s, have, err := p.look(ctx)
	if err != nil {
		return shelved{key: have.key, session: p.w.Session}, err
	}
	if p.sh.opt.Source.Join.DropThinking {
		dropThinking(s)
	}
	p.masks.Session(s)
	out := shelved{key: have.key, session: s, version: receipt.Version{Own: have.own}}
	if err := p.putBody(ctx, s, have, &out.version); err != nil {
		return out, err
	}
	if out.version.IndexTag, out.index, err = p.putIndex(ctx, s, have); err != nil {
		return out, err
	}
	var rawErr error
	if out.version.RawTag, rawErr = p.putRaw(ctx, have); rawErr != nil && !errors.Is(rawErr, bundle.ErrTooLarge) {
		return out, rawErr
	}
	if err := p.clear(ctx, s, have); err != nil {
		return out, err
	}
	return out, rawErr
}

// look finds what is stored of the session and returns what is to be stored in its place.
func (p *putting) look(ctx context.Context) (*schema.Session, holding, error) {
	if have, ok, err := p.known(ctx); ok || err != nil {
		return p.w.Session, have, err
	}
	have := holding{tags: map[string]string{}, own: true}
	key := upload.SessionKey(p.w.Name, p.w.Session.StartTime.Time)
	if p.last == nil && !p.changed && p.sh.isNew != nil && p.sh.isNew(p.w.Name) {
		have.key, have.tags[key] = key, "" // the conditions tell if it came since it was listed
		return p.w.Session, have, nil
	}
	if p.last != nil && p.last.Key != "" {
		key = p.last.Key
	}
	index, err := p.indexed(ctx, &have)
	if err != nil {
		return nil, have, err
	}
	if index != nil {
		if key = upload.SessionKey(p.w.Name, index.StartTime.Time); p.last != nil && p.last.Key != "" && p.last.Key != key {
			p.stale = append(p.stale, p.last.Key) // whoever moved it may not have come so far
		}
	}
	s := p.w.Session
	for have.key != key { // what is united may begin on an earlier day
		have.key = key
		if s, err = p.unite(ctx, s, &have); err != nil {
			return nil, have, err
		}
		if key = upload.SessionKey(p.w.Name, s.StartTime.Time); key != have.key {
			if _, seen := have.tags[key]; seen {
				return nil, have, fmt.Errorf("session %s: its start does not settle", p.w.Name)
			}
		}
	}
	return s, have, nil
}

// known is what is stored where it is what this machine stored last, and of inputs that this
// assembly covers: it need not be read. The store is asked all the same, as some ignore conditions.
func (p *putting) known(ctx context.Context) (holding, bool, error) {
	r := p.last
	if r == nil || p.changed || r.Key == "" || r.BodyTag == "" || r.IndexTag == "" || !r.Own ||
		r.Key != upload.SessionKey(p.w.Name, p.w.Session.StartTime.Time) || !assemble.Covers(assemble.Inputs(p.w.Session.Completeness), r.Made) {
		return holding{}, false, nil
	}
	have := holding{known: true, key: r.Key, tags: map[string]string{r.Key: r.BodyTag}, indexTag: r.IndexTag, rev: r.Rev, own: true}
	for key, tag := range map[string]string{r.Key: r.BodyTag, upload.IndexKey(p.w.Name): r.IndexTag} {
		there, err := upload.Look(ctx, p.sh.opt.Store, key)
		switch {
		case errors.Is(err, upload.ErrNotFound) || err == nil && there.ETag != tag:
			p.changed = true
			return holding{}, false, nil
		case err != nil && !errors.Is(err, upload.ErrDenied): // else the condition decides
			return have, false, fmt.Errorf("look at what is stored of it: %w", err)
		}
	}
	return have, true, nil
}

// indexed reads the index record, nil where there is none that can be read.
func (p *putting) indexed(ctx context.Context, have *holding) (*schema.Summary, error) {
	var err error
	have.index, have.indexTag, err = p.read(ctx, upload.IndexKey(p.w.Name))
	if errors.Is(err, upload.ErrTooLarge) { // nothing that ams wrote: it is removed, as a damaged one is written over
		err = p.sh.opt.Store.Delete(ctx, upload.IndexKey(p.w.Name))
	}
	if err != nil || have.index == nil {
		return nil, err
	}
	sum, err := readSummary(have.index)
	if sum != nil {
		have.rev = max(have.rev, revOf(sum.Stored))
	}
	return sum, err
}

// readSummary reads an index record that names a session's key, nil for a damaged one, which is written anew.
func readSummary(b []byte) (*schema.Summary, error) {
	sum, err := schema.DecodeSummary(b)
	if errors.Is(err, schema.ErrNewer) {
		return nil, err
	}
	if err != nil || sum.StartTime.IsZero() {
		return nil, nil
	}
	return sum, nil
}

// read is the object and its ETag, nil and "" where there is none. What must not be read counts as
// none, until a put shows that it is there.
func (p *putting) read(ctx context.Context, key string) ([]byte, string, error) {
	body, etag, err := p.sh.opt.Store.Get(ctx, key)
	switch {
	case errors.Is(err, upload.ErrNotFound):
		return nil, "", nil
	case errors.Is(err, upload.ErrDenied):
		p.denied[key] = fmt.Errorf("read what is stored of it: %w", err)
		return nil, "", nil
	case err != nil:
		return nil, "", fmt.Errorf("read what is stored of it: %w", err)
	}
	delete(p.denied, key)
	return body, etag, nil
}

// put puts an object over what was read of it. That another machine was quicker is ErrChanged; the
// second time that it is there and must not be read, it is that error.
func (p *putting) put(ctx context.Context, key string, body []byte, etag string) (string, error) {
	etag, err := p.sh.opt.Store.Put(ctx, key, body, upload.PutOptions{IfMatch: etag, IfAbsent: etag == ""})
	if errors.Is(err, upload.ErrChanged) && p.denied[key] != nil {
		if p.crossed++; p.crossed > 1 {
			return "", p.denied[key]
		}
	}
	return etag, err
}

// unite reads the Session that is stored under have.key and unites s with it. A stored object that
// is damaged is replaced; one of a newer version is not touched.
func (p *putting) unite(ctx context.Context, s *schema.Session, have *holding) (*schema.Session, error) {
	body, etag, err := p.read(ctx, have.key)
	if err != nil {
		return nil, err
	}
	have.body, have.stored, have.tags[have.key] = body, nil, etag
	if body == nil {
		return s, nil
	}
	old, err := schema.Decode(body)
	switch {
	case errors.Is(err, schema.ErrNewer):
		return nil, err
	case err != nil || old.SessionID != s.SessionID:
		return s, nil
	}
	have.rev, have.stored = max(have.rev, revOf(old.Stored)), old.Stored
	var united *schema.Session
	if r := p.last; r != nil && r.Own && r.BodyTag == etag {
		united = assemble.Carry(old, s, p.sh.opt.Source.Join.Status)
	} else {
		var more bool
		united, more = assemble.Unite(old, s, p.sh.opt.Source.Join.Status, assemble.Elsewhere{
			Others: p.changed || r != nil && r.BodyTag != "", Mentioned: p.w.Mentioned})
		have.own = have.own && !more
	}
	if united == old { // what it was is not what it will be
		kept := *old
		united = &kept
	}
	united.Stored = nil
	return united, nil
}

// isSame reports whether what is stored is this body but for its counter.
func (h holding) isSame(body []byte) bool {
	if h.stored != nil {
		return schema.IsWithStored(h.body, body, *h.stored)
	}
	return h.body != nil && bytes.Equal(body, h.body)
}

// putBody stores the body, unless it is there but for the counter.
func (p *putting) putBody(ctx context.Context, s *schema.Session, have holding, v *receipt.Version) error {
	if p.whole = nil; s.IsLarge() {
		p.whole = schema.Summarize(s) // of calls that may be left out of the body
	}
	body, err := schema.Encode(s)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	v.Digest, v.BodyTag, v.Rev = hex.EncodeToString(sum[:]), have.tags[have.key], have.rev
	if have.known && p.last.Digest == v.Digest {
		v.Size = p.last.Size
		if have.rev > 0 {
			s.Stored = &schema.Stored{Rev: have.rev}
		}
		return nil
	}
	if have.isSame(body) {
		s.Stored = have.stored
		v.Rev, v.Size = revOf(s.Stored), int64(len(have.body))
		return nil
	}
	v.Rev = nextRev(have.rev, p.w.LookedAt)
	s.Stored = &schema.Stored{Rev: v.Rev}
	if body, err = schema.WithStored(body, *s.Stored); err != nil {
		return err
	}
	v.Size = int64(len(body))
	p.stale = append(p.stale, have.key)
	if v.BodyTag, err = p.put(ctx, have.key, body, v.BodyTag); err != nil {
		return fmt.Errorf("store it: %w", err)
	}
	return nil
}

// nextRev is the counter after rev: the time where there was none, so that a session that comes
// back after its removal is newer than what was removed.
func nextRev(rev int64, now time.Time) int64 {
	if rev == 0 {
		return now.UnixMilli()
	}
	return min(rev+1, maxRev)
}

// revOf is the counter that an object bears, 0 for none or one that no program wrote.
func revOf(stored *schema.Stored) int64 {
	if stored == nil || stored.Rev < 0 || stored.Rev > maxRev {
		return 0
	}
	return stored.Rev
}

// putIndex stores the index record, unless one of a higher counter is there, and returns the ETag of what is there, and that
// itself where it is known. ErrChanged says that the one that is there names another key.
func (p *putting) putIndex(ctx context.Context, s *schema.Session, have holding) (string, []byte, error) {
	record := schema.Summarize(s)
	if p.whole != nil && record.Lacks("per_model") {
		record.KeepSums(p.whole)
	}
	index, err := schema.EncodeSummary(record)
	if err != nil {
		return "", nil, err
	}
	key, tag := upload.IndexKey(p.w.Name), have.indexTag
	if have.known && p.last.Rev == revOf(s.Stored) || bytes.Equal(have.index, index) {
		return tag, have.index, nil // as it is
	}
	for try := 1; ; try++ {
		etag, err := p.put(ctx, key, index, tag)
		if err == nil {
			return etag, index, nil
		}
		if !errors.Is(err, upload.ErrChanged) || try == putTries {
			return "", nil, fmt.Errorf("store its index record: %w", err)
		}
		there := holding{}
		other, err := p.indexed(ctx, &there)
		switch {
		case err != nil:
			return "", nil, err
		case other == nil: // gone, or damaged
		case upload.SessionKey(p.w.Name, other.StartTime.Time) != have.key:
			return "", nil, fmt.Errorf("store its index record: %w", upload.ErrChanged)
		case there.rev >= revOf(s.Stored):
			return there.indexTag, there.index, nil
		}
		tag = there.indexTag
	}
}

// clear takes away what is stored under keys that the index record does not name: no other machine
// adds to it any more without finding out. The record is read once more before, as another machine
// may have moved the session back.
func (p *putting) clear(ctx context.Context, s *schema.Session, have holding) error {
	stale := map[string]bool{}
	for _, key := range p.stale {
		stale[key] = true
	}
	for key, tag := range have.tags {
		stale[key] = stale[key] || tag != ""
	}
	for key, there := range stale {
		if key == have.key || !there {
			continue
		}
		now, err := p.indexed(ctx, &holding{})
		if err != nil {
			return err
		}
		if now == nil || upload.SessionKey(p.w.Name, now.StartTime.Time) != have.key {
			return nil // whoever stored that clears
		}
		if err := p.moveRaw(ctx, upload.RawKey(key), upload.RawKey(have.key)); err != nil {
			return err
		}
		p.forget(ctx, s, key, have.key)
		if err := p.sh.opt.Store.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove it where it was: %w", err)
		}
	}
	return nil
}

// dropThinking takes the model's thinking out of what another machine or an earlier setting stored.
func dropThinking(s *schema.Session) {
	for i, e := range s.Events {
		if e.LLM != nil && e.LLM.Thinking != "" {
			llm := *e.LLM
			llm.Thinking = ""
			s.Events[i].LLM = &llm
		}
	}
}
