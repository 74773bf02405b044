package redact

// action is what the scanner does at a byte. Actions are bits, so that one table tells what a byte may begin and another one
// what may begin after the byte before it.
type action uint16

const (
	bracket action = 1 << iota // '[' may begin a mask
	dash                       // '-' prefixes, flags, private keys
	joint                      // '_' and '.' prefixes
	colon                      // ':' addresses, headers, assignments
	equals                     // '=' assignments
	element                    // '>' <password>...</password>
	comma                      // ',' setenv("API_KEY", "...")
	letterA                    // 'A' AKIA, AIza
	letterB                    // 'B' Bearer, Basic
	letterJ                    // 'J' of eyJ
	letterW                    // 'w' of password
	at                         // '@' e-mail
	digit                      // numbers
	plus                       // '+' phone
	paren                      // '(' phone
	nothing action = 0         // most bytes
)

// actions returns the table that the rules need.
func actions(rules Rules) (t [256]action) {
	set := func(a action, bytes string) {
		for i := range len(bytes) {
			t[bytes[i]] = a
		}
	}
	if rules.Secrets {
		set(dash, "-")
		set(joint, "_.")
		set(colon, ":")
		set(equals, "=")
		set(element, ">")
		set(comma, ",")
		set(letterA, "A")
		set(letterB, "B")
		set(letterJ, "J")
		set(letterW, "wW")
	}
	if rules.Personal {
		set(at, "@")
		set(digit, "0123456789")
		set(plus, "+")
		set(paren, "(")
	}
	if rules.Secrets || rules.Personal {
		set(bracket, "[")
	}
	return t
}

// after has the actions that are worth taking after each byte. It only saves time: what it lets through is examined.
var after = func() (t [256]action) {
	for c := range 256 {
		b := byte(c)
		t[c] = bracket | colon
		if len(byLast[b]) > 0 {
			t[c] |= dash | joint
		}
		if !isWord(b) || b == 'n' || b == 't' || b == 'r' { // a word may begin; the letters are those of \n, \t and \r
			t[c] |= dash | letterA | letterB | digit | plus | paren
		}
		if nameEnds[b] {
			t[c] |= equals | element
		}
		if isLocal(b) || b >= 0x80 {
			t[c] |= at
		}
	}
	for _, c := range []byte(".-+%#@$~^") {
		t[c] &^= digit
	}
	for _, c := range []byte(" \t\"'`*]?!") {
		t[c] |= equals
	}
	t['"'] |= comma
	t['\''] |= comma
	t['y'] |= letterJ
	t['s'] |= letterW
	t['S'] |= letterW
	return t
}()

// match is a finding: s[start:end] is replaced.
type match struct {
	start, end int
	kind       kind
}

// scanner is one pass over a text.
type scanner struct {
	*Redactor
	s     string
	floor int // the end of the last finding or mask; nothing before it is looked at again

	wordsEnd   int   // the end of what was no key but words; no key with the same bytes begins in it
	wordsChars uint8 // the class of these bytes

	cueSeen int // the text before it has been searched for words that announce a phone number
	cueAt   int // the end of the last such word, -1 without one
}

// scan finds what the built-in rules match in s and reports whether anything was. Then r.out is the text with masks.
func (r *Redactor) scan(s string) bool {
	sc := scanner{Redactor: r, s: s, cueAt: -1}
	begins, before := &r.action, byte(' ')
	copied := 0
	for i := 0; i < len(s); {
		c := s[i]
		a := begins[c] & after[before]
		if a == nothing {
			before = c
			i++
			continue
		}
		m, next := sc.look(a, i)
		if m.kind == none {
			i = next
			before = s[i-1]
			continue
		}
		if copied == 0 {
			r.out = r.out[:0]
		}
		r.out = append(r.out, s[copied:m.start]...)
		r.out = append(r.out, r.mask(labels[m.kind], sc.canonical(m), m.kind.personal())...)
		copied, i, sc.floor = m.end, m.end, m.end
		before = ']' // what a second pass will see here
	}
	if copied == 0 {
		return false
	}
	r.out = append(r.out, s[copied:]...)
	return true
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
func (sc *scanner) look(a action, i int) (match, int) {
	s := sc.s
	switch a {
	case bracket:
		if end := sc.maskEnd(s, i); end > 0 {
			sc.floor = end
			return match{}, end
		}
	case dash:
		return sc.dash(i)
	case joint:
		if i > sc.floor {
			if m := sc.prefixed(i); m.kind != none {
				return m, 0
			}
		}
	case colon, equals:
		return sc.separator(i)
	case element:
		if i > sc.floor && mayName(s, i) {
			if m := sc.element(i); m.kind != none {
				return m, 0
			}
		}
	case comma:
		if i > sc.floor {
			if m := sc.setter(i); m.kind != none {
				return m, 0
			}
		}
	case letterA, letterB:
		if sc.wordBefore(i) {
			break
		}
		if m := sc.prefixedA(i); m.kind != none {
			return m, 0
		}
		if m := sc.scheme(i); m.kind != none {
			return m, 0
		}
	case letterJ:
		if i >= sc.floor+2 && s[i-2] == 'e' {
			if m := sc.jsonWebToken(i - 2); m.kind != none {
				return m, 0
			}
		}
	case letterW:
		if i >= sc.floor+4 && lower(s[i-2]) == 's' {
			if m := sc.said(i - 4); m.kind != none {
				return m, 0
			}
		}
	case at:
		if m := sc.email(i); m.kind != none {
			return m, 0
		}
	case digit:
		return sc.number(i)
	case plus:
		if m := sc.international(i); m.kind != none {
			return m, 0
		}
	case paren:
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

// escapedBefore reports whether the letter before i belongs to an escape like \n that was not decoded: JSON within text.
func (sc *scanner) escapedBefore(i int) bool {
	if i < sc.floor+2 || sc.s[i-2] != '\\' {
		return false
	}
	c := sc.s[i-1]
	return c == 'n' || c == 't' || c == 'r'
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
func isWord(c byte) bool   { return class[c]&wordClass != 0 }
func isUpper(c byte) bool  { return c-'A' < 26 }

func lower(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}

// The classes of bytes that keys are made of.
const (
	alnumClass  = 1 << iota // letters and digits
	wordClass               // and '_'
	urlClass                // and '-': base64url
	dottedClass             // and '.'
	base64Class             // letters, digits, "+/=_-"
	nameClass               // what names of variables and headers are made of
	bareClass               // what a value without quotes can hold
)

var class = func() (t [256]uint8) {
	for c := range 256 {
		b := byte(c)
		if isDigit(b) || isLetter(b) {
			t[c] = alnumClass | wordClass | urlClass | dottedClass | base64Class | nameClass
		}
		if b > ' ' && b != 0x7f {
			t[c] |= bareClass
		}
	}
	add := func(chars string, classes uint8) {
		for i := range len(chars) {
			t[chars[i]] |= classes
		}
	}
	add("_", wordClass|urlClass|dottedClass|base64Class|nameClass)
	add("-", urlClass|dottedClass|base64Class|nameClass)
	add(".", dottedClass|nameClass)
	add("+/=", base64Class)
	for _, c := range []byte("\"'`,;)}]>|&\\<") {
		t[c] &^= bareClass
	}
	return t
}()

// span returns the end of the run of bytes of class c that begins at i.
func span(s string, i int, c uint8) int {
	for i < len(s) && class[s[i]]&c != 0 {
		i++
	}
	return i
}

// foldAt reports whether s has word at i, whatever the case. word is in lower case.
func foldAt(s string, i int, word string) bool {
	if i < 0 || len(s)-i < len(word) {
		return false
	}
	for j := range len(word) {
		if lower(s[i+j]) != word[j] {
			return false
		}
	}
	return true
}

// foldSuffix reports whether s ends in word, whatever the case.
func foldSuffix(s, word string) bool { return foldAt(s, len(s)-len(word), word) }
