package library

import (
	"context"
	"errors"
	"iter"

	"ams/pkg/parallel"
	"ams/pkg/query"
	"ams/pkg/schema"
)

// Read reads the Sessions of a list and gives what work makes of each, in the order of the list: several are read at
// once, and no more are held than that. An error is of that session only; one of the context ends it all.
func Read[R any](ctx context.Context, l *Library, in *List, work func(Stored, *schema.Session) R) (iter.Seq2[R, error], error) {
	type result struct {
		made R
		err  error
	}
	if len(in.Sessions) == 0 {
		return func(func(R, error) bool) {}, nil
	}
	bodies, err := l.openBodies(ctx, in, l.opt.Words)
	if err != nil {
		return nil, err
	}
	return func(yield func(R, error) bool) {
		defer bodies.done()
		done := 0
		for r := range parallel.InOrder(ctx, in.Sessions, func(ctx context.Context, s Stored) (out result) {
			body, _, err := bodies.get(ctx, s)
			if err != nil {
				return result{err: err}
			}
			session, err := decodeSession(s.Summary, body)
			if err != nil {
				return result{err: err}
			}
			return result{made: work(s, session)}
		}) {
			if r.err != nil && ctx.Err() != nil {
				break
			}
			if done++; !yield(r.made, r.err) {
				return
			}
		}
		if done < len(in.Sessions) {
			var none R
			yield(none, errors.Join(errors.New("not all sessions were read"), context.Cause(ctx)))
		}
	}, nil
}

// settle reads the Sessions whose index records lack what a query asks for, because they were cut or are older, and
// tells visit of those that are wanted. One that cannot be read is named among the unreadable of the list.
func (l *Library) settle(ctx context.Context, q query.Query, open []Stored, list *List, visit func(Stored)) error {
	judged, err := Read(ctx, l, list.Of(open), func(_ Stored, s *schema.Session) bool { return q.Match(schema.Summarize(s)) })
	if err != nil {
		return err
	}
	done := 0
	for fits, err := range judged {
		if ctx.Err() != nil || done == len(open) {
			return err
		}
		switch s := open[done]; {
		case err != nil:
			list.Unreadable = append(list.Unreadable, Unreadable{s.Key(), err})
		case fits:
			visit(s)
		}
		done++
	}
	return nil
}
