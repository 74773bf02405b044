package mcp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"ams/pkg/redact"
	"ams/pkg/schema"
	"ams/pkg/screen"
)

// The errors of a call, in words for whoever asked.
var (
	errTime = errors.New("it took too long: ask for less, with since or other filters")
	errFull = errors.New("the answer is full")
)

// maxError bounds the words of an error in bytes: a store's may quote what a stranger stored.
const maxError = 300

// plain is an error in one short line.
func plain(err error) error {
	text := screen.Line(err.Error())
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "") + "…"
	}
	return errors.New(text)
}

// answer is what a call answers: words of ours, what was recorded, and how to go on.
type answer struct {
	said   string
	quoted bytes.Buffer // what was recorded
	more   string       // "": this is all
}

// add adds a line of what was recorded, and reports false where there is no room for it. A first line
// is cut to the room.
func (a *answer) add(line string) bool {
	line = screen.Text(line)
	if a.quoted.Len() == 0 && len(line) > maxAnswer {
		line = strings.ToValidUTF8(line[:maxAnswer], "") + "… [cut]"
	} else if a.quoted.Len()+len(line)+1 > maxAnswer {
		return false
	}
	a.quoted.WriteString(line)
	a.quoted.WriteByte('\n')
	return true
}

// text is the answer as it is handed over. The fence is longer than any run of its characters in the text.
func (a *answer) text(mask redact.Rules) string {
	if a.quoted.Len() == 0 {
		return strings.TrimSpace(a.said + "\n" + a.more)
	}
	text := redact.New(mask).Text(a.quoted.String())
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n%s%s", schema.QuoteMark, a.said, fence, text, fence)
	if a.more != "" {
		fmt.Fprintf(&b, "\n%s", a.more)
	}
	return b.String()
}

func longestRun(text string, c byte) int {
	longest, run := 0, 0
	for i := range len(text) {
		if run++; text[i] != c {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// slice takes some lines of a text that is written to it, and ends the writing when it has them.
type slice struct {
	answer *answer
	skip   int // lines that are not wanted
	taken  int
	rest   []byte // a line without its end
}

func (s *slice) Write(b []byte) (int, error) {
	s.rest = append(s.rest, b...)
	for {
		line, rest, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		if s.skip > 0 {
			s.skip--
		} else if !s.answer.add(string(line)) {
			return 0, errFull
		} else {
			s.taken++
		}
		s.rest = rest
	}
}

// flush takes a last line without an end.
func (s *slice) flush() {
	if len(s.rest) > 0 {
		s.Write([]byte("\n"))
	}
}
