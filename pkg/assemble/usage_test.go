package assemble_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
)

// sessionOf assembles transcript lines: what stands in for a line with a message is its message alone.
func sessionOf(t *testing.T, lines ...string) *schema.Session {
	t.Helper()
	const id = "aaaaaaaa-0000-4000-8000-000000000001"
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s.jsonl --\n", id)
	for i, l := range lines {
		if strings.HasPrefix(l, `{"id"`) {
			l = fmt.Sprintf(`{"type":"assistant","uuid":"%08d-0000-4000-8000-000000000000","timestamp":"2026-11-26T10:00:%02dZ","sessionId":"%s",`+
				`"version":"2.1.332","message":%s}`, i, i, id, l)
		}
		b.WriteString(strings.ReplaceAll(l, "SESSION", id) + "\n")
	}
	in, set := readCase(t, txtar.Parse([]byte(b.String())))
	checkSane(t, in, set)
	s := assemble.Session(in, set)
	schematest.Validate(t, encode(t, s))
	return s
}

// answer is a message that says something, with a usage as it stands in the file.
func answer(id, usage string) string {
	return `{"id":"` + id + `","model":"claude-opus-5-5","stop_reason":"end_turn","content":[{"type":"text","text":"hi"}]` + usage + `}`
}

// TestUnknownUsageIsNotNothing holds which usages have a cost: those that say all, or from which all can be inferred.
func TestUnknownUsageIsNotNothing(t *testing.T) {
	for _, test := range []struct {
		name, usage string
		unknown     string // names, or "all" for no usage at all
		usd         float64
	}{
		{"absent", ``, "all", 0},
		{"null", `,"usage":null`, "all", 0},
		{"empty", `,"usage":{}`, "all", 0},
		{"text", `,"usage":"12 tokens"`, "all", 0},
		{"all zero", `,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_input_tokens":0,"cache_creation_input_tokens":0}`, "all", 0},
		{"nulls", `,"usage":{"input_tokens":null,"output_tokens":null}`, "all", 0},
		{"all below zero", `,"usage":{"input_tokens":-1,"output_tokens":-1}`, "all", 0},
		{"whole", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":0,"cache_creation_input_tokens":0}`, "", 0.006},
		{"without a cache", `,"usage":{"input_tokens":1000,"output_tokens":100}`, "", 0.006},
		{"cache null", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":null,"cache_creation":null}`, "", 0.006},
		{"input alone", `,"usage":{"input_tokens":1000}`, "output_tokens", 0},
		{"output alone", `,"usage":{"output_tokens":100}`, "input_tokens", 0},
		{"no prompt", `,"usage":{"input_tokens":0,"output_tokens":100}`, "input_tokens", 0},
		{"no answer", `,"usage":{"input_tokens":1000,"output_tokens":0}`, "output_tokens", 0},
		{"half of a cache", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":5}`, "cache_creation_input_tokens", 0},
		{"below zero", `,"usage":{"input_tokens":-1000,"output_tokens":100}`, "input_tokens", 0},
		{"fraction", `,"usage":{"input_tokens":1000,"output_tokens":10.5}`, "output_tokens", 0},
		{"too large", `,"usage":{"input_tokens":9223372036854775808,"output_tokens":100}`, "input_tokens", 0},
		{"a cache below zero", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":-5,"cache_creation_input_tokens":0}`,
			"cache_read_input_tokens", 0},
		{"split without a total", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":0,` +
			`"cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":1000}}`, "", 0.019},
		{"split beside a total of zero", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,` +
			`"cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":1000}}`, "", 0.019},
		{"total without a split", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":0,"cache_creation_input_tokens":1000}`,
			"", 0.011},
		{"total and one part", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":0,"cache_creation_input_tokens":2000,` +
			`"cache_creation":{"ephemeral_5m_input_tokens":1000}}`, "", 0.019},
		{"half a split", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":0,` +
			`"cache_creation":{"ephemeral_1h_input_tokens":1000}}`, "cache_creation_input_tokens", 0},
		{"a split that cannot be", `,"usage":{"input_tokens":1000,"output_tokens":100,"cache_read_input_tokens":0,"cache_creation_input_tokens":2000,` +
			`"cache_creation":{"ephemeral_5m_input_tokens":0.5,"ephemeral_1h_input_tokens":-7}}`, "cache_creation", 0},
		{"batch", `,"usage":{"input_tokens":1000,"output_tokens":100,"service_tier":"batch"}`, "", 0.003},
	} {
		s := sessionOf(t, answer("msg_01a", test.usage))
		e := s.Events[0].LLM
		got := "all"
		if e.Usage != nil {
			got = strings.Join(e.Usage.Unknown, " ")
		}
		switch {
		case got != test.unknown:
			t.Errorf("%s: unknown %q, want %q", test.name, got, test.unknown)
		case test.unknown == "" && (e.CostUSD == nil || math.Abs(*e.CostUSD-test.usd) > 1e-12 || s.Cost.UnknownCalls != 0):
			t.Errorf("%s: cost %s, want %v", test.name, said(e.CostUSD), test.usd)
		case test.unknown != "" && (e.CostUSD != nil || s.Totals.CostUSD != nil || s.Cost.ComputedUSD != nil || s.Cost.UnknownCalls != 1 ||
			len(s.Totals.Usage.Unknown) == 0):
			t.Errorf("%s: cost %s in total %s, computed %s, %d unknown, tokens unknown %v", test.name, said(e.CostUSD), said(s.Totals.CostUSD),
				said(s.Cost.ComputedUSD), s.Cost.UnknownCalls, s.Totals.Usage.Unknown)
		}
	}
}

func said(p *float64) string {
	b, _ := json.Marshal(p)
	return string(b)
}

const wholeUsage = `,"usage":{"input_tokens":1000,"output_tokens":100}`

func TestServiceTierWithoutAPriceIsNamed(t *testing.T) {
	s := sessionOf(t, answer("msg_01a", wholeUsage), answer("msg_01b", `,"usage":{"input_tokens":1000,"output_tokens":100,"service_tier":"priority"}`))
	if got := strings.Join(s.Cost.UnpricedModels, "; "); got != "claude-opus-5-5, service tier priority" {
		t.Errorf("unpriced %q", got)
	}
	if s.Totals.CostUSD != nil || said(s.Cost.ComputedUSD) != "0.006" || s.Cost.UnknownCalls != 1 {
		t.Errorf("total %s, computed %s, %d unknown", said(s.Totals.CostUSD), said(s.Cost.ComputedUSD), s.Cost.UnknownCalls)
	}
}

func TestIterationsThatCannotBeHaveNoPrice(t *testing.T) {
	for iterations, known := range map[string]bool{
		`[]`: true,
		`[{"type":"message","input_tokens":1000,"output_tokens":100}]`: true,
		`[{"type":"message"}]`:                                               true,
		`[{"type":"compaction","input_tokens":5}]`:                           true,
		`[{"type":"message","input_tokens":-1000}]`:                          false,
		`[{"type":"message","output_tokens":1e300}]`:                         false,
		`[{"type":"fallback_message"}]`:                                      false,
		`[{"type":"fallback_message","input_tokens":5}]`:                     false,
		`[{"type":"fallback_message","input_tokens":5,"output_tokens":1.5}]`: false,
		`[{"type":"fallback_message","input_tokens":5,"output_tokens":5}]`:   true,
		`[{"type":"advisor_message","input_tokens":5,"output_tokens":null}]`: false,
	} {
		s := sessionOf(t, answer("msg_01a", `,"usage":{"input_tokens":1000,"output_tokens":100,"iterations":`+iterations+`}`))
		if got := s.Totals.CostUSD != nil; got != known {
			t.Errorf("iterations %s: cost %s", iterations, said(s.Totals.CostUSD))
		}
	}
}

// TestPlaceholdersAreDecidedByTheMessage has an output count that is final where any line of the message says why it
// stopped.
func TestPlaceholdersAreDecidedByTheMessage(t *testing.T) {
	line := func(id, stop string) string {
		return `{"id":"` + id + `","model":"claude-opus-5-5","stop_reason":` + stop + `,"content":[{"type":"text","text":"hi"}]` + wholeUsage + `}`
	}
	for _, test := range []struct {
		lines []string
		want  string
	}{
		{[]string{line("msg_01a", `null`)}, "true"},
		{[]string{line("msg_01a", `null`), line("msg_01a", `"end_turn"`)}, "false"},
		{[]string{line("msg_01a", `"tool_use"`), line("msg_01a", `null`)}, "false"},
		{[]string{line("msg_01a", `null`), line("msg_01b", `"end_turn"`)}, "true false"},
		{[]string{line("msg_01a", `"end_turn"`), line("msg_01b", `null`)}, "false true"},
	} {
		for _, version := range []string{"2.0.10", "2.1.20", "2.1.92", "2.1.332"} {
			var lines []string
			for i, l := range test.lines {
				lines = append(lines, fmt.Sprintf(`{"type":"assistant","uuid":"%d","timestamp":"2026-11-26T10:00:0%dZ","version":"%s","message":%s}`, i, i, version, l))
			}
			s := sessionOf(t, lines...)
			var got []string
			for _, e := range s.Events {
				got = append(got, fmt.Sprint(e.LLM.OutputUnderReported))
			}
			if strings.Join(got, " ") != test.want || s.Cost.OutputUnderReported != strings.Contains(test.want, "true") {
				t.Errorf("%s, %d lines: %v, in all %t; want %s", version, len(lines), got, s.Cost.OutputUnderReported, test.want)
			}
		}
	}
}

// TestBillsThatCannotBeAreRefused counts them and computes instead.
func TestBillsThatCannotBeAreRefused(t *testing.T) {
	for total, refused := range map[string]bool{
		`0.5`: false, `0`: false, `-5`: true, `-0.001`: true, `1e300`: true, `1e6`: true, `1e999`: true, `null`: true, `"NaN"`: true, `"0.5"`: true, `{}`: true,
	} {
		s := sessionOf(t, answer("msg_01a", wholeUsage), `{"type":"cost-state","sessionId":"SESSION","totalCostUSD":`+total+`,"totalAPIDuration":5,`+
			`"modelUsage":{"claude-opus-5-5":{"inputTokens":1000,"outputTokens":100,"costUSD":0.5}}}`)
		if got := s.Completeness.RefusedBills == 1 && s.Cost.RecordedUSD == nil && said(s.Totals.CostUSD) == "0.006"; got != refused {
			t.Errorf("totalCostUSD %s: %d refused, total %s, cost %+v", total, s.Completeness.RefusedBills, said(s.Totals.CostUSD), s.Cost)
		}
	}
	for _, part := range []string{
		`"modelUsage":{"claude-opus-5-5":{"costUSD":-1}}`, `"modelUsage":{"m":{"costUSD":1e999}}`, `"modelUsage":{"m":{"inputTokens":-4}}`,
		`"modelUsage":{"m":{"outputTokens":9223372036854775808}}`, `"modelUsage":{"m":"free"}`, `"totalAPIDuration":-1`, `"totalAPIDuration":1e300`,
	} {
		s := sessionOf(t, answer("msg_01a", wholeUsage), `{"type":"cost-state","sessionId":"SESSION","totalCostUSD":0.5,`+part+`}`)
		if s.Completeness.RefusedBills != 1 || s.Cost.RecordedUSD != nil || said(s.Totals.CostUSD) != "0.006" {
			t.Errorf("%s: %d refused, total %s", part, s.Completeness.RefusedBills, said(s.Totals.CostUSD))
		}
	}
}

const bill = `{"type":"cost-state","sessionId":"SESSION","totalCostUSD":0.5,"totalAPIDuration":5,"modelUsage":{"claude-opus-5-5":{"inputTokens":9000,` +
	`"outputTokens":900,"costUSD":0.5}}}`

// TestBillCoversWhatNobodyCounted has a call of unknown usage before a bill, and one behind it.
func TestBillCoversWhatNobodyCounted(t *testing.T) {
	s := sessionOf(t, answer("msg_01a", ``), answer("msg_01b", wholeUsage), bill)
	if said(s.Totals.CostUSD) != "0.5" || s.Cost.Source != schema.Recorded || s.Cost.UnknownCalls != 1 || len(s.Totals.Usage.Unknown) != 4 {
		t.Errorf("covered: total %s, cost %+v, tokens %+v", said(s.Totals.CostUSD), s.Cost, s.Totals.Usage)
	}
	if len(s.Cost.Differences) != 1 || s.Cost.Differences[0].Reason != "unknown_cost" || len(s.Cost.Differences[0].EventIDs) != 1 {
		t.Errorf("covered: differences %+v", s.Cost.Differences)
	}
	s = sessionOf(t, answer("msg_01a", wholeUsage), bill, answer("msg_01b", ``))
	if s.Totals.CostUSD != nil || s.Cost.Source != schema.Mixed || said(s.Cost.RecordedUSD) != "0.5" || s.Cost.UnknownCalls != 1 {
		t.Errorf("behind the bill: total %s, cost %+v", said(s.Totals.CostUSD), s.Cost)
	}
}

// TestBillThatGuessesSetsNoTotal has a model that the client had no price for, and charged at a default.
func TestBillThatGuessesSetsNoTotal(t *testing.T) {
	guess := strings.Replace(bill, `"totalCostUSD"`, `"hasUnknownModelCost":true,"totalCostUSD"`, 1)
	s := sessionOf(t, answer("msg_01a", wholeUsage), guess)
	if !s.Cost.RecordedGuess || said(s.Cost.RecordedUSD) != "0.5" || said(s.Totals.CostUSD) != "0.006" || s.Cost.Source != schema.Computed {
		t.Errorf("known to the table: total %s, cost %+v", said(s.Totals.CostUSD), s.Cost)
	}
	s = sessionOf(t, strings.Replace(answer("msg_01a", wholeUsage), "claude-opus-5-5", "glm-4.7", 1), guess)
	if s.Totals.CostUSD != nil || strings.Join(s.Cost.UnpricedModels, " ") != "glm-4.7" {
		t.Errorf("unknown to both: total %s, cost %+v", said(s.Totals.CostUSD), s.Cost)
	}
}
