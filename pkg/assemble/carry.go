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
	gone := lost(old, fresh)
	if !gone.transcript && !gone.hooks {
		return fresh
	}
	return gone.unite(old, fresh, status)
}

// Elsewhere says what a caller knows of where the stored Session came from that may not be of this machine's inputs.
type Elsewhere struct {
	// Others is set where it is known that inputs of another machine are in it. Else they may be.
	Others bool
	// Mentioned tells which of the client's ids, as a tool_use_id, the inputs of the fresh assembly mention.
	Mentioned func(ids map[string]bool) map[string]bool
}

// Unite is [Carry] for a stored Session that may be made of inputs of another machine. Two machines
// that see a part of a session each have inputs of the same names, so that their numbers prove
// nothing: one call here and one call there are two calls. An event that fresh lacks is carried
// over if it has an id of the client that the inputs of fresh do not mention, or no such id and
// fresh is by the same program: with the same inputs that would have found it. What both saw is
// completed field by field. Where old has all of fresh, it is old itself.
//
// more reports whether what is returned has more than fresh.
func Unite(old, fresh *schema.Session, status schema.Status, from Elsewhere) (united *schema.Session, more bool) {
	if old.Completeness == nil || fresh.Completeness == nil {
		return fresh, false
	}
	gone := lost(old, fresh)
	same := from.Others || old.Completeness.ProgramVersion == fresh.Completeness.ProgramVersion
	gone.strange = strangers(old, fresh, same, from.Mentioned)
	covered := !gone.transcript && !gone.hooks
	if covered && !same && len(gone.strange) == 0 {
		return fresh, false
	}
	gone.apart = true
	merged := gone.unite(old, fresh, status)
	more = !covered || !sameStory(merged, fresh)
	switch {
	case same && (status == "" || old.Status == status) && holds(old, fresh):
		return old, more
	case more:
		return merged, true
	}
	return fresh, false
}

// strangers are the ids of the events of old that inputs of another machine gave. same says that
// with the inputs of old, fresh would have all that old has.
func strangers(old, fresh *schema.Session, same bool, mentioned func(map[string]bool) map[string]bool) map[string]bool {
	has := map[string]bool{}
	for _, e := range fresh.Events {
		has[e.ID] = true
	}
	var missing []schema.Event
	ids := map[string]bool{}
	for _, e := range old.Events {
		if !has[e.ID] && !e.Provisional {
			missing = append(missing, e)
			ids[clientID(e)], ids[e.PromptID] = true, true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	known := mentioned(ids)
	out := map[string]bool{}
	for _, e := range missing {
		id, strange := clientID(e), same
		switch {
		case id != "":
			strange = !known[id]
		case fresh.Completeness.CopiedCalls > old.Completeness.CopiedCalls: // it may be known for a copy by now
			strange = same && e.PromptID != "" && !known[e.PromptID]
		}
		if strange {
			out[e.ID] = true
		}
	}
	return out
}

// clientID is the id by which the client knows an event, "" where it gives none.
func clientID(e schema.Event) string {
	switch {
	case e.Tool != nil:
		return e.Tool.ToolUseID
	case e.LLM != nil:
		return e.LLM.MessageID
	case e.Subagent != nil:
		return e.Subagent.AgentID
	}
	return ""
}

// holds reports whether the stored Session has all that fresh has, so that nothing need be stored:
// two machines that look at one session in turn would otherwise write for ever what the other
// knows.
func holds(old, fresh *schema.Session) bool {
	o, f := old.Completeness, fresh.Completeness
	if o.ProgramVersion != f.ProgramVersion || o.Final != f.Final && !fresh.EndTime.Before(old.EndTime.Time) || fresh.EndTime.After(old.EndTime.Time) ||
		fresh.StartTime.Before(old.StartTime.Time) || pricesDate(old) != pricesDate(fresh) {
		return false
	}
	at := map[string]schema.Event{}
	for _, e := range old.Events {
		at[e.ID] = e
	}
	for _, e := range fresh.Events {
		o, ok := at[e.ID]
		if !e.Provisional && (!ok || sawMore(e, o) || !reflect.DeepEqual(completed(o, e), o)) {
			return false
		}
	}
	for _, tag := range fresh.Tags {
		if !slices.Contains(old.Tags, tag) {
			return false
		}
	}
	full := *old
	complete(reflect.ValueOf(&full).Elem(), reflect.ValueOf(*fresh))
	return sameStory(&full, old)
}

func pricesDate(s *schema.Session) string {
	if s.Cost == nil {
		return ""
	}
	return s.Cost.PricesDate
}

// sameStory reports whether uniting added nothing to fresh.
func sameStory(merged, fresh *schema.Session) bool {
	bare := func(s *schema.Session) schema.Session {
		b := *s
		b.Totals, b.Cost, b.Completeness, b.Models, b.Redactions, b.Stored, b.Status = schema.Totals{}, nil, nil, nil, nil, nil, ""
		b.ActiveMS, b.Signals = nil, nil
		return b
	}
	return reflect.DeepEqual(bare(merged), bare(fresh))
}

// lost compares the inputs of both by their numbers.
func lost(old, fresh *schema.Session) loss {
	return loss{
		transcript: !Covers(fileInputs(fresh.Completeness), fileInputs(old.Completeness)),
		hooks:      !Covers(recordInputs(fresh.Completeness), recordInputs(old.Completeness)),
	}
}

// unite is old and fresh in one.
func (g loss) unite(old, fresh *schema.Session, status schema.Status) *schema.Session {
	merged := *fresh
	var carried int
	merged.Events, carried = g.events(old.Events, fresh.Events)
	merged.Completeness = uniteInputs(old.Completeness, fresh.Completeness)
	merged.Completeness.CarriedEvents = carried
	if g.apart {
		merged.Completeness.CarriedEvents = max(carried, old.Completeness.CarriedEvents)
	}
	g.describe(&merged, old, fresh)
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

// loss says which channel has less than it had, and what another machine saw.
type loss struct {
	transcript, hooks bool
	apart             bool            // old is by another machine, or may be
	strange           map[string]bool // events of old that only another machine can have seen
}

// events unites the events of both, in the order in which readers find them, and counts those that fresh does not
// have or has in part.
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
			out[i].Event = g.uniteEvents(o, out[i].Event)
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
	return arrange(settleWarmUps(out)), carried
}

// blockedText names a prompt that a hook blocked by its text, "" for any other event: the transcript has no id
// of it, hooks have.
func blockedText(e schema.Event) string {
	if e.Type != schema.UserPrompt || e.Error == nil {
		return ""
	}
	return "blocked prompt " + strings.TrimSpace(e.Prompt)
}

// couldGive reports whether an event that fresh lacks may have come from what is gone: hooks give anything but the
// model's messages.
func (g loss) couldGive(e schema.Event) bool {
	return g.transcript || g.hooks && e.Type != schema.LLMMessage || g.strange[e.ID]
}

// uniteEvents completes one event by the other. Where inputs are gone the old one had more to go
// by; but what it saw running and fresh saw end, fresh knows better. Of another machine's, that one
// is better that saw more of the event; else this machine's.
func (g loss) uniteEvents(old, fresh schema.Event) schema.Event {
	better, other := old, fresh
	if old.Status == schema.Running && fresh.Status != schema.Running || g.apart && sawMore(fresh, old) ||
		!g.transcript && !g.hooks && !sawMore(old, fresh) {
		better, other = fresh, old
	}
	if better.Tool != nil && other.Tool != nil && better.Tool.Outcome != other.Tool.Outcome {
		asked := *other.Tool // an error beside a result would be neither
		asked.Result, asked.Outcome, asked.IsError = nil, "", false
		other.Tool, other.Error = &asked, nil
	}
	return completed(better, other)
}

// sawMore reports whether a saw more of an event than b: its end, the result of a call, more of an answer.
func sawMore(a, b schema.Event) bool {
	switch {
	case a.Status != b.Status && (a.Status == schema.Running || b.Status == schema.Running):
		return b.Status == schema.Running
	case a.Tool != nil && b.Tool != nil && (len(a.Tool.Result) > 0) != (len(b.Tool.Result) > 0):
		return len(a.Tool.Result) > 0
	case a.LLM != nil && b.LLM != nil:
		return outputTokens(a) > outputTokens(b)
	case a.Subagent != nil && b.Subagent != nil:
		return a.Subagent.LLMCalls > b.Subagent.LLMCalls
	}
	return false
}

func outputTokens(e schema.Event) int64 {
	if e.LLM.Usage == nil {
		return -1
	}
	return e.LLM.Usage.OutputTokens
}

// completed is e with its absent fields taken from other; its place is e's own.
func completed(e, other schema.Event) schema.Event {
	other.Seq = e.Seq
	if e.Subagent != nil && other.Subagent != nil && e.Subagent.Link == schema.LinkNone {
		unlinked := *e.Subagent // a link is known as a whole
		unlinked.Link, unlinked.InvocationEventID = "", ""
		e.Subagent = &unlinked
	}
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
