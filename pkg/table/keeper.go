package table

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ams/pkg/lax"
	"ams/pkg/upload"
)

// Options are what a Keeper works with.
type Options struct {
	Store upload.Store
	Owner string // who claims a day, for people: a host and a process
	Now   func() time.Time
	// Alone is a person's word that no other machine writes tables here: then a server without conditions will do.
	Alone bool
	// Note tells a person what is no result, in a sentence without an end; nil tells nobody. It is called from one goroutine
	// at a time.
	Note func(format string, args ...any)
}

// Keeper keeps the tables of a store. Any number of machines may do so at once.
type Keeper struct {
	opt   Options
	now   func() time.Time
	ready atomic.Bool // it was asked, and nothing was in the way
}

// New returns a Keeper.
func New(opt Options) *Keeper {
	if opt.Note == nil {
		opt.Note = func(string, ...any) {}
	}
	return &Keeper{opt: opt, now: opt.Now}
}

// The keys beside the parts.
const (
	formatKey      = prefix + "format.json"
	tendedKey      = prefix + "tended.json"
	gonePrefix     = prefix + "gone/"
	removingPrefix = gonePrefix + "removing/"
	removedPrefix  = gonePrefix + "removed/"
	movedPrefix    = gonePrefix + "moved/"
	replacedPrefix = prefix + "replaced/"
	claimsPrefix   = prefix + "claims/"
)

// format is what formatKey holds.
type format struct {
	Version int `json:"version"`
}

// ErrConditions says that a server has no conditional writes. Two machines that store one session there may give its rows one
// counter, and which of them counts nobody knows.
var ErrConditions = errors.New("tables are not written: the store has no conditional writes, so that one machine alone may write them " +
	"(--tables alone on that one, --tables no on the others)")

// IsRefused reports whether an error says that tables are not to be written, as a failure it is not: the server or the
// program cannot, or this machine must not.
func IsRefused(err error) bool {
	return errors.Is(err, ErrConditions) || errors.Is(err, ErrNewer) || errors.Is(err, upload.ErrDenied)
}

// Ready reports why tables must not be written to the store: one request where nothing is in the way. A program that has not
// called it writes none.
func (k *Keeper) Ready(ctx context.Context) error {
	body, err := lax.Line(format{Version})
	if err != nil {
		return err
	}
	_, err = k.opt.Store.Put(ctx, formatKey, body, upload.PutOptions{IfAbsent: true})
	if errors.Is(err, upload.ErrChanged) {
		var there format
		if _, err = k.get(ctx, formatKey, &there); err == nil && there.Version > Version {
			return fmt.Errorf("tables are not written: they are %w", ErrNewer)
		}
	}
	if err != nil && !errors.Is(err, upload.ErrNotFound) {
		return fmt.Errorf("tables are not written: %w", err)
	}
	err = k.conditions()
	k.ready.Store(err == nil)
	return err
}

// conditions is ErrConditions where the server was seen to lack some and nobody said that this machine is alone.
func (k *Keeper) conditions() error {
	if s, ok := k.opt.Store.(interface{ Lacks() []string }); ok && len(s.Lacks()) > 0 && !k.opt.Alone {
		return ErrConditions
	}
	return nil
}

// exist reports whether the store has tables.
func (k *Keeper) exist(ctx context.Context) (bool, error) {
	_, err := upload.Look(ctx, k.opt.Store, formatKey)
	if errors.Is(err, upload.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// get reads a small object of this package. One that is damaged is at its zero value.
func (k *Keeper) get(ctx context.Context, key string, v any) (etag string, err error) {
	body, etag, err := k.opt.Store.Get(ctx, key)
	if err == nil {
		_ = lax.Unmarshal(body, v) // what it cannot say it does not say
	}
	return etag, err
}

// put writes a small object of this package.
func (k *Keeper) put(ctx context.Context, key string, v any, opt upload.PutOptions) error {
	body, err := lax.Line(v)
	if err != nil {
		return err
	}
	_, err = k.opt.Store.Put(ctx, key, body, opt)
	return err
}

// newPart is the name of a part of so many sessions that is written now, and after another one: names order rows of one
// counter.
func (k *Keeper) newPart(after string, sessions int) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	ms := max(k.now().UnixMilli(), 0)
	if t, ok := partTime(after); ok {
		ms = max(ms, t.UnixMilli()+1)
	}
	return fmt.Sprintf("%013x-%04x-%s", ms, sessions, hex.EncodeToString(random[:]))
}

// partTime is when a part was written, by the clock of who wrote it; false where its name does not say.
func partTime(part string) (time.Time, bool) {
	ms, err := strconv.ParseInt(part[:min(len(part), 13)], 16, 64)
	return time.UnixMilli(ms), err == nil
}

// partName is what newPart makes.
var partName = regexp.MustCompile(`^[0-9a-f]{13}-([0-9a-f]{4})-[0-9a-f]{16}$`)

// isPart reports whether a part has a name of ours.
func isPart(part string) bool { return partName.MatchString(part) }

// partCount is how many sessions a part has, 0 where its name does not say.
func partCount(part string) int {
	m := partName.FindStringSubmatch(part)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(m[1], 16, 32)
	return int(n)
}

// partFile is one object of a part.
type partFile struct {
	upload.Object
	day, part string
}

// parts lists the parts of one table whose keys begin with a prefix. Other objects there are not ours and left alone.
func (k *Keeper) parts(ctx context.Context, prefix string) ([]partFile, error) {
	var out []partFile
	err := k.opt.Store.List(ctx, prefix, func(o upload.Object) error {
		dir, file := path.Split(o.Key)
		day, isDay := strings.CutPrefix(path.Base(dir), "dt=")
		part, isPart := strings.CutSuffix(file, ".parquet")
		if isDay && isPart && strings.Count(o.Key, "/") == 3 {
			out = append(out, partFile{o, day, part})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", prefix, err)
	}
	return out, nil
}

// twoTables are the parts of one day, or of all days for "".
type twoTables struct{ sessions, events []partFile }

func (k *Keeper) partsOf(ctx context.Context, day string) (t twoTables, err error) {
	prefixes := []string{SessionsPrefix, EventsPrefix}
	if day != "" {
		prefixes = []string{dayPrefix(sessions, day), dayPrefix(events, day)}
	}
	if t.sessions, err = k.parts(ctx, prefixes[0]); err == nil {
		t.events, err = k.parts(ctx, prefixes[1])
	}
	return t, err
}

// orphans are the events parts without a sessions part: who wrote them has not come so far, or never will.
func (t twoTables) orphans() (out []partFile) {
	committed := map[string]bool{}
	for _, f := range t.sessions {
		committed[f.day+"/"+f.part] = true
	}
	for _, f := range t.events {
		if !committed[f.day+"/"+f.part] {
			out = append(out, f)
		}
	}
	return out
}

// dayPrefix is what the keys of the parts of one table and day begin with.
func dayPrefix(table, day string) string { return prefix + table + "/dt=" + day + "/" }
