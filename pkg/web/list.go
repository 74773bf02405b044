package web

import (
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	sort := strings.TrimPrefix(q.Get("sort"), "-")
	reverse := strings.HasPrefix(q.Get("sort"), "-")
	if sort != "" && !slices.Contains(listing.SortNames(), sort) {
		return reply{}, badRequest("A list is sorted by one of %s.", strings.Join(listing.SortNames(), ", "))
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
	if sort != "" && sort != "start" || reverse {
		want = mostFound // any of them could be the first
	}
	f.look(s.Library, c, want)
	f.sumUp()
	out := listReply{Total: c.list.Total + len(c.waiting), Found: len(f.hits), Done: f.done, Totals: f.totals, Terms: f.search.Terms, From: from, Notes: s.notes(c, f)}
	if out.Terms == nil {
		out.Terms = []string{}
	}
	if from == 0 {
		out.Facets = f.facets
	}
	if len(f.patterns) > 0 {
		out.Looked, out.Among = f.looked, len(f.asked)
	}
	if len(f.hits) == 0 && f.done {
		out.Empties = empties(c, f.search)
	}
	shown := f.inOrder(sort, reverse)
	out.Rows = make([]row, 0, n)
	for _, one := range shown[min(from, len(shown)):min(from+n, len(shown))] {
		out.Rows = append(out.Rows, rowOf(one, f.places[one.Name]))
	}
	version := ""
	if f.done {
		version = c.version + strconv.Itoa(len(f.hits)) + "-" + strconv.Itoa(len(f.typed))
	}
	return reply{value: out, version: version}, nil
}

func rowOf(s library.Stored, spots []spot) row {
	out := row{
		Name: s.Name, Start: s.StartTime, Title: listing.Title(s.Summary), Project: listing.Project(s.Summary), Branch: schema.OrZero(s.GitBranch),
		Agent: s.Agent.Name, Outcome: string(schema.OrZero(s.Outcome)), MS: s.DurationMS, CostUSD: s.CostUSD,
		Tokens: s.InputTokens + s.CacheReadInputTokens + s.CacheCreationInputTokens + s.OutputTokens,
		Tools:  s.ToolCalls, Agents: s.Subagents, Errors: s.Errors, Unstored: s.Unstored, Spots: spots,
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
func (s *Server) notes(c *catalog, f *found) []string {
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
	if f.failed > 0 {
		out = append(out, screen.Count(f.failed, "session")+" could not be read.")
	}
	if len(f.patterns) > 0 && len(f.hits) >= mostFound {
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

// empties are the terms without which a search would find something, as far as index records tell: any one of them.
func empties(c *catalog, search *query.Search) []int {
	var out []int
	for term := range search.Terms {
		less, err := query.ParseSearch(search.Without(term), c.at)
		if err != nil {
			continue
		}
		if len(less.Texts) > 0 && !isText(search, term) {
			continue // a text that is not found is not found among more sessions either, most likely
		}
		if slices.ContainsFunc(c.all(), func(s library.Stored) bool {
			fits, sure := less.Judge(s.Summary)
			return fits && sure
		}) {
			out = append(out, term)
		}
	}
	return out
}

func isText(search *query.Search, term int) bool {
	return slices.ContainsFunc(search.Texts, func(t query.Text) bool { return t.Term == term })
}

// pull is [iter.Pull2] for a search that may be left in the middle.
func pull(found iter.Seq2[library.Match, error]) (func() (library.Match, error, bool), func()) {
	return iter.Pull2(found)
}
