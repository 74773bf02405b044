package library

import (
	"context"
	"errors"
	"iter"
	"time"

	"ams/pkg/parallel"
	"ams/pkg/search"
)

// Words is an index of the words of Sessions, each by the name of its session and the version of its body; pkg/wordindex
// is one. Its methods may be called by several at once. What it does not have, it says yes to: it spares reading and
// decides nothing.
type Words interface {
	// Candidates returns what tells whether a version of a session may hold a text that fits the pattern. It may say
	// yes to one that does not, and must not say no to one that does.
	Candidates(ctx context.Context, p *search.Pattern) (mayHold func(name, version string) bool)

	// Known returns what tells whether the index has a version of a session.
	Known(ctx context.Context) (has func(name, version string) bool)

	// Add takes a body for the next Flush, and returns how many bytes wait for that. The error is of that body only.
	Add(name, version string, body []byte) (waiting int, err error)

	// Flush writes what was added, and waits so long for another process that writes. An error costs time only.
	Flush(ctx context.Context, wait time.Duration) error

	// Tidy takes out what is left of older versions.
	Tidy(ctx context.Context, wait time.Duration) error

	// Strays are the sessions that the index has and a store has not.
	Strays(stored func(name string) bool) []string

	// Forget takes sessions out, words included.
	Forget(names ...string) error
}

// candidates is what tells which sessions a search must read.
func (l *Library) candidates(ctx context.Context, b *bodies, p *search.Pattern) func(Stored) bool {
	if l.opt.Words == nil {
		return func(Stored) bool { return true }
	}
	may := l.opt.Words.Candidates(ctx, p)
	return func(s Stored) bool {
		version := b.versions[s.Key()]
		return version == "" || may(s.Name, version)
	}
}

// feed gives the word index bodies that were read for something else. That is at work and comes first: one body at a
// time is taken, as many as there is time for, and [Library.Index] is for the rest.
type feed struct {
	words Words
	known func(name, version string) bool
	next  chan fed
	quit  chan struct{}
	ended chan struct{}
}

type fed struct {
	name, version string
	body          []byte
}

const (
	// feedMost is the largest body that is taken: it takes a fifth of a second.
	feedMost = 2 << 20

	// feedBatch is how many are written at once; whoever reads may wait for that at the end.
	feedBatch = 4

	// feedRest is how many times longer than it works it rests.
	feedRest = 3
)

func startFeed(ctx context.Context, words Words) *feed {
	f := &feed{words: words, known: words.Known(ctx), next: make(chan fed), quit: make(chan struct{}), ended: make(chan struct{})}
	go f.run(context.WithoutCancel(ctx))
	return f
}

// offer gives a body away if it is new to the index, and the feed has time for it.
func (f *feed) offer(name, version string, body []byte) {
	if f == nil || version == "" || len(body) > feedMost || f.known(name, version) {
		return
	}
	select {
	case f.next <- fed{name, version, body}:
	default:
	}
}

func (f *feed) run(ctx context.Context) {
	defer close(f.ended)
	for count := 1; ; count++ {
		select {
		case <-f.quit:
			_ = f.words.Flush(ctx, 0)
			return
		case b := <-f.next:
			began := time.Now()
			_, _ = f.words.Add(b.name, b.version, b.body) // one that is no Session is read each time, and said then
			if count%feedBatch == 0 {
				_ = f.words.Flush(ctx, 0)
			}
			select {
			case <-time.After(feedRest * time.Since(began)):
			case <-f.quit:
			}
		}
	}
}

// close writes what was taken.
func (f *feed) close() {
	if f != nil {
		close(f.quit)
		<-f.ended
	}
}

// Indexed is what became of one session in [Library.Index].
type Indexed struct {
	Stored
	Bytes int64 // of the Session, 0 where the index had it
}

const (
	// indexBatch is how many sessions are written at once: what a stop loses. indexBytes bounds the memory that they take.
	indexBatch = 64
	indexBytes = 16 << 20

	// indexWait is how long another process is waited for that writes.
	indexWait = time.Minute
)

// Index gives the word index all Sessions of a list that it does not have, the first of it first, and takes out what the
// store has not any more: one result for every session, as soon as it is read. An error that comes with a session is of
// that session only; one without ends it. What was done by then is kept.
func (l *Library) Index(ctx context.Context, in *List) iter.Seq2[Indexed, error] {
	return func(yield func(Indexed, error) bool) {
		err := l.index(ctx, in, yield)
		if err != nil {
			yield(Indexed{}, err)
		}
	}
}

func (l *Library) index(ctx context.Context, in *List, yield func(Indexed, error) bool) error {
	words := l.opt.Words
	if words == nil {
		return errors.New("there is no folder for a word index")
	}
	bodies, err := l.openBodies(ctx, in, nil)
	if err != nil {
		return err
	}
	defer bodies.done()
	known := words.Known(ctx)
	type result struct {
		Indexed
		waiting int
		err     error
	}
	count := 0
	for r := range parallel.InOrder(ctx, in.Sessions, func(ctx context.Context, s Stored) (r result) {
		r.Stored = s
		if version := bodies.versions[s.Key()]; version != "" && known(s.Name, version) {
			return r
		}
		body, version, err := bodies.get(ctx, s)
		if r.err = err; err == nil {
			r.Bytes = int64(len(body))
			r.waiting, r.err = words.Add(s.Name, version, body)
		}
		return r
	}) {
		if r.err != nil && ctx.Err() != nil {
			break
		}
		if r.Bytes > 0 {
			count++
		}
		if count == indexBatch || r.waiting > indexBytes {
			if err := words.Flush(context.WithoutCancel(ctx), indexWait); err != nil {
				return err
			}
			count = 0
		}
		if !yield(r.Indexed, r.err) {
			_ = words.Flush(context.WithoutCancel(ctx), indexWait)
			return nil
		}
	}
	if err := words.Flush(context.WithoutCancel(ctx), indexWait); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return words.Tidy(ctx, indexWait)
}
