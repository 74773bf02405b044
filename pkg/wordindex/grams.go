package wordindex

import (
	"math/bits"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"ams/pkg/search"
)

const (
	// gramLen is how many characters a gram has: of three, a long session has nearly all that there are.
	gramLen = 4

	// gramLeast is how many bytes it has at least. What is shorter is nearly everywhere.
	gramLeast = 3

	// gramsMost bounds the grams of one session: one with more (of megabytes in base64, say) is always a candidate.
	gramsMost = 1 << 18
)

// codes are the ASCII characters of words, folded, numbered from 1.
const codes = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

// base is how many values a place in a gram of ASCII can have: those, and nothing.
const base = len(codes) + 1

// codeOf is the number of an ASCII character, 0 where it is of no word.
var codeOf = func() (code [utf8.RuneSelf]uint32) {
	for i := range len(codes) {
		code[codes[i]] = uint32(i + 1)
	}
	return code
}()

// inWord reports whether a folded character belongs to a word.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return codeOf[r] > 0
	}
	return !unicode.IsSpace(r)
}

// runs gives the words of a text, folded; a long one comes in pieces that share all but one of the characters of a
// gram, last with the last of them. buf is scratch.
func runs(text string, buf []rune, fn func(word []rune, last bool)) []rune {
	buf = buf[:0]
	for _, r := range text {
		if r = search.Fold(r); inWord(r) {
			if buf = append(buf, r); len(buf) == pieceMost {
				fn(buf, false)
				buf = append(buf[:0], buf[len(buf)-gramLen+1:]...)
			}
		} else if len(buf) > 0 {
			fn(buf, true)
			buf = buf[:0]
		}
	}
	if len(buf) > 0 {
		fn(buf, true)
	}
	return buf
}

// pieceMost is how much of a word is looked at together: base64 is one word of any length.
const pieceMost = 4096

// grams is a set of them.
type grams struct {
	ascii []uint64 // a bit for each that there can be
	other map[string]struct{}
	count int
	buf   []rune
}

var spare = sync.Pool{New: func() any {
	return &grams{ascii: make([]uint64, (base*base*base*base+63)/64), other: map[string]struct{}{}}
}}

func newGrams() *grams { return spare.Get().(*grams) }

func (g *grams) free() {
	clear(g.ascii)
	clear(g.other)
	g.count = 0
	spare.Put(g)
}

// full reports whether there are too many.
func (g *grams) full() bool { return g.count > gramsMost }

// add takes the grams of a text.
func (g *grams) add(text string) {
	if g.full() {
		return
	}
	g.buf = runs(text, g.buf, func(word []rune, last bool) {
		end := len(word) - gramLen + 1
		if last {
			end = len(word)
		}
		for i := 0; i < end && !g.full(); i++ {
			g.put(word[i:min(i+gramLen, len(word))])
		}
	})
}

func (g *grams) put(gram []rune) {
	at := uint32(0)
	for i := range gramLen {
		code := uint32(0)
		if i < len(gram) {
			if gram[i] >= utf8.RuneSelf {
				g.putOther(string(gram))
				return
			}
			code = codeOf[gram[i]]
		}
		at = at*uint32(base) + code
	}
	if bit := uint64(1) << (at % 64); len(gram) >= gramLeast && g.ascii[at/64]&bit == 0 {
		g.ascii[at/64] |= bit
		g.count++
	}
}

func (g *grams) putOther(gram string) {
	if _, ok := g.other[gram]; !ok && len(gram) >= gramLeast {
		g.other[gram] = struct{}{}
		g.count++
	}
}

// text is all grams with blanks between them.
func (g *grams) text() string {
	var b strings.Builder
	b.Grow(g.count * (gramLen + 1))
	for i, word := range g.ascii {
		for ; word != 0; word &= word - 1 {
			at := i*64 + bits.TrailingZeros64(word)
			for unit := base * base * base; unit > 0; unit /= base {
				if code := at / unit % base; code > 0 {
					b.WriteByte(codes[code-1])
				}
			}
			b.WriteByte(' ')
		}
	}
	for gram := range g.other {
		b.WriteString(gram)
		b.WriteByte(' ')
	}
	return b.String()
}
