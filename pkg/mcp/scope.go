package mcp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ams/pkg/gitdir"
	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/spool"
)

// What an agent may read, unless every repository was asked for: the sessions of the repository that
// the server runs in.
//
//   - Of this machine, the folder that a session ran in must be in that repository, in whichever of its
//     worktrees, as this machine's files tell; the name of a repository proves nothing, as others may
//     have the same. Where a folder is in no repository, it is that folder itself with what is below
//     it and in no repository either.
//   - Of another machine, of which a store that is shared has sessions, nothing is known but the name
//     of the repository, and the same path there is another folder: they are there where sessions of
//     the same name were asked for ([Shared]).
//   - A session that does not say where it ran, as an import leaves it, ran here where its folder is
//     here, else on another machine.
//
// What is outside of it is not there: not listed, not counted, not found by its id.

// Scope says what an agent may read.
type Scope string

// The scopes, the narrowest first.
const (
	Repo   Scope = "repo"   // the repository that the server runs in, as this machine's files tell
	Shared Scope = "shared" // and what ran on other machines in a repository of the same name
	All    Scope = "all"
)

// Scopes are all of them.
func Scopes() []Scope { return []Scope{Repo, Shared, All} }

// inScope returns whether a session is of the server's repository.
func (s *server) inScope() func(*schema.Summary) bool {
	if s.Scope == All {
		return func(*schema.Summary) bool { return true }
	}
	here, dir := gitdir.Repository(s.Dir), s.Dir
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	folders := map[string]folder{} // a store has thousands of sessions of few
	return func(sum *schema.Summary) bool {
		host, cwd := schema.OrZero(sum.Host), schema.OrZero(sum.Cwd)
		if s.Host == "" || host == "" || host == s.Host {
			f, seen := folders[cwd]
			if !seen {
				f = look(cwd, here, dir)
				folders[cwd] = f
			}
			if host != "" || f.isHere {
				return f.fits
			}
		}
		return s.Scope == Shared && here != "" && schema.OrZero(sum.Repo) == filepath.Base(here)
	}
}

// folder is what this machine's files tell of one.
type folder struct {
	fits   bool // it is in the server's repository
	isHere bool // it is there, or in a repository that is
}

// look looks at a folder for a server in a repository, or in none and a folder.
func look(cwd, repository, dir string) folder {
	if !filepath.IsAbs(cwd) {
		return folder{}
	}
	of := gitdir.Repository(cwd)
	_, err := os.Lstat(cwd)
	fits := of == repository && (repository != "" || isBelow(cwd, dir))
	return folder{fits: fits, isHere: fits || of != "" || err == nil}
}

// isBelow reports whether a path is a folder's or below it.
func isBelow(path, dir string) bool {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// where names what is answered from.
func (s *server) where() string {
	if s.Scope == All {
		return "of all repositories"
	}
	return "of this repository"
}

// sessions are those that a query wants and that are in scope.
func (s *server) sessions(ctx context.Context, q query.Query) (*library.List, error) {
	list, err := s.Library.List(ctx, q)
	if err != nil {
		return nil, err
	}
	var some []library.Stored
	ours := s.inScope()
	for _, stored := range list.Sessions {
		if ours(stored.Summary) && stored.Doubt == nil {
			some = append(some, stored)
		}
	}
	return list.Of(some), nil
}

// minID is how much of an id must be given: less is a guess.
const minID = 4

// session is the one with an id, its only beginning, or the newest for "last"; masked.
func (s *server) session(ctx context.Context, id string) (*schema.Session, error) {
	id = strings.TrimSpace(id)
	list, err := s.sessions(ctx, query.Query{})
	if err != nil {
		return nil, err
	}
	name, err := s.named(list, id)
	if err != nil {
		return nil, err
	}
	found, err := s.Library.Get(ctx, name)
	var ambiguous *library.AmbiguousError
	switch {
	case errors.Is(err, library.ErrNotFound), errors.As(err, &ambiguous):
		return nil, s.notFound(id)
	case err != nil:
		return nil, err
	case !s.inScope()(schema.Summarize(found)):
		return nil, s.notFound(id)
	}
	redact.New(s.Mask).Session(found)
	return found, nil
}

// named is the id of the only listed session that one could mean; one that is not listed may be
// recorded and not stored.
func (s *server) named(list *library.List, id string) (string, error) {
	if id == library.Last {
		if len(list.Sessions) == 0 {
			return "", fmt.Errorf("no session %s is stored", s.where())
		}
		return list.Sessions[0].SessionID, nil
	}
	if len(id) < minID {
		return "", fmt.Errorf("an id needs at least %d characters", minID)
	}
	var found []string
	for _, stored := range list.Sessions {
		switch {
		case stored.SessionID == id || stored.Name == spool.FileName(id):
			return stored.SessionID, nil
		case strings.HasPrefix(stored.Name, strings.ToLower(id)):
			found = append(found, stored.SessionID)
		}
	}
	switch len(found) {
	case 0:
		return id, nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%d sessions begin with %s: give more of the id", len(found), id)
}

func (s *server) notFound(id string) error {
	return fmt.Errorf("no session %s has the id %s", s.where(), id)
}
