package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/recorded"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// An id is typed in the same ways everywhere: whole, any beginning that means one session, or "last". What there is
// to choose from differs: the store for rm, spools for spool dump and rm, both for show, spools and transcripts for
// session.

// isPath reports whether a person named a file and no id.
func isPath(typed string) bool {
	return strings.HasSuffix(typed, ".db") || strings.HasSuffix(typed, ".tar.zst") || strings.ContainsRune(typed, filepath.Separator)
}

// recordedName is the name of the recorded session that is meant: of its spool, or where transcripts count, its id.
func recordedName(ctx context.Context, e env, set settings, typed string, transcripts bool) (string, error) {
	source := set.source(e)
	name, err := func() (string, error) {
		if typed == library.Last {
			newest, err := source.NewestSpool()
			if err == nil && newest.Name == "" {
				err = library.ErrNotFound
			}
			return newest.Name, err
		}
		names, err := (&recorded.Unstored{Source: source}).Names(ctx, typed)
		if err == nil && len(names) == 0 && transcripts {
			names, err = source.Transcripts(typed)
		}
		if err != nil {
			return "", err
		}
		return library.Choose(typed, names)
	}()
	where := "recorded in " + set.spoolDir
	if transcripts {
		where += " or below " + filepath.Join(set.claudeDir, "projects")
	}
	return name, explainID(err, typed, where, "ams-assemble spool list shows the spools; --spool-dir and --claude-dir name other folders")
}

// storedName is the name of the session of a store that is meant.
func storedName(ctx context.Context, lib *library.Library, set settings, typed string) (string, error) {
	name, err := lib.Name(ctx, typed)
	return name, explainID(err, typed, "in "+set.storeName(), "ams-assemble list shows the stored sessions")
}

// explainID adds to the error of an id what a person needs to go on: where it was looked for, and how to find the right one.
func explainID(err error, typed, where, hint string) error {
	var ambiguous *library.AmbiguousError
	switch {
	case errors.Is(err, library.ErrNotFound) && typed == library.Last:
		return &hintError{
			err:  fmt.Errorf("there is no session %s", where),
			hint: "run claude once with ams-hook registered (ams-assemble install), or ams-assemble import; ams-assemble doctor says what is wrong",
		}
	case errors.Is(err, library.ErrNotFound):
		return &hintError{err: fmt.Errorf("no session begins with %q, %s", typed, where), hint: hint}
	case errors.As(err, &ambiguous):
		return &hintError{err: errors.New(candidates(ambiguous)), hint: "type more of the id"}
	}
	return err
}

// explainGet is [explainID] for show, which may also find a session that it cannot read.
func explainGet(err error, set settings, arg string) error {
	var object *library.ObjectError
	switch {
	case errors.As(err, &object) && errors.Is(err, schema.ErrNewer):
		return &hintError{err: err, hint: "a newer ams-assemble wrote it: update this one"}
	case errors.As(err, &object):
		return &hintError{err: err, hint: "ams-assemble session " + object.Name + " --store stores it anew, as long as its spool or transcript is there"}
	}
	return explainID(err, arg, "in "+set.storeName()+" or recorded in "+set.spoolDir,
		"ams-assemble list shows the stored sessions, ams-assemble import stores those that were never recorded")
}

// candidates says which sessions an id could mean.
func candidates(a *library.AmbiguousError) string {
	if a.Unstored {
		names := make([]string, len(a.Sessions))
		for i, s := range a.Sessions {
			names[i] = s.Name
		}
		return fmt.Sprintf("%d recorded sessions begin with %q: %s", a.Count, a.ID, strings.Join(names, ", "))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d sessions begin with %q:", a.Count, a.ID)
	for _, s := range a.Sessions {
		if s.Summary == nil {
			fmt.Fprintf(&b, "\n  %s", s.Name)
			continue
		}
		fmt.Fprintf(&b, "\n  %s  %s  %s", screen.Line(s.SessionID), s.StartTime.Local().Format("2006-01-02 15:04"),
			screen.Cut(screen.Line(listing.Title(s.Summary)), 50))
	}
	if more := a.Count - len(a.Sessions); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}
