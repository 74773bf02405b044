package redact

import (
	"math/bits"
	"strings"
	"sync"
)

// action is what the scanner does at a byte. Actions are bits, so that one table tells what a byte may begin and another one
// what may begin after the byte before it.
type action uint32

const (
	space     action = 1 << iota // ' ' password x, API_KEY x
	newline                      // the end of the header of a table
	comma                        // ',' setenv("API_KEY", "...")
	paren                        // '(' setPassword("..."), phone
	joint                        // '_' and '.' prefixes
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

	lastAsked = atEquals // those of [worthALook]
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
		if len(byLast[b]) > 0 {
			t[c] |= dash | joint
		}
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

// stops has the number of the action for each byte after the byte before it, 0 where there is none. A loop over this table
// alone passes most bytes by.
type stops [256][256]uint8

// keyPairs are two bytes of keys without a separator (see runRules and [scanner.key]), and of commands that stop nowhere else.
var keyPairs = []string{"MI", "MH", "MC", "MG", "LS", "LT", "GO", "EA", "EZ", "SK", "IG", "wp", "_u", "ql"}

// next returns the next byte from i to limit where there is something to do, the byte before it, and the number of its action,
// 0 at the limit.
func (t *stops) next(s string, i, limit int, before byte) (at int, last byte, number uint8) {
	s = s[:limit]
	for i < len(s) {
		if len(s)-i >= 4 { // four at once: most have nothing to do
			w := s[i : i+4]
			a, b, c, d := w[0], w[1], w[2], w[3]
			switch {
			case t[before][a]|t[a][b]|t[b][c]|t[c][d] == 0:
				i, before = i+4, d
				continue
			case t[before][a] != 0:
			case t[a][b] != 0:
				i, before = i+1, a
			case t[b][c] != 0:
				i, before = i+2, b
			default:
				i, before = i+3, c
			}
		}
		c := s[i]
		if n := t[before][c]; n > lastAsked || n != 0 && worthALook(n, s, i) {
			return i, before, n
		}
		i, before = i+1, c
	}
	return i, before, 0
}

// stopsOf has the tables for no rules, those for secrets, those for personal data, and both; each is made when it is first used.
var stopsOf = [4]func() *stops{stopsFor(Rules{}), stopsFor(Rules{Secrets: true}), stopsFor(Rules{Personal: true}),
	stopsFor(Rules{Secrets: true, Personal: true})}

func stopsFor(rules Rules) func() *stops {
	return sync.OnceValue(func() *stops {
		t := new(stops)
		if rules.Secrets {
			for _, pair := range keyPairs {
				t[pair[0]][pair[1]] = atLetterKey
			}
		}
		begins := actions(rules)
		for before := range 256 {
			for c := range 256 {
				if a := begins[c] & after[before]; a != nothing {
					t[before][c] = uint8(bits.TrailingZeros32(uint32(a))) + 1
				}
			}
		}
		return t
	})
}

// stopsOfRules is the table for rules.
func stopsOfRules(rules Rules) *stops {
	return stopsOf[btoi(rules.Secrets)|btoi(rules.Personal)<<1]()
}

// named are the actions at bytes before which the name of a secret may end; after a letter nothing else could be found there.
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
	after  *[256]bool    // or these bytes that follow
}

var questions = func() (t [lastAsked + 1]question) {
	for _, n := range []int{atSpace, atNewline, atComma, atParen} {
		t[n] = question{&allEnds, escape | number, 0, &nowhere}
	}
	t[atJoint] = question{&prefixEnds, 0, 0, &nowhere}
	t[atEquals] = question{&allEnds, escape | unnamed, staged | numbered, &nowhere}
	t[atColon] = question{&allEnds, escape | unnamed | fieldless, staged | numbered, &afterColons}
	return t
}()

// nowhere has no byte, afterColons those with which an address, a bot's token, a port or a hash goes on after a colon.
var nowhere, afterColons = func() (none, colons [256]bool) {
	for _, c := range []byte("/A*$0123456789") {
		colons[c] = true
	}
	return none, colons
}()

// worthALook reports whether the bytes around i may belong to a finding; what it lets through is examined. It is asked at the
// actions that most words would stop the scan for.
func worthALook(number uint8, s string, i int) bool {
	q := &questions[number]
	if i < 4 || i+1 == len(s) {
		return true
	}
	next := s[i+1]
	if !isLetter(s[i-1]) && number != atJoint {
		i-- // a quote or a space after the name
	}
	w := s[i-3 : i]
	a, b, c := w[0], w[1], w[2]
	return endsIn3(q.ends, a, b, c) || (oddLast[c]|oddSecond[b])&q.either != 0 || oddLast[c]&oddSecond[b]&q.both != 0 ||
		q.after[next]
}

// endsIn3 reports whether ends has the letters a, b and c.
func endsIn3(ends *[1024]uint32, a, b, c byte) bool {
	return ends[int(a&31)<<5|int(b&31)]&(1<<(c&31)) != 0
}
