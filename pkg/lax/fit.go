package lax

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Shape says how deep a JSON value is nested and how many bytes it has once it is indented by two spaces, depth
// levels further in than the left margin. It reads the bytes alone: a value of 20 kB that is nested 9,900 deep has
// 196 MB indented.
func Shape(r Raw, depth int) (deepest, indented int) {
	at := depth
	size := 0
	for i := 0; i < len(r); i++ {
		switch r[i] {
		case '"':
			end := i + 1 + stringEnd(r[i+1:])
			size += end - i
			i = end - 1
		case '{', '[':
			at++
			deepest = max(deepest, at-depth)
			size += 2 + 2*at
		case '}', ']':
			at--
			size += 2 + 2*at
		case ',':
			size += 2 + 2*at
		case ':':
			size += 2
		case ' ', '\t', '\r', '\n':
		default:
			size++
		}
	}
	return deepest, size
}

// stringEnd is where a JSON string ends whose first byte is b[0], behind its closing quote.
func stringEnd(b []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		end := i + n
		slashes := 0
		for end-slashes > 0 && b[end-slashes-1] == '\\' {
			slashes++
		}
		i = end + 1
		if slashes%2 == 0 {
			return i
		}
	}
}

// CutMark stands at the end of every text that was cut.
const CutMark = "… [cut]"

// CutText returns s, or as much of its beginning as has at most n bytes as a JSON string, [CutMark] included.
func CutText(s string, n int) string {
	size := Quoted(s)
	if size <= n {
		return s
	}
	// Where few of the bytes are escaped one step is enough.
	for size > n-len(CutMark) && len(s) > 0 {
		end := max(min(len(s)-1, int(float64(len(s))*float64(n-len(CutMark))/float64(size))), 0)
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
		size = Quoted(s)
	}
	return s + CutMark
}

// Quoted is how many bytes s has as a JSON string, without its quotes: a control character has six, a byte that is no
// UTF-8 three.
func Quoted(s string) int {
	size := len(s)
	for i := range len(s) {
		size += escaped[s[i]]
	}
	if !utf8.ValidString(s) {
		size += 2 * len(s)
	}
	return size
}

// escaped is how many bytes more than one a byte has in a JSON string.
var escaped = func() (more [256]int) {
	for c := range 0x20 {
		more[c] = len(`\u0000`) - 1
	}
	for _, c := range "\"\\\b\f\n\r\t" {
		more[c] = 1
	}
	return more
}()

// Fit returns a JSON value that is nested at most deep levels and has, indented as by [Shape], about size bytes. What
// is deeper stands as a text that holds its JSON. What is too large loses the ends of its longest texts, each of
// which may have half of the room that is left where it stands, and then its last members; so it keeps its form, and
// the short members before and behind a long one.
func Fit(r Raw, depth, deep, size int) Raw {
	var out bytes.Buffer
	f := fitter{
		from: jsontext.NewDecoder(bytes.NewBuffer(r), options), to: jsontext.NewEncoder(&out, options),
		base: depth, deep: deep, left: size,
	}
	if f.value() != nil {
		return nil
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

type fitter struct {
	from             *jsontext.Decoder
	to               *jsontext.Encoder
	base, deep, left int
}

// value copies the value that comes next. What stood open when the room ran out is closed.
func (f *fitter) value() error {
	for {
		kind := f.from.PeekKind()
		closing := kind == '}' || kind == ']'
		var err error
		switch {
		case closing:
			err = f.token()
		case f.left <= 0 && f.from.StackDepth() > 0:
			err = f.from.SkipValue() // a name, too, goes with its value
		case (kind == '{' || kind == '[') && f.from.StackDepth() >= f.deep:
			err = f.asText()
		default:
			err = f.member()
		}
		if err != nil {
			return err
		}
		if f.from.StackDepth() == 0 {
			return nil
		}
	}
}

// member copies one token; a name and its value stay together.
func (f *fitter) member() error {
	in, n := f.from.StackIndex(f.from.StackDepth())
	if in != '{' || n%2 == 1 {
		return f.token()
	}
	if err := f.token(); err != nil {
		return err
	}
	switch kind := f.from.PeekKind(); {
	case (kind == '{' || kind == '[') && f.from.StackDepth() >= f.deep:
		return f.asText()
	default:
		f.left = max(f.left, 1) // the name is there: its value is, however short
		return f.token()
	}
}

func (f *fitter) token() error {
	t, err := f.from.ReadToken()
	if err != nil {
		return err
	}
	if t.Kind() == '"' {
		return f.text(t.String())
	}
	f.spend(len(t.String()))
	return f.to.WriteToken(t)
}

// asText writes a value as the text of its JSON.
func (f *fitter) asText() error {
	v, err := f.from.ReadValue()
	if err != nil {
		return err
	}
	return f.text(string(v))
}

// minText is what a text keeps in any case.
const minText = 64

func (f *fitter) text(s string) error {
	s = CutText(s, max(f.left/2, minText))
	f.spend(Quoted(s) + 2)
	return f.to.WriteToken(jsontext.String(s))
}

func (f *fitter) spend(n int) {
	f.left -= n + 2 + 2*(f.base+f.to.StackDepth())
}
