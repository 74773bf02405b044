package recorded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ams/pkg/receipt"
	"ams/pkg/schema"
	"ams/pkg/spool"
)

// Unstored tells what was recorded, stored or not, to a library that knows what is stored.
type Unstored struct {
	Source   *Source
	Receipts string   // the file of receipts of the store
	Made     *Session // the session that was made last, nil before
}

// Waiting are the spools of sessions that the store has not and that have no receipt: whose has one was removed from the
// store. While a run holds the receipts, nobody knows.
func (u *Unstored) Waiting(_ context.Context, stored func(name string) bool) ([]string, error) {
	spools, err := spool.List(u.Source.SpoolDir)
	if err != nil {
		return nil, err
	}
	spools = slices.DeleteFunc(spools, func(s spool.Stat) bool { return s.Name == spool.Unassigned || stored(s.Name) })
	if len(spools) == 0 {
		return nil, nil
	}
	receipts, err := receipt.Read(u.Receipts)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(spools, func(a, b spool.Stat) int { return b.LastChange().Compare(a.LastChange()) })
	var names []string
	for _, s := range spools {
		if receipts[s.Name] == nil {
			names = append(names, s.Name)
		}
	}
	return names, nil
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
	newest, err := u.Source.NewestSpool()
	if err != nil || newest.Name == "" || !after.IsZero() && !newest.LastChange().After(after) {
		return nil, err
	}
	s, _ := u.Session(ctx, newest.Name)
	return s, nil
}

// NewestSpool is the spool in which something was recorded last; without one its name is "".
func (s *Source) NewestSpool() (spool.Stat, error) {
	spools, err := spool.List(s.SpoolDir)
	if err != nil {
		return spool.Stat{}, err
	}
	spools = slices.DeleteFunc(spools, func(s spool.Stat) bool { return s.Name == spool.Unassigned })
	if len(spools) == 0 {
		return spool.Stat{}, nil
	}
	return slices.MaxFunc(spools, func(a, b spool.Stat) int { return a.LastChange().Compare(b.LastChange()) }), nil
}

// Transcripts are the ids of the sessions that have a main transcript, by the beginning of it; one that is exact is alone.
func (s *Source) Transcripts(id string) ([]string, error) {
	projects, err := os.ReadDir(filepath.Join(s.ClaudeDir, "projects"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for transcripts: %w", err)
	}
	var ids []string
	for _, p := range projects {
		files, _ := os.ReadDir(filepath.Join(s.ClaudeDir, "projects", p.Name())) // one that cannot be read has none for us
		for _, f := range files {
			found, isMain := strings.CutSuffix(f.Name(), ".jsonl")
			switch {
			case !isMain || f.IsDir() || !strings.HasPrefix(strings.ToLower(found), strings.ToLower(id)):
			case found == id:
				return []string{id}, nil
			case !slices.Contains(ids, found):
				ids = append(ids, found)
			}
		}
	}
	return ids, nil
}
