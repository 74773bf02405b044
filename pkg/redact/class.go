package redact

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
func isWord(c byte) bool   { return class[c]&wordClass != 0 }
func isUpper(c byte) bool  { return c-'A' < 26 }

func lower(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}

// The classes of bytes that keys are made of.
const (
	alnumClass  = 1 << iota // letters and digits
	wordClass               // and '_'
	urlClass                // and '-': base64url
	dottedClass             // and '.'
	base64Class             // letters, digits, "+/=_-"
	nameClass               // what names of variables and headers are made of
	bareClass               // what a value without quotes can hold
)

var class = func() (t [256]uint8) {
	for c := range 256 {
		b := byte(c)
		if isDigit(b) || isLetter(b) {
			t[c] = alnumClass | wordClass | urlClass | dottedClass | base64Class | nameClass
		}
		if b > ' ' && b != 0x7f {
			t[c] |= bareClass
		}
	}
	add := func(chars string, classes uint8) {
		for i := range len(chars) {
			t[chars[i]] |= classes
		}
	}
	add("_", wordClass|urlClass|dottedClass|base64Class|nameClass)
	add("-", urlClass|dottedClass|base64Class|nameClass)
	add(".", dottedClass|nameClass)
	add("+/=", base64Class)
	for _, c := range []byte("\"'`,;)}]>|&\\<") {
		t[c] &^= bareClass
	}
	return t
}()

// span returns the end of the run of bytes of class c that begins at i.
func span(s string, i int, c uint8) int {
	for i < len(s) && class[s[i]]&c != 0 {
		i++
	}
	return i
}

// foldAt reports whether s has word at i, whatever the case. word is in lower case.
func foldAt(s string, i int, word string) bool {
	if i < 0 || len(s)-i < len(word) {
		return false
	}
	for j := range len(word) {
		if lower(s[i+j]) != word[j] {
			return false
		}
	}
	return true
}

// foldSuffix reports whether s ends in word, whatever the case.
func foldSuffix(s, word string) bool { return foldAt(s, len(s)-len(word), word) }
