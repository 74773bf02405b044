package price

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const head = `{"date": "2026-11-22", "multipliers": {"inference_geo_us": 1.1, "regional": 1.1}, "web_search_per_request": 0.01, "models": [`

const rates = `"input": 1, "output": 5, "cache_write_5m": 1.25, "cache_write_1h": 2, "cache_read": 0.1`

func TestParseNamesModelAndField(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{``, "unexpected end of JSON"},
		{`null`, "date is missing"},
		{`[]`, "array"},
		{`{}`, "date is missing"},
		{`{"date": "yesterday", "multipliers": {}, "web_search_per_request": 0, "models": [{}]}`, `date: "yesterday"`},
		{`{"date": "2026-11-22", "web_search_per_request": 0, "models": [{}]}`, "multipliers is missing"},
		{`{"date": "2026-11-22", "multipliers": {}, "web_search_per_request": 0, "models": []}`, "models is missing or empty"},
		{`{"date": "2026-11-22", "multipliers": {}, "models": [{}]}`, "web_search_per_request is missing"},
		{`{"date": "2026-11-22", "multipliers": {"inference_geo_us": 1.1}, "web_search_per_request": 0, "models": [{"id": "a", ` + rates + `}]}`, "regional are required"},
		{`{"date": "2026-11-22", "multipliers": {"regional": 0}, "web_search_per_request": 0, "models": [{}]}`, "multipliers: regional: 0 is not"},
		{`{"date": "2026-11-22", "multipliers": {"flex": 0.5}, "web_search_per_request": 0, "models": [{}]}`, `multipliers: unknown field "flex"`},
		{`{"date": "2026-11-22", "multipliers": {}, "web_search_per_request": -1, "models": [{}]}`, "web_search_per_request: -1"},
		{head + `]} {}`, "more than one JSON value"},
		{head + `{` + rates + `}]}`, "model 1: id is missing"},
		{head + `{"id": "<synthetic>", ` + rates + `}]}`, "lines that no model wrote"},
		{head + `{"id": "a b", ` + rates + `}]}`, "space"},
		{head + `{"id": "a", ` + rates + `}, {"id": "A", ` + rates + `}]}`, `model "A": stands twice`},
		{head + `{"id": "a", "input": 1, "output": 2}]}`, `model "a": cache_write_5m is missing`},
		{head + `{"id": "a", "input": -1, "output": 2}]}`, `model "a": input: -1`},
		{head + `{"id": "a", "input": 1e7, "output": 2}]}`, `model "a": input: 1e+07`},
		{head + `{"id": "a", "input": 1e999, "output": 2}]}`, `model "a": input`},
		{head + `{"id": "a", "input": NaN}]}`, "invalid character"},
		{head + `{"id": "a", "input": "NaN"}]}`, `model "a": input: got a string`},
		{head + `{"id": "a", "input": 1, "input": 2}]}`, "models[1].input: stands twice"},
		{head + `{"id": "a", "input": 1, "Input": 2}]}`, "models[1].Input: stands twice"},
		{head + `{"id": "a", "price": 1, ` + rates + `}]}`, `model "a": unknown field "price"`},
		{head + `{"id": "a", "released": "soon", ` + rates + `}]}`, `model "a": released: "soon"`},
		{head + `{"id": "a", "long": {` + rates + `}, ` + rates + `}]}`, `model "a": long: above`},
		{head + `{"id": "a", "long": {"above": 0, ` + rates + `}, ` + rates + `}]}`, `model "a": long: above`},
		{head + `{"id": "a", "long": {"above": 5, "input": 3}, ` + rates + `}]}`, `model "a": long: output is missing`},
		{head + `{"id": "a", "long": {"above": 5, "until": "x", ` + rates + `}, ` + rates + `}]}`, `model "a": long: until`},
		{head + `{"id": "a", "fast": {"input": 3}, ` + rates + `}]}`, `model "a": fast: output is missing`},
		{head + `{"id": "a", "fast": {"removed": 3, ` + rates + `}, ` + rates + `}]}`, `model "a": fast: removed: got a number`},
		{head + `{"id": "a", "fast": {"long": {}, ` + rates + `}, ` + rates + `}]}`, `model "a": fast: long: above`},
		{head + `{"id": "a", "history": [{"input": 2}], ` + rates + `}]}`, `model "a": history: entry 1: until is missing`},
		{head + `{"id": "a", "history": [{"until": "2026-01-01", "input": -2}], ` + rates + `}]}`, `model "a": history: entry 1: input: -2`},
		{head + `{"id": "a", "history": [{"until": "2026-01-01"}, {"until": "2026-01-01"}], ` + rates + `}]}`, `model "a": history: two entries until 2026-01-01`},
		{strings.Repeat(`[`, 100), "nested deeper"},
	} {
		tab, err := Parse([]byte(c.file))
		if err == nil || tab != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%s): got %v, want an error with %q", c.file, err, c.want)
		}
	}
}

func TestEmbeddedTableHasADateAndSources(t *testing.T) {
	tab := embeddedTable(t)
	if got := tab.Date(); got != "2026-11-22" {
		t.Errorf("date: got %s", got)
	}
	if n := len(tab.Models()); n != 27 {
		t.Errorf("models: got %d, want 27", n)
	}
	for _, r := range tab.Models() {
		all := []Rates{r.Rates}
		if r.Long != nil {
			all = append(all, r.Long.Rates)
		}
		if r.Fast != nil {
			all = append(all, r.Fast.Rates)
		}
		for _, p := range all {
			// Holds for every Claude price known, up to Haiku 3's rounding.
			if !(p.CacheRead < p.Input && p.Input < p.CacheWrite5m && p.CacheWrite5m < p.CacheWrite1h && p.CacheWrite1h < p.Output) {
				t.Errorf("%s: %s: rates out of order", r.ID, show(p))
			}
		}
	}
}

func TestOverrideReplacesAndAddsRows(t *testing.T) {
	base := embeddedTable(t)
	tab, err := base.Override([]byte(`{"models": [
		{"id": "claude-opus-4-6", ` + rates + `},
		{"id": "MiniMax-M2.7", "input": 0.3, "output": 1.2, "cache_write_5m": 0, "cache_write_1h": 0, "cache_read": 0.03},
		{"id": "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", ` + rates + `},
		{"id": "eu.anthropic.claude-opus-5-5", ` + rates + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		model string
		usd   float64
	}{
		{"claude-opus-4-6", 1}, // its long-prompt price is gone too
		{"us.anthropic.claude-opus-4-6-v1", 1},
		{"minimax-m2.7", 0.3},
		{"minimax/MiniMax-M2.7", 0.3},
		{"arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", 1},
		{"eu.anthropic.claude-opus-5-5", 1}, // the row is for this spelling: no surcharge
		{"claude-opus-5-5", 4},
	} {
		got, ok := tab.Cost(c.model, Usage{InputTokens: million}, on("2026-03-01"))
		if !ok || got != c.usd {
			t.Errorf("%s: got %v, %v, want %v", c.model, got, ok, c.usd)
		}
	}
	if tab.Date() != base.Date() {
		t.Errorf("date: got %s, want %s", tab.Date(), base.Date())
	}
	var overridden []string
	for _, r := range tab.Models() {
		if r.Overridden {
			overridden = append(overridden, r.ID)
		}
	}
	want := []string{"MiniMax-M2.7", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "claude-opus-4-6", "eu.anthropic.claude-opus-5-5"}
	if !reflect.DeepEqual(overridden, want) {
		t.Errorf("overridden rows: got %q, want %q", overridden, want)
	}
	if got, _ := base.Cost("claude-opus-4-6", Usage{InputTokens: 100_000}, time.Time{}); got != 0.5 {
		t.Errorf("the base table changed: got %v, want 0.5", got)
	}
}

func TestOverrideErrorsNameTheModel(t *testing.T) {
	_, err := embeddedTable(t).Override([]byte(`{"models": [{"id": "x", "input": -3}]}`))
	if err == nil || !strings.Contains(err.Error(), `price override: model "x": input: -3`) {
		t.Errorf("got %v", err)
	}
}

func TestOverrideMayBeEmpty(t *testing.T) {
	base := embeddedTable(t)
	tab, err := base.Override([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if d := Diff(base, tab); d != nil {
		t.Errorf("got %v, want no change", d)
	}
}

func TestModelsAreTheCallersOwn(t *testing.T) {
	tab := embeddedTable(t)
	rows := tab.Models()
	for i := range rows {
		rows[i].Input = 99
		if rows[i].Long != nil {
			rows[i].Long.Input = 99
		}
		if rows[i].Fast != nil {
			rows[i].Fast.Input = 99
		}
		for j := range rows[i].History {
			rows[i].History[j].CacheRead = 99
		}
	}
	if d := Diff(embeddedTable(t), tab); d != nil {
		t.Errorf("the table changed: %v", d)
	}
}

func TestDiffListsEveryChangeInOrder(t *testing.T) {
	base := embeddedTable(t)
	row := func(extra string) string {
		return `{"id": "claude-opus-5-5", "input": 3, "output": 20, "cache_write_5m": 5, "cache_write_1h": 8, "cache_read": 0.2, "released": "2026-09-22"` + extra + `}`
	}
	tab, err := base.Override([]byte(`{"web_search_per_request": 0.02, "models": [{"id": "zeta", ` + rates + `, "no_geo_surcharge": true}, ` +
		row(`, "history": [{"until": "2026-11-01", "input": 4}]`) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"~ web_search_per_request: 0.01 -> 0.02",
		"~ claude-opus-5-5 input: 4 -> 3",
		"+ claude-opus-5-5 history[2026-11-01].input: 4",
		"+ claude-opus-5-5 history[2026-11-01].output: 20",
		"+ claude-opus-5-5 history[2026-11-01].cache_write_5m: 5",
		"+ claude-opus-5-5 history[2026-11-01].cache_write_1h: 8",
		"+ claude-opus-5-5 history[2026-11-01].cache_read: 0.2",
		"- claude-opus-5-5 fast.input: 8",
		"- claude-opus-5-5 fast.output: 40",
		"- claude-opus-5-5 fast.cache_write_5m: 10",
		"- claude-opus-5-5 fast.cache_write_1h: 16",
		"- claude-opus-5-5 fast.cache_read: 0.4",
		"+ zeta: 1/5/1.25/2/0.1",
		"+ zeta no_geo_surcharge: true",
	}
	var got []string
	for _, c := range Diff(base, tab) {
		got = append(got, c.String())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	back := Diff(tab, base)
	if last := back[len(back)-1].String(); last != "- zeta: 1/5/1.25/2/0.1" {
		t.Errorf("a model that went: got %s", last)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(embedded)
	f.Add([]byte(head + `{"id": "a", ` + rates + `}]}`))
	f.Add([]byte(head + `{"id": "a", "history": [{"until": "2026-01-01"}], "fast": {"long": null, ` + rates + `}, ` + rates + `}]}`))
	f.Add([]byte(`{"models": null}`))
	base := embeddedTable(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, parse := range []func([]byte) (*Table, error){Parse, base.Override} {
			tab, err := parse(b)
			if (tab == nil) != (err != nil) {
				t.Fatalf("%q: got %v and error %v", b, tab, err)
			}
			if err != nil {
				continue
			}
			if d := Diff(tab, tab); d != nil {
				t.Fatalf("%q: differs from itself: %v", b, d)
			}
			for _, r := range tab.Models() {
				usd, ok := tab.Cost(r.ID, Usage{InputTokens: 1, OutputTokens: 1, Speed: "fast"}, time.Time{})
				if !ok || !(usd >= 0) {
					t.Fatalf("%q: %s costs %v, %v", b, r.ID, usd, ok)
				}
			}
		}
	})
}
