package redact

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"ams/pkg/lax"
)

// JSON returns raw with masks in its strings: in values, and in the keys of objects. A string under a
// key that names a secret is masked whatever it is. Numbers, literals and the structure stay, and a
// value without findings is returned as it is, without allocating. What is not JSON becomes one JSON
// string.
func (r *Redactor) JSON(raw lax.Raw) lax.Raw {
	if !r.on {
		return raw
	}
	r.note(view(raw))
	return r.json(raw, context{})
}

// context is what a value's key says of it.
type context struct {
	kind   kind // of the secret that the key names
	weak   bool // the key may name something else; the value decides
	path   bool // the value is a file path
	role   role
	joined kind // of the secret that the name of a {"name":...,"value":...} object names
}

// role is what a member is in an object that holds a name and a value.
type role uint8

const (
	other role = iota
	nameRole
	valueRole
)

// contextOf says what key tells of its value.
func contextOf(key string) context {
	var c context
	c.kind, c.weak = nameKind(key)
	switch key {
	case "name", "key", "Name", "Key", "header", "variable", "label", "field", "element", "selector", "ParameterKey",
		"parameterKey",
		"NAME", "KEY":
		c.role = nameRole
	case "value", "Value", "text", "ParameterValue", "parameterValue", "VALUE":
		c.role = valueRole
	case "path", "cwd", "filePath", "filename", "file", "directory", "dir":
		c.path = true
	default:
		c.path = strings.HasSuffix(key, "_path") || strings.HasSuffix(key, "Path")
	}
	return c
}

// frame is an open object or array.
type frame struct {
	object bool
	key    bool // the next string is a key
	flag   kind // of the secret that the string before, a flag, announces
	context
}

// json is JSON without note, for a value that stands under a key of context c.
func (r *Redactor) json(raw lax.Raw, c context) lax.Raw {
	r.frames = append(r.frames[:0], frame{context: c})
	r.encoded = r.encoded[:0]
	copied := 0
	for i := 0; i < len(raw); {
		b := raw[i]
		if b != '"' {
			if !r.structure(b) {
				return r.notJSON(raw)
			}
			i++
			continue
		}
		s, end := r.unquote(raw, i+1)
		if end < 0 {
			return r.notJSON(raw)
		}
		r.lookAhead(raw, end)
		if masked, changed := r.member(s); changed {
			quoted, err := lax.Line(masked)
			if err != nil {
				return r.notJSON(raw)
			}
			r.encoded = append(append(r.encoded, raw[copied:i]...), quoted...)
			copied = end
		}
		i = end
	}
	if copied == 0 {
		return raw
	}
	return bytes.Clone(append(r.encoded, raw[copied:]...))
}

// structure follows one byte outside of strings. It reports false for a byte that JSON does not have there.
func (r *Redactor) structure(b byte) bool {
	top := &r.frames[len(r.frames)-1]
	switch b {
	case '{':
		r.frames = append(r.frames, frame{object: true, key: true})
	case '[':
		c := top.context
		c.joined = none
		r.frames = append(r.frames, frame{context: c})
	case '}', ']':
		if len(r.frames) == 1 {
			return false
		}
		r.frames = r.frames[:len(r.frames)-1]
	case ',':
		top.key = top.object
	case ':':
		top.key = false
	case ' ', '\t', '\r', '\n', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '-', '.', 'e', 'E',
		't', 'r', 'u', 'f', 'a', 'l', 's', 'n':
	default:
		return false
	}
	return true
}

// notJSON makes a JSON string of what is no JSON value, so that nothing of it goes unseen.
func (r *Redactor) notJSON(raw lax.Raw) lax.Raw {
	s, _ := r.text(string(raw))
	quoted, err := lax.Line(s)
	if err != nil {
		return lax.Raw(`""`)
	}
	return quoted
}

// unquote returns the text of the JSON string whose content begins at i, and the end of the string,
// its quote included; -1 if it has none. The text is good until the next call.
func (r *Redactor) unquote(raw []byte, i int) (string, int) {
	n := bytes.IndexByte(raw[i:], '"')
	if n < 0 {
		return "", -1
	}
	escape := bytes.IndexByte(raw[i:i+n], '\\')
	if escape < 0 {
		return view(raw[i : i+n]), i + n + 1
	}
	decoded := append(r.decoded[:0], raw[i:i+escape]...)
	for j := i + escape; ; {
		decoded, j = appendPlain(decoded, raw, j)
		r.decoded = decoded // what it grew by is for the next string, too
		switch {
		case j == len(raw) || raw[j] == '\\' && j+1 == len(raw):
			return "", -1
		case raw[j] == '"':
			return view(decoded), j + 1
		}
		if c := escapes[raw[j+1]]; c != 0 {
			decoded, j = append(decoded, c), j+2
			continue
		}
		decoded, j = unescape(decoded, raw, j+1)
	}
}

// Eight times a byte that ends a run of plain ones in a JSON string, and a byte of one bit.
const (
	eightQuotes      = 0x2222222222222222
	eightBackslashes = 0x5c5c5c5c5c5c5c5c
	eightOnes        = 0x0101010101010101
	eightHighs       = 0x8080808080808080
)

// appendPlain appends to dst the bytes of raw from i to the next quote or backslash, and returns where that stands. It
// looks at eight bytes at once: unquoting took as long as scanning.
func appendPlain(dst, raw []byte, i int) ([]byte, int) {
	for ; len(raw)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(raw[i:])
		dst = binary.LittleEndian.AppendUint64(dst, w)
		quote, backslash := w^eightQuotes, w^eightBackslashes
		// The lowest high bit that is left is that of the first byte that was equal.
		if ends := ((quote-eightOnes)&^quote | (backslash-eightOnes)&^backslash) & eightHighs; ends != 0 {
			n := bits.TrailingZeros64(ends) / 8
			return dst[:len(dst)-8+n], i + n
		}
	}
	for ; i < len(raw) && raw[i] != '"' && raw[i] != '\\'; i++ {
		dst = append(dst, raw[i])
	}
	return dst, i
}

// member redacts the text of a JSON string: a key, or the value of the last key.
func (r *Redactor) member(s string) (string, bool) {
	top := &r.frames[len(r.frames)-1]
	if top.object && top.key {
		joined := top.joined
		top.context = contextOf(s)
		top.joined = joined
		return r.text(s)
	}
	if masked, ok := r.named(top, s); ok {
		return masked, true
	}
	if !top.object {
		if masked, ok := r.flagged(top, s); ok {
			return masked, true
		}
	}
	if top.path {
		return r.path(s)
	}
	return r.text(s)
}

// lookAhead finds the name of a value that stands before it in its object:
// {"value":"x","name":"DB_PASSWORD"}. The value ends at i.
func (r *Redactor) lookAhead(raw []byte, i int) {
	top := &r.frames[len(r.frames)-1]
	if !top.object || top.key || top.role != valueRole || top.joined != none {
		return
	}
	rest := raw[i:min(len(raw), i+maxPair)]
	if end := bytes.IndexAny(rest, "{}[]"); end >= 0 {
		rest = rest[:end]
	}
	top.joined, _ = fieldName(view(rest))
}

// flagged masks s if the string before it in its array is the flag for a secret: ["--password","x"].
func (r *Redactor) flagged(f *frame, s string) (string, bool) {
	k := f.flag
	f.flag = none
	if name := strings.TrimLeft(s, "-"); len(name) >= 3 && len(s)-len(name) > 0 && len(s)-len(name) <= 2 {
		if flag, weak := nameKind(name); !weak && flag != cookie && flag != authorization {
			f.flag = flag
		}
		return s, false
	}
	if k == none || !r.rules.Secrets || isPlaceholder(s) || isWordy(s) || r.isMask(s) {
		return s, false
	}
	return r.mask(labels[refine(s, 0, len(s), k)], s, false), true
}

// named masks s if its key names a secret.
func (r *Redactor) named(f *frame, s string) (string, bool) {
	if !r.rules.Secrets {
		return s, false
	}
	if f.object && f.role == nameRole {
		f.joined = fieldKind(s)
	}
	k, weak := f.kind, f.weak
	if f.role == valueRole && f.joined != none {
		k, weak = f.joined, false
	}
	if k == none || isPlaceholder(s) || r.isMask(s) {
		return s, false
	}
	switch {
	case k == signature || k == cookie && (strings.IndexByte(s, '=') < 0 || !featuresOf(s).looksRandom()):
		return s, false
	case k == authorization:
		start, end, k := credentials(s, 0, len(s))
		if k == none {
			return s, false
		}
		return s[:start] + r.mask(labels[refine(s, start, end, k)], s[start:end], false) + s[end:], true
	case weak && !isRandom(s, 8):
		return s, false
	}
	return r.mask(labels[refine(s, 0, len(s), k)], s, false), true
}

// isMask reports whether s is one mask and nothing else.
func (r *Redactor) isMask(s string) bool {
	return len(s) > 0 && s[0] == '[' && r.maskEnd(s, 0) == len(s)
}

// fieldKind says whether the name of a form field, header or variable names a secret.
func fieldKind(name string) kind {
	if k, weak := nameKind(name[strings.LastIndexByte(name, '/')+1:]); k != none && !weak {
		return k
	}
	if len(name) < 200 && containsFold(name, "password") {
		return password
	}
	return none
}

// view is b as a string, without copying: what is scanned is never written to meanwhile, and mask clones what it keeps.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// escapes has what the letter after a backslash stands for.
var escapes = [256]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', '"': '"', '\\': '\\', '/': '/'}

// unescape appends to dst what the escape in raw means whose letter is at i and not in escapes, and returns
// where it ends. Halves of surrogate pairs become U+FFFD.
func unescape(dst, raw []byte, i int) ([]byte, int) {
	u, ok := hex4(raw[i+1:])
	if raw[i] != 'u' || !ok {
		return append(dst, '\\', raw[i]), i + 1
	}
	i += 5
	if utf16.IsSurrogate(u) && len(raw)-i >= 6 && raw[i] == '\\' && raw[i+1] == 'u' {
		if low, ok := hex4(raw[i+2:]); ok && utf16.DecodeRune(u, low) != utf8.RuneError {
			u, i = utf16.DecodeRune(u, low), i+6
		}
	}
	return utf8.AppendRune(dst, u), i
}

// hex4 reads the four hex digits of a \u escape.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var u rune
	for _, c := range b[:4] {
		switch {
		case isDigit(c):
			u = u<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			u = u<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return u, true
}
