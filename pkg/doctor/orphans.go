package doctor

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"ams/pkg/screen"
	"ams/pkg/upload"
)

// orphanTime bounds how long sessions without an index record are looked for: a bucket lists some 100,000 objects in it.
const orphanTime = 10 * time.Second

// checkOrphans names Sessions that no index record names, so that no list shows them: a crash leaves them, or a removal. What
// is being stored gets its record a moment after its body, so a record is looked for once more. A store that cannot be listed
// in time is left alone.
func (d *doctor) checkOrphans(ctx context.Context, store upload.Store) {
	ctx, cancel := context.WithTimeout(ctx, orphanTime)
	defer cancel()
	var bodies []string
	err := upload.Versions(ctx, store, upload.SessionsPrefix, func(key, _ string) error {
		bodies = append(bodies, key)
		return nil
	})
	if err != nil {
		return
	}
	named := map[string]bool{}
	err = upload.Versions(ctx, store, upload.IndexPrefix, func(key, _ string) error {
		named[path.Base(key)] = true
		return nil
	})
	if err != nil {
		return
	}
	var orphans []string
	for _, key := range bodies {
		if named[path.Base(key)] {
			continue
		}
		_, _, err := store.Get(ctx, upload.IndexPrefix+path.Base(key))
		if errors.Is(err, upload.ErrNotFound) {
			orphans = append(orphans, strings.TrimSuffix(path.Base(key), ".json"))
		} else if ctx.Err() != nil {
			return
		}
	}
	if n := len(orphans); n > 0 {
		d.warn("store", "ams-assemble session ID --store stores one anew that is still recorded; ams-assemble reindex names them all",
			"%s without an index record, %s among them: no list shows what a crash or a removal left", screen.Count(n, "session"), orphans[0])
	}
}
