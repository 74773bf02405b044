package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"ams/pkg/library"
	"ams/pkg/listing"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// listReply is a part of a list.
type listReply struct {
	Total   int      `json:"total"` // of sessions in the store
	Found   int      `json:"found"`
	Looked  int      `json:"looked,omitzero"` // of sessions that were read for the texts, of Among
	Among   int      `json:"among,omitzero"`
	Done    bool     `json:"done"` // there are no more
	Totals  totals   `json:"totals"`
	Facets  []facet  `json:"facets,omitempty"`
	Terms   []string `json:"terms"`
	Empties []int    `json:"empties,omitempty"` // the terms without which there would be something
	Notes   []string `json:"notes,omitempty"`
	From    int      `json:"from"`
	Rows    []row    `json:"rows"`
}

// row is one session of a list.
type row struct {
	Name     string              `json:"name"`
	Start    schema.Time         `json:"start"`
	Title    string              `json:"title"`
	Project  string              `json:"project,omitzero"`
	Branch   string              `json:"branch,omitzero"`
	Agent    string              `json:"agent,omitzero"`
	Outcome  string              `json:"outcome"`
	MS       *int64              `json:"ms,omitzero"`
	CostUSD  *float64            `json:"cost_usd,omitzero"`
	Tokens   int64               `json:"tokens"`
	Tools    int                 `json:"tools"`
	Agents   int                 `json:"agents,omitzero"`
	Errors   int                 `json:"errors,omitzero"`
	Signals  []schema.SignalKind `json:"signals,omitempty"`
	Unstored bool                `json:"unstored,omitzero"`
	Spots    []spot              `json:"spots,omitempty"`
}

// rowsMost is how many rows one answer has at most.
const rowsMost = 500

func (s *Server) list(_ http.ResponseWriter, r *http.Request) (reply, error) {
	q := r.URL.Query()
	from, err := wholeNumber(r, "from", 0)
	if err != nil {
		return reply{}, err
	}
	n, err := wholeNumber(r, "n", 100)
	if err != nil {
		return reply{}, err
	}
	n = min(n, rowsMost)
	by, reverse := strings.CutPrefix(q.Get("sort"), "-")
	if by == "" {
		by = "start"
	}
	if _, ok := orders[by]; !ok {
		return reply{}, badRequest("A list is sorted by one of %s.", strings.Join(slices.Sorted(maps.Keys(orders)), ", "))
	}
	c, err := s.records.get(r.Context())
	if err != nil {
		return reply{}, err
	}
	f, err := c.search(r.Context(), s.Library, strings.TrimSpace(q.Get("q")), s.Now().In(s.Location))
	if err != nil {
		return reply{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	want := from + n
	if by != "start" || reverse {
		want = mostFound // any of them could be the first
	}
	f.further(s.Library, c, want)
	f.sumUp(c)
	out := listReply{Total: len(c.kept), Found: len(f.hits), Done: f.done, Totals: *f.sums, Terms: append([]string{}, f.search.Terms...), From: from,
		Notes: notes(c, f)}
	if from == 0 {
		out.Facets = f.facets
	}
	if f.look != nil {
		out.Looked, out.Among = f.look.looked, len(f.asked)
	}
	if len(f.hits) == 0 && f.done {
		out.Empties = empties(r.Context(), c, f, s.Now().In(s.Location))
	}
	shown := f.inOrder(r.Context(), c, by, reverse)
	out.Rows = c.rows(r.Context(), shown[min(from, len(shown)):min(from+n, len(shown))], f)
	if err := r.Context().Err(); err != nil {
		f.sums, f.ordered = nil, nil // they may lack something
		return reply{}, err
	}
	version := ""
	if f.done {
		version = fmt.Sprintf("%s-%d-%d", c.version, len(f.hits), f.failed)
	}
	return reply{value: out, version: version}, nil
}

// rows are sessions as the list shows them, in their order.
func (c *catalog) rows(ctx context.Context, of []int32, f *found) []row {
	out := make([]row, len(of))
	c.walk(ctx, c.blocksOf(of), []string{"signals"}, func(i int32, s library.Stored) {
		out[slices.Index(of, i)] = rowOf(s.Clone(), f.spotsOf(i))
	})
	return out
}

// spotsOf are the places of the texts in a session.
func (f *found) spotsOf(i int32) []spot {
	if f.look == nil {
		return nil
	}
	return f.look.spots[i]
}

func rowOf(s library.Stored, spots []spot) row {
	out := row{
		Name: s.Name, Start: s.StartTime, Title: listing.Title(s.Summary), Project: listing.Project(s.Summary), Branch: schema.OrZero(s.GitBranch),
		Agent: s.Agent.Name, Outcome: string(schema.OrZero(s.Outcome)), MS: s.DurationMS, CostUSD: s.CostUSD,
		Tokens: tokensOf(s.Summary), Tools: s.ToolCalls, Agents: s.Subagents, Errors: s.Errors, Unstored: s.Unstored, Spots: spots,
	}
	if out.Outcome == "" {
		out.Outcome = string(s.Status)
	}
	for _, kind := range schema.SignalKinds() {
		if s.Signals[kind] > 0 {
			out.Signals = append(out.Signals, kind)
		}
	}
	return out
}

// notes say what a list cannot show.
func notes(c *catalog, f *found) []string {
	var out []string
	if n := len(c.list.Unreadable); n > 0 {
		out = append(out, screen.Count(n, "index record")+" cannot be read and "+isAre(n)+" left out ("+screen.Line(c.list.Unreadable[0].Err.Error())+
			"). ams-assemble list names them.")
	}
	if c.more > 0 {
		out = append(out, screen.Count(c.more, "more session")+" "+isAre(c.more)+" recorded and not stored yet. ams-assemble run stores them.")
	}
	if f.unsure > 0 {
		out = append(out, "The index records of "+screen.Count(f.unsure, "session")+" are of an older form and do not tell. ams-assemble reindex makes them anew.")
	}
	failed := f.failed
	if f.look != nil {
		failed += f.look.failed
	}
	if failed > 0 {
		out = append(out, screen.Count(failed, "session")+" could not be read.")
	}
	if f.look != nil && len(f.hits) >= mostFound {
		out = append(out, "These are the newest "+screen.Count(mostFound, "session")+" with it; filters leave less to look through.")
	}
	return out
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// empties are the terms without which a search that found nothing would find something, as far as index records tell: any
// one of its filters, or where those leave sessions, its texts.
func empties(ctx context.Context, c *catalog, f *found, now time.Time) []int {
	var out []int
	for term := range f.search.Terms {
		isText := slices.ContainsFunc(f.search.Texts, func(t query.Text) bool { return t.Term == term })
		if isText && len(f.asked) > 0 {
			out = append(out, term)
		}
		if isText || len(f.asked) > 0 {
			continue
		}
		less, err := query.ParseSearch(f.search.Without(term), now)
		if err != nil {
			continue
		}
		for _, some := range each(ctx, c, c.every(), mapsOf(less), func(some *bool, _ int32, s library.Stored) {
			if !*some {
				fits, sure := less.Judge(s.Summary)
				*some = fits && sure
			}
		}) {
			if some {
				out = append(out, term)
				break
			}
		}
	}
	return out
}
