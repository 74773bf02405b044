package ship

import (
	"context"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	"ams/pkg/parallel"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/spool"
	"ams/pkg/transcript"
	"ams/pkg/upload"
)

// Retention says which spools of stored sessions go.
type Retention struct {
	After    time.Duration // after the last event; 0: never
	MaxBytes int64         // of all spools: the oldest go while there are more; 0: no bound
}

// Watch follows a run or an import: Begin is told how many sessions have news, Each what became of one. They are called
// from one goroutine; either may be nil.
type Watch struct {
	Begin func(sessions int)
	Each  func(Result)
}

func (w Watch) begin(n int) {
	if w.Begin != nil {
		w.Begin(n)
	}
}

func (w Watch) each(r Result) {
	if w.Each != nil {
		w.Each(r)
	}
}

// Tally counts what became of the sessions of a run.
type Tally struct {
	News   int // sessions that had some
	Stored int
	Failed int
	Why    error // of the last session that failed
	Dead   bool  // the store failed in a way that every other session would meet: not all were tried
	Unseen int   // stored sessions that should be in the store, were not seen there, and could not be stored anew
	// Untaken is how often a [Taker] did not take a session, which is stored all the same: the next Run gives it to it again.
	Untaken int
}

// Run stores every session with news, then removes spools that are no longer needed. One bad session never stops the
// others: what became of each is told to watch and counted. The error says that the spools could not be listed, or is
// that of ctx.
func (sh *Shipper) Run(ctx context.Context, keep Retention, watch Watch) (Tally, error) {
	stats, err := spool.List(sh.opt.Source.SpoolDir)
	if err != nil {
		return Tally{}, err
	}
	known := sh.opt.Book.All()
	todo, onlyDue := sh.opt.news(known, stats)
	sh.hands = newHands(sh.opt.Takers, sh.markTaken)
	tally := Tally{News: len(todo)}
	watch.begin(len(todo))
	handOut, giveUp := context.WithCancel(ctx)
	defer giveUp()
	isNew, err := sh.listStored(ctx, known, todo)
	if err != nil {
		return tally, err
	}
	many, workers := sh.workers(handOut, giveUp, isNew)
	results := parallel.Each(handOut, workers, todo, func() func(spool.Stat) Result {
		rd := sh.opt.Source.Reader()
		return func(s spool.Stat) Result {
			if onlyDue[s.Name] && !many.hands.isDue(known[s.Name]) {
				return Result{Name: s.Name} // whoever waits for it is down
			}
			return many.storeOne(ctx, rd, s.Name, known[s.Name])
		}
	})
	for r := range results {
		if r.Untaken != nil {
			sh.noteUntaken(r)
		}
		if r.Err != nil {
			tally.Failed++
			tally.Why = r.Err
		} else if r.Session != nil && r.Session.Session != nil {
			tally.Stored++
		}
		watch.each(r)
	}
	tally.Dead = many.flow.dead()
	if !tally.Dead {
		sh.later(ctx)
	}
	tally.Untaken = sh.hands.flush(ctx, sh.opt.Note)
	if err := ctx.Err(); err != nil {
		return tally, err
	}
	stats = sh.lookAgain(stats, todo, known)
	if !tally.Dead {
		p := &pruner{sh: sh, keep: keep, watch: watch, rd: sh.opt.Source.Reader()}
		tally.Unseen = p.prune(ctx, stats, known)
		sh.tidy(ctx, tally)
		sh.tend(ctx)
	}
	return tally, nil
}

// tidy has the store remove what killed runs left in it. A run without news leaves that to the next one: it is to be quick.
func (sh *Shipper) tidy(ctx context.Context, t Tally) {
	store, ok := sh.opt.Store.(upload.Tidier)
	if !ok || t.News == 0 {
		return
	}
	if err := store.Tidy(ctx, sh.opt.Source.Now()); err != nil {
		sh.opt.Note("%v", err)
	}
}

// listFrom is from how many new sessions on one list of what is stored is less to ask than to look for each.
const listFrom = 16

// listStored tells of many new sessions at once that they are not in the store. A store that does not list is asked
// for each.
func (sh *Shipper) listStored(ctx context.Context, known map[string]*receipt.Receipt, todo []spool.Stat) (isNew func(string) bool, err error) {
	fresh := 0
	for _, s := range todo {
		if known[s.Name] == nil {
			fresh++
		}
	}
	if fresh < listFrom {
		return nil, nil
	}
	stored := map[string]bool{}
	err = sh.opt.Store.List(ctx, upload.IndexPrefix, func(o upload.Object) error {
		stored[strings.TrimSuffix(path.Base(o.Key), ".json")] = true
		return nil
	})
	if err != nil {
		return nil, ctx.Err()
	}
	return func(name string) bool { return !stored[name] }, nil
}

// News are the spools in which something has happened since their receipts, by stats alone; a transcript that came or
// went may make news of sessions that share lines with it.
func (o Options) News(known map[string]*receipt.Receipt, stats []spool.Stat) []spool.Stat {
	todo, _ := o.news(known, stats)
	return todo
}

// news are [Options.News], and last, those whose only news is that a Taker waits for them.
func (o Options) news(known map[string]*receipt.Receipt, stats []spool.Stat) (todo []spool.Stat, onlyDue map[string]bool) {
	program, fingerprint, archive := o.Source.Join.ProgramVersion, o.Fingerprint(), o.Source.Archive
	moved := archive.Changed()
	todo = importedNews(known, stats, func(r *receipt.Receipt) bool { return !r.Final || moved && hasNewSibling(archive, r) })
	for _, s := range stats {
		if s.Name == spool.Unassigned {
			continue
		}
		r := known[s.Name]
		if r == nil || !r.Current(program, fingerprint, recorded.SpoolStats(s)) || moved && hasNewSibling(archive, r) {
			todo = append(todo, s)
		}
	}
	archive.Settle()
	onlyDue = map[string]bool{}
	if !slices.ContainsFunc(o.Takers, func(t Taker) bool { return !t.FromNow }) {
		return todo, onlyDue
	}
	known = maps.Clone(known)
	for _, s := range todo {
		delete(known, s.Name)
	}
	isDue := func(r *receipt.Receipt) bool {
		return slices.ContainsFunc(o.Takers, func(t Taker) bool { return !t.FromNow && t.isDue(r) })
	}
	due := importedNews(known, stats, isDue)
	for _, s := range stats {
		if r := known[s.Name]; r != nil && s.Name != spool.Unassigned && isDue(r) {
			due = append(due, s)
		}
	}
	// In another order each time: a Taker that some always fail for is not to give up before the same others each time.
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, s := range due {
		onlyDue[s.Name] = true
	}
	return append(todo, due...), onlyDue
}

// importedNews are the sessions without a spool, which an import stored, that are to be looked at anew: nothing else
// would tell of their ends.
func importedNews(known map[string]*receipt.Receipt, stats []spool.Stat, again func(*receipt.Receipt) bool) []spool.Stat {
	hasSpool := map[string]bool{}
	for _, s := range stats {
		hasSpool[s.Name] = true
	}
	var todo []spool.Stat
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if r := known[name]; r.Key != "" && r.RecordCount == 0 && !hasSpool[name] && mainOf(r) != "" && again(r) {
			todo = append(todo, spool.Stat{Name: name})
		}
	}
	return todo
}

// hasNewSibling reports whether a file that shares lines with a session's turned up since its receipt: what was
// counted may be a copy.
func hasNewSibling(archive *transcript.Archive, r *receipt.Receipt) bool {
	return slices.ContainsFunc(archive.Relatives(mainOf(r)), func(path string) bool {
		return !slices.ContainsFunc(r.Siblings, func(in receipt.Stat) bool { return in.Path == path })
	})
}

// lookAgain brings the stats and receipts of what was worked on up to date: reading a spool may change its files.
func (sh *Shipper) lookAgain(stats, done []spool.Stat, known map[string]*receipt.Receipt) []spool.Stat {
	worked := map[string]bool{}
	for _, s := range done {
		worked[s.Name] = true
		known[s.Name] = sh.opt.Book.Get(s.Name)
	}
	var out []spool.Stat
	for _, s := range stats {
		if worked[s.Name] {
			now, err := spool.StatOf(sh.opt.Source.SpoolDir, s.Name)
			if err != nil {
				continue
			}
			s = now
		}
		out = append(out, s)
	}
	return out
}
