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
	paren                        // '(' phone, setPassword("...")
	bracket                      // '[' may begin a mask
	dash                         // '-' prefixes, flags, private keys
	joint                        // '_' and '.' prefixes
	colon                        // ':' addresses, headers, assignments
	equals                       // '=' assignments
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
	atBracket
	atDash
	atJoint
	atColon
	atEquals
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

	lastNamed = atParen
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
			t[c] |= dash | letterA | letterB | dollar | digit | plus | paren
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

// next returns the next byte at or after i where there is something to do, and the byte before it.
func (t *stops) next(s string, i int, before byte) (int, byte) {
	for ; i < len(s); i++ {
		c := s[i]
		if t[before][c] != 0 {
			break
		}
		before = c
	}
	return i, before
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
