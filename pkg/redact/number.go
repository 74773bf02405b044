package redact

// number looks at the digits that begin at i and returns a finding or their end.
func (sc *scanner) number(i int) (match, int) {
	s := sc.s
	end := i + 1
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	n := end - i
	grouped := n <= 5 && end < len(s) && (isSeparator(s[end]) || s[end] == '/')
	if !grouped && (n < 13 || n > 19) || !sc.numberBegins(i) {
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
	case c == '.' || c == '-' || c == '+' || c == '%' || c == '#' || c == '@' || c == '$' || c == '~' || c == '^' ||
		c == '\\':
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
