// Package redact replaces secrets and personal data in free text by masks, and leaves everything else as it is.
//
// Secrets are keys with known prefixes, private keys, JSON web tokens, credentials in headers, URLs, command lines and
// assignments. Personal data are e-mail addresses, phone numbers, payment cards and US social security
// numbers. A team adds patterns of its own with [ParseRules].
//
// A mask is [secret:KIND#n], [email#n], [phone#n], [card#n], [ssn#n] or, for a team's own rule,
// [NAME#n]. The same value has the same mask throughout a session and n counts values by first
// occurrence. A mask tells nothing of the value: a hash would let anybody test guesses. Masks are
// never matched again, so redacting what was redacted changes nothing.
//
// The built-in rules are a hand-written scanner, not regular expressions: one loop over the bytes that
// stops only at bytes which can begin or end a finding ('-' and '_' for prefixes, ':' and '=' for
// assignments, digits, '@' ...) and then looks around. Go's regexp runs the four patterns of ams 0.1.0
// at 8 MB/s, this loop runs all rules at several hundred. Words that merely look like data stay:
// dates, addresses, hashes, ids, versions and counts each have rows in testdata/keep.txt.
package redact

import (
	"slices"
	"strconv"
	"strings"

	"ams/pkg/schema"
)

// Rules say what is replaced. The zero value replaces nothing.
type Rules struct {
	Secrets  bool   // keys, tokens, passwords
	Personal bool   // e-mail, phone, card, social security number
	Custom   []Rule // a team's own patterns; they come before the built-in ones
}

// Redactor redacts one session: it numbers masks by first occurrence. It is not for concurrent use.
type Redactor struct {
	rules  Rules
	on     bool
	stops  *stops               // where the scanner stops
	custom []customRule         // Rules.Custom
	ours   map[string]bool      // their labels
	masks  [2]map[string]masked // the mask of each value found: of secrets, of personal data
	last   map[string]int       // the highest number used of each label
	counts map[string]*int      // the masks of each label

	pass      scanner  // the pass over a text that is going on
	list      stopList // where it stops next
	out       []byte   // what scan builds
	again     []glance // the looks between masks that are worth repeating
	firstMask int      // where the first mask stands
	allAgain  bool     // they are too many
	decoded   []byte   // a JSON string without its escapes
	encoded   []byte   // what JSON builds
	frames    []frame  // the open objects and arrays of JSON

	blobText []byte    // the text of a base64
	inner    *Redactor // looks into it
}

// masked is a mask, and the count of those of its label.
type masked struct {
	text  string
	count *int
}

// maxPasses bounds how often a text is scanned again because something was found in it. The second pass finds what a
// replacement uncovered, and hardly ever there is any; the bound is for texts made to need many.
const maxPasses = 8

// New returns a Redactor for one session.
func New(rules Rules) *Redactor {
	r := &Redactor{
		rules: rules, on: rules.Secrets || rules.Personal || len(rules.Custom) > 0, stops: stopsOfRules(rules),
		ours: map[string]bool{}, masks: [2]map[string]masked{{}, {}}, last: map[string]int{}, counts: map[string]*int{},
	}
	for _, c := range rules.Custom {
		r.custom = append(r.custom, compileRule(c))
		r.ours[c.Name] = true
	}
	return r
}

// Text returns s with masks for what was found. A text without findings is returned as it is, without allocating.
func (r *Redactor) Text(s string) string {
	if !r.on {
		return s
	}
	r.note(s)
	s, _ = r.text(s)
	return s
}

// Counts returns how many masks of each label (email, secret:password, ...) the texts given so far hold: those that r
// put there, and those that were there because a text had been redacted before.
func (r *Redactor) Counts() map[string]int {
	counts := make(map[string]int, len(r.counts))
	for label, n := range r.counts {
		counts[label] = *n
	}
	return counts
}

// counter is the count of the masks of label.
func (r *Redactor) counter(label string) *int {
	n := r.counts[label]
	if n == nil {
		n = new(int)
		r.counts[strings.Clone(label)] = n
	}
	return n
}

// Session redacts every free-text string of s in place and sets s.Redactions. Ids, times, counts,
// models and other words that the client or AMS chose from a fixed list stay.
func (r *Redactor) Session(s *schema.Session) {
	if !r.on {
		return
	}
	walk(s, noter{r})
	walk(s, masker{r})
	s.Redactions = nil
	if len(r.counts) > 0 {
		s.Redactions = r.Counts()
	}
}

// text is Text without note.
func (r *Redactor) text(s string) (string, bool) {
	any, whole := false, true
	for range maxPasses {
		changed := false
		if len(r.rules.Custom) > 0 {
			s, changed = r.applyCustom(s)
			whole = whole || changed
		}
		found := whole && r.scan(s) || !whole && r.rescan(s)
		if !found && !changed {
			break
		}
		if found {
			s = r.made()
		}
		any = true
		whole = !whole || !found || r.allAgain
	}
	return s, any
}

// largeText is the length from which what was made of a text is given away instead of copied.
const largeText = 64 << 10

// made returns what scan or rescan made.
func (r *Redactor) made() string {
	s := view(r.out)
	if len(s) < largeText || len(s) < cap(r.out)/4*3 { // it would keep the room that it does not need
		return strings.Clone(s)
	}
	r.out = nil
	return s
}

// path redacts each segment of a file path by itself, so that separators stay and no finding reaches over them.
func (r *Redactor) path(s string) (string, bool) {
	var b strings.Builder
	copied := 0
	for start := 0; start <= len(s); {
		end := start
		for end < len(s) && s[end] != '/' && s[end] != '\\' {
			end++
		}
		if t, changed := r.text(s[start:end]); changed {
			b.WriteString(s[copied:start])
			b.WriteString(t)
			copied = end
		}
		start = end + 1
	}
	if copied == 0 {
		return s, false
	}
	b.WriteString(s[copied:])
	return b.String(), true
}

// mask returns the mask of what was found, the same one for the same text. Personal values are
// compared without their separators, secrets byte by byte.
func (r *Redactor) mask(label, text string, personal bool) string {
	masks := r.masks[btoi(personal)]
	m, ok := masks[text]
	if !ok {
		r.last[label]++
		m.text = "[" + label + "#" + strconv.Itoa(r.last[label]) + "]"
		m.count = r.counter(label)
		masks[strings.Clone(text)] = m
	}
	*m.count++
	return m.text
}

// note counts the masks that s holds already and keeps their numbers from being used for other values.
func (r *Redactor) note(s string) {
	for i := strings.IndexByte(s, '#'); i >= 0; {
		if start := maskStart(s, i); start >= 0 {
			if end := r.maskEnd(s, start); end > 0 {
				label := s[start+1 : i]
				n, err := strconv.Atoi(s[i+1 : end-1])
				if err == nil {
					*r.counter(label)++
					if n > r.last[label] {
						r.last[strings.Clone(label)] = n
					}
				}
			}
		}
		next := strings.IndexByte(s[i+1:], '#')
		if next < 0 {
			return
		}
		i += 1 + next
	}
}

// maxLabel bounds the label of a mask, maxNumber the digits of its number.
const (
	maxLabel  = 48
	maxNumber = 9
)

// maskStart returns where a mask with its '#' at i may begin, -1 if nowhere.
func maskStart(s string, i int) int {
	for j := i - 1; j >= 0 && i-j <= maxLabel+1; j-- {
		switch {
		case s[j] == '[':
			return j
		case !isLabel(s[j]):
			return -1
		}
	}
	return -1
}

// maskEnd returns the end of the mask that begins at i, 0 if none does.
func (r *Redactor) maskEnd(s string, i int) int {
	if i >= len(s) || s[i] != '[' {
		return 0
	}
	j := i + 1
	for j < len(s) && j-i <= maxLabel && isLabel(s[j]) {
		j++
	}
	if j+2 >= len(s) || s[j] != '#' || !r.isOurs(s[i+1:j]) {
		return 0
	}
	k := j + 1
	for k < len(s) && k-j <= maxNumber && isDigit(s[k]) {
		k++
	}
	if k == j+1 || k == len(s) || s[k] != ']' {
		return 0
	}
	return k + 1
}

// isOurs reports whether label is one that a mask can have.
func (r *Redactor) isOurs(label string) bool {
	if slices.Contains(labelsBy[labelHash(label)], label) {
		return true
	}
	return len(r.ours) > 0 && r.ours[label]
}

func isLabel(c byte) bool { return isWord(c) || c == ':' || c == '-' || c == '.' }
