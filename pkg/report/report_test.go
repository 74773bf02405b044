package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/packed"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// someSessions are made-up sessions of all kinds: over midnight, without calls, of unknown cost, with a bill above and
// below their calls, with agents, tools, servers and skills.
func someSessions(n int) []*schema.Session {
	r := rand.New(rand.NewPCG(7, 11))
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	var out []*schema.Session
	for i := range n {
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(40*24*60)) * time.Minute)
		s := &schema.Session{SchemaVersion: schema.Version, SessionID: fmt.Sprintf("s-%03d", i), StartTime: schema.Time{Time: at},
			Cwd: "/src/" + pick("shop", "api"), User: pick("ann", "bob", ""), GitBranch: pick("main", "fix/a", ""), Outcome: schema.Outcome(pick("completed", "failed")),
			Tags: slices.Compact([]string{pick("ci", "nightly"), pick("nightly", "x")}), Agent: schema.Agent{Name: pick("builder", "reviewer")},
			Metadata: map[string]schema.Raw{"ticket": schema.Raw(pick(`"A-1"`, "7", "null"))}}
		s.Events = append(s.Events, schema.Event{ID: "sub", Subagent: &schema.SubagentInfo{AgentID: "a1", AgentType: pick("Explore", "Plan", "")}})
		for j := range r.IntN(8) {
			call := schema.Event{ID: fmt.Sprintf("llm-%d", j), StartTime: schema.Time{Time: at.Add(time.Duration(j) * 5 * time.Hour)}, AgentID: pick("", "a1"),
				LLM: &schema.LLM{Model: pick("opus", "haiku"), Usage: &schema.Usage{InputTokens: int64(r.IntN(1000)), CacheReadInputTokens: int64(r.IntN(9000)), OutputTokens: int64(r.IntN(500))}}}
			if r.IntN(10) > 0 {
				cost := float64(r.IntN(1_000_000)) * 1e-7
				call.LLM.CostUSD = &cost
			}
			s.Events = append(s.Events, call)
			s.Totals.LLMCalls++
			s.Totals.Usage = s.Totals.Usage.Add(*call.LLM.Usage)
			for k := range r.IntN(3) {
				ms := int64(r.IntN(5000))
				s.Events = append(s.Events, schema.Event{ID: fmt.Sprintf("tool-%d-%d", j, k), StartTime: call.StartTime, AgentID: call.AgentID, Tool: &schema.Tool{
					Name: pick("Bash", "Read", "mcp__github__search", "mcp__jira__get"), LLMEventID: call.ID, IsError: r.IntN(4) == 0, ExecutionMS: &ms}})
				s.Totals.ToolCalls++
			}
		}
		end := schema.Time{Time: at.Add(40 * time.Hour)}
		s.EndTime = end
		setCost(s, r)
		out = append(out, s)
	}
	return out
}

// setCost gives a session a total: what its calls cost, more, less, or none.
func setCost(s *schema.Session, r *rand.Rand) {
	total, whole := 0.0, true
	for i := range s.Events {
		if m := s.Events[i].LLM; m != nil && m.CostUSD != nil {
			total += *m.CostUSD
		} else if m != nil {
			whole = false
		}
	}
	switch r.IntN(4) {
	case 0:
		total += 0.0123456
	case 1:
		total *= 0.9
	case 2:
		if !whole {
			return
		}
	}
	s.Totals.CostUSD = &total
}

// reported is a report on sessions by their records where these tell, or by their events alone.
func reported(t *testing.T, sessions []*schema.Session, location *time.Location, by ...string) *Report {
	t.Helper()
	r, err := New(by, location)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sessions {
		if sum := schema.Summarize(s); r.Needs(sum) {
			r.Add(r.FromSession(s))
		} else {
			r.Add(r.FromRecord(sum))
		}
	}
	return r
}

// known is what is known of the cost of sessions, by another way than the report's.
func known(sessions []*schema.Session) float64 {
	all := 0.0
	for _, s := range sessions {
		if s.Totals.CostUSD != nil {
			all += *s.Totals.CostUSD
			continue
		}
		for i := range s.Events {
			if m := s.Events[i].LLM; m != nil && m.CostUSD != nil {
				all += *m.CostUSD
			}
		}
	}
	return all
}

// TestRowsAddUpToTheSum holds every report to the sum of its sessions, to 1e-9 dollars: by any dimension, by two and
// three, in two time zones.
func TestRowsAddUpToTheSum(t *testing.T) {
	sessions := someSessions(300)
	want, calls := known(sessions), 0
	for _, s := range sessions {
		calls += s.Totals.LLMCalls
	}
	zone := time.FixedZone("far", 11*3600)
	var bys [][]string
	for _, a := range Dimensions() {
		bys = append(bys, []string{a}, []string{a, "meta.ticket"})
		if a != "model" && a != "project" {
			bys = append(bys, []string{a, "model"}, []string{a, "project"}, []string{"project", "model", a})
		}
	}
	for _, by := range bys {
		for _, location := range []*time.Location{nil, zone} {
			r := reported(t, sessions, location, by...)
			if got := r.Total(); math.Abs(got.CostUSD-want) > 1e-9 || got.Sessions != len(sessions) || got.Calls != calls {
				t.Errorf("by %v: the sum is %v of %d sessions and %d calls, want %v of %d and %d", by, got.CostUSD, got.Sessions, got.Calls, want, len(sessions), calls)
			}
			if r.Overlaps() || r.ofTools() {
				continue
			}
			cost, n := 0.0, 0
			for _, row := range r.Rows() {
				cost += row.CostUSD
				n += row.Calls
			}
			if math.Abs(cost-want) > 1e-9 || n != calls {
				t.Errorf("by %v: rows add up to %v and %d calls, want %v and %d", by, cost, n, want, calls)
			}
		}
	}
}

// TestRecordsAndEventsSayTheSame adds two dimensions, which events tell, up to one, which index records tell.
func TestRecordsAndEventsSayTheSame(t *testing.T) {
	sessions := someSessions(200)
	for _, by := range []string{"day", "week", "month", "model", "agent-type"} {
		other := "model"
		if by == "model" {
			other = "agent-type"
		}
		want := map[string]Sums{}
		for _, row := range reported(t, sessions, nil, by).Rows() {
			want[row.Keys[0]] = row.Sums
		}
		got := map[string]float64{}
		calls := map[string]int{}
		for _, row := range reported(t, sessions, nil, by, other).Rows() {
			got[row.Keys[0]] += row.CostUSD
			calls[row.Keys[0]] += row.Calls
		}
		for key, w := range want {
			if w.Calls > 0 && (math.Abs(got[key]-w.CostUSD) > 1e-9 || calls[key] != w.Calls) {
				t.Errorf("%s %s: events give $%v of %d calls, records $%v of %d", by, key, got[key], calls[key], w.CostUSD, w.Calls)
			}
		}
	}
}

func TestToolsAreTimed(t *testing.T) {
	ms := func(n int64) *int64 { return &n }
	cost := 0.5
	s := &schema.Session{SessionID: "s", Events: []schema.Event{
		{ID: "l", LLM: &schema.LLM{Model: "m", CostUSD: &cost}},
		{Tool: &schema.Tool{Name: "Bash", LLMEventID: "l", ExecutionMS: ms(100), ApprovalMS: ms(4000)}},
		{Tool: &schema.Tool{Name: "Bash", LLMEventID: "l", ExecutionMS: ms(300), IsError: true}},
		{Tool: &schema.Tool{Name: "Bash", LLMEventID: "l", ExecutionMS: ms(200)}},
		{Tool: &schema.Tool{Name: "mcp__git_hub__list__all", LLMEventID: "l"}},
		{Tool: &schema.Tool{Name: "Read"}},
	}}
	rows := map[string]Row{}
	for _, row := range reported(t, []*schema.Session{s}, nil, "tool").Rows() {
		rows[row.Keys[0]] = row
	}
	bash := rows["Bash"]
	p50, _ := bash.Execution.Percentile(0.5)
	p95, _ := bash.Execution.Percentile(0.95)
	wait, _ := bash.Approval.Percentile(0.5)
	if bash.ToolCalls != 3 || bash.Errors != 1 || bash.AskedUSD != 0.5 || p50 != 200 || p95 != 300 || wait != 4000 {
		t.Errorf("Bash: %+v, p50 %d, p95 %d, wait %d", bash, p50, p95, wait)
	}
	if rows["mcp__git_hub__list__all"].AskedUSD != 0.5 || rows["Read"].AskedUSD != 0 {
		t.Errorf("asked: %+v", rows)
	}
	servers := reported(t, []*schema.Session{s}, nil, "mcp-server").Rows()
	if len(servers) != 1 || servers[0].Keys[0] != "git_hub" {
		t.Errorf("servers: %+v", servers)
	}
}

func TestWhatIsNoDimensionIsRefused(t *testing.T) {
	for _, by := range [][]string{{"colour"}, {"meta."}, {"day", "day"}, {}, {"day", "model", "tool", "user"}} {
		if _, err := New(by, nil); err == nil {
			t.Errorf("%v was taken", by)
		}
	}
}

// TestATableFitsItsScreen looks at every dimension on narrow and wide screens, with and without bars.
func TestATableFitsItsScreen(t *testing.T) {
	sessions := someSessions(60)
	sessions[0].Cwd = "/src/" + strings.Repeat("项目", 60)
	for _, by := range append(Dimensions(), "project,model,day") {
		for _, cells := range []int{60, 80, 120, 200} {
			r := reported(t, sessions, nil, strings.Split(by, ",")...)
			var out bytes.Buffer
			if err := r.Write(&out, screen.Screen{Cells: cells}, 5, true); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				if n := screen.Width(strings.TrimRight(line, "\n")); n > cells {
					t.Errorf("by %s at %d: %d cells: %s", by, cells, n, line)
				}
			}
			if !strings.HasPrefix(out.String(), "60 sessions, $") {
				t.Errorf("by %s at %d: %s", by, cells, out.String())
			}
		}
	}
}

func TestProgramsGetEveryRow(t *testing.T) {
	sessions := someSessions(50)
	sessions[3].User = "=SUM(A1)"
	r := reported(t, sessions, nil, "user", "day")
	var asJSON, asCSV bytes.Buffer
	if err := r.JSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	if err := r.CSV(&asCSV); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(asJSON.Bytes(), &d); err != nil || len(d.Rows) != len(r.Rows()) || math.Abs(*d.Total.CostUSD-known(sessions)) > 1e-9 {
		t.Errorf("JSON: %v, %d rows", err, len(d.Rows))
	}
	lines, err := csv.NewReader(&asCSV).ReadAll()
	if err != nil || len(lines) != len(r.Rows())+1 || lines[0][0] != "user" {
		t.Errorf("CSV: %v, %d lines", err, len(lines))
	}
	if !strings.Contains(asCSV.String(), "'=SUM(A1)") && strings.Contains(asCSV.String(), "=SUM(A1)") {
		t.Error("a spreadsheet would run a name")
	}
}

func BenchmarkRecords(b *testing.B) {
	var sums []*schema.Summary
	for _, s := range someSessions(2000) {
		sums = append(sums, schema.Summarize(s))
	}
	for b.Loop() {
		r, _ := New([]string{"project", "day"}, nil)
		for _, s := range sums {
			r.Add(r.FromRecord(s))
		}
	}
}

// TestARecordMayBeLentInPart: a report by records is the same whether these are whole or have the maps alone that it names,
// in any order, and it keeps nothing of bytes that are used again.
func TestARecordMayBeLentInPart(t *testing.T) {
	sessions := someSessions(200)
	codec := packed.For[schema.Summary]()
	for _, d := range append(Dimensions(), "meta.ticket") {
		var documents [2]bytes.Buffer
		for half, out := range documents {
			r, err := New([]string{d}, nil)
			if err != nil {
				t.Fatal(err)
			}
			part, lent := codec.Only(r.Maps()...), []byte(nil)
			for _, i := range rand.New(rand.NewPCG(uint64(half), 3)).Perm(len(sessions)) {
				sum := schema.Summarize(sessions[i])
				if r.Needs(sum) {
					continue
				}
				if half == 1 {
					lent = codec.Append(lent[:0], sum)
					sum = new(schema.Summary)
					if err := part.Unpack(lent, sum); err != nil {
						t.Fatal(err)
					}
				}
				r.Add(r.FromRecord(sum))
				clear(lent)
			}
			if err := r.JSON(&out); err != nil {
				t.Fatal(err)
			}
			documents[half] = out
		}
		if a, b := documents[0].String(), documents[1].String(); a != b {
			t.Errorf("by %s: of whole records\n%s\nof lent ones\n%s", d, a, b)
		}
	}
}
