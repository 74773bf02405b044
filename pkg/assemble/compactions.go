package assemble

import (
	"fmt"
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// addCompactions makes one event of each compaction: of a boundary line with its PostCompact, of a PostCompact alone,
// or in old clients of a summary line alone.
func (j *joiner) addCompactions() {
	var pre, post []*record
	for i := range j.records {
		switch r := &j.records[i]; r.Event {
		case hook.PreCompact:
			pre = append(pre, r)
		case hook.PostCompact:
			post = append(post, r)
		}
	}
	for _, f := range j.in.Files {
		agentID := ""
		if f.Agent != nil {
			agentID = f.Agent.AgentID
		}
		boundaries := j.boundaries(f.Lines)
		for i, b := range boundaries {
			next := time.Time{}
			if i+1 < len(boundaries) {
				next = boundaries[i+1].at
			}
			if b.trigger != microTrigger {
				b.post, post = takePost(post, agentID, b.at, next)
			}
			j.addCompaction(b, agentID, pre)
		}
	}
	for _, p := range post {
		j.addCompaction(boundary{at: p.at, post: p, trigger: p.Trigger}, p.AgentID, pre)
	}
}

// microTrigger is the trigger of compactions that only clear old tool results; no hook tells of them.
const microTrigger = "micro"

// boundary is one compaction as the transcript has it.
type boundary struct {
	at      time.Time
	trigger string
	meta    transcript.CompactMetadata
	summary string
	post    *record
}

// boundaries finds the compactions of a file, in file order.
func (j *joiner) boundaries(lines []*transcript.Line) []boundary {
	var out []boundary
	open := -1 // a boundary that still waits for its summary
	for _, l := range lines {
		if j.copies.lines[l] {
			continue
		}
		switch {
		case l.Type == "system" && l.Subtype == "compact_boundary":
			b := boundary{at: l.Time}
			if l.CompactMetadata != nil {
				b.meta, b.trigger = *l.CompactMetadata, l.CompactMetadata.Trigger
			}
			out = append(out, b)
			open = len(out) - 1
		case l.Type == "system" && l.Subtype == "microcompact_boundary":
			b := boundary{at: l.Time, trigger: microTrigger}
			if l.MicroMetadata != nil {
				b.meta = *l.MicroMetadata
				b.meta.PostTokens = 0 // not known, unless it is known what was saved
				if b.meta.TokensSaved > 0 {
					b.meta.PostTokens = max(b.meta.PreTokens-b.meta.TokensSaved, 0)
				}
			}
			out = append(out, b)
		case l.Type == "user" && l.IsCompactSummary:
			if open < 0 {
				out = append(out, boundary{at: l.Time})
				open = len(out) - 1
			}
			out[open].summary = textOf(l)
			open = -1
		}
	}
	return out
}

// takePost takes the PostCompact of a boundary: the first that arrived after it and before the next one.
func takePost(post []*record, agentID string, at, next time.Time) (*record, []*record) {
	const slack = time.Second // the line's time is cut to milliseconds, and the hook may be started first
	for i, p := range post {
		if p.AgentID != agentID || p.at.Before(at.Add(-slack)) || (!next.IsZero() && !p.at.Before(next)) {
			continue
		}
		return p, append(append([]*record{}, post[:i]...), post[i+1:]...)
	}
	return nil, post
}

func (j *joiner) addCompaction(b boundary, agentID string, pre []*record) {
	c := &schema.Compacted{
		Trigger: b.trigger, Summary: b.summary, TokensBefore: max(b.meta.PreTokens, 0), TokensAfter: max(b.meta.PostTokens, 0),
	}
	start := b.at.Add(-time.Duration(b.meta.DurationMS * float64(time.Millisecond)))
	if b.post != nil {
		if b.post.CompactSummary != "" {
			c.Summary = b.post.CompactSummary
		}
		if c.Trigger == "" {
			c.Trigger = b.post.Trigger
		}
		for _, p := range pre {
			if b.meta.DurationMS == 0 && p.AgentID == agentID && !p.at.After(b.post.at) {
				start = p.at
			}
		}
	}
	// The trigger is the only thing that both channels have of a compaction; the boundary's uuid only one of them.
	e := &event{Event: schema.Event{
		ID: j.ids.ofText("compaction"+agentID, c.Trigger), Type: schema.Compaction, Name: "compaction", Compaction: c,
		AgentID: agentID, Note: compactionNote(c),
	}}
	if start.Before(b.at) {
		e.span(start, b.at)
	} else {
		e.moment(b.at)
	}
	j.add(e)
}

func compactionNote(c *schema.Compacted) string {
	note := strings.TrimSpace(c.Trigger + " compaction")
	if c.TokensBefore > 0 {
		note += fmt.Sprintf(", %d tokens before", c.TokensBefore)
	}
	if c.TokensAfter > 0 {
		note += fmt.Sprintf(", %d after", c.TokensAfter)
	}
	return note
}
