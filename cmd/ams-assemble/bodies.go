package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"ams/pkg/catalog"
	"ams/pkg/parallel"
	"ams/pkg/safefile"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// keptBytes bounds what is kept of fetched sessions, compressed: about 25,000 of 200 kB.
const keptBytes = 1 << 30

// bodies reads Sessions. Those of a bucket are kept compressed on this machine, each version of
// each one once, so that a second search fetches nothing: NAME.VERSION.kept in the cache folder,
// 0600. What comes out is checked: a file that a crash emptied, that lost bits or that keeps
// something else is fetched anew.
type bodies struct {
	store    upload.Store
	dir      string              // "" keeps nothing
	versions map[string]string   // by the key of the Session
	names    map[string]bool     // of all sessions in the store
	kept     map[string][]string // the files that were there at the start, by the session
}

// newBodies prepares to read the Sessions of among. all are all that the store holds.
func newBodies(ctx context.Context, store upload.Store, cache string, all, among []catalog.Record) (*bodies, error) {
	b := &bodies{store: store, versions: map[string]string{}, names: map[string]bool{}}
	if _, local := store.(*upload.Local); local || cache == "" {
		return b, nil
	}
	b.dir = filepath.Join(cache, "sessions")
	b.kept = keptFiles(b.dir)
	for _, r := range all {
		b.names[r.Name] = true
	}
	// The versions come by the days of the sessions: one request for each, or for a thousand of one day.
	days := map[string]bool{}
	for _, r := range among {
		key := r.Key()
		if day := key[:strings.LastIndexByte(key, '/')+1]; day != "" {
			days[day] = true
		}
	}
	var list []string
	for day := range days {
		list = append(list, day)
	}
	slices.Sort(list)
	var err error
	type listed struct {
		objects []upload.Object
		err     error
	}
	for l := range parallel.InOrder(ctx, list, func(day string) (l listed) {
		l.err = store.List(ctx, day, func(o upload.Object) error {
			l.objects = append(l.objects, o)
			return nil
		})
		return l
	}) {
		if err == nil && l.err != nil {
			err = fmt.Errorf("look for the sessions: %w", l.err)
		}
		for _, o := range l.objects {
			b.versions[o.Key] = o.ETag
		}
	}
	return b, errors.Join(err, ctx.Err())
}

func (b *bodies) get(ctx context.Context, r catalog.Record) ([]byte, error) {
	key := r.Key()
	if local, ok := b.store.(*upload.Local); ok {
		return local.Body(ctx, key)
	}
	version := b.versions[key]
	if b.dir == "" || version == "" {
		body, _, err := b.store.Get(ctx, key)
		return body, err
	}
	path := keptPath(b.dir, r.Name, version)
	if body, ok := readKept(path, key, version); ok {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // the oldest use goes first
		return body, nil
	}
	body, etag, err := b.store.Get(ctx, key)
	if err == nil {
		b.keep(r, etag, body)
	}
	return body, err
}

func keptPath(dir, name, version string) string {
	sum := sha256.Sum256([]byte(version))
	return filepath.Join(dir, name+"."+hex.EncodeToString(sum[:8])+".kept")
}

// readKept returns the version of an object that a file keeps, if it does.
func readKept(path, key, version string) ([]byte, bool) {
	file, err := safefile.Read(path, safefile.Rules{Owner: safefile.Me(), MaxBytes: catalog.MaxKept})
	if err != nil {
		return nil, false
	}
	packed, ok := catalog.DecodeKept(file, key, version)
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
func (b *bodies) keep(r catalog.Record, version string, body []byte) {
	if os.MkdirAll(b.dir, 0o700) != nil {
		return
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return
	}
	defer enc.Close()
	for _, old := range b.kept[r.Name] {
		_ = os.Remove(filepath.Join(b.dir, old))
	}
	if file := catalog.EncodeKept(r.Key(), version, enc.EncodeAll(body, nil)); file != nil {
		_ = safefile.Write(keptPath(b.dir, r.Name, version), file, safefile.WriteOptions{Unsynced: true})
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
		if name != "" && !b.names[name] {
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

// forget removes what is kept on this machine of a session that leaves the store.
func forget(e env, set settings, id string) {
	if dir := cacheDir(e, set); dir != "" {
		sessions := filepath.Join(dir, "sessions")
		for _, file := range keptFiles(sessions)[spool.FileName(id)] {
			_ = os.Remove(filepath.Join(sessions, file))
		}
		catalog.Forget(filepath.Join(dir, indexCache), spool.FileName(id))
	}
}
