package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"ams/pkg/parallel"
	"ams/pkg/safefile"
	"ams/pkg/upload"
)

// keptBytes bounds what is kept of fetched sessions, compressed: about 25,000 of 200 kB.
const keptBytes = 1 << 30

// nearShare is of how many sessions of a folder one must be in a list, for all to be looked at together.
const nearShare = 8

// bodies reads Sessions. Those of a bucket are kept compressed on this machine, each version of
// each one once, so that a second search fetches nothing: NAME.VERSION.kept in the cache folder,
// 0600. What comes out is checked: a file that a crash emptied, that lost bits or that keeps
// something else is fetched anew.
type bodies struct {
	store    upload.Store
	near     upload.Near         // the store, where it needs no copies
	dir      string              // "" keeps nothing
	versions map[string]string   // by the key of the Session
	names    []string            // of all sessions in the store, sorted
	kept     map[string][]string // the files that were there at the start, by the session
	words    Words               // nil: there is none
	feed     *feed               // nil: nobody wants what is read
}

// openBodies prepares to read the Sessions of a list. words gets what is read, unless it is nil.
func (l *Library) openBodies(ctx context.Context, in *List, words Words) (*bodies, error) {
	b := &bodies{store: l.store, names: in.names, words: l.opt.Words}
	if b.near, _ = l.store.(upload.Near); b.near == nil && l.bodyCache() != "" {
		b.dir = l.bodyCache()
		b.kept = keptFiles(b.dir)
	}
	if b.dir == "" && b.words == nil {
		return b, nil
	}
	if err := b.listVersions(ctx, in); err != nil {
		return nil, fmt.Errorf("look for the sessions: %w", err)
	}
	if words != nil {
		b.feed = startFeed(ctx, words)
	}
	return b, context.Cause(ctx)
}

// listVersions asks the store for the versions of the Sessions of a list.
func (b *bodies) listVersions(ctx context.Context, in *List) error {
	b.versions = map[string]string{}
	// The versions come by the days of the sessions: one request for each, or for a thousand of one day.
	var days []string
	for _, s := range in.Sessions {
		if day, _ := path.Split(s.Key()); day != "" {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	if b.near != nil && len(in.Sessions) > in.Total/nearShare { // one walk is quicker than many that begin anew
		days = []string{upload.SessionsPrefix}
	}
	type day struct {
		keys, versions []string
		err            error
	}
	for d := range parallel.InOrder(ctx, days, func(ctx context.Context, prefix string) (d day) {
		d.err = upload.Versions(ctx, b.store, prefix, func(key, version string) error {
			d.keys, d.versions = append(d.keys, key), append(d.versions, version)
			return nil
		})
		return d
	}) {
		if d.err != nil {
			return d.err
		}
		for i, key := range d.keys {
			b.versions[key] = d.versions[i]
		}
	}
	return nil
}

// get reads the Session of an index record, and tells its version, "" where that is not known.
func (b *bodies) get(ctx context.Context, s Stored) (body []byte, version string, err error) {
	if body, version, err = b.fetch(ctx, s); err == nil {
		b.feed.offer(s.Name, version, body)
	}
	return body, version, err
}

func (b *bodies) fetch(ctx context.Context, s Stored) (body []byte, version string, err error) {
	key := s.Key()
	version = b.versions[key]
	if b.near != nil { // one that was changed since it was listed has never that version again
		body, err = b.near.Body(ctx, key)
		return body, version, err
	}
	if b.dir == "" || version == "" {
		return b.store.Get(ctx, key)
	}
	path := keptPath(b.dir, s.Name, version)
	if body, ok := readKept(path, key, version); ok {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // the oldest use goes first
		return body, version, nil
	}
	if body, version, err = b.store.Get(ctx, key); err == nil {
		b.keep(s, version, body)
	}
	return body, version, err
}

func keptPath(dir, name, version string) string {
	sum := sha256.Sum256([]byte(version))
	return filepath.Join(dir, name+"."+hex.EncodeToString(sum[:8])+".kept")
}

// readKept returns the version of an object that a file keeps, if it does.
func readKept(path, key, version string) ([]byte, bool) {
	file, err := safefile.Read(path, safefile.Rules{Owner: safefile.Me(), MaxBytes: maxKept})
	if err != nil {
		return nil, false
	}
	packed, ok := decodeKept(file, key, version)
	if !ok {
		return nil, false
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(upload.MaxObject))
	if err != nil {
		return nil, false
	}
	defer dec.Close()
	body, err := dec.DecodeAll(packed, nil)
	return body, err == nil
}

// keep writes a body into the cache, and takes older versions of it away. What fails costs time alone.
func (b *bodies) keep(s Stored, version string, body []byte) {
	if os.MkdirAll(b.dir, 0o700) != nil {
		return
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return
	}
	defer enc.Close()
	for _, old := range b.kept[s.Name] {
		_ = os.Remove(filepath.Join(b.dir, old))
	}
	if file := encodeKept(s.Key(), version, enc.EncodeAll(body, nil)); file != nil {
		_ = safefile.Write(keptPath(b.dir, s.Name, version), file, safefile.WriteOptions{Unsynced: true})
	}
}

// keptFiles are the files of a cache folder by the names of their sessions.
func keptFiles(dir string) map[string][]string {
	files := map[string][]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return files
	}
	for _, entry := range entries {
		name, _, _ := strings.Cut(entry.Name(), ".")
		files[name] = append(files[name], entry.Name())
	}
	return files
}

// done ends the reading: what the store has no longer is forgotten.
func (b *bodies) done() {
	b.feed.close()
	b.prune()
	if b.words == nil {
		return
	}
	if strays := b.words.Strays(func(name string) bool {
		_, stored := slices.BinarySearch(b.names, name)
		return stored
	}); len(strays) > 0 {
		_ = b.words.Forget(strays...)
	}
}

// prune removes what is kept of sessions that the store has no longer, and beyond the bound what was not used for longest.
func (b *bodies) prune() {
	if b.dir == "" {
		return
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return
	}
	var kept []fs.FileInfo
	total := int64(0)
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			continue
		}
		name, _, _ := strings.Cut(entry.Name(), ".")
		if _, stored := slices.BinarySearch(b.names, name); name != "" && !stored {
			_ = os.Remove(filepath.Join(b.dir, entry.Name()))
			continue
		}
		kept, total = append(kept, info), total+info.Size()
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range kept {
		if total <= keptBytes {
			return
		}
		_ = os.Remove(filepath.Join(b.dir, info.Name()))
		total -= info.Size()
	}
}

// forgetBodies removes what is kept of a session.
func forgetBodies(dir, name string) {
	for _, file := range keptFiles(dir)[name] {
		_ = os.Remove(filepath.Join(dir, file))
	}
}
