package story

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// Layout of the terminal, in cells.
const (
	clockCells = 7   // the widest elapsed time: 59m 59s
	proseCells = 110 // longer lines of prose are hard to read
	textCells  = 160 // of a tool's input and output
	minText    = 24  // what rails leave for text
	rail       = "│ "
	nameCells  = 6 // of the names in front of texts: thinks, asked
	rowCells   = 8 // of the names in the header
)

// gap is how long nothing must have happened for the story to say so.
const gap = 10 * time.Minute

// shown is how many lines of a text are shown at its beginning and its end, where it is not told whole. The end of an
// output says how it went.
var shown = map[blockKind]struct{ head, tail int }{
	prose: {40, 5}, thinking: {8, 2}, code: {10, 2}, output: {5, 3}, failure: {8, 4}, removed: {6, 0}, added: {6, 0},
}

// Write tells s for a terminal of o.Cells columns. The errors are those of w.
func Write(w io.Writer, s *schema.Session, o Options) error {
	t := &terminal{writer: writer{Writer: w}, Options: o, session: s, start: o.at(s.StartTime), seq: len(fmt.Sprint(len(s.Events))) + 1}
	if o.Cells <= 0 {
		t.Cells = 80
	}
	sum := schema.Summarize(s)
	if o.Event == 0 {
		t.title()
		t.rows(header(s, sum, o))
		t.text("\n")
	}
	if o.whole() && !o.Outline {
		t.totals(sum)
	}
	switch {
	case o.Summary:
		return t.err
	case o.Outline:
		t.outline()
		return t.err
	}
	n := 0
	newTeller(s, o).passages(func(p *passage) {
		n++
		t.passage(p)
		if o.Event != 0 {
			t.text("\n")
			t.rows(detail(s, p.event, o))
		}
	})
	if n == 0 && o.Event == 0 {
		t.text(t.Paint(screen.Dim, nothingTold(s, o)) + "\n")
	}
	return t.err
}

type terminal struct {
	writer
	Options
	session *schema.Session
	start   time.Time
	seq     int // cells of "#12"
	// unnumbered leaves the numbers out.
	unnumbered bool
	end        time.Time // of the passages so far
	tight      bool      // the last passage had one line
}

func (t *terminal) title() {
	t.text(t.Paint(screen.Bold, screen.Cut(screen.Line(titleOf(t.session)), t.Cells)) + "\n")
	t.text(t.Paint(screen.Dim, screen.Cut("session "+screen.Line(t.session.SessionID), t.Cells)) + "\n\n")
}

// rows sets names and what is to be said of them.
func (t *terminal) rows(rows []row) {
	for _, r := range rows {
		style := screen.Plain
		if r.alarm {
			style = screen.Alarm
		}
		name := screen.Pad(r.name, rowCells) + "  "
		for _, line := range screen.Wrap(screen.Line(r.text), min(t.Cells-4-rowCells, proseCells)) {
			t.text("  " + t.Paint(screen.Dim, name) + t.Paint(style, line) + "\n")
			name = strings.Repeat(" ", rowCells+2)
		}
	}
}

// passage sets one passage: a line with what it is, then its texts, all behind the gutter with number and time.
func (t *terminal) passage(p *passage) {
	t.pause(p)
	rails := t.rails(p.depth)
	cells := t.textRoom() - screen.Width(rail)*t.railCount(p.depth)
	if p.back {
		t.text(t.gutter("", "") + rails + t.Paint(screen.Dim, screen.Cut("… "+screen.Line(p.agent), cells)) + "\n")
	}
	since := sinceStart(t.session, p.event)
	gutter := t.gutter(fmt.Sprintf("#%d", p.event.Seq), since)
	for _, line := range t.head(p, cells) {
		t.text(gutter + rails + line + "\n")
		gutter = t.gutter("", "")
	}
	blank := t.gutter("", "") + rails
	for _, b := range p.blocks {
		for _, line := range t.block(b, cells-2) {
			t.text(strings.TrimRight(blank+"  "+line, " ") + "\n")
		}
	}
	if end := t.at(p.event.EndTime); !p.event.EndTime.IsZero() && end.After(t.end) {
		t.end = end
	}
}

// sinceStart is how long after the session's start an event began, "" where its time is not known.
func sinceStart(s *schema.Session, e *schema.Event) string {
	if e.StartTime.IsZero() || s.StartTime.IsZero() {
		return ""
	}
	return screen.Duration(e.StartTime.Sub(s.StartTime.Time).Milliseconds())
}

// pause sets what stands between two passages: an empty line before what somebody says, and a word where long nothing
// happened.
func (t *terminal) pause(p *passage) {
	at := t.at(p.event.StartTime)
	if idle := at.Sub(t.end); !t.end.IsZero() && !p.event.StartTime.IsZero() && idle >= gap && t.whole() {
		layout := clock
		if at.Format(day) != t.end.Format(day) {
			layout = moment
		}
		t.text("\n" + t.Paint(screen.Dim, "── "+screen.Duration(idle.Milliseconds())+" later, "+at.Format(layout)+" ──") + "\n")
	}
	tight := len(p.blocks) == 0
	if !(tight && t.tight) && !t.end.IsZero() {
		t.text(strings.TrimRight(t.gutter("", "")+t.rails(p.depth), " ") + "\n")
	}
	t.tight = tight
	if at.After(t.end) {
		t.end = at
	}
}

func (t *terminal) gutter(seq, since string) string {
	if t.unnumbered {
		return t.Paint(screen.Dim, screen.PadLeft(since, clockCells)) + "  "
	}
	if seq == "" {
		return strings.Repeat(" ", t.seq+2+clockCells+2)
	}
	return t.Paint(screen.Dim, screen.PadLeft(seq, t.seq)+"  "+screen.PadLeft(since, clockCells)) + "  "
}

// textRoom is what the gutter leaves of the width.
func (t *terminal) textRoom() int {
	if t.unnumbered {
		return t.Cells - clockCells - 2
	}
	return t.Cells - t.seq - 2 - clockCells - 2
}

// railCount is how many rails stand for a depth: in a narrow terminal the deepest subagents share one.
func (t *terminal) railCount(depth int) int {
	return min(depth, max((t.textRoom()-minText)/screen.Width(rail), 0))
}

func (t *terminal) rails(depth int) string {
	return t.Paint(screen.Purple, strings.Repeat(rail, t.railCount(depth)))
}

// head is the first line of a passage: what it is, what it is about, how it ended, and figures. Where that is too
// long for one line, a command becomes a text of its own, and figures get a line of their own.
func (t *terminal) head(p *passage, cells int) []string {
	label, title := screen.Cut(screen.Line(p.label), cells), screen.Line(p.title)
	verdict, facts := strings.ToUpper(screen.Line(p.verdict)), screen.Line(list(" · ", p.facts...))
	fits := func(parts ...string) bool { return screen.Width(list("  ", parts...)) <= cells }
	if p.event.Tool != nil && !p.short && !fits(label, title, verdict, facts) {
		p.blocks = append([]block{{code, "", p.title}}, p.blocks...)
		title = ""
	}
	var second []string
	if facts != "" && !fits(label, title, verdict, facts) {
		for _, line := range screen.Wrap(facts, cells-2) {
			second = append(second, "  "+t.Paint(screen.Dim, line))
		}
		facts = ""
	}
	title = screen.Cut(title, max(cells-screen.Width(list("  ", label, verdict))-2, 0))
	verdict = screen.Cut(verdict, max(cells-screen.Width(list("  ", label, title))-2, 0))
	if p.dim {
		return append([]string{t.Paint(screen.Dim, list("  ", label, title, facts))}, second...)
	}
	first := list("  ", t.Paint(screen.Bold, t.Paint(p.style, label)), title, t.Paint(screen.Alarm, verdict), t.Paint(screen.Dim, facts))
	return append([]string{first}, second...)
}

// block sets one text.
func (t *terminal) block(b block, cells int) []string {
	text := strings.Trim(screen.Text(b.text), "\n")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	first, next, style := "", "", screen.Plain
	width := min(cells, textCells)
	switch b.kind {
	case prose:
		width = min(cells, proseCells)
	case thinking:
		width, style = min(cells, proseCells), screen.Dim
	case output:
		first, next = "└ ", "  "
	case failure:
		first, next, style = "└ ", "  ", screen.Red
	case removed:
		first, next, style = "- ", "- ", screen.Red
	case added:
		first, next, style = "+ ", "+ ", screen.Green
	}
	if b.name != "" {
		name := screen.Pad(screen.Line(b.name), max(screen.Width(screen.Line(b.name)), nameCells))
		first = t.Paint(screen.Dim, name) + "  " + first
		next = strings.Repeat(" ", screen.Width(name)+2) + next
	}
	width = max(width-screen.Width(next), 2)
	lines := t.excerpt(text, width, b.kind)
	out := make([]string, 0, len(lines))
	for i, line := range lines {
		prefix := next
		if i == 0 {
			prefix = first
		}
		if line == "" && b.kind != removed && b.kind != added {
			out = append(out, "")
			continue
		}
		out = append(out, prefix+t.Paint(style, line))
	}
	return out
}

// excerpt wraps a text and, unless all is wanted, keeps its beginning and its end. A text of megabytes is not wrapped
// to count its lines.
func (t *terminal) excerpt(text string, width int, kind blockKind) []string {
	keep := shown[kind]
	if t.Full || t.Event != 0 {
		return screen.Wrap(text, width)
	}
	head, tail := text, ""
	byBytes := len(text) > 16*(keep.head+keep.tail)*width
	if byBytes {
		// Four bytes a character at the most, so each part fills its lines even of the widest script.
		head, tail = cutRunes(text, keep.head*width*4), endRunes(text, keep.tail*width*4)
	}
	lines, last := screen.Wrap(head, width), []string(nil)
	switch {
	case byBytes:
		last = screen.Wrap(tail, width)
	case len(lines) > keep.head+keep.tail+1: // one line is not worth a word about it
		last = lines
	default:
		return lines
	}
	last = last[max(len(last)-keep.tail, 0):]
	word := "… " + screen.Count(len(lines)-keep.head-keep.tail, "more line")
	lines = lines[:min(keep.head, len(lines))]
	if byBytes {
		told := len(strings.Join(lines, "\n")) + len(strings.Join(last, "\n"))
		word = fmt.Sprintf("… %s more", screen.Bytes(int64(max(len(text)-told, 0))))
	}
	return slices.Concat(lines, []string{word}, last)
}

func (t *terminal) totals(sum *schema.Summary) {
	for _, tab := range totals(t.session, sum) {
		t.table(tab)
		t.text("\n")
	}
}

func (t *terminal) table(tab table) {
	widths := make([]int, len(tab.head))
	for _, r := range append([][]string{tab.head}, tab.rows...) {
		for i, cell := range r {
			widths[i] = max(widths[i], screen.Width(screen.Line(cell)))
		}
	}
	rest := 2
	for _, w := range widths[1:] {
		rest += 2 + w
	}
	widths[0] = min(widths[0], max(t.Cells-rest, 12))
	t.text(t.Paint(screen.Dim, screen.Cut(tableLine(tab.head, widths), t.Cells)) + "\n")
	for _, r := range tab.rows {
		t.text(screen.Cut(tableLine(r, widths), t.Cells) + "\n")
	}
}

func tableLine(cells []string, widths []int) string {
	line := "  " + screen.Pad(screen.Line(cells[0]), widths[0])
	for i, cell := range cells[1:] {
		line += "  " + screen.PadLeft(screen.Line(cell), widths[i+1])
	}
	return strings.TrimRight(line, " ")
}
