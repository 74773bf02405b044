package transcript

import (
	"reflect"
	"testing"

	"ams/pkg/lax"
)

func usageOf(c Counts) *Usage {
	return &Usage{Counts: c, WebSearches: Absent, ThinkingTokens: Absent, Terms: &noTerms}
}

// TestCountsTellAbsentFromZero holds that a count is a whole number that a call can have, or says why it is none.
func TestCountsTellAbsentFromZero(t *testing.T) {
	for in, want := range map[string]Count{
		`0`: 0, `12`: 12, `12.0`: 12, `1e3`: 1000, `"12"`: 12, `-0`: 0, `1099511627776`: 1 << 40,
		`null`: Absent,
		`-1`:   Unreadable, `-2`: Unreadable, `1.5`: Unreadable, `"1.5"`: Unreadable, `9223372036854775807`: Unreadable,
		`9223372036854775808`: Unreadable, `1e18`: Unreadable, `1e300`: Unreadable, `1e999`: Unreadable, `-1e999`: Unreadable,
		`""`: Unreadable, `"many"`: Unreadable, `"NaN"`: Unreadable, `"Infinity"`: Unreadable, `true`: Unreadable, `[1]`: Unreadable, `{}`: Unreadable,
		`1099511627777`: Unreadable,
	} {
		var u Usage
		if err := lax.Unmarshal([]byte(`{"input_tokens":`+in+`,"speed":"fast"}`), &u); err != nil {
			t.Fatalf("input_tokens %s: %v", in, err)
		}
		if u.Input != want || u.Output != Absent || u.Speed != "fast" {
			t.Errorf("input_tokens %s gives %d, output %d, speed %q; want %d, %d, fast", in, u.Input, u.Output, u.Speed, want, Absent)
		}
	}
}

func TestUsageIsReadInAllItsParts(t *testing.T) {
	in := `{"input_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":5,"other":[1]},"output_tokens":2,"cache_read_input_tokens":3,
		"server_tool_use":{"web_search_requests":4,"x":{}},"output_tokens_details":{"thinking_tokens":-4},"service_tier":"batch",
		"inference_geo":7,"iterations":[{"type":"message","input_tokens":1.5,"cache_creation":null},"x",null,{"model":"m","output_tokens":8}]}`
	want := Usage{
		Counts: Counts{1, 2, 3, Absent, Absent, 5}, WebSearches: 4, ThinkingTokens: Unreadable, Terms: &Terms{ServiceTier: "batch"},
		Iterations: []Iteration{
			{Counts: Counts{Unreadable, Absent, Absent, Absent, Absent, Absent}, Type: "message"},
			{Counts: noCounts}, {Counts: noCounts},
			{Counts: Counts{Absent, 8, Absent, Absent, Absent, Absent}, Model: "m"},
		},
	}
	var got Usage
	if err := lax.Unmarshal([]byte(in), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Unmarshal(%s)\n got %+v\nwant %+v", in, got, want)
	}
}

// TestBillSaysWhatCannotBe has numbers that no bill may have: they are told apart from those that are not there.
func TestBillSaysWhatCannotBe(t *testing.T) {
	for in, want := range map[string]ModelUsage{
		`{"inputTokens":3,"costUSD":0.5}`:              {InputTokens: 3, CostUSD: 0.5},
		`{"inputTokens":null,"outputTokens":1.5}`:      {OutputTokens: -1},
		`{"cacheReadInputTokens":-7,"costUSD":"free"}`: {CacheReadTokens: -1, CostUSD: -1},
		`{"costUSD":1e999}`:                            {CostUSD: -1},
		`{"costUSD":-3}`:                               {CostUSD: -3},
		`7`:                                            {CostUSD: -1},
	} {
		var got ModelUsage
		if err := lax.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("Unmarshal(%s) = %+v, %v, want %+v", in, got, err, want)
		}
	}
}
