package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ams/pkg/catalog"
	"ams/pkg/receipt"
	"ams/pkg/spool"
)

// finished is a spool whose session is over and stored as it is.
type finished struct {
	stat spool.Stat
	r    *receipt.Receipt
}

func (f finished) bytes() int64 { return f.stat.DBBytes + f.stat.InboxBytes }

// prune removes the spools of stored sessions that are older than --retain, and while the spools are larger than --spool-max the oldest
// stored ones. What is not stored, or has news, is never removed. What stays is compacted, once.
func prune(e env, set settings, opt runOptions, book *receipt.Book, stats []spool.Stat, known map[string]*receipt.Receipt) {
	var total int64
	var done []finished
	for _, s := range stats {
		total += s.DBBytes + s.InboxBytes
		r := known[s.Name]
		if r != nil && r.Final && r.Key != "" && receipt.Same(spoolStats(s), r.Spool) {
			done = append(done, finished{s, r})
		}
	}
	slices.SortFunc(done, func(a, b finished) int { return a.r.LastEvent.Compare(b.r.LastEvent) })
	for _, f := range done {
		old := opt.retain > 0 && e.now().Sub(f.r.LastEvent) >= opt.retain
		if !old && (opt.spoolMax == 0 || total <= opt.spoolMax) {
			compact(e, set, book, f)
			continue
		}
		last, err := spool.ParseKey(f.r.LastRecord)
		if err == nil {
			err = spool.Remove(set.spoolDir, f.stat.Name, last, f.r.RecordCount)
		}
		switch {
		case err == nil:
			total -= f.bytes()
		case errors.Is(err, spool.ErrChanged), errors.Is(err, spool.ErrBusy), errors.Is(err, spool.ErrNotFound): // news: the next run's
		default:
			fmt.Fprintf(e.stderr, "ams-assemble: remove spool %s: %v\n", f.stat.Name, err)
		}
	}
	if opt.spoolMax > 0 && total > opt.spoolMax {
		fmt.Fprintf(e.stderr, "ams-assemble: the spools hold %d bytes, more than --spool-max; what is left of them is not stored yet\n", total)
	}
}

// compactFrom is the size from which a compaction pays: a database begins with 32 kB and grows in steps.
const compactFrom = 64 << 10

// compact gives the free pages of a finished spool back, once, and notes that this was no news.
func compact(e env, set settings, book *receipt.Book, f finished) {
	if f.r.Compacted || f.stat.DBBytes < compactFrom || len(f.stat.Damaged) > 0 {
		return
	}
	err := spool.Compact(set.spoolDir, f.stat.Name)
	if err == nil {
		var now spool.Stat
		if now, err = spool.StatOf(set.spoolDir, f.stat.Name); err == nil && now.InboxCount == 0 {
			r := *f.r
			r.Compacted, r.Spool, r.LookedAt = true, spoolStats(now), e.now() // so young a file is looked at once more
			err = book.Put(f.stat.Name, r)
		}
	}
	if err != nil && !errors.Is(err, spool.ErrBusy) && !errors.Is(err, spool.ErrNotFound) {
		fmt.Fprintf(e.stderr, "ams-assemble: compact spool %s: %v\n", f.stat.Name, err)
	}
}

// parseAge reads a duration that may be in days: 30d, 12h, 0.
func parseAge(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if s == "0" {
		return 0, nil
	}
	d, err := catalog.ParseSpan(s)
	if err != nil {
		return 0, fmt.Errorf("want an age such as 30d or 12h, not %q", s)
	}
	return d, nil
}

// parseSize reads a number of bytes, with a unit of powers of 1000: 5GB, 500 MB, 0.
func parseSize(s string) (int64, error) {
	text := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	factor := 1.0
	for _, u := range []struct {
		name   string
		factor float64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, factor = rest, u.factor
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0) || n*factor > 1<<62 {
		return 0, fmt.Errorf("want a size such as 5GB or 500MB, not %q", s)
	}
	return int64(n * factor), nil
}
