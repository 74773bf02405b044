package web

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"ams/pkg/library"
	"ams/pkg/schema"
)

// catalog is what was in the store at one moment: of each session the figures and names that lists sum up and are sorted by,
// and its index record, packed into blocks, as a hundred thousand records take more memory than the page may have. The
// sessions of it are named by their index, the newest first.
type catalog struct {
	list    *library.List // without its sessions
	more    int           // that wait, too, and were not looked at
	version string        // of all of it
	stored  string        // the version of what is stored
	values  *values
	known   []value // of values, as far as its sessions have them
	kept    []kept
	blocks  []members
	filling *filling         // while it is made
	before  []kept           // the sessions of the catalog before, while this one is made
	shared  map[string]int32 // of those, by name

	mu       sync.Mutex // of what follows
	searches []*found   // the newest last
}

// kept is one session.
type kept struct {
	name     string
	start    int64  // in microseconds since 1970
	mark     uint64 // that two records of a session have in common if they tell the same
	block    *block // that holds the record
	at       int    // the place in the block
	unstored bool
	doubt    error
	figures
	values []uint32 // of the facets, by the numbers that they have in the catalog
}

// members are the sessions of a catalog that a block holds: their indexes by their places, -1 where a place is another's.
type members struct {
	block *block
	of    []int32
}

// takeStored takes what is stored from another catalog as it is.
func (c *catalog) takeStored(old *catalog) {
	c.list, c.values = old.list, old.values
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
	c.values, c.before = old.values, old.kept
	c.shared = make(map[string]int32, len(old.kept))
	for i, k := range old.kept {
		c.shared[k.name] = int32(i)
	}
}

// add takes a record in; it is the caller's again afterwards.
func (c *catalog) add(s library.Stored) {
	if c.filling == nil {
		c.filling = &filling{}
	}
	if c.values == nil {
		c.values = &values{}
	}
	size := c.filling.pack(s.Summary)
	mark := markOf(s, size)
	if i, ok := c.shared[s.Name]; ok && c.before[i].mark == mark {
		c.kept = append(c.kept, c.before[i])
		return
	}
	k := kept{name: s.Name, start: s.StartTime.UnixMicro(), mark: mark, unstored: s.Unstored, doubt: s.Doubt,
		figures: figuresOf(s.Summary), values: c.values.of(s.Summary)}
	k.block, k.at = c.filling.keep()
	c.kept = append(c.kept, k)
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
	if c.filling != nil {
		c.filling.close()
	}
	c.filling, c.shared, c.before = nil, nil, nil
	if c.values != nil {
		c.known = c.values.all
	}
	slices.SortFunc(c.kept, func(a, b kept) int {
		return cmp.Or(cmp.Compare(b.start, a.start), cmp.Compare(a.name, b.name))
	})
	h := fnv.New64a()
	at := map[*block]int{}
	for i, k := range c.kept {
		fmt.Fprint(h, k.name, k.mark)
		n, known := at[k.block]
		if !known {
			n = len(c.blocks)
			at[k.block] = n
			c.blocks = append(c.blocks, members{k.block, slices.Repeat([]int32{-1}, k.block.records)})
		}
		c.blocks[n].of[k.at] = int32(i)
	}
	fmt.Fprint(h, c.more, len(c.list.Unreadable))
	c.version = fmt.Sprintf("%016x", h.Sum64())
}

// every are the indexes of all sessions.
func (c *catalog) every() []int32 {
	out := make([]int32, len(c.kept))
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// some are sessions as a library takes them, with as much of their records as names them, without maps.
func (c *catalog) some(of []int32) []library.Stored {
	place := make(map[int32]int, len(of))
	for n, i := range of {
		place[i] = n
	}
	out := make([]library.Stored, len(of))
	c.walk(context.Background(), c.blocksOf(of), nil, func(i int32, s library.Stored) { out[place[i]] = s.Clone() })
	return out
}

// blocksOf are the blocks that hold sessions, with those alone.
func (c *catalog) blocksOf(of []int32) []members {
	if len(of) == len(c.kept) {
		return c.blocks
	}
	by := map[*block]int{}
	var out []members
	for _, i := range of {
		k := &c.kept[i]
		n, known := by[k.block]
		if !known {
			n = len(out)
			by[k.block] = n
			out = append(out, members{k.block, slices.Repeat([]int32{-1}, k.block.records)})
		}
		out[n].of[k.at] = i
	}
	return out
}

// walk looks at the sessions of some blocks, block by block. A record is lent, with those of its maps that are named.
func (c *catalog) walk(ctx context.Context, blocks []members, maps []string, look func(i int32, s library.Stored)) {
	r := newReader(maps)
	for _, m := range blocks {
		if ctx.Err() != nil {
			return
		}
		c.walkOne(r, m, look)
	}
}

func (c *catalog) walkOne(r *reader, m members, look func(i int32, s library.Stored)) {
	r.open(m.block)
	for _, i := range m.of {
		if sum := r.next(i >= 0); i >= 0 {
			look(i, library.Stored{Name: c.kept[i].name, Summary: sum, Unstored: c.kept[i].unstored, Doubt: c.kept[i].doubt})
		}
	}
}

// each is [catalog.walk] on all processors, each of which has a part of its own for what it finds. Neither the parts nor
// the sessions come in any order.
func each[T any](ctx context.Context, c *catalog, of []int32, maps []string, look func(part *T, i int32, s library.Stored)) []T {
	blocks := c.blocksOf(of)
	out := make([]T, min(runtime.GOMAXPROCS(0), max(len(blocks)/8, 1)))
	var at atomic.Int64
	var wg sync.WaitGroup
	for p := range out {
		wg.Go(func() {
			r := newReader(maps)
			for n := int(at.Add(1)) - 1; n < len(blocks) && ctx.Err() == nil; n = int(at.Add(1)) - 1 {
				c.walkOne(r, blocks[n], func(i int32, s library.Stored) { look(&out[p], i, s) })
			}
		})
	}
	wg.Wait()
	return out
}
