package assemble

import (
	"reflect"
	"slices"
	"strings"

	"ams/pkg/schema"
)

// Carry returns what may replace the stored Session old, given a fresh assembly of the same session. Where the inputs of fresh cover
// those that old names, that is fresh itself, whole: a better program must be able to correct an older one. Where inputs are gone or
// shrank (clients delete transcripts after 30 days and rewrite long ones, spools are pruned), the events that only they could give are
// carried over by id, and those that both have are completed field by field; provisional ones are never carried. The result names the
// fullest inputs that the session ever had, so carrying over twice changes nothing, and inputs that come back replace it.
//
// status is [Settings.Status]. An old Session that names no inputs was written by another program: fresh replaces it.
func Carry(old, fresh *schema.Session, status schema.Status) *schema.Session {
	if old.Completeness == nil || fresh.Completeness == nil {
		return fresh
	}
	gone := loss{
		transcript: !Covers(fileInputs(fresh.Completeness), fileInputs(old.Completeness)),
		hooks:      !Covers(recordInputs(fresh.Completeness), recordInputs(old.Completeness)),
	}
	if !gone.transcript && !gone.hooks {
		return fresh
	}
	merged := *fresh
	var carried int
	merged.Events, carried = gone.events(old.Events, fresh.Events)
	merged.Completeness = uniteInputs(old.Completeness, fresh.Completeness)
	merged.Completeness.CarriedEvents = carried
	gone.describe(&merged, old, fresh)
	settleTotals(&merged, old, fresh, status)
	return &merged
}

// Inputs is what a Session was made of, by name: records of each event, bytes of each file.
func Inputs(c *schema.Completeness) map[string]int64 {
	in := fileInputs(c)
	for name, n := range recordInputs(c) {
		in[name] = n
	}
	return in
}

func fileInputs(c *schema.Completeness) map[string]int64 {
	in := map[string]int64{}
	for _, f := range c.Files {
		in["file "+f.Name] = f.Bytes
	}
	return in
}

func recordInputs(c *schema.Completeness) map[string]int64 {
	in := map[string]int64{}
	for event, n := range c.Records {
		in["records "+event] = int64(n)
	}
	return in
}

// Covers reports whether inputs hold at least what others did.
func Covers(now, then map[string]int64) bool {
	for name, n := range then {
		if got, ok := now[name]; !ok || got < n {
			return false
		}
	}
	return true
}

// loss says which channel has less than it had.
type loss struct{ transcript, hooks bool }

// events unites the events of both, in the order in which readers find them, and counts those that fresh does not have or has in part.
func (g loss) events(old, fresh []schema.Event) ([]schema.Event, int) {
	at := map[string]int{}
	var out []*event
	for i := range fresh {
		at[fresh[i].ID] = len(out)
		if text := blockedText(fresh[i]); text != "" {
			at[text] = len(out)
		}
		out = append(out, &event{Event: fresh[i]})
	}
	carried := 0
	said := map[string]bool{} // what carried messages said, by thread
	for _, o := range old {
		i, both := at[o.ID]
		if text := blockedText(o); !both && text != "" {
			i, both = at[text]
		}
		switch {
		case o.Provisional:
		case both:
			if filled := completed(out[i].Event, o); !reflect.DeepEqual(filled, out[i].Event) {
				carried++
			}
			out[i].Event = uniteEvents(o, out[i].Event)
		case g.couldGive(o):
			out = append(out, &event{Event: o})
			carried++
			if o.LLM != nil {
				said[o.AgentID+"\x00"+strings.TrimSpace(o.LLM.Text)] = true
			}
		}
	}
	out = slices.DeleteFunc(out, func(e *event) bool { // the real message is back
		return e.Provisional && said[e.AgentID+"\x00"+strings.TrimSpace(e.LLM.Text)]
	})
	return arrange(out), carried
}

// blockedText names a prompt that a hook blocked by its text, "" for any other event: the transcript has no id
// of it, hooks have.
func blockedText(e schema.Event) string {
	if e.Type != schema.UserPrompt || e.Error == nil {
		return ""
	}
	return "blocked prompt " + strings.TrimSpace(e.Prompt)
}

// couldGive reports whether an event that fresh lacks may have come from what is gone: hooks give anything but the model's messages.
func (g loss) couldGive(e schema.Event) bool { return g.transcript || e.Type != schema.LLMMessage }

// uniteEvents completes one event by the other. The old one had more to go by; but what it saw running and fresh saw end, fresh knows
// better.
func uniteEvents(old, fresh schema.Event) schema.Event {
	better, other := old, fresh
	if old.Status == schema.Running && fresh.Status != schema.Running {
		better, other = fresh, old
	}
	if better.Tool != nil && other.Tool != nil && better.Tool.Outcome != other.Tool.Outcome {
		other.Tool, other.Error = nil, nil // an error beside a result would be neither
	}
	return completed(better, other)
}

// completed is e with its absent fields taken from other; its place is e's own.
func completed(e, other schema.Event) schema.Event {
	other.Seq = e.Seq
	if e.LLM != nil && other.LLM != nil && e.LLM.Usage != nil {
		l := *other.LLM // what is said of a usage belongs to it
		if l.OutputUnderReported = false; !reflect.DeepEqual(e.LLM.Usage, l.Usage) {
			l.CostUSD = nil
		}
		other.LLM = &l
	}
	complete(reflect.ValueOf(&e).Elem(), reflect.ValueOf(other))
	return e
}

// complete sets the fields of dst that are absent to those of src.
func complete(dst, src reflect.Value) {
	switch dst.Kind() {
	case reflect.Pointer:
		switch {
		case src.IsNil():
		case dst.IsNil():
			dst.Set(src)
		case dst.Type().Elem().Kind() == reflect.Struct:
			own := reflect.New(dst.Type().Elem()) // the old Session's own value must stay as it is
			own.Elem().Set(dst.Elem())
			complete(own.Elem(), src.Elem())
			dst.Set(own)
		}
	case reflect.Struct:
		switch dst.Interface().(type) {
		case schema.Time, schema.Usage: // one value each: the parts of two usages make none
			if dst.IsZero() {
				dst.Set(src)
			}
			return
		}
		for i := range dst.NumField() {
			complete(dst.Field(i), src.Field(i))
		}
	case reflect.Slice, reflect.Map:
		if dst.Len() == 0 {
			dst.Set(src)
		}
	default:
		if dst.IsZero() {
			dst.Set(src)
		}
	}
}

// arrange links events by their ids and puts them in order.
func arrange(events []*event) []schema.Event {
	byID := map[string]*event{}
	for _, e := range events {
		byID[e.ID] = e
	}
	for _, e := range events {
		e.parent = byID[e.ParentID]
		switch {
		case e.Tool != nil:
			e.asker = byID[e.Tool.LLMEventID]
		case e.Subagent != nil:
			e.asker = byID[e.Subagent.InvocationEventID]
		}
	}
	j := &joiner{events: events}
	return j.place()
}

// uniteInputs names the fullest inputs that the session ever had.
func uniteInputs(old, fresh *schema.Completeness) *schema.Completeness {
	c := *fresh
	c.Records = map[string]int{}
	for _, records := range []map[string]int{old.Records, fresh.Records} {
		for event, n := range records {
			c.Records[event] = max(c.Records[event], n)
		}
	}
	c.Files = slices.Clone(old.Files)
	for _, f := range fresh.Files {
		i := slices.IndexFunc(c.Files, func(o schema.InputFile) bool { return o.Name == f.Name })
		if i < 0 {
			c.Files = append(c.Files, f)
		} else if f.Bytes >= c.Files[i].Bytes {
			c.Files[i] = f
		}
	}
	c.Missing = slices.DeleteFunc(slices.Clone(fresh.Missing), func(m string) bool { return !slices.Contains(old.Missing, m) })
	c.CopiedCalls = max(old.CopiedCalls, fresh.CopiedCalls)
	c.RefusedBills = max(old.RefusedBills, fresh.RefusedBills)
	return &c
}

// describe takes from old what the session is where fresh can no longer know it.
func (g loss) describe(merged, old, fresh *schema.Session) {
	complete(reflect.ValueOf(merged).Elem(), reflect.ValueOf(*old))
	if old.StartTime.Before(merged.StartTime.Time) {
		merged.StartTime = old.StartTime
	}
	news := fresh.EndTime.After(old.EndTime.Time)
	if !news {
		merged.EndTime = old.EndTime
		if old.Completeness.Final {
			merged.Outcome, merged.EndReason = old.Outcome, old.EndReason
		}
	}
	if merged.Outcome != schema.Limited {
		merged.Limit = nil
	}
	if !merged.EndTime.IsZero() {
		ms := merged.EndTime.Sub(merged.StartTime.Time).Milliseconds()
		merged.DurationMS = &ms
	}
	merged.Models = nil // in the order of the events, below
}

// settleTotals sums the united events up.
func settleTotals(merged, old, fresh *schema.Session, status schema.Status) {
	api := merged.Totals.DurationAPIMS
	if o := old.Totals.DurationAPIMS; o != nil && (api == nil || *o > *api) {
		api = o
	}
	merged.Totals = schema.Totals{DurationAPIMS: api}
	j := &joiner{set: Settings{Status: status}}
	j.total(merged)
	uniteCost(merged, old, fresh)
	merged.Status = j.status(merged)
}

// uniteCost takes the greater bill, as bills are cumulative, and the computed cost of what no bill covered.
func uniteCost(merged, old, fresh *schema.Session) {
	cost := schema.Cost{}
	for _, s := range []*schema.Session{fresh, old} {
		if s.Cost == nil {
			continue
		}
		if r := s.Cost.RecordedUSD; r != nil && (cost.RecordedUSD == nil || *r > *cost.RecordedUSD) {
			cost.RecordedUSD, cost.DifferenceUSD, cost.Differences = r, s.Cost.DifferenceUSD, s.Cost.Differences
			cost.RecordedGuess = s.Cost.RecordedGuess
		}
		if cost.PricesDate == "" {
			cost.PricesDate = s.Cost.PricesDate
		}
		cost.OutputUnderReported = cost.OutputUnderReported || s.Cost.OutputUnderReported
		cost.UnpricedModels = append(cost.UnpricedModels, s.Cost.UnpricedModels...)
	}
	computed, calls := 0.0, 0
	for _, e := range merged.Events {
		if e.LLM == nil || e.Provisional {
			continue
		}
		calls++
		if e.LLM.CostUSD != nil {
			computed += *e.LLM.CostUSD
		} else {
			cost.UnknownCalls++
		}
	}
	slices.Sort(cost.UnpricedModels)
	if cost.UnpricedModels = slices.Compact(cost.UnpricedModels); cost.UnknownCalls == 0 {
		cost.UnpricedModels = nil
	}
	if calls > cost.UnknownCalls {
		cost.ComputedUSD = &computed
	}
	switch {
	case cost.RecordedUSD != nil && !cost.RecordedGuess:
		total, known := *cost.RecordedUSD, true
		cost.Source = schema.Recorded
		if uncovered := max(uncoveredUSD(old, &known), uncoveredUSD(fresh, &known)); uncovered > 0 {
			total += uncovered
			cost.Source = schema.Mixed
		}
		if known {
			merged.Totals.CostUSD = &total
		}
	case calls > 0:
		cost.Source = schema.Computed
		if cost.UnknownCalls == 0 {
			merged.Totals.CostUSD = &computed
		}
	}
	merged.Cost = &cost
}

// uncoveredUSD is what a Session's total has beyond its bill; known becomes false where it holds calls of unknown cost.
func uncoveredUSD(s *schema.Session, known *bool) float64 {
	switch {
	case s.Cost == nil || s.Cost.RecordedUSD == nil:
		return 0
	case s.Totals.CostUSD == nil:
		*known = false
		return 0
	}
	return *s.Totals.CostUSD - *s.Cost.RecordedUSD
}
