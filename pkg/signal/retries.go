package signal

import (
	"fmt"

	"ams/pkg/schema"
)

// An attempt that failed is not paid for, but a person waits; many of them say that the API, the network or a limit is
// the trouble. One or two happen every day.
const (
	leastOfOneCall = 3      // attempts before one call
	leastRetries   = 5      // in a session
	leastWaitMS    = 60_000 // waited for them together
)

func retries(s *schema.Session) []finding {
	var f finding
	var ms int64
	most := 0
	for i := range s.Events {
		e := &s.Events[i]
		if e.LLM == nil || e.LLM.Retries <= 0 {
			continue
		}
		f.events = append(f.events, e)
		f.count += e.LLM.Retries
		most = max(most, e.LLM.Retries)
		ms += e.LLM.RetryMS
	}
	if most < leastOfOneCall && f.count < leastRetries && ms < leastWaitMS {
		return nil
	}
	f.text = fmt.Sprintf("the API failed %s before it answered", times(f.count))
	if ms > 0 {
		f.text += fmt.Sprintf("; the client waited %s", spent(ms))
		f.ms = &ms
	}
	return []finding{f}
}
