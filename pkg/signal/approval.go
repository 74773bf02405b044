package signal

import (
	"fmt"

	"ams/pkg/schema"
)

// An agent that waits for a permission does nothing, and nobody may know that it waits. A rule in the settings would let
// it go on. Some seconds are a person who reads what they permit.
const (
	longWaitMS = 5 * 60_000  // for one permission
	allWaitsMS = 15 * 60_000 // for all of a session
)

func approvals(s *schema.Session) []finding {
	var waited, long []*schema.Event
	var sum int64
	for i := range s.Events {
		e := &s.Events[i]
		if e.Tool == nil || e.Tool.ApprovalMS == nil || *e.Tool.ApprovalMS <= 0 {
			continue
		}
		waited = append(waited, e)
		sum += *e.Tool.ApprovalMS
		if *e.Tool.ApprovalMS >= longWaitMS {
			long = append(long, e)
		}
	}
	switch {
	case len(long) > 0:
		waited, sum = long, 0
		for _, e := range long {
			sum += *e.Tool.ApprovalMS
		}
	case sum < allWaitsMS:
		return nil
	}
	text := fmt.Sprintf("%s waited %s for a person's permission, first: %s", counted(len(waited), "call"), spent(sum), named(waited[0].Tool))
	return []finding{{count: len(waited), text: text, events: waited, ms: &sum}}
}
