package table

import (
	"slices"
	"unicode/utf8"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// valid is s as an encoded body has it: engines refuse a file with a text that is no UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

func validAll(list []string) []string {
	if len(list) == 0 {
		return nil // a part tells no difference between none and an empty list
	}
	out := slices.Clone(list)
	for i := range out {
		out[i] = valid(out[i])
	}
	return out
}

// clip is a text for a row, and how many bytes all of it has; nil where there is none.
func clip(s string) (string, *int64) {
	if s == "" {
		return "", nil
	}
	s = valid(s)
	whole := ptr(int64(len(s)))
	if len(s) <= MaxText {
		return s, whole
	}
	end := MaxText
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return string([]byte(s[:end])), whole // a copy: the rest is not to be held
}

// plain is a JSON value as a text: the text of a string, any other as JSON on one line, "" for none.
func plain(v schema.Raw) string {
	if lax.IsNull(v) {
		return ""
	}
	if v.Kind() == '"' {
		return valid(lax.String(v))
	}
	line, err := lax.Line(v)
	if err != nil {
		return valid(string(v))
	}
	return valid(string(line))
}
