package library

import (
	"context"
	"errors"

	"ams/pkg/parallel"
	"ams/pkg/query"
	"ams/pkg/schema"
)

// judged is one session whose record alone does not tell whether it is wanted.
type judged struct {
	fits bool
	err  error
}

// settle reads the Sessions whose index records lack what a query asks for, because they were cut or are older, and
// returns which of them are wanted, by name. One that cannot be read is named among the unreadable of the list.
func (l *Library) settle(ctx context.Context, q query.Query, open []Stored, list *List) (map[string]bool, error) {
	if len(open) == 0 {
		return nil, nil
	}
	bodies, err := l.openBodies(ctx, &List{Sessions: open, names: list.names})
	if err != nil {
		return nil, err
	}
	defer bodies.prune()
	wanted := map[string]bool{}
	done := 0
	for r := range parallel.InOrder(ctx, open, func(ctx context.Context, s Stored) judged { return judge(ctx, bodies, q, s) }) {
		switch s := open[done]; {
		case r.err != nil && ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case r.err != nil:
			list.Unreadable = append(list.Unreadable, Unreadable{s.Key(), r.err})
		case r.fits:
			wanted[s.Name] = true
		}
		done++
	}
	if done < len(open) {
		return nil, errors.Join(errors.New("not all sessions were read"), context.Cause(ctx))
	}
	return wanted, nil
}

// judge asks the record of a whole Session.
func judge(ctx context.Context, b *bodies, q query.Query, s Stored) judged {
	body, err := b.get(ctx, s)
	if err != nil {
		return judged{err: err}
	}
	session, err := decodeSession(s.Summary, body)
	if err != nil {
		return judged{err: err}
	}
	return judged{fits: q.Match(schema.Summarize(session))}
}
