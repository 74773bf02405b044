package query

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
)

func TestParseWhenReadsWhatAPersonTypes(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	now := time.Date(2026, 3, 10, 15, 4, 5, 0, zone)
	for _, c := range []struct {
		text string
		end  bool
		want string
	}{
		{"now", false, "2026-03-10T15:04:05+01:00"},
		{"today", false, "2026-03-10T00:00:00+01:00"},
		{"today", true, "2026-03-11T00:00:00+01:00"},
		{"Yesterday", false, "2026-03-09T00:00:00+01:00"},
		{"7d", false, "2026-03-03T15:04:05+01:00"},
		{"2w", true, "2026-02-24T15:04:05+01:00"},
		{"90m", false, "2026-03-10T13:34:05+01:00"},
		{"1h30m", false, "2026-03-10T13:34:05+01:00"},
		{"2026-03-01", false, "2026-03-01T00:00:00+01:00"},
		{"2026-03-01", true, "2026-03-02T00:00:00+01:00"},
		{"2026-03-01 09:30", true, "2026-03-01T09:30:00+01:00"},
		{"2026-03-01T08:00:00Z", false, "2026-03-01T09:00:00+01:00"},
	} {
		got, err := ParseWhen(c.text, now, c.end)
		if err != nil || got.In(zone).Format(time.RFC3339) != c.want {
			t.Errorf("ParseWhen(%q, end %v) = %v, %v; want %s", c.text, c.end, got.In(zone).Format(time.RFC3339), err, c.want)
		}
	}
	for _, bad := range []string{"", "soon", "-3d", "2026-13-01", "7", "d", "99999999999999d"} {
		if got, err := ParseWhen(bad, now, false); err == nil {
			t.Errorf("ParseWhen(%q) = %v, want an error", bad, got)
		}
	}
}

func TestParseRange(t *testing.T) {
	for text, holds := range map[string]map[float64]bool{
		">1":     {1: false, 1.01: true, 0: false},
		">=1":    {1: true, 0.99: false},
		"<$0.50": {0.5: false, 0.49: true},
		"<= 2":   {2: true, 2.1: false},
		"1..5":   {1: true, 5: true, 5.1: false, 0.9: false},
		"0":      {0: true, 0.1: false},
	} {
		r, err := ParseRange(text)
		if err != nil || r.All() {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
		for v, want := range holds {
			if got := r.Holds(v); got != want {
				t.Errorf("%q holds %v: %v", text, v, got)
			}
		}
	}
	for _, bad := range []string{"", "much", ">", "5..1", "=>1", "1..", ">NaN", "<>1"} {
		if r, err := ParseRange(bad); err == nil {
			t.Errorf("ParseRange(%q) = %+v, want an error", bad, r)
		}
	}
	if !(Range{}).All() {
		t.Error("no range must hold everything")
	}
}

func TestFilterValuesMayHoldCommas(t *testing.T) {
	s := &schema.Summary{
		Tags: []string{"a,b", "ci", "nightly"}, Metadata: map[string]schema.Raw{"note": schema.Raw(`"one, two"`), "try": schema.Raw(`2`)},
		Tools: map[string]schema.ToolCount{"Bash": {}, "Read": {}, "odd,name": {}}, Agent: schema.Agent{Name: "build, test"},
		Models: []string{"claude-opus-5-5"},
	}
	for _, c := range []struct {
		name string
		q    Query
		want bool
	}{
		{"a tag with a comma", Query{Tags: []string{"a,b"}}, true},
		{"two tags", Query{Tags: []string{"ci, nightly"}}, true},
		{"one of two tags", Query{Tags: []string{"ci,weekly"}}, false},
		{"a value with a comma", Query{Meta: []string{"note=one, two"}}, true},
		{"two pairs", Query{Meta: []string{"try=2,try=2"}}, true},
		{"the beginning of a value", Query{Meta: []string{"note=one"}}, false},
		{"another value", Query{Meta: []string{"note=one, two, three"}}, false},
		{"a tool with a comma", Query{Tools: []string{"odd,name"}}, true},
		{"two tools", Query{Tools: []string{"bash,Re*"}}, true},
		{"one of two tools", Query{Tools: []string{"Bash,Edit"}}, false},
		{"an agent with a comma", Query{Agents: []string{"Build, test"}}, true},
		{"either agent", Query{Agents: []string{"other,build, test"}}, false},
		{"either model", Query{Models: []string{"haiku,opus"}}, true},
	} {
		if got := c.q.Match(s); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFiltersOfWhoAndWhere(t *testing.T) {
	text := func(s string) *string { return &s }
	s := &schema.Summary{
		User: text("ann"), Host: text("ci-7"), GitBranch: text("feature/login"), Repo: text("shop"), MainAgent: text("lead"),
		Agents:  map[string]schema.AgentSums{"Explore": {}, schema.MainThread: {}},
		Signals: map[schema.SignalKind]int{schema.SignalLoop: 3},
		Files:   map[string]schema.FileCount{"/home/ann/shop/cart/total.go": {}, `C:\shop\main.go`: {}},
		Errors:  4, InputTokens: 1000, CacheReadInputTokens: 1_500_000, OutputTokens: 20_000, Title: text("Cart"),
	}
	rng := func(text string) Range {
		r, err := ParseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		name string
		q    Query
		want bool
	}{
		{"the user in any case", Query{Users: []string{"Ann"}}, true},
		{"another user", Query{Users: []string{"an"}}, false},
		{"either user", Query{Users: []string{"bob,ann"}}, true},
		{"hosts that begin so", Query{Hosts: []string{"ci-*"}}, true},
		{"a branch", Query{Branches: []string{"feature/login"}}, true},
		{"branches that begin so", Query{Branches: []string{"Feature/*"}}, true},
		{"a part of a branch", Query{Branches: []string{"login"}}, false},
		{"a repository", Query{Repos: []string{"shop"}}, true},
		{"an agent type", Query{AgentTypes: []string{"explore"}}, true},
		{"the main thread's", Query{AgentTypes: []string{"lead"}}, true},
		{"no such type", Query{AgentTypes: []string{"Plan"}}, false},
		{"a signal", Query{Signals: []string{"loop"}}, true},
		{"either signal", Query{Signals: []string{"churn", "LOOP"}}, true},
		{"another signal", Query{Signals: []string{"churn"}}, false},
		{"a file", Query{Files: []string{"/home/ann/shop/cart/total.go"}}, true},
		{"a folder", Query{Files: []string{"/home/ann/shop/"}}, true},
		{"the beginning of a folder's name", Query{Files: []string{"/home/ann/sho"}}, false},
		{"a part of a path", Query{Files: []string{"cart/Total"}}, true},
		{"a file of Windows", Query{Files: []string{`C:\shop`}}, true},
		{"errors", Query{Errors: rng(">3")}, true},
		{"fewer errors", Query{Errors: rng("<4")}, false},
		{"tokens", Query{Tokens: rng(">1.5M")}, true},
		{"fewer tokens", Query{Tokens: rng("100k..1.5m")}, false},
		{"a word of the branch", Query{Words: []string{"login", "cart"}}, true},
		{"a word of the repository", Query{Words: []string{"SHOP"}}, true},
		{"a word of nothing", Query{Words: []string{"shop", "tax"}}, false},
	} {
		if fits, sure := c.q.Judge(s); fits != c.want || !sure {
			t.Errorf("%s: got %v (sure %v), want %v", c.name, fits, sure, c.want)
		}
	}
	s.UnknownTokens = []string{schema.OutputTokens}
	if q := (Query{Tokens: rng("<9M")}); q.Match(s) {
		t.Error("a count that is not whole fits an upper bound, want it to fit none")
	}
}

func TestWhatARecordLacksIsNotSure(t *testing.T) {
	text := func(s string) *string { return &s }
	whole := schema.Summary{Files: map[string]schema.FileCount{"/a": {}}, Tools: map[string]schema.ToolCount{"Bash": {}}, User: text("ann")}
	cut, old := whole, whole
	cut.Cut = []string{"files", "first_prompt", "tools"}
	old.Files, old.User = nil, nil
	for _, c := range []struct {
		name       string
		s          *schema.Summary
		q          Query
		fits, sure bool
	}{
		{"a whole record", &whole, Query{Files: []string{"/b"}}, false, true},
		{"what a cut record still has", &cut, Query{Files: []string{"/a"}}, true, true},
		{"what it may have had", &cut, Query{Files: []string{"/b"}}, false, false},
		{"a tool that it may have had", &cut, Query{Tools: []string{"Edit"}}, false, false},
		{"words that it may have had", &cut, Query{Words: []string{"tax"}}, false, false},
		{"another filter says no", &cut, Query{Files: []string{"/b"}, Users: []string{"bob"}}, false, true},
		{"an older record", &old, Query{Users: []string{"ann"}}, false, false},
		{"what an older record has", &old, Query{Tools: []string{"Edit"}}, false, true},
	} {
		if fits, sure := c.q.Judge(c.s); fits != c.fits || sure != c.sure {
			t.Errorf("%s: got %v, sure %v, want %v, sure %v", c.name, fits, sure, c.fits, c.sure)
		}
	}
}

func TestARangeThatNoCountFitsIsKnown(t *testing.T) {
	for text, want := range map[string][2]bool{ // of amounts, of whole numbers
		"<0": {true, true}, "<=0": {false, false}, "0": {false, false}, ">1": {false, false}, "0.5": {false, true}, "0.2..0.8": {false, true},
		"0.2..1": {false, false}, ">1M": {false, false}, "": {false, false},
	} {
		r, err := ParseRange(text)
		if err != nil && text != "" {
			t.Fatal(err)
		}
		if r.Impossible(false) != want[0] || r.Impossible(true) != want[1] {
			t.Errorf("%q: %v and %v, want %v", text, r.Impossible(false), r.Impossible(true), want)
		}
	}
}

// TestMapsNamesWhatTheQueryAsks: what Maps does not name may be left out of a record, and each filter still judges the same.
func TestMapsNamesWhatTheQueryAsks(t *testing.T) {
	rich := func() *schema.Summary {
		return &schema.Summary{SchemaVersion: schema.Version, Metadata: map[string]schema.Raw{"x": schema.Raw(`"x"`)},
			Tools: map[string]schema.ToolCount{"x": {Calls: 1}}, PerModel: map[string]schema.CallSums{"x": {}}, Agents: map[string]schema.AgentSums{"x": {}},
			PerDay: map[string]schema.CallSums{"x": {}}, Skills: map[string]schema.ToolCount{"x": {Calls: 1}},
			Files: map[string]schema.FileCount{"x": {}}, Signals: map[schema.SignalKind]int{"x": 1}}
	}
	var queries []*Query
	fields := reflect.TypeFor[Query]()
	for i := range fields.NumField() {
		if fields.Field(i).Type != reflect.TypeFor[[]string]() {
			continue
		}
		values := []string{"x", "x=x"}
		if fields.Field(i).Name == "Has" {
			values = hasNames()
		}
		for _, value := range values {
			q := &Query{}
			reflect.ValueOf(q).Elem().Field(i).Set(reflect.ValueOf([]string{value}))
			queries = append(queries, q)
		}
	}
	told := 0
	for _, q := range queries {
		full, part := rich(), rich()
		v := reflect.ValueOf(part).Elem()
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if v.Field(i).Kind() == reflect.Map && !slices.Contains(q.Maps(), name) {
				v.Field(i).Clear()
			}
		}
		fits, sure := q.Judge(full)
		if partFits, partSure := q.Judge(part); partFits != fits || partSure != sure {
			t.Errorf("%+v: %v, %v of a whole record, %v, %v of what Maps names: %v", q, fits, sure, partFits, partSure, q.Maps())
		}
		if fits {
			told++
		}
	}
	if told < 10 {
		t.Errorf("%d queries fit, want those of all the maps", told)
	}
}
