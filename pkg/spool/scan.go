package spool

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// SessionID returns the value of the first top-level "session_id" of a JSON
// object, and false if there is none, it is no string, or it is empty. It
// stops at that value: what follows may be cut or broken. It decodes nothing
// else, keeps no stack, and calls itself never, so no nesting can exhaust it.
// Invalid UTF-8 and lone surrogates become U+FFFD, as in encoding/json.
func SessionID(raw []byte) (string, bool) {
	s := scanner{b: raw}
	if s.next() != '{' {
		return "", false
	}
	for {
		if s.next() != '"' {
			return "", false // the end of the object, or no JSON
		}
		name, ok := s.str()
		if !ok || s.next() != ':' {
			return "", false
		}
		if isSessionIDName(name) {
			if s.next() != '"' {
				return "", false
			}
			value, ok := s.str()
			if !ok || len(value) == 0 {
				return "", false
			}
			return unquote(value), true
		}
		if !s.skipValue() || s.next() != ',' {
			return "", false
		}
	}
}

// isSessionIDName compares the text between the quotes of a name.
func isSessionIDName(name []byte) bool {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name) == "session_id"
	}
	// Ten characters, each at most \uXXXX.
	return len(name) <= 60 && unquote(name) == "session_id"
}

// scanner walks over JSON text without checking more than it needs.
type scanner struct {
	b []byte
	i int
}

// next skips white space and returns the next byte, 0 at the end. A zero byte
// in the text ends it too: outside a string it is no JSON.
func (s *scanner) next() byte {
	if s.space(); s.i == len(s.b) {
		return 0
	}
	s.i++
	return s.b[s.i-1]
}

// peek is next without moving past the byte.
func (s *scanner) peek() byte {
	if s.space(); s.i == len(s.b) {
		return 0
	}
	return s.b[s.i]
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return
		}
	}
}

// str returns the text up to the closing quote of a string whose opening quote
// was just read, and false if there is none.
func (s *scanner) str() ([]byte, bool) {
	start := s.i
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return nil, false
		}
		end := s.i + n
		s.i = end + 1
		slashes := 0
		for end-slashes > start && s.b[end-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return s.b[start:end], true
		}
	}
}

// skipValue moves past one value: a string, a number or literal, or an object
// or array, whose brackets it counts without matching their kinds.
func (s *scanner) skipValue() bool {
	depth := 0
	for {
		switch c := s.next(); c {
		case 0:
			return false
		case '"':
			if _, ok := s.str(); !ok {
				return false
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth < 0 {
				return false
			}
		case ',', ':':
			if depth == 0 {
				return false
			}
			continue
		default:
			s.skipWord()
		}
		if depth == 0 {
			return true
		}
	}
}

// skipWord moves past the rest of a number or literal.
func (s *scanner) skipWord() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\t', '\r', ',', ':', '"', '{', '}', '[', ']':
			return
		}
		s.i++
	}
}

// unquote decodes the text between the quotes of a JSON string.
func unquote(s []byte) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			r, n := utf8.DecodeRune(s[i:])
			out = utf8.AppendRune(out, r)
			i += n
			continue
		}
		if i+1 == len(s) {
			break
		}
		c := s[i+1]
		i += 2
		if c != 'u' {
			out = append(out, unescape(c))
			continue
		}
		r := hex4(s[i:])
		i = min(i+4, len(s))
		if utf16.IsSurrogate(r) {
			low := rune(-1)
			if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
				low = hex4(s[i+2:])
			}
			r = utf16.DecodeRune(r, low)
			if r != utf8.RuneError {
				i += 6
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// unescape returns the byte that a backslash and c stand for.
func unescape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// hex4 reads four hexadecimal digits, U+FFFD if they are none.
func hex4(s []byte) rune {
	if len(s) < 4 {
		return utf8.RuneError
	}
	var r rune
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return utf8.RuneError
		}
	}
	return r
}
