package redact

import "strings"

// maxLocal bounds the part of an address before the '@' (RFC 5321).
const maxLocal = 64

// email finds the address whose '@' is at i.
func (sc *scanner) email(i int) match {
	s := sc.s
	start := i
	for start > sc.floor && i-start <= maxLocal && isLocal(s[start-1]) && !sc.escapedBefore(start) {
		start--
	}
	for start < i && !isAlnum(s[start]) {
		start++
	}
	if start == i || i-start > maxLocal || start > sc.floor && s[start-1] >= 0x80 && i-start < 2 {
		return match{}
	}
	end, ok := domainEnd(s, i+1)
	if !ok {
		return match{}
	}
	local, domain := s[start:i], s[i+1:end]
	switch {
	case start >= sc.floor+2 && s[start-1] == '/' && s[start-2] == '/': // ssh://git@host
		return match{}
	case byteBefore(s, sc.floor, start) == '$': // $USER@host.example
		return match{}
	case local == "git" && end < len(s) && (s[end] == ':' || s[end] == '/'): // git@host:owner/name
		return match{}
	case domain == "openssh.com" || domain == "libssh.org": // aes256-gcm@openssh.com is a cipher
		return match{}
	case end < len(s) && s[end] == '(': // obj@mod.method()
		return match{}
	case isDigit(domain[0]) && (domain[1] == 'x' || domain[1] == '.'): // icon@2x.png, pkg@1.0.beta
		return match{}
	}
	return match{start, end, email}
}

func isLocal(c byte) bool {
	return isWord(c) || c == '.' || c == '+' || c == '-' || c == '%' || c == '\''
}

// domainEnd returns the end of the domain name at i, which has a dot and ends in letters.
func domainEnd(s string, i int) (int, bool) {
	end, label, dots := i, i, 0
	for j := i; ; j++ {
		if j < len(s) && (isAlnum(s[j]) || s[j] == '-' || s[j] >= 0x80) {
			continue
		}
		if j == label || s[label] == '-' || s[j-1] == '-' {
			break
		}
		end = j
		if j == len(s) || s[j] != '.' || j-i > 253 {
			break
		}
		if j+1 == len(s) || !isAlnum(s[j+1]) {
			break
		}
		dots++
		label = j + 1
	}
	if dots == 0 || end <= label || end-label < 2 || end-label > 24 {
		return 0, false
	}
	for j := label; j < end; j++ {
		if !isLetter(s[j]) {
			return 0, false
		}
	}
	return end, end == len(s) || !isWord(s[end]) && s[end] != '-' && s[end] != '@'
}

// number looks at the digits that begin at i and returns a finding or their end.
func (sc *scanner) number(i int) (match, int) {
	s := sc.s
	end := i + 1
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	n := end - i
	if n != 1 && n != 3 && n != 4 && n != 2 && n != 5 && n < 13 || n > 19 || !sc.numberBegins(i) {
		return match{}, end
	}
	if n == 19 && s[i:i+2] != "62" { // sooner an id: such cards are hardly ever issued
		return match{}, end
	}
	if n >= 13 {
		if isCard(s[i:end], n) && sc.numberEnds(end) {
			return match{i, end, card}, 0
		}
		return match{}, end
	}
	if end == len(s) || !isSeparator(s[end]) && s[end] != '/' {
		return match{}, end
	}
	if n == 4 {
		if m := sc.groupedCard(i); m.kind != none {
			return m, 0
		}
	}
	if n == 3 && s[end] == '-' {
		if m := sc.socialSecurity(i); m.kind != none {
			return m, 0
		}
	}
	if n == 3 || n == 1 && s[i] == '1' {
		if m := sc.american(i); m.kind != none {
			return m, 0
		}
	}
	if m := sc.announced(i); m.kind != none {
		return m, 0
	}
	return match{}, end
}

func isSeparator(c byte) bool { return c == ' ' || c == '-' || c == '.' }

// numberBegins reports whether what stands before i lets a number begin there.
func (sc *scanner) numberBegins(i int) bool {
	if i == sc.floor {
		return true
	}
	c := sc.s[i-1]
	switch {
	case isWord(c):
		return sc.escapedBefore(i)
	case c == '.' || c == '-' || c == '+' || c == '%' || c == '#' || c == '@' || c == '$' || c == '~' || c == '^' || c == '\\':
		return false
	case c == ',' || c == '/' || c == ':':
		return i-1 == sc.floor || !isDigit(sc.s[i-2])
	}
	return true
}

// numberEnds reports whether a number can end at end.
func (sc *scanner) numberEnds(end int) bool {
	s := sc.s
	if end == len(s) {
		return true
	}
	c := s[end]
	switch {
	case isWord(c) || c == '%' || c == '@' || c == '+':
		return false
	case c == '-' || c == '.' || c == ':' || c == '/' || c == ',':
		return end+1 == len(s) || !isAlnum(s[end+1])
	}
	return true
}

// groupedCard finds a card number in groups with the same separator: 4-4-4-4, 4-4-4-4-3, 4-6-5, 4-6-4.
func (sc *scanner) groupedCard(i int) match {
	s := sc.s
	sep := s[i+4]
	if sep == '.' || sep == '/' {
		return match{}
	}
	var digits [20]byte
	n, group, end := 0, 0, i
	var sizes [6]int
	for j := i; n < 19; {
		from := j
		for j < len(s) && isDigit(s[j]) && n < 20 {
			digits[n] = s[j]
			n++
			j++
		}
		if j == from || group == len(sizes) {
			break
		}
		sizes[group] = j - from
		group++
		end = j
		if j == len(s) || s[j] != sep || j+1 == len(s) || !isDigit(s[j+1]) {
			break
		}
		j++
	}
	switch sizes {
	case [6]int{4, 4, 4, 4}, [6]int{4, 4, 4, 4, 3}, [6]int{4, 6, 5}, [6]int{4, 6, 4}:
		if isCard(string(digits[:n]), n) && sc.numberEnds(end) {
			return match{i, end, card}
		}
	}
	return match{}
}

// isCard reports whether digits is a payment card number: a known prefix, its length, and the check digit.
func isCard(digits string, n int) bool {
	two := int(digits[0]-'0')*10 + int(digits[1]-'0')
	four := two*100 + int(digits[2]-'0')*10 + int(digits[3]-'0')
	known := false
	switch {
	case digits[0] == '4':
		known = n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		known = n == 16
	case two == 34 || two == 37:
		known = n == 15
	case two == 36, two == 38, two == 39, four >= 3000 && four <= 3059, four == 3095:
		known = n == 14
	case four == 6011, two == 65, four >= 6440 && four <= 6499:
		known = n == 16 || n == 19
	case four >= 3528 && four <= 3589:
		known = n == 16
	case two == 62:
		known = n >= 16
	}
	return known && luhn(digits)
}

// luhn reports whether the check digit is right.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// socialSecurity finds ddd-dd-dddd by the rules of its issuer: no area 000, 666 or 9xx, no group 00, no serial 0000.
func (sc *scanner) socialSecurity(i int) match {
	s := sc.s
	if len(s)-i < 11 || s[i+6] != '-' || !digitsAt(s, i+4, 2) || !digitsAt(s, i+7, 4) || !sc.numberEnds(i+11) {
		return match{}
	}
	area := s[i : i+3]
	if area == "000" || area == "666" || area[0] == '9' || s[i+4:i+6] == "00" || s[i+7:i+11] == "0000" {
		return match{}
	}
	return match{i, i + 11, ssn}
}

// digitsAt reports whether n digits stand at i.
func digitsAt(s string, i, n int) bool {
	if len(s)-i < n {
		return false
	}
	for j := i; j < i+n; j++ {
		if !isDigit(s[j]) {
			return false
		}
	}
	return true
}

// american finds a number of the North American plan with separators: 415-555-0132, 1-415-555-0132, 415.555.0132. With spaces
// alone it could be a table, so a word must announce it.
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
	if !digitsAt(s, j, 3) || len(s)-j < 12 || !isSeparator(s[j+3]) || !digitsAt(s, j+4, 3) || !isSeparator(s[j+7]) || !digitsAt(s, j+8, 4) {
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
	if s[i+1] < '1' || len(s)-j < 8 || !digitsAt(s, j, 3) || !isSeparator(s[j+3]) || !digitsAt(s, j+4, 4) || !sc.numberEnds(j+8) {
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

// countryCode returns how many digits the country code at the begin of s has, 0 if there is no such country (ITU E.164).
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
		if j > 0 && isLetter(s[j-1]) {
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
	"build", "version", "ver", "v", "rev", "revision", "release", "id", "order", "invoice", "ticket", "case", "serial", "part",
	"sku", "isbn", "port", "error", "code", "issue", "bug", "rfc", "doi", "range", "lines", "offset", "patch", "tag",
}
