package assemble

import (
	"slices"
	"sort"
	"strings"
	"time"

	"ams/pkg/hook"
	"ams/pkg/transcript"
)

// Clocks are not to be trusted: one is set back in the middle of a session, the one that hooks see runs ahead
// of the client's, and some times are none. Within one file the order of its lines is true, so before anything
// is collected
//
//  1. a line without a time, or with one that no clock that was set can have shown, gets that of the line
//     before it, or of the first that has one;
//  2. what stands behind a step back is told as if the clock had gone on: its times are moved by the step;
//  3. records are moved likewise, and by what all of them are ahead of, or behind, the lines that tell of the
//     same.
//
// A session whose clock was never touched is not changed. Lines are cloned before they are: they are the
// caller's.

// Bounds of what counts as order and of what as another clock.
const (
	// stepLeast is well above what lines of the conversation were seen to stand out of order by themselves (0.6 s): a
	// smaller step only makes a length zero, but a false one would move every time behind it.
	stepLeast = 10 * time.Second
	// skewLeast is more than what the fastest of several hooks was seen to be late by (0.1 s; single ones by 2 s).
	skewLeast = 2 * time.Second
	// hookSlack is how far hooks may come before or after the lines of one stretch.
	hookSlack = 5 * time.Second
)

// stretch is a part of the main file that one setting of the clock wrote: its times as they stand there, and
// what they are moved by.
type stretch struct {
	from, to time.Time
	shift    time.Duration
}

// settleClocks gives all lines and records times of one clock.
func (j *joiner) settleClocks() {
	var main []stretch
	var anchors map[string]int
	for i := range j.in.Files {
		f := &j.in.Files[i]
		believed := withoutFalseTimes(f.Lines)
		base := time.Duration(0)
		if f.Agent != nil && len(main) > 1 {
			from := 0
			if f.Agent.Meta != nil {
				from = anchors[f.Agent.Meta.ToolUseID]
			}
			base = shiftOf(main, from, firstTime(believed))
		}
		lines, stretches := settle(believed, base, j.otherTime(f), j.copies.lines)
		if f.Agent == nil && main == nil {
			main = stretches
			if len(main) > 1 {
				anchors = anchorsOf(believed, lines)
			}
		}
		j.completed.ClockSteps = max(j.completed.ClockSteps, len(stretches)-1)
		for k, l := range f.Lines {
			if j.copies.lines[l] {
				j.copies.lines[lines[k]] = true
			}
		}
		f.Lines = lines
	}
	j.fillRecords()
	for i := range j.records {
		r := &j.records[i]
		if len(main) > 1 && !r.at.IsZero() {
			r.at = r.at.Add(shiftOf(main, max(anchors[r.ToolUseID], anchors[r.PromptID]), r.at))
		}
	}
	if skew := j.hookSkew(); skew != 0 {
		j.completed.HooksAheadMS = skew.Milliseconds()
		for i := range j.records {
			j.records[i].at = j.records[i].at.Add(-skew)
		}
	}
	if len(main) > 1 {
		sort.SliceStable(j.records, func(a, b int) bool { return j.records[a].at.Before(j.records[b].at) })
	}
}

// The years that a time can be of: clocks that were never set begin in 1970, 1980 or 2000, a time that a
// program left out is of the year 1, and one of a century to come is damage.
const firstYear, lastYear = 2001, 2099

// believable reports whether a clock that was set can have shown a time.
func believable(t time.Time) bool { return t.UTC().Year() >= firstYear && t.UTC().Year() <= lastYear }

// withoutFalseTimes returns the lines, those whose time is not to be believed without one.
func withoutFalseTimes(lines []*transcript.Line) []*transcript.Line {
	isFalse := func(l *transcript.Line) bool { return !l.Time.IsZero() && !believable(l.Time) }
	within := func(l *transcript.Line) bool { // of a subagent's line
		n := l.Nested()
		return n != nil && isFalse(n)
	}
	if !slices.ContainsFunc(lines, func(l *transcript.Line) bool { return isFalse(l) || within(l) }) {
		return lines
	}
	lines = slices.Clone(lines)
	for i, l := range lines {
		m := *l
		if isFalse(l) {
			m.Time = time.Time{}
		}
		if within(l) {
			data, nested := *l.Data, *l.Data.Message
			nested.Timestamp = 0
			data.Message, m.Data = &nested, &data
		}
		lines[i] = &m
	}
	return lines
}

// otherTime is what a file without any time is told to be of: the first record's, else that of its last change.
func (j *joiner) otherTime(f *transcript.File) time.Time {
	for _, r := range j.records {
		if !r.at.IsZero() {
			return r.at
		}
	}
	if believable(f.ModTime) {
		return f.ModTime.Truncate(time.Microsecond)
	}
	return time.Time{}
}

// spoken reports whether a line is of the conversation: these are written in order.
func spoken(l *transcript.Line) bool {
	return (l.Type == "user" || l.Type == "assistant") && !l.Time.IsZero()
}

// needsTime reports whether a line of its type has a time, and this one has not.
func needsTime(l *transcript.Line) bool {
	switch l.Type {
	case "user", "assistant", "system", "attachment", "progress":
		return l.Time.IsZero()
	}
	return false
}

// settle returns the lines with times of one clock, moved by shift at their beginning, and the stretches that they
// were written in. Where no line has a time all get the other one. What a fork copied is older than what it wrote
// before: no step.
func settle(lines []*transcript.Line, shift time.Duration, other time.Time, copied map[*transcript.Line]bool) ([]*transcript.Line, []stretch) {
	steps := stepsBack(lines, shift, copied)
	if shift == 0 && len(steps) == 0 && !slices.ContainsFunc(lines, needsTime) {
		return lines, []stretch{{}}
	}
	out := make([]*transcript.Line, len(lines))
	stretches := []stretch{{shift: shift}}
	last := beforeFirst(lines, other)
	for i, l := range lines {
		if by, ok := steps[i]; ok {
			shift += by
			stretches = append(stretches, stretch{shift: shift})
		}
		if !l.Time.IsZero() {
			s := &stretches[len(stretches)-1]
			earliest(&s.from, l.Time)
			if l.Time.After(s.to) {
				s.to = l.Time
			}
		}
		at := l.Time
		if needsTime(l) && !last.IsZero() {
			at = last.Add(tick)
		}
		out[i] = moved(l, at, shift)
		if !at.IsZero() {
			last = at
		}
	}
	return out, stretches
}

// tick is what lines are apart whose order alone is known: the least that a Session can tell.
const tick = time.Microsecond

// beforeFirst is a time from which the lines that come before any time can be told in ticks; other where no
// line has one.
func beforeFirst(lines []*transcript.Line, other time.Time) time.Time {
	for i, l := range lines {
		if !l.Time.IsZero() {
			return l.Time.Add(-tick * time.Duration(i+1))
		}
	}
	if other.IsZero() {
		return other
	}
	return other.Add(-tick)
}

// moved is the line with a time by the clock that the file began with.
func moved(l *transcript.Line, at time.Time, shift time.Duration) *transcript.Line {
	if shift == 0 && at.Equal(l.Time) {
		return l
	}
	m := *l
	if !at.IsZero() {
		m.Time = at.Add(shift)
	}
	if m.StartTimeMS != 0 {
		rare := *l.Rare // lines share them
		rare.StartTimeMS += float64(shift.Milliseconds())
		m.Rare = &rare
	}
	return &m
}

// stepsBack finds the lines before which the clock was set back, and by how much: no time is taken to have
// passed over it. A line that is out of order by itself, with later ones behind it, is none.
func stepsBack(lines []*transcript.Line, shift time.Duration, copied map[*transcript.Line]bool) map[int]time.Duration {
	var steps map[int]time.Duration
	var high, end time.Time // the latest time of the conversation, and of all lines before next
	next := 0               // the line behind the last one of the conversation
	for i, l := range lines {
		if !spoken(l) || copied[l] {
			continue
		}
		behind := func(l *transcript.Line) bool { return l.Time.Add(shift).Before(high.Add(-stepLeast)) }
		if behind(l) && staysBehind(lines[i+1:], shift, high, copied) {
			first := i
			for first > next && behind(lines[first-1]) {
				first--
			}
			end = latest(end, lines[next:first], shift)
			if steps == nil {
				steps = map[int]time.Duration{}
			}
			steps[first] = end.Add(tick).Sub(firstTime(lines[first:]).Add(shift))
			shift += steps[first]
			next = first
		}
		end = latest(end, lines[next:i+1], shift)
		if at := l.Time.Add(shift); at.After(high) {
			high = at
		}
		next = i + 1
	}
	return steps
}

// latest is the latest of a time and of those on lines, moved.
func latest(at time.Time, lines []*transcript.Line, shift time.Duration) time.Time {
	for _, l := range lines {
		if t := l.Time.Add(shift); !l.Time.IsZero() && t.After(at) {
			at = t
		}
	}
	return at
}

// staysBehind reports whether the next line of the conversation, if there is one, is before a time, too.
func staysBehind(lines []*transcript.Line, shift time.Duration, high time.Time, copied map[*transcript.Line]bool) bool {
	for _, l := range lines {
		if spoken(l) && !copied[l] {
			return l.Time.Add(shift).Before(high)
		}
	}
	return true
}

// firstTime is the first time on the lines.
func firstTime(lines []*transcript.Line) time.Time {
	for _, l := range lines {
		if !l.Time.IsZero() {
			return l.Time
		}
	}
	return time.Time{}
}

// shiftOf is what a time of another channel is moved by: of the first stretch from one on that it falls into,
// else of the nearest.
func shiftOf(stretches []stretch, from int, at time.Time) time.Duration {
	best, least := stretches[from].shift, time.Duration(-1)
	for _, s := range stretches[from:] {
		away := max(s.from.Sub(at), at.Sub(s.to), 0)
		if away <= hookSlack {
			return s.shift
		}
		if least < 0 || away < least {
			best, least = s.shift, away
		}
	}
	return best
}

// anchorsOf finds the stretches in which calls and prompts first stand, by their ids.
func anchorsOf(lines, settled []*transcript.Line) map[string]int {
	anchors := map[string]int{}
	at, shift := 0, time.Duration(0)
	for i, l := range lines {
		if !l.Time.IsZero() {
			if by := settled[i].Time.Sub(l.Time); by != shift {
				at, shift = at+1, by
			}
		}
		see := func(id string) {
			if _, seen := anchors[id]; !seen && id != "" {
				anchors[id] = at
			}
		}
		see(l.PromptID)
		if l.Message != nil {
			for _, b := range l.Message.Content.Blocks {
				see(b.ID)
			}
		}
	}
	return anchors
}

// fillRecords gives records whose time is none that of the next one that has one, else the main file's first.
func (j *joiner) fillRecords() {
	next := firstTime(j.mainLines())
	for i := len(j.records) - 1; i >= 0; i-- {
		if r := &j.records[i]; r.at.IsZero() {
			r.at = next
		} else {
			next = r.at
		}
	}
}

// hookSkew is how far all hooks are ahead of the lines that tell of the same, below zero where they are behind;
// 0 where the clocks agree or nothing tells. A call's PreToolUse comes soon after its line and never before, a
// prompt's hook at about the time of its line.
func (j *joiner) hookSkew() time.Duration {
	if len(j.records) == 0 {
		return 0
	}
	told := map[string]time.Time{}
	tell := func(key string, at time.Time) {
		if _, twice := told[key]; twice {
			at = time.Time{}
		}
		told[key] = at
	}
	for _, f := range j.in.Files {
		for _, l := range f.Lines {
			if !spoken(l) || l.Message == nil {
				continue
			}
			if p := promptOf(l); p != nil && f.Agent == nil {
				tell("prompt "+strings.TrimSpace(p.text), l.Time)
			}
			for _, b := range l.Message.Content.Blocks {
				if b.Type == "tool_use" && b.ID != "" {
					tell("call "+b.ID, l.Time)
				}
			}
		}
	}
	var least, most time.Duration
	pairs := 0
	for _, r := range j.records {
		key := ""
		switch r.Event {
		case hook.UserPromptSubmit:
			key = "prompt " + strings.TrimSpace(r.Prompt)
		case hook.PreToolUse:
			key = "call " + r.ToolUseID
		}
		at := told[key]
		if at.IsZero() || r.at.IsZero() {
			continue
		}
		by := r.at.Sub(at)
		if pairs == 0 {
			least, most = by, by
		}
		least, most = min(least, by), max(most, by)
		pairs++
	}
	switch {
	case pairs > 0 && least > skewLeast:
		return least
	case pairs > 0 && most < -skewLeast:
		return most
	}
	return 0
}

// earliest keeps the earlier time that is one.
func earliest(have *time.Time, t time.Time) {
	if !t.IsZero() && (have.IsZero() || t.Before(*have)) {
		*have = t
	}
}
