package redact

import (
	"math"
	"slices"
)

// match is a finding: s[start:end] is replaced.
type match struct {
	start, end int
	kind       kind
}

// scanner is one pass over a text.
type scanner struct {
	*Redactor
	s      string
	copied int // the end of what is in out
	floor  int // the end of the last finding or mask; nothing before it is looked at again

	wordsEnd   int   // the end of what was no key but words; no key with the same bytes begins in it
	wordsChars uint8 // the class of these bytes

	bareFrom, bareTo      int // the last value without quotes
	nested                int // the assignments in it
	lineFrom, lineTo      int // the last value of a header
	headers               int // the headers in it
	endAt                 int // the next end of a PEM block
	blobSeen              int // the end of the last base64 that was decoded
	documentSeen          int
	lineSeen              int     // the end of what line has been made of
	line                  words   // of the command line before lineSeen
	headerBegin, hashSeen int     // where that line begins; the end of what was no hash
	headerSeen            int     // the end of the last line that was looked at as a header
	tableSeen             int     // the end of the last table
	judged                right   // the value that rules are asked about
	later                 []match // found, and behind what is being looked at
	shift                 int     // how much longer out is than what was copied
	glances               int     // how many of again were before the last finding
	lost                  bool    // a look was too many for again

	cueSeen int // the text before it has been searched for words that announce a phone number
	cueAt   int // the end of the last such word, -1 without one
}

// glance is a look at a text, by its place in what was made of the text, and the floor then.
type glance struct{ at, floor int32 }

// maxGlances bounds the looks of a text that are kept: if there are more it is all looked at again.
const maxGlances = 1 << 16

// scan finds what the built-in rules match in s and reports whether anything was. Then r.out is the text with masks, and
// rescan knows what of it to look at again.
func (r *Redactor) scan(s string) bool {
	sc := r.begin(s)
	r.again = r.again[:0]
	sc.pass(len(s))
	r.again = r.again[:sc.glances]
	return sc.end()
}

// rescan is scan for what scan made, r.out. A look finds something now only if it found nothing and saw ahead what has
// become a mask. So it looks at what stands before the first mask, repeats the looks between masks, and passes by what
// stands behind the last.
func (r *Redactor) rescan(s string) bool {
	again := r.again
	r.again = nil
	sc := r.begin(s)
	sc.pass(r.firstMask)
	i := sc.floor
	for _, g := range again {
		at := int(g.at)
		for len(sc.later) > 0 && at >= sc.later[0].start {
			i = max(i, sc.emitLater())
		}
		if at < i {
			continue
		}
		sc.floor = max(sc.floor, int(g.floor))
		var m match
		if m, i = sc.look(r.stops.numberAt(s, at), at); m.kind != none {
			i = sc.emit(m)
		}
	}
	for len(sc.later) > 0 {
		sc.emitLater()
	}
	r.again = again[:0]
	return sc.end()
}

// pass looks at all stops before end.
func (sc *scanner) pass(end int) {
	s, stops, list := sc.s, sc.stops, &sc.list
	masked := false
	for i := 0; i < end; {
		at, number := list.next(stops, s, i, masked)
		if len(sc.later) > 0 && at >= sc.later[0].start {
			i, masked = max(i, sc.emitLater()), true
			continue
		}
		if at >= end {
			return
		}
		m, next := sc.look(number, at)
		if masked = m.kind != none; masked {
			sc.glanceOver(at, m.start)
			next = sc.emit(m)
		} else if sc.copied > 0 && sc.floor <= at { // else it found a mask
			sc.glance(at)
		}
		i = next
	}
}

// begin returns the scanner for s.
func (r *Redactor) begin(s string) *scanner {
	sc := &r.pass
	*sc = scanner{Redactor: r, s: s, cueAt: -1, later: sc.later[:0]}
	r.list, r.allAgain = stopList{}, false
	return sc
}

// glance notes the look at i.
func (sc *scanner) glance(i int) {
	if len(sc.again) == maxGlances || i+sc.shift > math.MaxInt32 {
		sc.lost = true
		return
	}
	sc.again = append(sc.again, glance{int32(i + sc.shift), int32(sc.floor + sc.shift)})
}

// glanceOver notes the look at i that found what begins at start, and all that it went over. It is needless where that
// is the value of a ':' or '=': no rule finds anything there once it is a mask.
func (sc *scanner) glanceOver(i, start int) {
	s := sc.s
	if sc.copied == 0 || i < start && (s[i] == ':' || s[i] == '=') && skipQuote(s, i+1) == start {
		return
	}
	for ; i < start; i++ {
		if sc.stops.numberAt(s, i) != 0 {
			sc.glance(i)
		}
	}
}

// end adds what is left of the text to out and reports whether anything was found.
func (sc *scanner) end() bool {
	if sc.copied == 0 {
		return false
	}
	sc.out = append(sc.out, sc.s[sc.copied:]...)
	return true
}

// emit replaces a finding and returns where the scan goes on.
func (sc *scanner) emit(m match) int {
	if sc.copied == 0 {
		sc.out = slices.Grow(sc.out[:0], len(sc.s))
		sc.again = slices.Grow(sc.again, min(len(sc.s)/32, maxGlances)) // about as many as there are
		sc.firstMask = m.start
	}
	for len(sc.again) > 0 && int(sc.again[len(sc.again)-1].at) >= m.start+sc.shift {
		sc.again = sc.again[:len(sc.again)-1] // it is in the mask
	}
	sc.glances, sc.allAgain = len(sc.again), sc.lost
	sc.out = append(sc.out, sc.s[sc.copied:m.start]...)
	sc.out = append(sc.out, sc.mask(labels[m.kind], sc.canonical(m), m.kind.personal())...)
	sc.copied, sc.floor, sc.shift = m.end, m.end, len(sc.out)-m.end
	return m.end
}

// emitLater replaces the first finding of later, unless another one has reached it.
func (sc *scanner) emitLater() int {
	m := sc.later[0]
	sc.later = sc.later[1:]
	if m.start < sc.floor {
		return sc.floor
	}
	return sc.emit(m)
}

// canonical is what two findings have in common if they are the same: the digits of a number, an address in lower case.
func (sc *scanner) canonical(m match) string {
	text := sc.s[m.start:m.end]
	if !m.kind.personal() {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		c := lower(text[i])
		if m.kind == email || isDigit(c) || c == '+' {
			b = append(b, c)
		}
	}
	return string(b)
}

// look examines what stands around i. It returns a finding, or the next byte to go on with.
func (sc *scanner) look(number uint8, i int) (match, int) {
	s := sc.s
	switch number {
	case atBracket:
		if end := sc.maskEnd(s, i); end > 0 {
			sc.floor = end
			return match{}, end
		}
	case atDash:
		return sc.dash(i)
	case atJoint:
		if i > sc.floor {
			if m := sc.prefixed(i); m.kind != none {
				return m, 0
			}
		}
	case atColon, atEquals:
		return sc.separator(i)
	case atElement:
		if i > sc.floor {
			if m := sc.element(i); m.kind != none {
				return m, 0
			}
		}
	case atComma:
		if i > sc.floor {
			if m := sc.setter(i); m.kind != none {
				return m, 0
			}
			sc.lists(i)
		}
	case atNewline:
		if i > sc.floor {
			sc.lists(i)
		}
	case atSpace:
		if i > sc.floor {
			if m := sc.spaced(i); m.kind != none {
				return m, 0
			}
		}
	case atPipe:
		if m := sc.cell(i); m.kind != none {
			return m, 0
		}
		if m := sc.piped(i); m.kind != none {
			return m, 0
		}
	case atLetterKey, atLetterW, atLetter3, atRare, atRare + 1, atRare + 2:
		if m := sc.key(i - 1); m.kind != none {
			return m, 0
		}
	case atDollar:
		if m := sc.hash(i); m.kind != none {
			return m, 0
		}
	case atLetterA, atLetterB:
		if sc.wordBefore(i) {
			break
		}
		if m := sc.run(i); m.kind != none {
			return m, 0
		}
		if m := sc.prefixedA(i); m.kind != none {
			return m, 0
		}
		if m := sc.scheme(i); m.kind != none {
			return m, 0
		}
	case atLetterJ:
		if i >= sc.floor+2 && s[i-2] == 'e' {
			if m := sc.jsonWebToken(i - 2); m.kind != none {
				return m, 0
			}
			if m := sc.blob(i - 2); m.kind != none {
				return m, 0
			}
		}
	case atAt:
		if m := sc.email(i); m.kind != none {
			return m, 0
		}
	case atDigit:
		return sc.number(i)
	case atPlus:
		if m := sc.international(i); m.kind != none {
			return m, 0
		}
	case atParen:
		if sc.rules.Secrets && i > sc.floor && endsCall(s, i-btoi(s[i-1] == '=')) {
			if m := sc.called(i); m.kind != none {
				return m, 0
			}
		}
		if sc.rules.Personal {
			if m := sc.areaCode(i); m.kind != none {
				return m, 0
			}
		}
	case atAreaCode:
		if m := sc.areaCode(i); m.kind != none {
			return m, 0
		}
	}
	return match{}, i + 1
}

// wordBefore reports whether a letter, digit or '_' stands right before i. A mask ends in ']'.
func (sc *scanner) wordBefore(i int) bool {
	return i > sc.floor && isWord(sc.s[i-1]) && !sc.escapedBefore(i)
}

// escapedBefore reports whether the letter before i belongs to an escape like \n that was not decoded:
// JSON within text.
func (sc *scanner) escapedBefore(i int) bool {
	if i < sc.floor+2 || sc.s[i-2] != '\\' {
		return false
	}
	c := sc.s[i-1]
	return c == 'n' || c == 't' || c == 'r'
}
