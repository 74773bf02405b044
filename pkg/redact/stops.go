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
	atLetter3
	atDollar
	atPipe
	atAt
	atDigit
	atPlus
	atRare // of the first of rarePairs; the others follow
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
		if targetEnds[b] {
			t[c] |= equals
		}
		if nameEnds[b] {
			t[c] |= element | pipe
		}
		if strings.IndexByte("dtnywkhDTNYSWKHE", b) >= 0 { // other ends of names are rare and would stop at each word
			t[c] |= named
		}
		if callLast[b] || b == '=' {
			t[c] |= paren
		}
		if isLocal(b) || b >= 0x80 {
			t[c] |= at
		}
	}
	for _, c := range []byte(".-+%#@$~^") {
		t[c] &^= digit
	}
	t['"'] |= comma | element | pipe | newline
	t['\''] |= comma | element | pipe
	t['*'] |= pipe
	t['`'] |= pipe
	t[' '] |= pipe
	t['y'] |= letterJ
	t['e'] |= letterW
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
var keyPairs = []string{"MI", "MH", "MC", "MG", "LS", "SK", "MT", "MD", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"}

// rarePair are two bytes that are worth a look only before one of some bytes: words have most of them, too.
type rarePair struct{ before, pairs string }

// rarePairs are in groups, each of which has a number and a bit of followers of its own. A group is of pairs
// that hardly stand before the bytes of the others in it.
var rarePairs = [...]rarePair{
	{"toh", "pa ci sp .a"},                   // pat, cio, (pas)sphrase, .atlasv1.
	{"apATOQ", "da ep wp ql EA EZ LT GO IG"}, // dapi, (requir)epass, wpa_passphrase, (s)qlplus, EAA, ...
	{" e2/<s", "PI Us oy 1/ << _u -u"},       // (A)PI key, Use, oy2, 1//0, <<<, (add)_user, -us
}

// window is how many bytes are looked over at once for where to stop.
const window = 64

// stopList has the stops of one window.
type stopList struct {
	from, to int    // the window
	stops    uint64 // a bit for each byte of the window, the lowest for the first
	unasked  int    // the bytes before this one are not asked about, since a mask stands before them
}

// next returns the next byte of s at or after i where there is something to do, and the number of its
// action; len(s) and 0 where there is none. masked says that a mask now stands for what ended at i.
func (l *stopList) next(t *stops, s string, i int, masked bool) (at int, number uint8) {
	if masked && i < len(s) {
		l.unasked = min(i+2, len(s))
		if n := t.number[pair(']', s[i])]; n != 0 {
			return i, n
		}
		i++
	}
	for ; i < l.unasked; i++ {
		if n := t.numberAt(s, i); n != 0 {
			return i, n
		}
	}
	for {
		if i >= l.to || i < l.from { // what was found may stand before the window
			if i >= len(s) {
				return len(s), 0
			}
			l.fill(t, s, i)
		}
		if left := l.stops >> (uint(i-l.from) % window); left != 0 {
			at := i + bits.TrailingZeros64(left)
			return at, t.numberAt(s, at)
		}
		i = l.to
	}
}

// fill finds the stops of the window that begins at from. No branch in it depends on a byte of the
// text: a processor guesses such branches wrong, and that would take more time than all the rest.
func (l *stopList) fill(t *stops, s string, from int) {
	l.from, l.to = from, min(from+window, len(s))
	before := byte(' ')
	if from > 0 {
		before = s[from-1]
	}
	text := s[from:l.to]
	found := uint64(0)
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := load(text[i : i+8])
		// A bit for each of the eight bytes. They are added in pairs, not one after the other: a processor then reads many at once.
		low := uint64(t.any[uint16(w<<8)|uint16(before)]) + uint64(t.any[uint16(w)])*2 +
			(uint64(t.any[uint16(w>>8)])+uint64(t.any[uint16(w>>16)])*2)*4
		high := uint64(t.any[uint16(w>>24)]) + uint64(t.any[uint16(w>>32)])*2 +
			(uint64(t.any[uint16(w>>40)])+uint64(t.any[uint16(w>>48)])*2)*4
		found |= (low + high<<4) << (i % window)
		before = byte(w >> 56)
	}
	for ; i < len(text); i++ {
		found |= uint64(t.any[pair(before, text[i])]) << (i % window)
		before = text[i]
	}
	l.stops = l.ask(t, s, found)
}

// load returns the first eight bytes of s, the first in the lowest bits.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
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
			for i, group := range rarePairs {
				for two := range strings.FieldsSeq(group.pairs) {
					t.number[pair(two[0], two[1])] = atRare + uint8(i)
				}
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
	loose                 // no letter, and none of ",:/": a number may begin
	listed                // one of these, after anything but a digit
)

// oddLast and oddSecond are what the last byte of what may be a name, and the one before it, say of it.
var oddLast, oddSecond = func() (last, second [256]uint16) {
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
		if !isDigit(b) {
			second[c] |= listed
		}
		switch {
		case b == ',' || b == ':' || b == '/':
			last[c] |= listed
		case !isLetter(b):
			last[c] |= loose
		}
	}
	second['\\'] |= escape
	for _, c := range []byte(";/\"") {
		second[c] |= fieldless
	}
	return last, second
}()

// question is how it is asked whether an action is worth a look.
type question struct {
	ends   *[1024]uint32 // the three bytes that may stand before it
	either uint16        // these oddities of the last or the second byte
	both   uint16        // or these of both
	after  uint8         // or what follows is one of theirs: bits of followers
	quoted uint8         // 8: a quote or a space, of so many bits, may stand after the name
}

var questions = func() (t [256]question) {
	for n := range t {
		t[n] = question{ends: &allEnds, after: follows}
	}
	t[atParen] = question{ends: &callEnds, either: escape | number, quoted: 8, after: dials}
	for _, n := range []int{atSpace, atNewline, atComma} {
		t[n] = question{ends: &allEnds, either: escape | number, quoted: 8}
	}
	t[atJoint] = question{ends: &prefixEnds}
	t[atEquals] = question{ends: &allEnds, either: escape | unnamed, both: staged | numbered, quoted: 8}
	t[atColon] = question{ends: &allEnds, either: escape | unnamed | fieldless, both: staged | numbered,
		after: goesOn, quoted: 8}
	never := new([1024]uint32)
	t[atDigit] = question{ends: never, either: escape | loose, both: listed}
	t[atPlus] = question{ends: never, after: dials}
	t[atBracket] = question{ends: never, after: labeled}
	for i := range rarePairs {
		t[atRare+i] = question{ends: never, after: goesRare << i}
	}
	return t
}()

// The bits of followers.
const (
	goesOn   = 1 << iota // an address, a bot's token, a port or a hash goes on
	dials                // a phone number begins
	labeled              // the label of a mask begins
	goesRare             // one before which the first of rarePairs is worth a look; the others follow
	follows  = 1 << 7    // anything: there is nothing to ask
)

// followers has the bits of what may follow a stop, notLetter all bits for all but letters.
var followers, notLetter = func() (next, not [256]uint8) {
	set := func(bit uint8, bytes string) {
		for i := range len(bytes) {
			next[bytes[i]] |= bit
		}
	}
	set(goesOn, "/A*$0123456789")
	set(dials, "123456789")
	for i, group := range rarePairs {
		set(goesRare<<i, group.before)
	}
	for c := range 256 {
		next[c] |= follows
		if isLetter(byte(c)) {
			next[c] |= labeled
		} else {
			not[c] = 0xff
		}
	}
	return next, not
}()

// ask returns those of the stops of the window where a look is worth it; what stands there is examined.
func (l *stopList) ask(t *stops, s string, stops uint64) (kept uint64) {
	for stops != 0 {
		i := l.from + bits.TrailingZeros64(stops)
		bit := stops & -stops
		stops &^= bit
		if i < 6 || i+2 > len(s) {
			kept |= bit
			continue
		}
		around := load(s[i-6 : i+2])
		q := &questions[t.number[uint16(around>>40)]]
		name := around << (notLetter[uint8(around>>40)] & q.quoted & 63)
		last, second := uint8(name>>40), uint8(name>>32)
		worth := uint16(q.ends[name>>24&31<<5|name>>32&31]>>(last&31)) & 1
		worth |= (oddLast[last]|oddSecond[second])&q.either | oddLast[last]&oddSecond[second]&q.both |
			uint16(followers[around>>56]&q.after)
		kept |= bit & -((uint64(worth) + 0xffff) >> 16)
	}
	return kept
}
