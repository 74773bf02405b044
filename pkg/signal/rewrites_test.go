package signal

import (
	"testing"
	"time"

	"ams/pkg/schema"
)

// TestAnOldSessionGetsItsRewrites: its calls tell by themselves what was written again, though not for how much.
func TestAnOldSessionGetsItsRewrites(t *testing.T) {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	call := func(minute int, read, written int64) schema.Event {
		at := start.Add(time.Duration(minute) * time.Minute)
		return schema.Event{Type: "llm_call", StartTime: schema.At(at), EndTime: schema.At(at.Add(time.Second)), LLM: &schema.LLM{
			Model: "claude-opus-5-5", Usage: &schema.Usage{CacheReadInputTokens: read, CacheCreationInputTokens: written}}}
	}
	s := &schema.Session{Events: []schema.Event{call(0, 0, 40_000), call(1, 40_000, 500), call(20, 0, 41_000)}}
	if !Old(s) {
		t.Fatal("it is not taken for old")
	}
	ReviewOld(s)
	got := s.Events[2].LLM.CacheRewrite
	if got == nil || got.Tokens != 40_500 || got.Reason != schema.AfterPause || got.CostUSD != nil {
		t.Errorf("got %+v, want 40500 tokens after a pause, without a price", got)
	}
	if s.Events[1].LLM.CacheRewrite != nil || Old(s) {
		t.Error("a call that reads the cache is noted, or the session is still old")
	}
	if sum := schema.Summarize(s); sum.CacheRewrites.Count != 1 || sum.CacheRewrites.Tokens != 40_500 || sum.Signals[schema.SignalCacheRewrite] == 0 {
		t.Errorf("the record says %+v, %v", sum.CacheRewrites, sum.Signals)
	}
}
