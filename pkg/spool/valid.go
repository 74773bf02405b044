package spool

import "bytes"

// maxNesting bounds what [IsObject] accepts, as encoding/json does.
const maxNesting = 10000

// IsObject reports whether text is one valid JSON object and nothing else.
func IsObject(text []byte) bool {
	s := scanner{b: text}
	if s.peek() != '{' || !s.valid() {
		return false
	}
	s.space()
	return s.i == len(s.b)
}

// valid moves past one value and reports whether it is valid JSON. It keeps the
// open brackets in a stack of bytes.
func (s *scanner) valid() bool {
	var open []byte
	for {
		// A value begins here.
		switch c := s.peek(); c {
		case '{', '[':
			s.i++
			if s.peek() == c+2 { // '}' or ']'
				s.i++
				break
			}
			if len(open) == maxNesting || c == '{' && !s.validName() {
				return false
			}
			open = append(open, c)
			continue
		case '"':
			s.i++
			if !s.validString() {
				return false
			}
		default:
			if !s.validWord() {
				return false
			}
		}
		// A value has ended; what follows depends on what is open.
		for {
			if len(open) == 0 {
				return true
			}
			in := open[len(open)-1]
			c := s.next()
			if c == in+2 {
				open = open[:len(open)-1]
				continue
			}
			if c != ',' || in == '{' && !s.validName() {
				return false
			}
			break
		}
	}
}

// validName moves past a name and its colon.
func (s *scanner) validName() bool {
	return s.next() == '"' && s.validString() && s.next() == ':'
}

// validString moves past a string whose opening quote was just read.
func (s *scanner) validString() bool {
	for s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			return true
		case c < 0x20:
			return false
		case c != '\\':
			continue
		case s.i == len(s.b):
			return false
		}
		c = s.b[s.i]
		s.i++
		if c == 'u' {
			if len(s.b)-s.i < 4 || !isHex(s.b[s.i:s.i+4]) {
				return false
			}
			s.i += 4
		} else if bytes.IndexByte([]byte(`"\/bfnrt`), c) < 0 {
			return false
		}
	}
	return false
}

func isHex(s []byte) bool {
	for _, c := range s {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}

// validWord moves past a number or literal.
func (s *scanner) validWord() bool {
	start := s.i
	s.skipWord()
	switch word := s.b[start:s.i]; string(word) {
	case "true", "false", "null":
		return true
	default:
		return validNumber(word)
	}
}

func validNumber(n []byte) bool {
	n = bytes.TrimPrefix(n, []byte("-"))
	digits := func() int {
		i := 0
		for i < len(n) && n[i] >= '0' && n[i] <= '9' {
			i++
		}
		return i
	}
	i := digits()
	if i == 0 || i > 1 && n[0] == '0' {
		return false
	}
	n = n[i:]
	if len(n) > 0 && n[0] == '.' {
		n = n[1:]
		if i = digits(); i == 0 {
			return false
		}
		n = n[i:]
	}
	if len(n) > 0 && (n[0] == 'e' || n[0] == 'E') {
		n = n[1:]
		if len(n) > 0 && (n[0] == '+' || n[0] == '-') {
			n = n[1:]
		}
		if i = digits(); i == 0 {
			return false
		}
		n = n[i:]
	}
	return len(n) == 0
}
