package web

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"sync"

	"ams/pkg/library"
	"ams/pkg/packed"
	"ams/pkg/schema"
)

// catalog is what was in the store at one moment: the index records, packed, as a hundred thousand of them take more
// memory than the page may have. The sessions of it are named by their index, the newest first.
type catalog struct {
	list    *library.List // without its sessions
	more    int           // that wait, too, and were not looked at
	version string        // of all of it
	stored  string        // the version of what is stored
	kept    []kept
	chunk   []byte          // that the next record goes into
	shared  map[string]kept // records of the catalog before, by name, while this one is made
	scratch []byte

	mu       sync.Mutex // of what follows
	searches []*found   // the newest last
}

// kept is one record.
type kept struct {
	name     string
	start    int64  // in microseconds since 1970
	mark     uint64 // that two records of a session have in common if they tell the same
	record   []byte
	unstored bool
}

// chunkSize is how much memory is asked for at once.
const chunkSize = 1 << 20

var summaries = packed.For[schema.Summary]()

// takeStored takes what is stored from another catalog as it is.
func (c *catalog) takeStored(old *catalog) {
	c.list = old.list
	for _, k := range old.kept {
		if !k.unstored {
			c.kept = append(c.kept, k)
		}
	}
}

// shareWith lets a catalog use the records of the one before where they are the same: most are, and both are held for
// a moment.
func (c *catalog) shareWith(old *catalog) {
	if old == nil {
		return
	}
	c.shared = make(map[string]kept, len(old.kept))
	for _, k := range old.kept {
		c.shared[k.name] = k
	}
}

// add takes a record in; it is the caller's again afterwards.
func (c *catalog) add(s library.Stored) {
	c.scratch = summaries.Append(c.scratch[:0], s.Summary)
	mark := markOf(s, len(c.scratch))
	if old, ok := c.shared[s.Name]; ok && old.mark == mark {
		c.kept = append(c.kept, old)
		return
	}
	if cap(c.chunk)-len(c.chunk) < chunkSize/8 {
		c.chunk = make([]byte, 0, chunkSize)
	}
	at := len(c.chunk)
	c.chunk = append(c.chunk, c.scratch...)
	c.kept = append(c.kept, kept{s.Name, s.StartTime.UnixMicro(), mark, c.chunk[at:len(c.chunk):len(c.chunk)], s.Unstored})
}

// markOf is the mark of a record of a packed size. The bytes themselves do not tell: maps are packed in any order.
func markOf(s library.Stored, size int) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, revOf(s.Summary), size, s.SchemaVersion, s.Unstored, s.LLMCalls, s.ToolCalls, s.Errors, schema.OrZero(s.DurationMS),
		schema.OrZero(s.Outcome), schema.OrZero(s.CostUSD), schema.OrZero(s.Title))
	return h.Sum64()
}

func revOf(s *schema.Summary) int64 { return schema.OrZero(s.Stored).Rev }

// finish puts the records in order and names their version, which changes with whatever one of them tells.
func (c *catalog) finish() {
	c.chunk, c.shared, c.scratch = nil, nil, nil
	slices.SortFunc(c.kept, func(a, b kept) int {
		return cmp.Or(cmp.Compare(b.start, a.start), cmp.Compare(a.name, b.name))
	})
	h := fnv.New64a()
	for _, k := range c.kept {
		fmt.Fprint(h, k.name, k.mark)
	}
	fmt.Fprint(h, c.more, len(c.list.Unreadable))
	c.version = fmt.Sprintf("%016x", h.Sum64())
}

// open is one session; its record is written into sum.
func (c *catalog) open(i int32, sum *schema.Summary) library.Stored {
	k := &c.kept[i]
	if summaries.Unpack(k.record, sum) != nil {
		*sum = schema.Summary{} // it was packed by this program: this does not happen
	}
	return library.Stored{Name: k.name, Summary: sum, Unstored: k.unstored}
}

// some are sessions as a library takes them, with all of their records.
func (c *catalog) some(of []int32) []library.Stored {
	out := make([]library.Stored, len(of))
	for n, i := range of {
		out[n] = c.open(i, new(schema.Summary))
	}
	return out
}

// every are the indexes of all sessions.
func (c *catalog) every() []int32 {
	out := make([]int32, len(c.kept))
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// each looks at sessions on all processors: make is called for each processor and gives what looks at one session, whose
// record is lent to it. The parts of the sessions come back in order.
func each[T any](ctx context.Context, c *catalog, of []int32, look func(part *T, i int32, s library.Stored)) []T {
	parts := make([]T, min(runtime.GOMAXPROCS(0), max(len(of)/1000, 1)))
	size := (len(of) + len(parts) - 1) / len(parts)
	var wg sync.WaitGroup
	for p := range parts {
		mine := of[min(p*size, len(of)):min((p+1)*size, len(of))]
		wg.Go(func() {
			sum := new(schema.Summary)
			for n, i := range mine {
				if n%1000 == 0 && ctx.Err() != nil {
					return
				}
				look(&parts[p], i, c.open(i, sum))
			}
		})
	}
	wg.Wait()
	return parts
}
