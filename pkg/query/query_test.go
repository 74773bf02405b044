package query

import (
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
