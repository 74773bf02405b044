package price

import (
	"math"
	"reflect"
	"testing"
	"time"
)

func on(day string) time.Time {
	t, err := time.Parse(time.RFC3339, day)
	if err != nil {
		t, err = time.Parse(time.DateOnly, day)
	}
	if err != nil {
		panic(err)
	}
	return t
}

// call is one API call of a recorded session: model, input, output, cache read,
// cache creation, of which 1-hour.
type call struct {
	model                     string
	in, out, read, made, hour int64
}

// The totals are what client 2.1.330 itself wrote into cost-state, every digit.
func TestCostsAddUpToTheClientsOwnTotal(t *testing.T) {
	const opus, sonnet = "claude-opus-5-5", "claude-sonnet-5-5"
	for _, c := range []struct {
		session string
		total   float64
		calls   []call
	}{
		{"one message, both cache lifetimes", 0.00362, []call{{opus, 100, 50, 2000, 340, 40}}},
		{"one tool call", 0.022988, []call{{opus, 10, 60, 0, 4000, 0}, {opus, 12, 20, 4000, 100, 0}}},
		{"failing calls", 0.029088000000000003, []call{{opus, 10, 30, 0, 4000, 0}, {opus, 10, 30, 4000, 0, 0},
			{opus, 10, 30, 4000, 0, 0}, {opus, 10, 30, 4000, 0, 0}, {opus, 10, 30, 4000, 0, 0}, {opus, 10, 30, 4000, 0, 0}, {opus, 12, 20, 4000, 0, 0}}},
		{"parallel calls", 0.040628, []call{{opus, 10, 300, 0, 4000, 0}, {opus, 10, 400, 4000, 0, 0}, {opus, 12, 20, 4000, 900, 0}}},
		{"a subagent", 0.039360000000000006, []call{{opus, 10, 60, 0, 4000, 0}, {opus, 5, 70, 0, 2500, 0},
			{opus, 6, 30, 2500, 0, 0}, {opus, 7, 25, 2500, 60, 0}, {opus, 12, 20, 4000, 100, 0}}},
		{"two models", 0.02538, []call{{opus, 12, 20, 0, 4000, 0}, {opus, 10, 60, 4000, 0, 0}, {opus, 12, 20, 4000, 0, 0},
			{sonnet, 10, 60, 4000, 0, 0}, {sonnet, 12, 20, 4000, 0, 0}}},
		{"a workflow", 0.06474, []call{{opus, 10, 60, 0, 4000, 0}, {opus, 12, 20, 4000, 0, 0}, {opus, 5, 70, 0, 2500, 0},
			{opus, 7, 25, 0, 2500, 0}, {opus, 7, 25, 2500, 0, 0}, {opus, 7, 25, 0, 2500, 0}, {opus, 12, 20, 4000, 0, 0}}},
	} {
		tab, sum := embeddedTable(t), 0.0
		for _, k := range c.calls {
			usd, ok := tab.Cost(k.model, Usage{InputTokens: k.in, OutputTokens: k.out, CacheReadInputTokens: k.read,
				CacheCreationInputTokens: k.made, Ephemeral1hInputTokens: k.hour, Ephemeral5mInputTokens: k.made - k.hour,
				Speed: "standard", InferenceGeo: "not_available"}, on("2026-11-22"))
			if !ok {
				t.Fatalf("%s: %s has no price", c.session, k.model)
			}
			sum += usd
		}
		if sum != c.total {
			t.Errorf("%s: got %v, want %v", c.session, sum, c.total)
		}
	}
}

const million = 1_000_000

// Each row prices a million tokens of one kind, so that the figure is the rate.
func TestCostByKindDateSpeedAndPlace(t *testing.T) {
	in, out, read := Usage{InputTokens: million}, Usage{OutputTokens: million}, Usage{CacheReadInputTokens: million}
	made, hour := Usage{CacheCreationInputTokens: million}, Usage{CacheCreationInputTokens: million, Ephemeral1hInputTokens: million}
	fast := func(u Usage) Usage { u.Speed = "fast"; return u }
	us := func(u Usage) Usage { u.InferenceGeo = "us"; return u }
	for _, c := range []struct {
		why, model string
		at         string
		u          Usage
		want       float64
	}{
		{"input", "claude-opus-5-5", "2026-11-22", in, 4},
		{"output", "claude-opus-5-5", "2026-11-22", out, 20},
		{"cache read", "claude-opus-5-5", "2026-11-22", read, 0.2},
		{"writes without a split are 5-minute ones", "claude-opus-5-5", "2026-11-22", made, 5},
		{"1-hour writes", "claude-opus-5-5", "2026-11-22", hour, 8},
		{"more 1-hour writes than writes", "claude-opus-5-5", "2026-11-22", Usage{CacheCreationInputTokens: million, Ephemeral1hInputTokens: 5 * million}, 8},
		{"1-hour writes without writes", "claude-opus-5-5", "2026-11-22", Usage{Ephemeral1hInputTokens: million}, 0},
		{"negative 1-hour writes", "claude-opus-5-5", "2026-11-22", Usage{CacheCreationInputTokens: million, Ephemeral1hInputTokens: -1}, 5},
		{"negative counts", "claude-opus-5-5", "2026-11-22", Usage{InputTokens: -5, OutputTokens: million, CacheReadInputTokens: -1, CacheCreationInputTokens: -9, WebSearchRequests: -3}, 20},
		{"web search", "claude-opus-5-5", "2026-11-22", Usage{WebSearchRequests: 7}, 7 * 0.01},

		{"fast", "claude-opus-5-5", "2026-11-22", fast(hour), 16},
		{"fast by a gateway's name", "anthropic/claude-opus-5.5-fast", "2026-11-22", hour, 16},
		{"fast where the model has none", "claude-sonnet-5-5", "2026-11-22", fast(in), 2},
		{"fast, served after its removal", "claude-opus-4-7", "2026-09-01", fast(in), 30},
		{"speed that is not fast", "claude-opus-5-5", "2026-11-22", Usage{InputTokens: million, Speed: "standard"}, 4},
		{"fast long prompt before 2026-03-13", "claude-opus-4-6", "2026-03-12T23:59:59Z", fast(in), 60},
		{"fast long prompt from 2026-03-13 on", "claude-opus-4-6", "2026-03-13", fast(in), 30},

		{"long prompt before 2026-03-13", "claude-opus-4-6", "2026-03-12T23:59:59.999999999Z", in, 10},
		{"long prompt from 2026-03-13 on", "claude-opus-4-6", "2026-03-13", in, 5},
		{"long prompt, day counted in UTC", "claude-sonnet-4-6", "2026-03-12T23:00:00-02:00", in, 3},
		{"long prompt without an end", "claude-sonnet-4-5", "2026-11-22", in, 6},
		{"long prompt, no time", "claude-opus-4-6", "", in, 5},

		{"history before 2026-10-06", "claude-sonnet-5-5", "2026-10-05T23:59:59Z", read, 0.2},
		{"history, other kinds", "claude-sonnet-5-5", "2026-10-05", in, 2},
		{"history from 2026-10-06 on", "claude-sonnet-5-5", "2026-10-06", read, 0.1},
		{"history, no time", "claude-sonnet-5-5", "", read, 0.1},
		{"before the release", "claude-fable-5-2", "2026-01-01", in, 8},
		{"in the future", "claude-opus-5", "2031-01-01", in, 5},

		{"inference in the US", "claude-opus-4-6", "2026-11-22", us(in), 5 * 1.1},
		{"inference in the US, search", "claude-opus-4-6", "2026-11-22", us(Usage{WebSearchRequests: 1}), 0.01},
		{"inference in the US, older model", "claude-opus-4-5", "2026-11-22", us(in), 5},
		{"inference elsewhere", "claude-opus-4-6", "2026-11-22", Usage{InputTokens: million, InferenceGeo: "global"}, 5},
		{"Bedrock eu.", "eu.anthropic.claude-sonnet-5", "2026-11-22", in, 2 * 1.1},
		{"Bedrock jp.", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "2026-11-22", out, 15 * 1.1},
		{"Bedrock apac., before regional prices", "apac.anthropic.claude-sonnet-4-20250514-v1:0", "2026-11-22", out, 15},
		{"Bedrock us.", "us.anthropic.claude-sonnet-5", "2026-11-22", in, 2},
		{"Bedrock global.", "global.anthropic.claude-sonnet-5", "2026-11-22", in, 2},
		{"Bedrock ARN of a region", "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-5", "2026-11-22", in, 2 * 1.1},
	} {
		at := time.Time{}
		if c.at != "" {
			at = on(c.at)
		}
		got, ok := embeddedTable(t).Cost(c.model, c.u, at)
		if !ok || got != c.want {
			t.Errorf("%s: Cost(%s, %+v, %s): got %v, %v, want %v", c.why, c.model, c.u, c.at, got, ok, c.want)
		}
	}
}

func TestLongPromptIsDecidedByTheWholePrompt(t *testing.T) {
	tab := embeddedTable(t)
	for _, c := range []struct {
		u    Usage
		long bool
	}{
		{Usage{InputTokens: 100_000}, false},
		{Usage{InputTokens: 100_001}, true},
		{Usage{InputTokens: 1, CacheReadInputTokens: 50_000, CacheCreationInputTokens: 50_000}, true},
		{Usage{CacheReadInputTokens: 50_000, CacheCreationInputTokens: 50_000, OutputTokens: million}, false},
		{Usage{InputTokens: -1, CacheReadInputTokens: 100_001}, true},
	} {
		rates := Rates{0.1, 0.5, 0.125, 0.2, 0.01}
		if c.long {
			rates = Rates{0.5, 2.5, 0.625, 1, 0.05}
		}
		got, _ := tab.Cost("claude-haiku-5-5", c.u, on("2026-11-22"))
		if want := c.u.times(rates); got != want {
			t.Errorf("%+v: got %v, want %v", c.u, got, want)
		}
	}
}

func TestLongPromptIsDecidedPerIteration(t *testing.T) {
	tab, at := embeddedTable(t), on("2026-11-22")
	pass := func(in, out, made int64) Iteration {
		return Iteration{Type: "message", InputTokens: in, OutputTokens: out, CacheCreationInputTokens: made}
	}
	short := Rates{0.1, 0.5, 0.125, 0.2, 0.01}
	long := Rates{0.5, 2.5, 0.625, 1, 0.05}
	for _, c := range []struct {
		why  string
		u    Usage
		want float64
	}{
		{"two short ones", Usage{InputTokens: 120_000, OutputTokens: 20, Iterations: []Iteration{pass(60_000, 10, 0), pass(60_000, 10, 0)}},
			2 * Usage{InputTokens: 60_000, OutputTokens: 10}.times(short)},
		{"a short and a long one", Usage{InputTokens: 180_000, OutputTokens: 20, Iterations: []Iteration{pass(60_000, 10, 0), pass(120_000, 10, 0)}},
			Usage{InputTokens: 60_000, OutputTokens: 10}.times(short) + Usage{InputTokens: 120_000, OutputTokens: 10}.times(long)},
		{"sums that do not fit", Usage{InputTokens: 120_000, OutputTokens: 21, Iterations: []Iteration{pass(60_000, 10, 0), pass(60_000, 10, 0)}},
			Usage{InputTokens: 120_000, OutputTokens: 21}.times(long)},
		{"a negative one", Usage{InputTokens: 120_000, Iterations: []Iteration{pass(-60_000, 0, 0), pass(180_000, 0, 0)}},
			Usage{InputTokens: 120_000}.times(long)},
		{"1-hour writes only in the whole", Usage{CacheCreationInputTokens: 150_000, Ephemeral1hInputTokens: 100_000, Ephemeral5mInputTokens: 50_000,
			Iterations: []Iteration{pass(0, 0, 80_000), pass(0, 0, 70_000)}},
			Usage{CacheCreationInputTokens: 80_000, Ephemeral1hInputTokens: 80_000}.times(short) +
				Usage{CacheCreationInputTokens: 70_000, Ephemeral1hInputTokens: 20_000}.times(short)},
		{"a compaction is not counted", Usage{InputTokens: 60_000, Iterations: []Iteration{{Type: "compaction", InputTokens: 900_000}, pass(60_000, 0, 0)}},
			Usage{InputTokens: 60_000}.times(short)},
	} {
		if got, ok := tab.Cost("claude-haiku-5-5", c.u, at); !ok || got != c.want {
			t.Errorf("%s: got %v, %v, want %v", c.why, got, ok, c.want)
		}
	}
}

func TestFallbacksAreBilledAtTheirOwnModel(t *testing.T) {
	tab, at := embeddedTable(t), on("2026-11-22")
	refused := Iteration{Type: "message", Model: "claude-fable-5", CacheCreationInputTokens: 21_874, Ephemeral1hInputTokens: 21_874}
	opus := Iteration{Type: "fallback_message", Model: "claude-opus-4-8", InputTokens: 1000, OutputTokens: 100}
	sonnet := Iteration{Type: "fallback_message", Model: "claude-sonnet-5", InputTokens: 1000, OutputTokens: 100}
	advisor := Iteration{Type: "advisor_message", Model: "claude-fable-5", InputTokens: 1000}
	alien := Iteration{Type: "fallback_message", Model: "glm-5.1", InputTokens: 1000}
	opusUSD := Usage{InputTokens: 1000, OutputTokens: 100}.times(Rates{5, 25, 6.25, 10, 0.5})
	sonnetUSD := Usage{InputTokens: 1000, OutputTokens: 100}.times(Rates{2, 10, 2.5, 4, 0.2})
	top := Usage{InputTokens: 1000, OutputTokens: 100}
	with := func(u Usage, its ...Iteration) Usage { u.Iterations = its; return u }
	refusedTop := Usage{InputTokens: 1000, OutputTokens: 100, Refused: true, WebSearchRequests: 2}
	for _, c := range []struct {
		why, model string
		u          Usage
		want       float64
		unpriced   []string
	}{
		{"one", "claude-fable-5", with(top, refused, opus), opusUSD, nil},
		{"two", "claude-fable-5", with(top, refused, opus, sonnet), opusUSD + sonnetUSD, nil},
		{"the last refused as well", "claude-fable-5", with(refusedTop, refused, opus, sonnet), opusUSD + 2*0.01, nil},
		{"refused without a fallback", "claude-opus-4-8", refusedTop, opusUSD + 2*0.01, nil},
		{"asked of an unknown model", "glm-5.1", with(top, opus), opusUSD, nil},
		{"served by an unknown model", "claude-fable-5", with(top, refused, opus, alien), 0, []string{"glm-5.1"}},
		{"an advisor on top", "claude-opus-4-8", with(top, advisor), opusUSD + 0.01, nil},
		{"an unknown model", "deepseek-chat", with(top, advisor), 0, []string{"deepseek-chat"}},
		{"no model", "<synthetic>", Usage{}, 0, []string{"<synthetic>"}},
	} {
		got, ok := tab.Cost(c.model, c.u, at)
		if got != c.want || ok != (c.unpriced == nil) {
			t.Errorf("%s: got %v, %v, want %v", c.why, got, ok, c.want)
		}
		if names := tab.Unpriced(c.model, c.u); len(names)+len(c.unpriced) > 0 && !reflect.DeepEqual(names, c.unpriced) {
			t.Errorf("%s: unpriced: got %q, want %q", c.why, names, c.unpriced)
		}
	}
}

func TestHugeCountsDoNotOverflow(t *testing.T) {
	huge := int64(math.MaxInt64)
	it := Iteration{Type: "message", InputTokens: huge, OutputTokens: huge, CacheReadInputTokens: huge,
		CacheCreationInputTokens: huge, Ephemeral5mInputTokens: huge, Ephemeral1hInputTokens: huge}
	u := it.usage("fast", "us")
	u.WebSearchRequests = huge
	u.Iterations = []Iteration{it, it, it}
	for _, r := range embeddedTable(t).Models() {
		usd, ok := embeddedTable(t).Cost(r.ID, u, time.Time{})
		if !ok || !(usd > 9e10) || math.IsInf(usd, 0) {
			t.Errorf("%s: got %v, %v", r.ID, usd, ok)
		}
	}
}

func BenchmarkCost(b *testing.B) {
	tab, at := embeddedTable(b), on("2026-11-22")
	for b.Loop() {
		tab.Cost("claude-haiku-4-5-20251001", Usage{InputTokens: 10, OutputTokens: 60, CacheReadInputTokens: 4000}, at)
	}
}

// TestServiceTiers has a batch at half the price of its tokens, with all surcharges and advisors but its searches,
// and tiers without a price.
func TestServiceTiers(t *testing.T) {
	tab := embeddedTable(t)
	u := Usage{
		InputTokens: 1000, OutputTokens: 100, CacheReadInputTokens: 5000, CacheCreationInputTokens: 400, Ephemeral1hInputTokens: 100,
		InferenceGeo: "us", Speed: "fast", Iterations: []Iteration{{Type: iterAdvisor, Model: "claude-fable-5-2", InputTokens: 30, OutputTokens: 4}},
	}
	cost := func(tier string, searches int64) (float64, bool) {
		u.ServiceTier, u.WebSearchRequests = tier, searches
		return tab.Cost("claude-opus-5-5", u, on("2026-11-22"))
	}
	standard, _ := cost("standard", 0)
	for _, test := range []struct {
		tier     string
		searches int64
		want     float64
		ok       bool
	}{
		{"", 0, standard, true}, {"standard", 2, standard + 0.02, true}, {"batch", 0, standard / 2, true}, {"batch", 2, standard/2 + 0.02, true},
		{"priority", 0, 0, false}, {"flex", 2, 0, false}, {"Batch", 0, 0, false},
	} {
		got, ok := cost(test.tier, test.searches)
		if ok != test.ok || math.Abs(got-test.want) > 1e-15 {
			t.Errorf("tier %q, %d searches: got %v, %t, want %v, %t", test.tier, test.searches, got, ok, test.want, test.ok)
		}
		want := []string{"claude-fable-5-2, service tier " + test.tier, "claude-opus-5-5, service tier " + test.tier}
		if test.ok {
			want = nil
		}
		if got := tab.Unpriced("claude-opus-5-5", u); len(got) != len(want) || !reflect.DeepEqual(append([]string(nil), got...), want) {
			t.Errorf("tier %q: unpriced %q, want %q", test.tier, got, want)
		}
	}
	if got := tab.Unpriced("glm-4.7", Usage{ServiceTier: "priority"}); !reflect.DeepEqual(got, []string{"glm-4.7"}) {
		t.Errorf("a model without any price: unpriced %q", got)
	}
}
