package upload

import (
	"context"
	"crypto/rand"
	"strings"
	"time"
)

// Linker is what a [Store] may offer that others can read from without keys of their own: Link returns
// an address at which anybody gets one object, for so long. It may end earlier, with the keys that it
// is signed with: until says when. Link asks nobody, and so does not know whether the object is there.
type Linker interface {
	Link(ctx context.Context, key string, life time.Duration) (url string, until time.Time, err error)
}

var _ Linker = (*S3)(nil)

// SharePrefix is what the keys of pages begin with that were handed over by a link.
const SharePrefix = "share/"

// MaxShare is how long a link may last: servers sign for no longer.
const MaxShare = 7 * 24 * time.Hour

// shareTime is how the end of a link stands in the key of its page, so that whoever lists it knows.
const shareTime = "20060102-150405"

// ShareKey is a new key for the page of a session that is handed over until then. name is as in
// [SessionKey]. Nobody can guess it: who may read the bucket for other reasons finds it in a list
// alone.
func ShareKey(name string, until time.Time) string {
	if !isSessionName(name) {
		return ""
	}
	return SharesOf(name) + until.UTC().Format(shareTime) + "-" + strings.ToLower(rand.Text()) + ".html"
}

// SharesOf is what the keys of a session's pages begin with.
func SharesOf(name string) string { return SharePrefix + name + "/" }

// ShareEnd is when the link to a page ended, by its key; false for a key of another form.
func ShareEnd(key string) (time.Time, bool) {
	_, name, ok := strings.Cut(strings.TrimPrefix(key, SharePrefix), "/")
	if !ok || !strings.HasPrefix(key, SharePrefix) || len(name) < len(shareTime) {
		return time.Time{}, false
	}
	end, err := time.Parse(shareTime, name[:len(shareTime)])
	return end, err == nil
}
