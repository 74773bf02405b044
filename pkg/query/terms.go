package query

import (
	"fmt"
	"strings"
)

// term is one part of what was typed: a text, or a filter with its value.
type term struct {
	typed string
	not   bool
	key   string // "" for a text
	value string // without quotes
}

// cutTerms cuts what was typed at white space outside of quotes. In quotes \" and \\ stand for those characters.
func cutTerms(typed string) ([]term, error) {
	var out []term
	for rest := strings.TrimSpace(typed); rest != ""; rest = strings.TrimSpace(rest) {
		t, n, err := firstTerm(rest)
		if err != nil {
			return nil, err
		}
		out, rest = append(out, t), rest[n:]
	}
	return out, nil
}

// firstTerm reads the term at the beginning of a text, and how long it is.
func firstTerm(text string) (t term, n int, err error) {
	if strings.HasPrefix(text, "-") && len(text) > 1 && text[1] != ' ' {
		t.not, n = true, 1
	}
	if i := keyLength(text[n:]); i > 0 {
		t.key, n = strings.ToLower(text[n:n+i]), n+i+1
	}
	if n < len(text) && text[n] == '"' {
		value, length, ok := quoted(text[n:])
		if !ok {
			return t, 0, fmt.Errorf("a quote is not closed: %s", text)
		}
		t.value, n = value, n+length
	} else {
		length := strings.IndexAny(text[n:], " \t\r\n")
		if length < 0 {
			length = len(text) - n
		}
		t.value, n = text[n:n+length], n+length
	}
	t.typed = text[:n]
	return t, n, nil
}

// keyLength is how long the key at the beginning of a text is, 0 where none is there. What follows :// is no value:
// people look for addresses.
func keyLength(text string) int {
	n := 0
	for n < len(text) && (text[n]|0x20 >= 'a' && text[n]|0x20 <= 'z' || n > 0 && text[n] == '-') {
		n++
	}
	if n == 0 || n == len(text) || text[n] != ':' || strings.HasPrefix(text[n:], "://") || strings.HasPrefix(text[n:], `:\`) {
		return 0
	}
	return n
}

// quoted reads a text in quotes, and how long it is with them.
func quoted(text string) (value string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), i + 1, true
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
		}
		b.WriteByte(text[i])
	}
	return "", 0, false
}

// Term is how a filter or, without a key, a text is typed, so that it is read as just that.
func Term(key, value string) string {
	if key != "" {
		key += ":"
	}
	plain := value != "" && !strings.ContainsAny(value, " \t\r\n\"\\") && (key != "" || value[0] != '-' && keyLength(value) == 0)
	if plain {
		return key + value
	}
	return key + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}
