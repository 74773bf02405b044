package story

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// row is one line of the header: what it is about, and what is to be said.
type row struct {
	name  string
	text  string
	alarm bool
}

// titleOf is what a session is called: its title, else the first that was asked of it.
func titleOf(s *schema.Session) string {
	if s.Title != "" {
		return s.Title
	}
	if asked := s.FirstAsked(); asked != "" {
		return asked
	}
	return "a session without a prompt"
}

// header says what a reader wants to know before the story begins.
func header(s *schema.Session, sum *schema.Summary, o Options) []row {
	rows := []row{
		outcomeRow(s),
		{name: "time", text: timeText(s, o)},
		{name: "agent", text: list(" ", s.Agent.Name, s.Agent.Version) + prefixed(" in ", s.Environment)},
		{name: "runs as", text: s.MainAgent},
		{name: "project", text: s.Cwd + prefixed(", branch ", s.GitBranch)},
		{name: "client", text: clientText(s)},
		{name: "models", text: strings.Join(s.Models, ", ")},
		{name: "work", text: workText(&s.Totals)},
		{name: "active", text: activeText(s, sum)},
		{name: "cost", text: costText(s)},
		{name: "tokens", text: tokenText(s.Totals.Usage)},
		{name: "cache", text: cacheText(s, sum)},
		{name: "parent", text: s.ParentSessionID},
		{name: "tags", text: strings.Join(s.Tags, ", ")},
		{name: "metadata", text: metadataText(s)},
		{name: "masked", text: maskedText(s.Redactions)},
		{name: "missing", text: missingText(s.Completeness)},
	}
	rows = append(rows, signalRows(s)...)
	return slices.DeleteFunc(rows, func(r row) bool { return r.text == "" })
}

func outcomeRow(s *schema.Session) row {
	r := row{name: "outcome", text: string(s.Outcome)}
	if s.Outcome == "" {
		r.text = string(s.Status)
	}
	if s.Limit != nil {
		r.text += " (" + limitText(s.Limit) + ")"
	}
	if s.EndReason != "" && s.EndReason != "other" {
		r.text += " (" + strings.ReplaceAll(s.EndReason, "_", " ") + ")"
	}
	if s.Totals.Errors > 0 {
		r.text += ", " + screen.Count(s.Totals.Errors, "error")
	}
	switch s.Outcome {
	case schema.FailedTurn, schema.Interrupted, schema.Limited, schema.Abandoned:
		r.alarm = true
	}
	return r
}

// limitText says which bound stopped the session.
func limitText(l *schema.Limit) string {
	if l.Kind == schema.MaxBudgetUSD {
		return fmt.Sprintf("budget %s, spent %s", screen.Exactly(l.Max), screen.Exactly(l.Used))
	}
	return fmt.Sprintf("%s, %g allowed", strings.ReplaceAll(string(l.Kind), "_", " "), l.Max)
}

func timeText(s *schema.Session, o Options) string {
	start := o.at(s.StartTime)
	text := start.Format(moment)
	if !s.EndTime.IsZero() {
		end := o.at(s.EndTime)
		layout := clock
		if end.Format(day) != start.Format(day) {
			layout = moment
		}
		text += " – " + end.Format(layout)
	}
	text += " " + start.Format("MST")
	if s.DurationMS != nil {
		text += ", " + screen.Duration(*s.DurationMS)
	}
	if api := s.Totals.DurationAPIMS; api != nil {
		text += ", " + screen.Duration(*api) + " of it in the API"
	}
	return text
}

func clientText(s *schema.Session) string {
	text := ""
	if c := s.Client; c != nil {
		text = list(" ", c.Name, c.Version)
		if c.Entrypoint != "" {
			text += " (" + c.Entrypoint + ")"
		}
	}
	return strings.TrimPrefix(text+prefixed(" on ", s.Host)+prefixed(", user ", s.User), ", ")
}

func workText(t *schema.Totals) string {
	calls := screen.Count(t.LLMCalls, "model call")
	if t.WarmUpCalls > 0 {
		calls += fmt.Sprintf(" (%s of them the client's own warm-ups)", screen.Number(int64(t.WarmUpCalls)))
	}
	text := calls + ", " + screen.Count(t.ToolCalls, "tool call")
	if t.Subagents > 0 {
		text += ", " + screen.Count(t.Subagents, "subagent")
	}
	if t.NumTurns != nil {
		text = screen.Count(*t.NumTurns, "prompt") + ", " + text
	}
	return text
}

// activeText is how long model and tools were at work, and how long a person was waited for.
func activeText(s *schema.Session, sum *schema.Summary) string {
	var parts []string
	if s.ActiveMS != nil {
		parts = append(parts, screen.Duration(*s.ActiveMS)+" at work")
	}
	if n := sum.Approvals; n.Count > 0 {
		parts = append(parts, fmt.Sprintf("%s waited for %s", screen.Duration(n.MS), count(n.Count, "approval", "approvals")))
	}
	if n := sum.Retries; n.Count > 0 {
		text := count(n.Count, "retry", "retries")
		if n.MS > 0 {
			text = screen.Duration(n.MS) + " lost to " + text
		}
		parts = append(parts, text)
	}
	if sum.Compactions > 0 {
		parts = append(parts, screen.Count(sum.Compactions, "compaction"))
	}
	return strings.Join(parts, ", ")
}

// cacheText is how much of the input the cache had, and what was paid again for it.
func cacheText(s *schema.Session, sum *schema.Summary) string {
	share := cached(s.Totals.Usage)
	if share == "-" || share == "?" {
		return ""
	}
	text := share + " of the input was cached"
	if n := sum.CacheRewrites; n.Count > 0 {
		text += fmt.Sprintf("; %s of %s tokens", count(n.Count, "rewrite", "rewrites"), screen.Short(n.Tokens))
		if n.CostUSD > 0 {
			text += " cost " + screen.Money(n.CostUSD)
		}
	}
	if sum.PeakContext != nil {
		text += "; the context reached " + screen.Short(*sum.PeakContext)
	}
	return text
}

// smallestGap is what a difference of two sums must have to be more than rounding, in US dollars.
const smallestGap = 0.0000005

// costText is the cost and where it comes from: a sum that nobody can check is worth little.
func costText(s *schema.Session) string {
	c := s.Cost
	if s.Totals.CostUSD == nil {
		return "not known" + uncounted(s) + unpriced(c)
	}
	text := screen.Exactly(*s.Totals.CostUSD)
	if c == nil {
		return text
	}
	switch c.Source {
	case schema.Recorded:
		text += ", the client's own bill"
	case schema.Mixed:
		text += ", part of it computed"
		if c.RecordedUSD != nil {
			text = fmt.Sprintf("%s: %s on the client's bill, %s computed for what no bill covers", screen.Exactly(*s.Totals.CostUSD),
				screen.Exactly(*c.RecordedUSD), screen.Exactly(*s.Totals.CostUSD-*c.RecordedUSD))
		}
	case schema.Computed:
		text += ", computed"
	}
	if c.Source != schema.Recorded && c.PricesDate != "" {
		text += " (prices of " + c.PricesDate + ")"
	}
	switch d := c.DifferenceUSD; {
	case d == nil || c.RecordedGuess:
		text += guess(c)
	case *d > smallestGap:
		text += "; " + screen.Exactly(*d) + " of it in no message" + prefixed(": ", gapText(c.Differences))
	case *d < -smallestGap:
		text += "; " + screen.Exactly(-*d) + " less than the messages cost" + prefixed(": ", gapText(c.Differences))
	}
	return text + lowOutput(c) + unpriced(c)
}

func lowOutput(c *schema.Cost) string {
	if !c.OutputUnderReported {
		return ""
	}
	return "; the client wrote down too little output"
}

func gapText(gaps []schema.CostGap) string {
	var out []string
	for _, g := range gaps {
		text := strings.ReplaceAll(g.Reason, "_", " ")
		if g.USD != nil {
			text += " " + screen.Exactly(*g.USD)
		}
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// uncounted says how much of a cost that is not known is known.
func uncounted(s *schema.Session) string {
	c := s.Cost
	if c == nil || c.UnknownCalls == 0 {
		return ""
	}
	text := fmt.Sprintf(" of %s of %s", screen.Number(int64(c.UnknownCalls)), screen.Count(s.Totals.LLMCalls, "call"))
	if least := max(schema.OrZero(c.ComputedUSD), schema.OrZero(c.RecordedUSD)); least > 0 && !c.RecordedGuess {
		text += "; at least " + screen.Exactly(least)
	}
	return text + guess(c)
}

// guess says why a bill does not count.
func guess(c *schema.Cost) string {
	if !c.RecordedGuess || c.RecordedUSD == nil {
		return ""
	}
	return "; the client's bill of " + screen.Exactly(*c.RecordedUSD) + " guesses the price of a model"
}

func unpriced(c *schema.Cost) string {
	if c == nil || len(c.UnpricedModels) == 0 {
		return ""
	}
	return "; without " + strings.Join(c.UnpricedModels, ", ") + ", whose price is not known"
}

func tokenText(u schema.Usage) string {
	var parts []string
	for _, p := range []struct {
		n          int64
		name, what string
	}{
		{u.InputTokens, schema.InputTokens, "in"}, {u.CacheReadInputTokens, schema.CacheReadTokens, "from cache"},
		{u.CacheCreationInputTokens, schema.CacheCreationTokens, "into cache"}, {u.OutputTokens, schema.OutputTokens, "out"},
	} {
		switch {
		case slices.Contains(u.Unknown, p.name):
			parts = append(parts, screen.AtLeast(screen.Number(p.n), p.n)+" "+p.what)
		case p.n > 0 || p.what == "in" || p.what == "out":
			parts = append(parts, screen.Number(p.n)+" "+p.what)
		}
	}
	return strings.Join(parts, ", ")
}

func metadataText(s *schema.Session) string {
	var parts []string
	for name, value := range s.Metadata {
		parts = append(parts, name+"="+rawText(value))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

func maskedText(redactions map[string]int) string {
	var parts []string
	for kind, n := range redactions {
		parts = append(parts, fmt.Sprintf("%d %s", n, kind))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

// missingText says what the story lacks.
func missingText(c *schema.Completeness) string {
	if c == nil {
		return ""
	}
	parts := []string{}
	for _, m := range c.Missing {
		parts = append(parts, "all "+m)
	}
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{c.CallsWithoutResult, "result of a call", "results of calls"},
		{c.AgentsWithoutFile, "subagent's file", "subagents' files"},
		{c.UnparsedLines, "line that is no JSON", "lines that are no JSON"},
		{c.UnreadableRecords, "hook payload that is no JSON", "hook payloads that are no JSON"},
		{c.RefusedBills, "believable bill of the client", "believable bills of the client"},
		{c.CutRecords, "hook payload's end", "hook payloads' ends"},
	} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.one, p.many))
		}
	}
	if c.ProvisionalTail {
		parts = append(parts, "the usage of the last message")
	}
	if c.CarriedEvents > 0 {
		parts = append(parts, count(c.CarriedEvents, "event's source (kept from before)", "events' sources (kept from before)"))
	}
	return strings.Join(parts, ", ")
}

// list joins what is not empty.
func list(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), sep)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
