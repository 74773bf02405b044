package price

import (
	"strings"
	"testing"
	"time"
)

func embeddedTable(t testing.TB) *Table {
	t.Helper()
	tab, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// matchTable holds every spelling that clients, clouds and gateways are known to
// use; an empty id means that the model has no price.
var matchTable = []struct{ model, id string }{
	// The API and the client.
	{"claude-opus-4-5-20251101", "claude-opus-4-5"},
	{"claude-opus-4-6", "claude-opus-4-6"},
	{"claude-sonnet-5", "claude-sonnet-5"},
	{"claude-sonnet-5-5", "claude-sonnet-5-5"},
	{"claude-opus-5", "claude-opus-5"},
	{"claude-opus-5-5", "claude-opus-5-5"},
	{"claude-opus-5-5[1m]", "claude-opus-5-5"},
	{"claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"},
	{"claude-sonnet-4-20250514[2m]", "claude-sonnet-4-0"},
	{"claude-opus-4-20250514", "claude-opus-4-0"},
	{"claude-opus-4", "claude-opus-4-0"},
	{"claude-opus-4-0", "claude-opus-4-0"},
	{"claude-sonnet-4", "claude-sonnet-4-0"},
	{"claude-opus-4-1-20250805", "claude-opus-4-1"},
	{"claude-haiku-4-5-20251001", "claude-haiku-4-5"},
	{"claude-haiku-5-5", "claude-haiku-5-5"},
	{"claude-fable-5", "claude-fable-5"},
	{"claude-fable-5-1", "claude-fable-5-1"},
	{"claude-fable-5-2", "claude-fable-5-2"},
	{"claude-fable-5-20260609", "claude-fable-5"},
	{"claude-mythos-5-2", "claude-mythos-5-2"},
	{"claude-3-7-sonnet-20250219", "claude-3-7-sonnet"},
	{"claude-3-7-sonnet-latest", "claude-3-7-sonnet"},
	{"claude-3-5-haiku-20241022", "claude-3-5-haiku"},
	{"claude-3-haiku-20240307", "claude-3-haiku"},
	{"claude-3-opus-20240229", "claude-3-opus"},
	{"Claude-Opus-4-6", "claude-opus-4-6"},
	{" claude-opus-4-6\n", "claude-opus-4-6"},

	// Amazon Bedrock.
	{"us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"},
	{"us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"},
	{"us.anthropic.claude-opus-4-7", "claude-opus-4-7"},
	{"eu.anthropic.claude-sonnet-5", "claude-sonnet-5"},
	{"apac.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-0"},
	{"jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"},
	{"au.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"},
	{"us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"},
	{"global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"},
	{"global.anthropic.claude-opus-4-6-v1[1m]", "claude-opus-4-6"},
	{"anthropic.claude-opus-4-8", "claude-opus-4-8"},
	{"anthropic.claude-3-sonnet-20240229-v1:0:28k", "claude-3-sonnet"},
	{"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"},
	{"arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"},
	{"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", ""},
	{"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/claude-opus-4-6", ""},
	{"mars.anthropic.claude-opus-4-6", ""},

	// Google Vertex AI.
	{"claude-opus-4-5@20251101", "claude-opus-4-5"},
	{"claude-opus-4@20250514", "claude-opus-4-0"},
	{"claude-opus-4-6@default", "claude-opus-4-6"},
	{"claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet"},
	{"projects/p/locations/global/publishers/anthropic/models/claude-opus-5-5", "claude-opus-5-5"},

	// Foundry, Mantle, gateways.
	{"claude-opus-4-5", "claude-opus-4-5"},
	{"anthropic/claude-opus-4.8", "claude-opus-4-8"},
	{"claude-opus-4.8", "claude-opus-4-8"},
	{"claude-sonnet-4.5", "claude-sonnet-4-5"},
	{"openrouter/anthropic/claude-3.7-sonnet:thinking", "claude-3-7-sonnet"},
	{"anthropic/claude-opus-4.6-fast", "claude-opus-4-6"},
	{"claude-4-5-sonnet", "claude-sonnet-4-5"},
	{"claude-4-opus", "claude-opus-4-0"},
	{"claude-4-sonnet-20250514", "claude-sonnet-4-0"},
	{"claude-haiku-3-5", "claude-3-5-haiku"},

	// Names without a version: what they meant depends on day, plan and provider.
	{"opus", ""},
	{"sonnet", ""},
	{"haiku", ""},
	{"fable", ""},
	{"best", ""},
	{"opusplan", ""},
	{"default", ""},
	{"sonnet[1m]", ""},
	{"~anthropic/claude-fable-latest", ""},
	{"claude-opus", ""},

	// Versions that the table does not hold are not priced as their neighbours.
	{"claude-opus-5-7", ""},
	{"claude-opus-4-9", ""},
	{"claude-opus-6", ""},
	{"claude-haiku-4", ""},
	{"claude-2.1", ""},
	{"claude-instant-1.2", ""},
	{"claude-opus-5-experimental", ""},
	{"claude-opus-4-5-distill-8b", ""},
	{"claude-opus-55", ""},
	{"claude-opus-4-5x", ""},
	{"myclaude-opus-4-5", ""},

	// Other vendors.
	{"deepseek-v4-pro", ""},
	{"MiniMax-M2.7", ""},
	{"glm-4.7", ""},
	{"qwen3-coder-plus", ""},
	{"nvidia/nemotron-3-super-120b-a12b-20230311:free", ""},

	// No model.
	{"<synthetic>", ""},
	{"", ""},
	{"[1m]", ""},
	{"/", ""},
	{"claude-opus-5-5\x00", ""},
}

func TestMatchKnowsEverySpelling(t *testing.T) {
	tab := embeddedTable(t)
	for _, c := range matchTable {
		id, ok := tab.Match(c.model)
		if id != c.id || ok != (c.id != "") {
			t.Errorf("Match(%q): got %q, %v, want %q", c.model, id, ok, c.id)
		}
	}
}

func TestMatchFindsEveryRowByItsID(t *testing.T) {
	tab := embeddedTable(t)
	for _, r := range tab.Models() {
		for _, model := range []string{r.ID, strings.ToUpper(r.ID), r.ID + "-20260101", "global.anthropic." + r.ID + "-v1:0", r.ID + "[1m]"} {
			if id, ok := tab.Match(model); id != r.ID || !ok {
				t.Errorf("Match(%q): got %q, %v, want %q", model, id, ok, r.ID)
			}
		}
	}
}

// Every model in 4,707 published transcripts of 134 client versions is either
// priced or here.
func TestModelsInTheWildArePricedOrNamed(t *testing.T) {
	unknown := map[string]bool{
		"<synthetic>": true, "deepseek-v4-pro": true, "deepseek-v4-flash": true, "deepseek-reasoner": true,
		"deepseek-chat": true, "MiniMax-M2.7": true, "MiniMax-M3": true, "glm-4.7": true, "glm-5.1": true,
		"glm-4.5-air": true, "nvidia/nemotron-3-super-120b-a12b-20230311:free": true,
	}
	tab := embeddedTable(t)
	for _, model := range []string{
		"claude-opus-4-5-20251101", "claude-opus-4-6", "claude-sonnet-4-5-20250929", "deepseek-v4-pro",
		"claude-haiku-4-5-20251001", "claude-sonnet-4-20250514", "deepseek-v4-flash", "claude-opus-4-1-20250805",
		"claude-fable-5", "claude-opus-4-8", "MiniMax-M2.7", "<synthetic>", "claude-sonnet-5", "claude-sonnet-4-6",
		"claude-opus-5", "deepseek-reasoner", "claude-opus-4-7", "glm-4.7", "MiniMax-M3", "deepseek-chat",
		"claude-opus-4-20250514", "glm-5.1", "claude-opus-4.8", "nvidia/nemotron-3-super-120b-a12b-20230311:free",
		"glm-4.5-air", "claude-haiku-4-5-20250929", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2",
	} {
		usd, ok := tab.Cost(model, Usage{InputTokens: 1000}, time.Time{})
		if ok == unknown[model] || ok != (usd > 0) {
			t.Errorf("%s: got %v USD, priced %v, want the opposite", model, usd, ok)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, c := range matchTable {
		f.Add(c.model)
	}
	tab := embeddedTable(f)
	f.Fuzz(func(t *testing.T, model string) {
		id, ok := tab.Match(model)
		if ok == (id == "") {
			t.Fatalf("Match(%q): got %q, %v", model, id, ok)
		}
		if !ok {
			return
		}
		if again, _ := tab.Match(id); again != id {
			t.Fatalf("Match(%q) is %q, which matches as %q", model, id, again)
		}
		if usd, ok := tab.Cost(model, Usage{InputTokens: 1}, time.Time{}); !ok || usd <= 0 {
			t.Fatalf("Cost(%q): got %v, %v", model, usd, ok)
		}
	})
}
