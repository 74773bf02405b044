// Package upload is where finished Sessions go: the [Store] interface, the
// layout of its keys, and two stores: [Local] in a folder, [S3] in a bucket.
//
// A store of another kind (Azure, Google Cloud, a database) is one more type here
// that keeps the contract of [Store] and passes the suite in storetest; what opens
// it is the program's settings.
//
// # Keys
//
//	sessions/YYYY/MM/DD/NAME.json   the Session; the date is its start, in UTC
//	index/NAME.json                 its summary
//	raw/YYYY/MM/DD/NAME.tar.zst     its raw material, where it is kept
//	tables/...                      sessions as Parquet files (ams/pkg/table)
//	share/NAME/END-RANDOM.html      a page of it that was handed over by a link, which ended then
//
// NAME is the session's file name as the spool maps it: [0-9a-z-], never with a
// slash or a dot. A Session is put before its summary, and only a summary makes
// it found; so a crash between the two repeats work and loses none.
package upload

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The errors that callers branch on, with errors.Is.
var (
	ErrNotFound = errors.New("no such object")
	ErrChanged  = errors.New("object is not the expected version")
	ErrKey      = errors.New("not a valid key")
	ErrTooLarge = errors.New("object too large")
	ErrDenied   = errors.New("access denied") // some servers say so of what is not there, to who may not list
)

// MaxObject bounds an object's size in bytes: a Session of 300,000 messages fits,
// and who reads one needs no more than twice as much memory.
const MaxObject = 240 << 20

// MaxRecord bounds an index record: what ams writes has at most 16 kB, 64 kB
// before, and a list reads all of them.
const MaxRecord = 1 << 20

// maxSize is how many bytes the object under a key may have.
func maxSize(key string) int {
	if strings.HasPrefix(key, IndexPrefix) {
		return MaxRecord
	}
	return MaxObject
}

// maxKey bounds a key's length in bytes: S3 allows 1024, of which a configured
// prefix takes some.
const maxKey = 512

// maxPart bounds one part of a key: file systems allow 255, temp files add some.
const maxPart = 200

// Store keeps objects under keys. Any type that keeps this contract and passes
// the suite in [ams/pkg/upload/storetest] can take the place of [Local] and [S3].
//
// Durability: when Put and Delete return nil, the change survives a crash of
// this machine as far as the store can promise it. When they return an error,
// the change may have been made or not; making it again is always safe.
//
// Atomicity: a reader sees an object's old body or its new one, never a mixture
// or a part, and no object until its first Put is complete.
//
// Errors: [ErrNotFound] and [ErrChanged] as below; [ErrKey] for a key that
// [CheckKey] refuses, before anything is touched; [ErrTooLarge] beyond
// [MaxObject], or [MaxRecord] for an index record; the context's error when it ended the call. Anything else is a
// failure of the store itself. Errors name the key, never a credential.
//
// Retries: the store makes those that make sense for it. Callers do not retry;
// they report, and try again at their next run.
//
// Concurrency: all methods may be called at the same time, from several
// processes too. The last unconditional Put wins.
type Store interface {
	// Put stores body under key, replacing what is there. With opt.IfMatch it
	// does so only if the object's ETag is that one, atomically, and returns
	// ErrChanged if it is another or if there is no object. With opt.IfAbsent it
	// does so only if there is no object, atomically too, and returns ErrChanged if
	// there is one. It returns the ETag of what it stored and does not keep body.
	Put(ctx context.Context, key string, body []byte, opt PutOptions) (etag string, err error)

	// Get returns the whole object and its ETag, or ErrNotFound.
	Get(ctx context.Context, key string) (body []byte, etag string, err error)

	// List calls fn for every object whose key begins with prefix (of characters,
	// not of parts; "" is all), keys ascending by byte. An error of fn ends the
	// list and is returned as it is. Objects put or deleted meanwhile may or may
	// not appear. fn may call the store. Nothing there is no error.
	List(ctx context.Context, prefix string, fn func(Object) error) error

	// Delete removes the object. It is no error when there is none.
	Delete(ctx context.Context, key string) error
}

// PutOptions are the conditions of a Put: at most one.
type PutOptions struct {
	IfMatch  string // an ETag from Put, Get or List; empty: no condition
	IfAbsent bool   // only if there is no object
}

// Object is what a list says of one object.
type Object struct {
	Key     string
	Size    int64     // bytes
	ETag    string    // as Get returns it; opaque, changes whenever the body does
	ModTime time.Time // by the store's clock
}

// Tidier is what a [Store] may offer beside its contract: Tidy removes what crashes
// left of Puts, and does nothing if that was done a short while ago.
type Tidier interface {
	Tidy(ctx context.Context, now time.Time) error
}

// Looker is what a [Store] may offer beside its contract: Look tells of one object
// without reading its body. The error is as that of Get. ModTime may be missing.
//
// A store that wraps another one should pass on this and [Near]: without them
// everything works, and takes longer.
type Looker interface {
	Look(ctx context.Context, key string) (Object, error)
}

// Near is what a [Store] may offer whose objects are as quickly read as a copy of
// them would be, and whose ETags cost more than that: [Local] does. Nobody then
// keeps copies of what was read.
type Near interface {
	// Versions tells the objects whose keys begin with prefix, in the order of keys,
	// and a version of each, without reading them as List does. A version differs
	// from any other of the same key, and from the ETag. Errors are as those of List.
	Versions(ctx context.Context, prefix string, fn func(key, version string) error) error

	// Body is Get without the ETag.
	Body(ctx context.Context, key string) ([]byte, error)
}

var (
	_ Looker = (*S3)(nil)
	_ Near   = (*Local)(nil)
)

// Look tells of one object without its body where the store is a [Looker], and by
// reading it where it is none.
func Look(ctx context.Context, s Store, key string) (Object, error) {
	if looker, ok := s.(Looker); ok {
		return looker.Look(ctx, key)
	}
	body, etag, err := s.Get(ctx, key)
	if err != nil {
		return Object{}, err
	}
	return Object{Key: key, Size: int64(len(body)), ETag: etag}, nil
}

// Versions tells the objects whose keys begin with prefix and a version of each: by
// their files where the store is [Near], else by their ETags.
func Versions(ctx context.Context, s Store, prefix string, fn func(key, version string) error) error {
	if near, ok := s.(Near); ok {
		return near.Versions(ctx, prefix, fn)
	}
	return s.List(ctx, prefix, func(o Object) error { return fn(o.Key, o.ETag) })
}

// IndexPrefix is what the keys of all summaries begin with, SessionsPrefix what those of Sessions do.
const (
	IndexPrefix    = "index/"
	SessionsPrefix = "sessions/"
)

const maxSessionName = 65

// isSessionName reports whether a name can be what the spool makes of a session's id: the id itself, or "x" and 64 hex digits.
// A list asks it of every session.
func isSessionName(name string) bool {
	if name == "" || len(name) > maxSessionName {
		return false
	}
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

// SessionKey is the key of a Session. name is the session's file name in the
// spool; for one that it could not be, the key is "", which every Store refuses.
func SessionKey(name string, start time.Time) string {
	if !isSessionName(name) {
		return ""
	}
	return SessionsPrefix + start.UTC().Format("2006/01/02") + "/" + name + ".json"
}

// IndexKey is the key of a Session's summary. name is as in [SessionKey].
func IndexKey(name string) string {
	if !isSessionName(name) {
		return ""
	}
	return IndexPrefix + name + ".json"
}

// RawKey is the key of the raw material of the Session with a key that
// [SessionKey] made: beside it, with the same date.
func RawKey(sessionKey string) string {
	name := strings.TrimSuffix(strings.TrimPrefix(sessionKey, SessionsPrefix), ".json")
	return "raw/" + name + ".tar.zst"
}

// CheckKey returns an error that wraps [ErrKey] unless key is one that every
// store can hold and no store can mistake for a path outside: parts of lower-case
// ASCII letters, digits, ".", "_", "-" and "=", none empty, beginning or ending with
// a dot, separated by single slashes. Capitals are left out because two keys
// would be one file on macOS and Windows. Names with a leading dot are the
// stores' own.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("%w: %d bytes long, want 1 to %d", ErrKey, len(key), maxKey)
	}
	for part := range strings.SplitSeq(key, "/") {
		if !goodPart(part) {
			return fmt.Errorf("%w: %q", ErrKey, key)
		}
	}
	return nil
}

func goodPart(part string) bool {
	if part == "" || len(part) > maxPart || part[0] == '.' || part[len(part)-1] == '.' {
		return false
	}
	for i := range len(part) {
		c := part[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '_', c == '-', c == '=':
		default:
			return false
		}
	}
	return true
}
