package signal

import (
	"fmt"
	"strings"

	"ams/pkg/schema"
)

// What the cache holds costs a tenth to read and more than the whole to write. A call that writes again what was there
// pays ten times over: a person came back after the cache had lived its time, the model was switched, or something at
// the beginning of the prompt changed. The join notes each such call; a small prompt written again is a few cents.

// leastRewritten is how many tokens the calls of a session wrote again together to count.
const leastRewritten = 25_000

func cacheRewrites(s *schema.Session) []finding {
	var f finding
	var tokens int64
	sum, priced := 0.0, true
	why := map[schema.RewriteReason]int{}
	for i := range s.Events {
		e := &s.Events[i]
		if e.LLM == nil || e.LLM.CacheRewrite == nil {
			continue
		}
		r := e.LLM.CacheRewrite
		f.events = append(f.events, e)
		tokens += r.Tokens
		why[r.Reason]++
		if r.CostUSD != nil {
			sum += *r.CostUSD
		} else {
			priced = false
		}
	}
	if tokens < leastRewritten {
		return nil
	}
	var reasons []string
	for _, reason := range []struct {
		kind schema.RewriteReason
		text string
	}{{schema.AfterPause, "after a pause"}, {schema.OtherModel, "by another model"}, {schema.OtherPrefix, "as the beginning had changed"}} {
		if n := why[reason.kind]; n > 0 {
			reasons = append(reasons, fmt.Sprintf("%d %s", n, reason.text))
		}
	}
	f.count = len(f.events)
	f.text = fmt.Sprintf("%s tokens were written into the cache again by %s: %s", number(tokens), counted(f.count, "call"), strings.Join(reasons, ", "))
	if priced {
		f.usd = &sum
	}
	return []finding{f}
}
