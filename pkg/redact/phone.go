package redact

import "strings"

// american finds a number of the North American plan with separators: 415-555-0132, 1-415-555-0132,
// 415.555.0132. With spaces alone it could be a table, so a word must announce it.
func (sc *scanner) american(i int) match {
	s := sc.s
	j := i
	if s[j] == '1' && j+1 < len(s) && isSeparator(s[j+1]) {
		j += 2
		if j < len(s) && s[j] == '(' {
			if m := sc.areaCode(j); m.kind != none {
				m.start = i
				return m
			}
			return match{}
		}
	}
	if !digitsAt(s, j, 3) || len(s)-j < 12 || !isSeparator(s[j+3]) || !digitsAt(s, j+4, 3) || !isSeparator(s[j+7]) ||
		!digitsAt(s, j+8, 4) {
		return match{}
	}
	end := j + 12
	if !sc.numberEnds(end) || sc.numbered(i) {
		return match{}
	}
	plan := s[j] >= '2' && s[j+4] >= '2'
	switch first, second := s[j+3], s[j+7]; {
	case first == '-' && second == '-':
		if s[j] == '0' || j > i && s[i+1] != '-' && !plan {
			return match{}
		}
	case first == '.' && second == '.', first == ' ' && second == '-':
		if !plan {
			return match{}
		}
	default:
		if !plan || first != second || !sc.cue(i) {
			return match{}
		}
	}
	return match{i, end, phone}
}

// areaCode finds (415) 555-0132, with the parenthesis at i.
func (sc *scanner) areaCode(i int) match {
	s := sc.s
	if !digitsAt(s, i+1, 3) || len(s)-i < 13 || s[i+4] != ')' || i > sc.floor && (isWord(s[i-1]) && !sc.escapedBefore(i)) {
		return match{}
	}
	j := i + 5
	if s[j] == ' ' || s[j] == '-' {
		j++
	}
	if s[i+1] < '1' || len(s)-j < 8 || !digitsAt(s, j, 3) || !isSeparator(s[j+3]) || !digitsAt(s, j+4, 4) ||
		!sc.numberEnds(j+8) {
		return match{}
	}
	return match{i, j + 8, phone}
}

// international finds a number that begins with a plus sign, at i.
func (sc *scanner) international(i int) match {
	s := sc.s
	if len(s)-i < 9 || s[i+1] < '1' || s[i+1] > '9' {
		return match{}
	}
	if i > sc.floor && !sc.escapedBefore(i) && (isWord(s[i-1]) || strings.IndexByte("+).%", s[i-1]) >= 0) {
		return match{}
	}
	digits, seps, dots, dashes, end := 0, 0, 0, 0, i
	var sizes [2]int // of the first two groups
	cut := 0         // the last end with at most 13 digits: separators may go on into another number
	american := s[i+1] == '1'
	for j := i + 1; j < len(s); {
		from := j
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		if j == from {
			break
		}
		digits += j - from
		if seps < 2 {
			sizes[seps] = j - from
		}
		end = j
		if digits <= 13 {
			cut = end
		}
		if american && digits >= 11 || digits > 15 {
			break
		}
		next := afterSeparator(s, j)
		if next == 0 {
			break
		}
		switch s[j] {
		case '.':
			dots++
		case '-':
			dashes++
		}
		seps++
		j = next
	}
	country := countryCode(s[i+1:])
	switch {
	case digits > 15 && seps > 0 && cut > i+9:
		end = cut
	case digits > 15 || country == 0 || dots == 1 && seps == 1: // +37.7749: a coordinate
		return match{}
	case dashes == 1 && seps == 1 && (sizes == [2]int{4, 5} || sizes == [2]int{6, 7}): // +4024-00341: another (ISO 6709)
		return match{}
	case american && digits != 11, seps == 0 && digits < 10, digits < 9:
		return match{}
	case american && seps == 0 && (s[i+2] < '2' || s[i+5] < '2'):
		return match{}
	}
	if !sc.numberEnds(end) {
		return match{}
	}
	return match{i, end, phone}
}

// afterSeparator returns where the next digits of a phone number begin after a separator at j, 0 if nowhere.
func afterSeparator(s string, j int) int {
	k := j
	for k < len(s) && k-j < 3 && (isSeparator(s[k]) || s[k] == '(' || s[k] == ')') {
		k++
	}
	if k == j || k == len(s) || !isDigit(s[k]) {
		return 0
	}
	if k-j > 1 && s[j] != '(' && s[j] != ')' && s[k-1] != '(' && s[k-2] != ')' {
		return 0 // two separators in a row belong to something else
	}
	return k
}

// countryCode returns how many digits the country code at the begin of s has, 0 if there is no such
// country (ITU E.164).
func countryCode(s string) int {
	if s[0] == '1' || s[0] == '7' {
		return 1
	}
	if len(s) < 3 || !isDigit(s[1]) {
		return 0
	}
	switch s[:2] {
	case "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
		"51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66",
		"81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98":
		return 2
	case "21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69",
		"80", "85", "87", "88", "96", "97", "99":
		return 3
	}
	return 0
}

// announced finds a number of any country with separators, if a word before it says that it is a phone number.
func (sc *scanner) announced(i int) match {
	s := sc.s
	digits, groups, end := 0, 0, i
	for j := i; j < len(s); {
		from := j
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		digits += j - from
		groups++
		end = j
		if digits > 13 {
			return match{}
		}
		if j+1 >= len(s) || !isSeparator(s[j]) && s[j] != '/' || !isDigit(s[j+1]) {
			break
		}
		j++
	}
	if digits < 9 || groups < 2 || !sc.numberEnds(end) || !sc.cue(i) {
		return match{}
	}
	if end-i >= 5 && (s[i+4] == '-' || s[i+4] == '/' || s[i+4] == '.') && (s[i:i+2] == "19" || s[i:i+2] == "20") {
		return match{} // a date
	}
	return match{i, end, phone}
}

// maxCue is how far before a number the word may stand that announces it.
const maxCue = 32

// cue reports whether a word before i, on the same line, announces a phone number. Each byte is searched once.
func (sc *scanner) cue(i int) bool {
	s := sc.s
	for j := max(sc.cueSeen, sc.floor, i-maxCue-10); j < i; j++ {
		if s[j] == '\n' {
			sc.cueAt = -1
			continue
		}
		if cueFirst[s[j]] == 0 || j > 0 && isLetter(s[j-1]) {
			continue
		}
		for _, word := range cues {
			if s[j]|0x20 == word[0] && foldAt(s, j, word) {
				sc.cueAt = j + len(word)
				break
			}
		}
	}
	sc.cueSeen = i
	return sc.cueAt >= 0 && i-sc.cueAt <= maxCue
}

var cues = []string{"phone", "telephone", "tel", "mobile", "mobil", "cell", "fax", "handy", "whatsapp", "sms", "call"}

// cueFirst has 1 for the letters that cues begin with.
var cueFirst = func() (t [256]uint8) {
	for _, word := range cues {
		t[word[0]], t[word[0]&^0x20] = 1, 1
	}
	return t
}()

// numbered reports whether the word before i says that the number counts something: build 415-555-0132.
func (sc *scanner) numbered(i int) bool {
	s := sc.s
	j := i
	for j > sc.floor && (s[j-1] == ' ' || s[j-1] == ':' || s[j-1] == '#' || s[j-1] == '=') {
		j--
	}
	end := j
	for j > sc.floor && isLetter(s[j-1]) {
		j--
	}
	if end == j || i-j > 24 {
		return false
	}
	switch word := s[j:end]; len(word) {
	default:
		for _, w := range numbering {
			if len(w) == len(word) && foldAt(word, 0, w) {
				return true
			}
		}
	}
	return false
}

var numbering = []string{
	"build", "version", "ver", "v", "rev", "revision", "release", "id", "order", "invoice", "ticket", "case",
	"serial", "part",
	"sku", "isbn", "port", "error", "code", "issue", "bug", "rfc", "doi", "range", "lines", "offset", "patch", "tag",
}
