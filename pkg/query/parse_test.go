package query

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
)

var parseNow = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// TestParseSearchReadsWhatAPersonTypes holds what is typed, on the left, to what it means.
func TestParseSearchReadsWhatAPersonTypes(t *testing.T) {
	rng := func(s string) Range {
		r, err := ParseRange(s)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one := func(q Query) []Query { return []Query{q} }
	for _, c := range []struct {
		typed string
		want  Search
	}{
		{"", Search{All: one(Query{})}},
		{"deploy  failed", Search{All: one(Query{}), Texts: []Text{{Text: "deploy"}, {Text: "failed", Term: 1}}, Terms: []string{"deploy", "failed"}}},
		{`"connection refused" -retry`, Search{All: one(Query{}), Texts: []Text{{Text: "connection refused"}, {Text: "retry", Not: true, Term: 1}},
			Terms: []string{`"connection refused"`, "-retry"}}},
		{"project:shop project:web", Search{All: one(Query{Projects: []string{"shop", "web"}}), Terms: []string{"project:shop", "project:web"}}},
		{"-tool:Bash Tool:Read", Search{All: one(Query{Tools: []string{"Read"}}), Not: one(Query{Tools: []string{"Bash"}}),
			Terms: []string{"-tool:Bash", "Tool:Read"}}},
		{`branch:"my branch"`, Search{All: one(Query{Branches: []string{"my branch"}}), Terms: []string{`branch:"my branch"`}}},
		{"cost:>5", Search{All: []Query{{}, {Cost: rng(">5")}}, Terms: []string{"cost:>5"}}},
		{"error:>2 error:timeout", Search{All: []Query{{}, {Errors: rng(">2")}}, Texts: []Text{{Text: "timeout", Errors: true, Term: 1}},
			Terms: []string{"error:>2", "error:timeout"}}},
		{"outcome:Failed,limited", Search{All: one(Query{Outcomes: []string{"failed", "limited"}}), Terms: []string{"outcome:Failed,limited"}}},
		{"after:2026-11-20", Search{All: []Query{{}, {Since: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}}, Terms: []string{"after:2026-11-20"}}},
		{"https://example.com/a:b", Search{All: one(Query{}), Texts: []Text{{Text: "https://example.com/a:b"}}, Terms: []string{"https://example.com/a:b"}}},
		{`"say \"no\""`, Search{All: one(Query{}), Texts: []Text{{Text: `say "no"`}}, Terms: []string{`"say \"no\""`}}},
		{"- a", Search{All: one(Query{}), Texts: []Text{{Text: "-"}, {Text: "a", Term: 1}}, Terms: []string{"-", "a"}}},
		{"12:30 main.go:7", Search{All: one(Query{}), Texts: []Text{{Text: "12:30"}, {Text: "main.go:7", Term: 1}}, Terms: []string{"12:30", "main.go:7"}}},
	} {
		got, err := ParseSearch(c.typed, parseNow)
		if err != nil {
			t.Errorf("%q: %v", c.typed, err)
			continue
		}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%q:\ngot  %+v\nwant %+v", c.typed, *got, c.want)
		}
	}
}

func TestASearchThatDoesNotParseSaysWhy(t *testing.T) {
	for typed, word := range map[string]string{
		"colour:red":                   "there is no filter colour:",
		`"open`:                        "a quote is not closed",
		"cost:much":                    "cost:much: want an amount",
		"cost:<0":                      "no session has that",
		"time:>soon":                   "want a length of time",
		"after:someday":                "want a span",
		"outcome:great":                "want one of completed",
		"signal:smoke":                 "want one of loop",
		"has:luck":                     "want one of agent",
		"meta:team":                    "want KEY=VALUE",
		"project:":                     "has no value",
		`""`:                           "has no text",
		`tool:" "`:                     "has no value",
		strings.Repeat("a ", MaxTyped): "too long",
	} {
		if got, err := ParseSearch(typed, parseNow); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%.40q: %+v, %v; want an error with %q", typed, got, err, word)
		}
	}
}

func TestASearchChoosesSessions(t *testing.T) {
	str := func(s string) *string { return &s }
	cost, ms := 7.5, int64(15*60*1000)
	outcome := schema.FailedTurn
	s := &schema.Summary{
		SessionID: "1b3ca1ee-f2ac", Cwd: str("/home/me/src/shop"), CostUSD: &cost, DurationMS: &ms, Outcome: &outcome, Errors: 4,
		StartTime: schema.Time{Time: parseNow.Add(-48 * time.Hour)}, Agent: schema.Agent{Name: "nightly"},
		Tools: map[string]schema.ToolCount{"Bash": {}}, Agents: map[string]schema.AgentSums{"reviewer": {}},
		Files: map[string]schema.FileCount{"/home/me/src/shop/main.go": {}}, Signals: map[schema.SignalKind]int{schema.SignalLoop: 2},
		PerDay: map[string]schema.CallSums{"2026-11-25": {}}, Skills: map[string]schema.ToolCount{"pdf": {}},
	}
	for typed, want := range map[string]bool{
		"": true, "word": true, // texts are not the record's to tell
		"project:shop": true, "project:sho*": true, "project:sho": false, "-project:shop": false, "project:web project:shop": true,
		"cost:>5 cost:<6": false, "cost:>5 cost:<8": true, "time:>10m": true, "time:10m..12m": false, "-time:>10m": false,
		"agent:nightly": true, "agent:reviewer": true, "agent:other": false, "outcome:failed": true, "-outcome:completed": true,
		"has:signals has:errors": true, "has:compactions": false, "-has:signals": false, "signal:loop": true, "id:1B3C": true, "id:2": false,
		"day:2026-11-25": true, "day:2026-11": true, "day:2026-10": false, "skill:pdf": true, "after:3d": true, "before:2026-11-25": false,
		"before:2026-11-26": true, "error:4": true, "error:>4": false, "file:main.go tool:Bash": true, "tool:Bash tool:Read": false,
	} {
		search, err := ParseSearch(typed, parseNow)
		if err != nil {
			t.Errorf("%q: %v", typed, err)
			continue
		}
		if got, sure := search.Judge(s); got != want || !sure {
			t.Errorf("%q: %v, sure %v; want %v", typed, got, sure, want)
		}
	}
	s.Cut = []string{"files"}
	search, _ := ParseSearch("file:other.go", parseNow)
	if fits, sure := search.Judge(s); fits || sure {
		t.Errorf("a cut field: fits %v, sure %v; want neither", fits, sure)
	}
}

func TestATermIsReadAsItself(t *testing.T) {
	for _, value := range []string{"plain", "two words", `a "quote"`, `back\slash`, "-dash", "key:value", "a\nb", "ünï"} {
		for _, key := range []string{"", "branch"} {
			s, err := ParseSearch(Term(key, value), parseNow)
			if err != nil {
				t.Errorf("%s %q: %v", key, value, err)
				continue
			}
			var got string
			if key == "" && len(s.Texts) == 1 {
				got = s.Texts[0].Text
			} else if key != "" && len(s.All[0].Branches) == 1 {
				got = s.All[0].Branches[0]
			}
			if got != value || len(s.Terms) != 1 {
				t.Errorf("Term(%q, %q) = %s is read as %q, %q", key, value, Term(key, value), got, s.Terms)
			}
		}
	}
}

func FuzzParseSearch(f *testing.F) {
	f.Add(`deploy "a b" -tool:Bash cost:>5 after:7d`)
	f.Fuzz(func(t *testing.T, typed string) {
		s, err := ParseSearch(typed, parseNow)
		if err != nil {
			return
		}
		again, err := ParseSearch(strings.Join(s.Terms, " "), parseNow)
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%q: its terms %q mean something else: %v", typed, s.Terms, err)
		}
	})
}
