package redact

import (
	"math/bits"
	"strings"
	"sync"
)

// action is what the scanner does at a byte. Actions are bits, so that one table tells what a byte may
// begin and another one what may begin after the byte before it.
type action uint32

const (
	space     action = 1 << iota // ' ' password x, API_KEY x
	newline                      // the end of the header of a table
	comma                        // ',' setenv("API_KEY", "...")
	paren                        // '(' setPassword("..."), phone
	_                            // prefixes have a list of their own
	colon                        // ':' addresses, headers, assignments
	equals                       // '=' assignments
	areaCode                     // '(' phone
	bracket                      // '[' may begin a mask
	dash                         // '-' prefixes, flags, private keys
	element                      // '>' <password>...</password>
	letterA                      // 'A' AKIA, AIza
	letterB                      // 'B' Bearer, Basic
	letterJ                      // 'J' of eyJ
	letterKey                    // letters with which keys without a separator begin
	letterW                      // 'w' of JSON in base64: ewog
	letterD                      // 'a' of dapi
	letter3                      // '3' of b3BlbnNzaC1rZXk
	dollar                       // '$' of hashes of passwords
	pipe                         // '|' echo x | sudo -S
	at                           // '@' e-mail
	digit                        // numbers
	plus                         // '+' phone

	nothing action = 0 // most bytes
)

// The numbers of the actions, by which stops names them.
const (
	atSpace = iota + 1
	atNewline
	atComma
	atParen
	atJoint
	atColon
	atEquals
	atAreaCode
	atBracket
	atDash
	atElement
	atLetterA
	atLetterB
	atLetterJ
	atLetterKey
	atLetterW
	atLetterD
	atLetter3
	atDollar
	atPipe
	atAt
	atDigit
	atPlus
	atRare // of rarePairs
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
		set(colon, ":")
		set(equals, "=")
		set(element, ">")
		set(comma, ",")
		set(letterA, "A")
		set(letterB, "B")
		set(letterJ, "J")
		set(letterW, "w")
		set(letterD, "a")
		set(letter3, "3")
		set(dollar, "$")
		set(space, " ")
		set(pipe, "|")
		set(newline, "\n\t")
		set(paren, "(")
	}
	if rules.Personal {
		set(at, "@")
		for c := byte('0'); c <= '9'; c++ {
			t[c] |= digit
		}
		set(plus, "+")
		t['('] |= paren | areaCode
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
		if !isWord(b) || b == 'n' || b == 't' || b == 'r' { // a word may begin; the letters are those of \n, \t and \r
			t[c] |= dash | letterA | letterB | dollar | digit | plus | areaCode
		}
		if isLetter(b) && t[c]&areaCode != 0 {
			t[c] = t[c]&^areaCode | paren
		}
		if nameEnds[b] {
			t[c] |= equals | element | pipe
		}
		if strings.IndexByte("dtnywkhDTNYSWKHE", b) >= 0 { // other ends of names are rare and would stop at each word
			t[c] |= named
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
	t['"'] |= comma | element | pipe | newline
	t['\''] |= comma | element | pipe
	t['*'] |= pipe
	t['`'] |= pipe
	t[' '] |= pipe
	t['y'] |= letterJ
	t['e'] |= letterW
	t['d'] |= letterD
	t['b'] |= letter3
	return t
}()

// stops has the number of the action for each two bytes, by [pair]; 0 where there is none. any has 1
// where there is one: a loop over it alone passes most bytes by.
type stops struct {
	number [1 << 16]uint8
	any    [1 << 16]uint8
}

// pair is the place of a stop at c after before, in the order of the text: both are read at once.
func pair(before, c byte) uint16 { return uint16(before) | uint16(c)<<8 }

// numberAt is the number of the action at i.
func (t *stops) numberAt(s string, i int) uint8 {
	if i == 0 {
		return t.number[pair(' ', s[0])]
	}
	return t.number[pair(s[i-1], s[i])]
}

// keyPairs are two bytes of keys without a separator (see runRules and [scanner.key]), and of commands
// that stop nowhere else.
var keyPairs = []string{"MI", "MH", "MC", "MG", "LS", "LT", "GO", "EA", "EZ", "SK", "IG", "wp", "_u", "ql", "ep",
	"1/", "oy",
	"<<", "Us", "PI", "-u", ".a", "MT", "MD", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"}

// rarePairs are two bytes of such keys and sentences that many words have too, unless one of rareThirds follows.
var rarePairs = []string{"pa", "ci", "sp"}

// rareThirds are the third letters of pat, cio and (pas)sphrase.
const rareThirds = "toh"

// window is how many bytes are looked over at once for where to stop: their places fit into a byte.
const window = 256

// stopList has the stops of one window: how far after its begin they are.
type stopList struct {
	stops    [window]uint8
	first, n int // those that the scan has not reached
	from, to int // the window
}

// next returns the next byte of s at or after i where there is something to do, and the number of its
// action; len(s) and 0 where there is none. masked says that a mask now stands for what ended at i.
func (l *stopList) next(t *stops, s string, i int, masked bool) (at int, number uint8) {
	if masked && i < len(s) {
		if n := t.number[pair(']', s[i])]; n != 0 {
			return i, n
		}
		i++
	}
	for {
		if i >= l.to {
			if i >= len(s) {
				return len(s), 0
			}
			l.fill(t, s, i)
		}
		for ; l.first < l.n; l.first++ {
			if at := l.from + int(l.stops[l.first]); at >= i {
				return at, t.numberAt(s, at)
			}
		}
		i = l.to
	}
}

// fill finds the stops of the window that begins at from. No branch in it depends on a byte of the
// text: a processor guesses such branches wrong, and that would take more time than all the rest.
func (l *stopList) fill(t *stops, s string, from int) {
	l.from, l.to, l.first = from, min(from+window, len(s)), 0
	before := byte(' ')
	if from > 0 {
		before = s[from-1]
	}
	text := s[from:l.to]
	found := &l.stops
	found[0] = 0
	n := uint(t.any[pair(before, text[0])])
	i := 0
	for ; i+5 <= len(text); i += 4 {
		w := text[i : i+5]
		found[uint8(n)] = uint8(i + 1)
		n += uint(t.any[pair(w[0], w[1])])
		found[uint8(n)] = uint8(i + 2)
		n += uint(t.any[pair(w[1], w[2])])
		found[uint8(n)] = uint8(i + 3)
		n += uint(t.any[pair(w[2], w[3])])
		found[uint8(n)] = uint8(i + 4)
		n += uint(t.any[pair(w[3], w[4])])
	}
	for i++; i < len(text); i++ {
		found[uint8(n)] = uint8(i)
		n += uint(t.any[pair(text[i-1], text[i])])
	}
	l.ask(t, s, n)
}

// stopsOf has the tables for no rules, those for secrets, those for personal data, and both; each is
// made when it is first used.
var stopsOf = [4]func() *stops{stopsFor(Rules{}), stopsFor(Rules{Secrets: true}), stopsFor(Rules{Personal: true}),
	stopsFor(Rules{Secrets: true, Personal: true})}

func stopsFor(rules Rules) func() *stops {
	return sync.OnceValue(func() *stops {
		t := new(stops)
		if rules.Secrets {
			for _, two := range keyPairs {
				t.number[pair(two[0], two[1])] = atLetterKey
			}
			for _, two := range rarePairs {
				t.number[pair(two[0], two[1])] = atRare
			}
		}
		if rules.Secrets {
			for _, rule := range prefixRules {
				at := strings.IndexAny(rule.prefix, "-_.")
				number := uint8(atJoint)
				if rule.prefix[at] == '-' {
					number = atDash
				}
				t.number[pair(rule.prefix[at-1], rule.prefix[at])] = number
			}
		}
		begins := actions(rules)
		for before := range 256 {
			for c := range 256 {
				if a := begins[c] & after[before]; a != nothing {
					t.number[pair(byte(before), byte(c))] = uint8(bits.TrailingZeros32(uint32(a)) + 1)
				}
			}
		}
		for i, number := range t.number {
			t.any[i] = min(number, 1)
		}
		return t
	})
}

// stopsOfRules is the table for rules.
func stopsOfRules(rules Rules) *stops {
	return stopsOf[btoi(rules.Secrets)|btoi(rules.Personal)<<1]()
}

// named are the actions at bytes before which the name of a secret may end; after a letter nothing
// else could be found there.
const named = space | newline | comma | paren

// What stands before the byte of an action that is asked about, if the three bytes before it end no name: bits of odd.
const (
	escape    = 1 << iota // \n, which ends before a name or a prefix
	number                // 1 of TOKEN1
	unnamed               // neither a letter nor a digit: spaces, ']', a quote after another one
	fieldless             // ';' and '/' of WIFI:...;P: and /p:, and the quote of a JSON web key
	staged                // the upper case of API_KEY_PROD
	numbered              // a digit after a letter
)

// oddLast and oddSecond are what the last byte of what may be a name, and the one before it, say of it.
var oddLast, oddSecond = func() (last, second [256]uint8) {
	for c := range 256 {
		b := byte(c)
		switch {
		case isDigit(b):
			last[c] = number | numbered
		case !isLetter(b):
			last[c] = unnamed
		case isUpper(b):
			last[c], second[c] = staged, staged
		}
		if isLetter(b) || b == '_' {
			second[c] |= numbered
		}
	}
	second['\\'], second[';'], second['/'], second['"'] = escape, fieldless, fieldless, fieldless
	return last, second
}()

// question is how it is asked whether an action is worth a look.
type question struct {
	ends   *[1024]uint32 // the three bytes that may stand before it
	either uint8         // these oddities of the last or the second byte
	both   uint8         // or these of both
	after  uint8         // goesOn, goesRare: or what follows is one of theirs
	always uint8         // 1: there is nothing to ask
	quoted uint8         // 8: a quote or a space, of so many bits, may stand after the name
}

var questions = func() (t [256]question) {
	for n := range t {
		t[n] = question{ends: &allEnds, always: 1}
	}
	for _, n := range []int{atSpace, atNewline, atComma, atParen} {
		t[n] = question{ends: &allEnds, either: escape | number, quoted: 8}
	}
	t[atJoint] = question{ends: &prefixEnds}
	t[atEquals] = question{ends: &allEnds, either: escape | unnamed, both: staged | numbered, quoted: 8}
	t[atColon] = question{ends: &allEnds, either: escape | unnamed | fieldless, both: staged | numbered,
		after: goesOn, quoted: 8}
	t[atRare] = question{ends: new([1024]uint32), after: goesRare}
	return t
}()

// The bits of followers.
const (
	goesOn   = 1 << iota // an address, a bot's token, a port or a hash goes on
	goesRare             // one of rareThirds
)

// followers has the bits of what may follow a stop, notLetter all bits for all but letters.
var followers, notLetter = func() (next, not [256]uint8) {
	for _, c := range []byte("/A*$0123456789") {
		next[c] = goesOn
	}
	for _, c := range []byte(rareThirds) {
		next[c] |= goesRare
	}
	for c := range 256 {
		if !isLetter(byte(c)) {
			not[c] = 0xff
		}
	}
	return next, not
}()

// ask keeps those of the first n stops where a look is worth it; what it keeps is examined.
func (l *stopList) ask(t *stops, s string, n uint) {
	kept := uint(0)
	for _, stop := range l.stops[:n] {
		l.stops[uint8(kept)] = stop
		i := l.from + int(stop)
		if i < 6 || i+2 > len(s) {
			kept++
			continue
		}
		w := s[i-6 : i+2]
		around := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		q := &questions[t.number[uint16(around>>40)]]
		name := around << (notLetter[uint8(around>>40)] & q.quoted & 63)
		last, second := uint8(name>>40), uint8(name>>32)
		worth := uint8(q.ends[name>>24&31<<5|name>>32&31]>>(last&31)) & 1
		worth |= (oddLast[last]|oddSecond[second])&q.either | oddLast[last]&oddSecond[second]&q.both |
			followers[around>>56]&q.after | q.always
		kept += (uint(worth) + 255) >> 8
	}
	l.n = int(kept)
}
