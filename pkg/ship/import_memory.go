package ship

import (
	"context"
	"path"
	"path/filepath"
	"strings"

	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// memory is what earlier imports and runs left word of, so that an archive without news is known by the stats
// of its files. It is nil where nothing is remembered: in a dry run, and beside a run that holds the receipts.
type memory struct {
	book   *receipt.Book
	known  map[string]*receipt.Receipt
	byFile map[string]string     // main file -> name of the session that was made of it
	spools map[string]spool.Stat // by name
	stored map[string]bool       // names that have an index record
	same   map[string]bool       // whether the receipt of a name is current, as far as it was asked
	news   map[string]receipt.Receipt
}

// remember reads the receipts. What they name and the store no longer has is imported again.
func (im *importer) remember(ctx context.Context) error {
	book := im.sh.opt.Book
	if book == nil {
		return nil
	}
	m := memory{
		book: book, known: book.All(), byFile: map[string]string{}, spools: map[string]spool.Stat{},
		stored: map[string]bool{}, same: map[string]bool{}, news: map[string]receipt.Receipt{},
	}
	for name, r := range m.known {
		for _, in := range r.Inputs {
			if isMain(in.Path) {
				m.byFile[in.Path] = name
			}
		}
	}
	stats, err := spool.List(im.sh.opt.Source.SpoolDir)
	if err != nil {
		return err
	}
	for _, s := range stats {
		m.spools[s.Name] = s
	}
	err = im.sh.opt.Store.List(ctx, upload.IndexPrefix, func(o upload.Object) error {
		m.stored[strings.TrimSuffix(path.Base(o.Key), ".json")] = true
		return nil
	})
	im.mem = m
	return err
}

// isMain reports whether an input of a session is a main file.
func isMain(path string) bool {
	return filepath.Ext(path) == ".jsonl" && !strings.HasPrefix(filepath.Base(path), "agent-")
}

// mainOf is the main file that a session was made of, of several copies the fullest; it may not be there. "" where
// there was none.
func mainOf(r *receipt.Receipt) string {
	for _, in := range r.Inputs {
		if isMain(in.Path) {
			return in.Path
		}
	}
	return ""
}

// isUnchanged reports whether the session of a main file is stored as it is, and which one that is.
func (m *memory) isUnchanged(opt Options, path string) (id string, unchanged bool) {
	path, err := filepath.Abs(path)
	name, seen := m.byFile[path]
	r := m.known[name]
	if err != nil || !seen || !m.stored[name] && r.Key != "" { // without a key it was too large to be stored
		return "", false
	}
	same, asked := m.same[name]
	if !asked {
		same = r.Current(opt.Source.Join.ProgramVersion, opt.Fingerprint(), recorded.SpoolStats(m.spools[name])) &&
			!hasNewSibling(opt.Source.Archive, r)
		m.same[name] = same
	}
	return r.SessionID, same
}

// last is the receipt of the Session that is stored, or nil.
func (m *memory) last(name string) *receipt.Receipt {
	if !m.stored[name] {
		return nil
	}
	return m.known[name]
}

// note takes down what was made of the main files of one session, one after the other. A session with a spool
// is the run's to remember: it knows where the client's own files are. copies are files that hold nothing more, by session.
func (m *memory) note(files []imported, copies map[string][]string) {
	var all *receipt.Receipt
	for _, f := range files {
		switch r := f.receipt; {
		case r == nil || r.RecordCount > 0 || m.book == nil:
		case all == nil:
			all = r
		default:
			r.Inputs, r.LookedAt, r.Final = append(all.Inputs, r.Inputs...), all.LookedAt, all.Final && r.Final
			r.Siblings = append(all.Siblings, r.Siblings...)
			all = r
		}
	}
	if all != nil {
		all.Inputs = append(all.Inputs, receipt.Look(copies[all.SessionID])...)
		m.news[spool.FileName(all.SessionID)] = *all
	}
}

// keep writes the receipts, with what was taken. They are one transaction: one for each session took longer than to store it.
func (m *memory) keep(taken *marks) error {
	if len(m.news) == 0 {
		return nil
	}
	for name, r := range m.news {
		for _, taker := range taken.of[name] {
			r.Took(taker)
		}
		m.news[name] = r
	}
	return m.book.PutAll(m.news)
}
