package ship

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"ams/pkg/parallel"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/spool"
	"ams/pkg/transcript"
	"ams/pkg/upload"
)

// Imported counts what became of the files of an import.
type Imported struct {
	Found    int // sessions with news
	Sessions int // that were stored
	Events   int
	Lines    int // of transcripts, of them Unparsed are no JSON and Unknown of a type that is not known
	Unparsed int
	Unknown  int

	Unchanged int // files whose session is stored as it is
	TooLarge  int // files that have not changed since their session was too large to be stored
	Failed    int // files
	Unused    []Unused
	Dead      bool // the store failed in a way that every other session would meet: not all were tried
}

// Unused is a file that nothing was made of, and why.
type Unused struct{ Path, Why string }

// importer imports sessions and counts what became of their files.
type importer struct {
	Imported
	sh     *Shipper
	mem    memory
	copies map[string][]string // by session, the files that hold nothing which another of its files does not
}

// skip counts a file that nothing is made of.
func (im *importer) skip(path, why string) {
	im.Unused = append(im.Unused, Unused{path, why})
}

// fail counts a file that failed, and tells of it.
func (im *importer) fail(err error) {
	im.Failed++
	im.sh.opt.Note("%v", err)
}

// imported is what became of one main file. It does not hold the session: that is let go before the next one is read.
type imported struct {
	path                             string
	events, lines, unparsed, unknown int
	receipt                          *receipt.Receipt
	err                              error
	untaken                          error // it is stored all the same
}

// result is what became of the session, without it.
func (f imported) result() Result {
	r := Result{Err: f.err}
	if f.receipt != nil {
		r.Name, r.Key = spool.FileName(f.receipt.SessionID), f.receipt.Key
	}
	return r
}

// Import stores the sessions whose transcripts are below the paths, each a main file or a folder. Every session is
// found first, by the heads of the files; then several are worked on at once. The files of one session are not worked
// on at once: each is put over the one before. What failed is noted and counted; watch is told of each session, without
// what is in it. The error says that nothing was begun, or is that of ctx.
func (sh *Shipper) Import(ctx context.Context, paths []string, watch Watch) (Imported, error) {
	im := &importer{sh: sh}
	sh.opt.Source.Archive.LookAtAll()
	if err := im.remember(ctx); err != nil {
		return im.Imported, err
	}
	found, err := findTranscripts(ctx, im, paths)
	if err != nil {
		return im.Imported, err
	}
	im.Found = len(found)
	taken := &marks{of: map[string][]string{}}
	sh.hands = newHands(sh.opt.Takers, taken.add)
	im.store(ctx, found, watch)
	sh.hands.flush(ctx, sh.opt.Note)
	if err := im.mem.keep(taken); err != nil {
		im.fail(err)
	}
	return im.Imported, ctx.Err()
}

func (im *importer) store(ctx context.Context, found [][]transcript.Files, watch Watch) {
	watch.begin(len(found))
	handOut, giveUp := context.WithCancel(ctx)
	defer giveUp()
	many, workers := im.sh.workers(handOut, giveUp, func(name string) bool { return im.mem.stored != nil && !im.mem.stored[name] })
	results := parallel.Each(handOut, workers, found, func() func([]transcript.Files) []imported {
		rd := im.sh.opt.Source.Reader()
		return func(files []transcript.Files) []imported { return many.session(ctx, rd, files, im.mem.last) }
	})
	for r := range results {
		if len(r) > 0 {
			watch.each(r[0].result())
		}
		im.count(r)
		im.mem.note(r, im.copies)
	}
	im.Dead = many.flow.dead()
}

// session assembles and stores one session from its main files. lastOf finds the receipt of the Session stored before.
func (sh *Shipper) session(ctx context.Context, rd *recorded.Reader, files []transcript.Files, lastOf func(name string) *receipt.Receipt) []imported {
	var out []imported
	last := lastOf(spool.FileName(files[0].SessionID))
	for _, f := range files {
		way := sh.begin()
		if way == nil {
			break
		}
		done := sh.importOne(ctx, rd, f, last, way)
		way.end()
		if done.receipt != nil {
			last = done.receipt
		}
		if out = append(out, done); isDead(done.err) {
			break
		}
	}
	return out
}

// importOne assembles and stores the session of one main file. last is the receipt of the Session stored
// before, or nil.
func (sh *Shipper) importOne(ctx context.Context, rd *recorded.Reader, files transcript.Files, last *receipt.Receipt, way *passage) imported {
	out := imported{path: cmp.Or(files.Main, filepath.Join(files.Project, files.SessionID))}
	var w *recorded.Session
	if w, out.err = rd.FromTranscript(files.SessionID, files); out.err != nil {
		return out
	}
	done, err := way.put(ctx, sh, w, last)
	if out.err = err; err != nil && !isTooLarge(err) {
		return out
	}
	w.Session = done.session
	complete := w.Session.Completeness
	out.events, out.unparsed = len(w.Session.Events), complete.UnparsedLines
	for _, f := range complete.Files {
		out.lines += f.Lines
	}
	for _, n := range complete.UnknownLines {
		out.unknown += n
	}
	r := sh.receipt(w, done)
	sh.opt.carryTaken(&r, last, true)
	out.untaken = sh.handOver(ctx, w, &r, done.index)
	out.receipt = &r
	return out
}

// count adds up what became of the files of one session.
func (im *importer) count(files []imported) {
	stored := false
	for _, f := range files {
		if f.err != nil {
			im.fail(fmt.Errorf("%s: %w", f.path, f.err))
			continue
		}
		if f.untaken != nil {
			im.sh.opt.Note("%s: it is stored; %v; the next run tries it again", f.path, f.untaken)
		}
		stored = true
		im.Events += f.events
		im.Lines += f.lines
		im.Unparsed += f.unparsed
		im.Unknown += f.unknown
	}
	if stored {
		im.Sessions++
	}
}

// Nowhere is the store of a trial: it is empty, and stays so.
type Nowhere struct{}

func (Nowhere) Put(context.Context, string, []byte, upload.PutOptions) (string, error) {
	return "", nil
}

func (Nowhere) Get(context.Context, string) ([]byte, string, error) {
	return nil, "", upload.ErrNotFound
}

func (Nowhere) List(context.Context, string, func(upload.Object) error) error { return nil }

func (Nowhere) Delete(context.Context, string) error { return nil }
