package recorded

import (
	"context"
	"slices"
	"strings"
	"time"

	"ams/pkg/schema"
	"ams/pkg/spool"
)

// Unstored tells what was recorded, stored or not, to a library that knows what is stored.
type Unstored struct {
	Source *Source
	Made   *Session // the session that was made last, nil before
}

// Names are the spools of a session, by its id or the beginning of it; one that is exact is alone.
func (u *Unstored) Names(_ context.Context, id string) ([]string, error) {
	spools, err := spool.List(u.Source.SpoolDir)
	if err != nil {
		return nil, err
	}
	exact, prefix := spool.FileName(id), strings.ToLower(id)
	var names []string
	for _, s := range spools {
		if s.Name == exact {
			return []string{exact}, nil
		}
		if strings.HasPrefix(s.Name, prefix) && s.Name != spool.Unassigned {
			names = append(names, s.Name)
		}
	}
	return names, nil
}

// Session assembles the session of a spool.
func (u *Unstored) Session(_ context.Context, name string) (*schema.Session, error) {
	w, err := u.Source.Reader().FromSpool(name)
	if err != nil {
		return nil, err
	}
	u.Made = w
	return w.Session, nil
}

// Newest assembles the spool in which something was recorded last, nil if that was not after the given time. A spool
// that cannot be read is no reason not to tell what is stored; run and doctor say what is wrong with it.
func (u *Unstored) Newest(ctx context.Context, after time.Time) (*schema.Session, error) {
	spools, err := spool.List(u.Source.SpoolDir)
	if err != nil {
		return nil, err
	}
	spools = slices.DeleteFunc(spools, func(s spool.Stat) bool { return s.Name == spool.Unassigned })
	if len(spools) == 0 {
		return nil, nil
	}
	newest := slices.MaxFunc(spools, func(a, b spool.Stat) int { return a.LastChange().Compare(b.LastChange()) })
	if !after.IsZero() && !newest.LastChange().After(after) {
		return nil, nil
	}
	s, _ := u.Session(ctx, newest.Name)
	return s, nil
}
