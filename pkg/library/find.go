package library

import (
	"context"
	"iter"

	"ams/pkg/parallel"
	"ams/pkg/schema"
	"ams/pkg/search"
)

// Match is what a search found in one session: nothing, where it has no Hits.
type Match struct {
	Stored
	Hits  []search.Hit
	Bytes int64 // of the Session, that were looked through
}

// Find looks for a text in the sessions of a list, those among them that [Library.Waiting] gave, in the order of the list,
// and gives what it found as soon as it is found: one Match for every session, those without Hits among them, so that a
// caller can say how far it is.
//
// An error that comes with a Match is of that session only, and the search goes on. One that comes without (its Summary
// is nil) ends it: the store's, or the cause of the context's end. Several sessions are read at once; a caller that takes
// no more stops what is at work. A regular expression that is slow on a text is left behind when the context ends, and
// ends by itself.
func (l *Library) Find(ctx context.Context, p *search.Pattern, in *List) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		bodies, err := l.openBodies(ctx, in, l.opt.Words)
		if err != nil {
			yield(Match{}, err)
			return
		}
		defer bodies.done()
		mayHold := l.candidates(ctx, bodies, p)
		done := 0
		for r := range parallel.InOrder(ctx, in.Sessions, func(ctx context.Context, s Stored) looked {
			if s.Unstored {
				return l.lookIntoWaiting(ctx, s, p)
			}
			if !mayHold(s) {
				return looked{match: Match{Stored: s}}
			}
			return lookInto(ctx, bodies, s, p)
		}) {
			if r.err != nil && ctx.Err() != nil {
				break
			}
			if done++; !yield(r.match, r.err) {
				return
			}
		}
		if done < len(in.Sessions) {
			yield(Match{}, context.Cause(ctx))
		}
	}
}

// looked is what became of one session in a search.
type looked struct {
	match Match
	err   error
}

// lookInto reads a session and looks for a text in it.
func lookInto(ctx context.Context, b *bodies, s Stored, p *search.Pattern) looked {
	out := looked{match: Match{Stored: s}}
	body, _, err := b.get(ctx, s)
	if err != nil {
		out.err = err
		return out
	}
	out.match.Bytes = int64(len(body))
	if !p.MayMatch(body) {
		return out
	}
	out.match.Hits, out.err = leaving(ctx, func() ([]search.Hit, error) { return hitsIn(s, body, p) })
	return out
}

// leaving waits for hits, or for the end of the context: an expression cannot be stopped while it is at work on a text. It
// is left behind, and ends by itself.
func leaving(ctx context.Context, look func() ([]search.Hit, error)) ([]search.Hit, error) {
	type end struct {
		hits []search.Hit
		err  error
	}
	ended := make(chan end, 1)
	go func() {
		hits, err := look()
		ended <- end{hits, err}
	}()
	select {
	case e := <-ended:
		return e.hits, e.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// lookIntoWaiting looks for a text in a session that is recorded and not stored yet, as it is now.
func (l *Library) lookIntoWaiting(ctx context.Context, s Stored, p *search.Pattern) looked {
	out := looked{match: Match{Stored: s}}
	session, err := l.opt.Unstored.Session(ctx, s.Name)
	if err != nil {
		out.err = err
		return out
	}
	out.match.Hits, out.err = leaving(ctx, func() ([]search.Hit, error) { return p.Find(l.masked(session)), nil })
	return out
}

// hitsIn decodes as much of a session as the pattern may match.
func hitsIn(s Stored, body []byte, p *search.Pattern) ([]search.Hit, error) {
	session, events, err := schema.Peel(body)
	if err = isOf(s.Summary, session, err); err != nil {
		return nil, err
	}
	if hits, err := p.FindIn(session, events); err == nil {
		return hits, nil
	}
	if session, err = decodeSession(s.Summary, body); err != nil {
		return nil, err
	}
	return p.Find(session), nil
}
