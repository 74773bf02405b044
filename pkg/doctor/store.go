package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ams/pkg/upload"
)

// checkStore does what a run does, with objects of its own in the two folders that a run writes to:
// looks for one that is not there, puts it on the condition that it is not there, reads it, puts it
// again over just that one, finds it in a list and removes it.
func (d *doctor) checkStore(ctx context.Context) {
	name := d.Store.Name
	store, done, err := d.openStore(ctx)
	if err != nil {
		d.problem("store", d.storeNext(), "%s: %v", name, err)
		return
	}
	defer done()
	at, all := d.Machine.Now(), true
	var p storeProbe
	for _, folder := range []string{upload.SessionsPrefix, upload.IndexPrefix} {
		p = storeProbe{store: store, key: folder + "probe-" + strings.ToLower(rand.Text()[:12])}
		p.run(ctx)
		all = d.tellProbe(name, &p)
		if !all {
			break
		}
	}
	if all {
		d.ok("store", "%s takes, gives, lists and removes objects", name)
		d.checkOrphans(ctx, store)
	}
	if lacks, ok := store.(interface{ Lacks() []string }); ok && len(lacks.Lacks()) > 0 {
		d.warn("store", oneWriter, "the server of %s refuses %s", name, strings.Join(lacks.Lacks(), " and "))
	} else if p.ignored != "" {
		d.warn("store", oneWriter, "the server of %s does not heed %s", name, p.ignored)
	}
	if unseen := d.Machine.UnseenCredentials(); d.Store.Bucket && d.scheduled && len(unseen) > 0 {
		d.warn("store", "put credentials into ~/.aws/credentials or ~/.config/ams/env",
			"the schedule does not see %s of this shell", strings.Join(unseen, ", "))
	}
	if !p.listed.IsZero() {
		d.checkClock(at, p.listed)
	}
}

// openStore is the store in use. Where nothing was stored in a folder yet, it is one in a folder of
// the probe's own, in it or where it would be made, so that nothing of the probe stays.
func (d *doctor) openStore(ctx context.Context) (store upload.Store, done func(), err error) {
	if d.Store.Folder != "" {
		if _, err := os.Stat(filepath.Join(d.Store.Folder, upload.IndexPrefix)); errors.Is(err, fs.ErrNotExist) {
			place := existing(d.Store.Folder)
			dir, err := os.MkdirTemp(place, ".ams-probe-")
			if err != nil {
				return nil, nil, err
			}
			return upload.NewLocal(dir), func() { os.RemoveAll(dir) }, nil
		}
	}
	store, err = d.Store.Open(ctx)
	return store, func() {}, err
}

// existing is the folder itself or the nearest one above it that is there.
func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// oneWriter is what to do where a store has no conditions.
const oneWriter = "let one machine at a time store there: " +
	"two that store one session at the same moment may lose what one of them saw"

// tellProbe says what went wrong, and reports whether nothing did.
func (d *doctor) tellProbe(name string, p *storeProbe) bool {
	switch {
	case p.put != nil:
		d.problem("store", d.storeNext(), "nothing can be stored in %s: %v", name, p.put)
		return false
	case p.get != nil:
		d.problem("store", d.storeNext(), "what was stored in %s cannot be read: %v", name, p.get)
	case p.again != nil:
		d.problem("store", d.storeNext(), "what was stored in %s cannot be stored anew: %v", name, p.again)
	}
	if p.list != nil {
		next := "mend its list, or read elsewhere"
		if d.Store.Bucket {
			next = "allow s3:ListBucket, or read elsewhere"
		}
		d.warn("store", next, "run can store in %s; list and find cannot read there: %v", name, p.list)
	}
	if p.remove != nil {
		d.warn("store", "allow deletion, if ams-assemble rm is to work; then remove "+p.key,
			"nothing can be removed from %s: %v", name, p.remove)
	}
	return p.get == nil && p.again == nil && p.list == nil && p.remove == nil
}

// storeProbe is one object that comes and goes, and how each step failed.
type storeProbe struct {
	store upload.Store
	key   string

	put, get, again, list, remove error
	ignored                       string    // a condition that did not hold and was put all the same
	listed                        time.Time // when it was stored, by the store's clock
}

func (p *storeProbe) run(ctx context.Context) {
	first, second := everyByte(), []byte("{ }\n")
	switch _, _, err := p.store.Get(ctx, p.key); {
	case err == nil:
		p.put = errors.New("an object is there that nobody put")
		return
	case !errors.Is(err, upload.ErrNotFound) && !errors.Is(err, upload.ErrDenied):
		p.put = err
		return
	}
	etag, err := p.store.Put(ctx, p.key, first, upload.PutOptions{IfAbsent: true})
	if p.put = err; err != nil {
		return
	}
	defer func() { p.remove = p.removed(ctx) }()
	if p.get = p.holds(ctx, first, etag); p.get != nil {
		return
	}
	if etag = p.conditions(ctx, etag, first, second); p.again != nil {
		return
	}
	p.list = p.lists(ctx, second, etag)
}

// everyByte is a body with every byte that there is: raw material is no text.
func everyByte() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// holds reads the object, which must be as it was put.
func (p *storeProbe) holds(ctx context.Context, body []byte, etag string) error {
	got, tag, err := p.store.Get(ctx, p.key)
	switch {
	case err != nil:
		return err
	case string(got) != string(body):
		return errors.New("another body came back")
	case tag != etag:
		return fmt.Errorf("it came back as version %q, and was put as %q", tag, etag)
	}
	return nil
}

// lists looks for the object in a list.
func (p *storeProbe) lists(ctx context.Context, body []byte, etag string) error {
	err := p.store.List(ctx, p.key, func(o upload.Object) error {
		switch p.listed = o.ModTime; {
		case o.Key != p.key:
			return fmt.Errorf("the list has %s, which was not asked for", o.Key)
		case o.ETag != etag || o.Size != int64(len(body)):
			return fmt.Errorf("the list has version %q with %d bytes, and stored was %q with %d", o.ETag, o.Size, etag, len(body))
		}
		return nil
	})
	if err == nil && p.listed.IsZero() {
		err = errors.New("the list does not have what was stored")
	}
	return err
}

// removed takes the object away, and looks.
func (p *storeProbe) removed(ctx context.Context) error {
	if err := p.store.Delete(ctx, p.key); err != nil {
		return err
	}
	_, _, err := p.store.Get(ctx, p.key)
	switch {
	case err == nil:
		return errors.New("it is still there")
	case !errors.Is(err, upload.ErrNotFound) && !errors.Is(err, upload.ErrDenied):
		return err
	}
	return nil
}

// conditions puts the object on conditions that hold and that do not, and returns its ETag. A
// condition that was not heeded leaves the body of the last put there.
func (p *storeProbe) conditions(ctx context.Context, etag string, first, second []byte) string {
	now, err := p.store.Put(ctx, p.key, second, upload.PutOptions{IfMatch: etag})
	if p.again = err; err != nil {
		return ""
	}
	for _, c := range []struct {
		name string
		opt  upload.PutOptions
	}{{"If-Match", upload.PutOptions{IfMatch: etag}}, {"If-None-Match", upload.PutOptions{IfAbsent: true}}} {
		switch _, err := p.store.Put(ctx, p.key, first, c.opt); {
		case err == nil:
			p.ignored = c.name
		case !errors.Is(err, upload.ErrChanged):
			p.again = err
		}
	}
	if p.ignored != "" {
		now, p.again = p.store.Put(ctx, p.key, second, upload.PutOptions{})
	}
	if p.again == nil {
		p.again = p.holds(ctx, second, now)
	}
	return now
}
