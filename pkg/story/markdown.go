package story

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"ams/pkg/schema"
	"ams/pkg/screen"
)

// Markdown tells s as a page of Markdown (CommonMark with GitHub's tables): for an issue, a review or a chat. Its
// prose is the session's own and may be Markdown itself; it stands in quotes, so that no heading of it becomes one of
// the page.
func Markdown(w io.Writer, s *schema.Session, o Options) error {
	m := &markdown{Options: o, session: s}
	m.writer.Writer = &m.page
	sum := schema.Summarize(s)
	if o.Event == 0 {
		m.text("# " + inline(cutRunes(screen.Line(titleOf(s)), 200)) + "\n\n")
		m.rows(append([]row{{name: "session", text: s.SessionID}}, header(s, sum, o)...))
	}
	if o.whole() && !o.Outline {
		for _, t := range totals(s, sum) {
			m.table(t)
		}
	}
	told, left := false, 0
	newTeller(s, o).passages(func(p *passage) {
		told = true
		if left > 0 || o.Summary || o.Outline {
			left++
			return
		}
		before := m.mark()
		m.passage(p)
		if m.over(o.Max) {
			m.back(before)
			left++
		}
		if o.Event != 0 {
			m.rows(detail(s, p.event, o))
		}
	})
	if !told && o.Event == 0 {
		m.text("*" + nothingTold(s, o) + "*\n\n")
	}
	switch {
	case o.Outline:
		m.outline()
	case left > 0 && !o.Summary:
		m.leftOut(left, "event")
	}
	if m.err == nil {
		_, m.err = w.Write(firstRunes(m.page.Bytes(), o.Max))
	}
	return m.err
}

// firstRunes is the beginning of a page, at most so many characters, which a header alone may have more of; all of it for 0.
func firstRunes(page []byte, most int) []byte {
	for at := 0; most > 0 && at < len(page); most-- {
		_, size := utf8.DecodeRune(page[at:])
		if at += size; most == 1 {
			return page[:at]
		}
	}
	return page
}

// leftOut says what does not fit.
func (m *markdown) leftOut(n int, what string) {
	m.text(fmt.Sprintf("\n*%s left out: a page has at most %s characters; --max allows more*\n", screen.Count(n, "more "+what), screen.Number(int64(m.Max))))
}

// note is what the word about what was left out takes.
const note = 200

// over reports whether a page is longer than so many characters, the word about that with it. What was counted is not
// counted again.
func (m *markdown) over(most int) bool {
	m.runes += utf8.RuneCount(m.page.Bytes()[m.counted:])
	m.counted = m.page.Len()
	return most > 0 && m.runes > most-note
}

// mark is how long the page is, and back takes away what came after that, which has been counted.
func (m *markdown) mark() int { return m.page.Len() }

func (m *markdown) back(to int) {
	if m.counted > to {
		m.runes -= utf8.RuneCount(m.page.Bytes()[to:m.counted])
		m.counted = to
	}
	m.page.Truncate(to)
}

type markdown struct {
	writer
	Options
	page    bytes.Buffer
	counted int // bytes of the page whose characters are in runes
	runes   int
	session *schema.Session
}

// pageCells is the width by which long texts are cut; nothing is wrapped.
const pageCells = 160

func (m *markdown) rows(rows []row) {
	m.text("| | |\n|---|---|\n")
	for _, r := range rows {
		m.text("| " + r.name + " | " + inline(r.text) + " |\n")
	}
	m.text("\n")
}

func (m *markdown) passage(p *passage) {
	since := sinceStart(m.session, p.event)
	head := fmt.Sprintf("**#%d** %s **%s**", p.event.Seq, since, inline(p.label))
	if p.agent != "" {
		head += " in " + inline(p.agent)
	}
	if title := screen.Line(p.title); title != "" {
		if p.event.Tool != nil {
			head += " " + codeSpan(title)
		} else {
			head += " " + inline(title)
		}
	}
	if p.verdict != "" {
		head += " **" + strings.ToUpper(inline(p.verdict)) + "**"
	}
	if facts := list(" · ", p.facts...); facts != "" {
		head += " (" + inline(facts) + ")"
	}
	m.text(head + "\n\n")
	for _, b := range p.blocks {
		m.block(b)
	}
}

func (m *markdown) block(b block) {
	text := strings.Trim(screen.Text(b.text), "\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	if !m.Full && m.Event == 0 {
		text = m.excerpt(text, b.kind)
	}
	if b.name != "" {
		m.text("*" + inline(b.name) + "*\n\n")
	}
	switch b.kind {
	case prose, thinking:
		m.text("> " + strings.ReplaceAll(unmentioned(text), "\n", "\n> ") + "\n\n")
	case removed:
		m.fenced("diff", "- "+strings.ReplaceAll(text, "\n", "\n- "))
	case added:
		m.fenced("diff", "+ "+strings.ReplaceAll(text, "\n", "\n+ "))
	default:
		m.fenced("", text)
	}
}

// excerpt cuts a text by its own lines, or by its size where they are long.
func (m *markdown) excerpt(text string, kind blockKind) string {
	lines := strings.Split(text, "\n")
	keep := shown[kind]
	if len(lines) > keep.head+keep.tail+1 {
		word := "… " + screen.Count(len(lines)-keep.head-keep.tail, "more line")
		text = strings.Join(lines[:keep.head], "\n") + "\n" + word + "\n" + strings.Join(lines[len(lines)-keep.tail:], "\n")
	}
	if most := (keep.head + keep.tail + 1) * pageCells; len(text) > most {
		text = cutRunes(text, most) + "\n… " + screen.Bytes(int64(len(text)-most)) + " more"
	}
	return text
}

func (m *markdown) fenced(lang, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.text(fence + lang + "\n" + text + "\n" + fence + "\n\n")
}

func (m *markdown) head(names []string) {
	m.text("| " + strings.Join(names, " | ") + " |\n|---" + strings.Repeat("|--:", len(names)-1) + "|\n")
}

func (m *markdown) table(t table) {
	m.head(t.head)
	for _, r := range t.rows {
		m.row(r)
	}
	m.text("\n")
}

func (m *markdown) row(r []string) {
	cells := make([]string, len(r))
	for i, cell := range r {
		cells[i] = inline(cell)
	}
	m.text("| " + strings.Join(cells, " | ") + " |\n")
}

// unmentioned keeps a name behind an @ from being told of it, where the page is put into an issue: a space without width
// stands between them.
func unmentioned(s string) string { return strings.ReplaceAll(s, "@", "@\u200b") }

// inline makes one line of a text in which no character means anything to Markdown.
func inline(s string) string {
	var b strings.Builder
	for _, r := range screen.Line(s) {
		if strings.ContainsRune("\\`*_[]<>|#~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// codeSpan sets a line as code, in more backquotes than it has in a row.
func codeSpan(s string) string {
	mark := "`"
	for strings.Contains(s, mark) {
		mark += "`"
	}
	if len(mark) == 1 {
		return mark + s + mark
	}
	return mark + " " + s + " " + mark
}
