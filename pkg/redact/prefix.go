package redact

import "strings"

// byLast has the prefix rules by the byte before the first '-', '_' or '.' of the prefix: where the
// scanner stops. ends has a bit for each pair of bytes before it, so that most words are passed by
// without a look at the rules.
var byLast, ends = func() (t [256][]indexed, pairs [256]uint64) {
	for i := range prefixRules {
		rule := &prefixRules[i]
		at := strings.IndexAny(rule.prefix, "-_.")
		last := rule.prefix[at-1]
		t[last] = append(t[last], indexed{rule, at})
		pairs[rule.prefix[at-2]] |= 1 << (last & 63)
	}
	return t, pairs
}()

// prefixEnds has a bit for the byte before that separator after the two before it, as ends3 has for
// names. Before a prefix of two bytes anything may stand.
var prefixEnds = func() (t [1024]uint32) {
	for _, rule := range prefixRules {
		at := strings.IndexAny(rule.prefix, "-_.")
		second, last := rule.prefix[at-2], rule.prefix[at-1]
		for first := range 32 {
			if at == 2 || first == int(rule.prefix[at-3]&31) {
				t[first<<5|int(second&31)] |= 1 << (last & 31)
			}
		}
	}
	return t
}()

// indexed is a rule and where the first separator of its prefix stands.
type indexed struct {
	*prefixRule
	at int
}

// prefixed finds a key whose prefix has its first separator at i.
func (sc *scanner) prefixed(i int) match {
	s := sc.s
	if i < sc.floor+2 || ends[s[i-2]]&(1<<(s[i-1]&63)) == 0 {
		return match{}
	}
	for _, rule := range byLast[s[i-1]] {
		start := i - rule.at
		if start < sc.floor || s[start] != rule.prefix[0] || !strings.HasPrefix(s[start:], rule.prefix) {
			continue
		}
		if end := sc.body(start, rule.prefixRule); end > 0 {
			return match{start, end, rule.kind}
		}
	}
	return match{}
}

// body returns the end of the key of rule that begins at start, 0 if it is none.
func (sc *scanner) body(start int, rule *prefixRule) int {
	s := sc.s
	if start > sc.floor && isAlnum(s[start-1]) && !sc.escapedBefore(start) {
		return 0
	}
	if rule.check == random && start > sc.floor && (s[start-1] == '-' || s[start-1] == '_') {
		return 0
	}
	if start < sc.wordsEnd && rule.chars == sc.wordsChars {
		return 0
	}
	from := start + len(rule.prefix)
	end := span(s, from, rule.chars)
	for end > from && !isAlnum(s[end-1]) && s[end-1] != '=' {
		end--
	}
	body := s[from:end]
	if len(body) < rule.min || !rule.holds(body) {
		sc.wordsEnd, sc.wordsChars = end, rule.chars
		return 0
	}
	if rule.chars == alnumClass && end < len(s) && s[end] == '_' {
		return 0 // an identifier that goes on: hf_hub_download, npm_config_registry
	}
	return end
}

func (rule *prefixRule) holds(body string) bool {
	f := featuresOf(body)
	if f.filler {
		return false
	}
	switch rule.check {
	case exact:
		return len(body) == rule.min && f.digits > 0
	case hex:
		return len(body) == rule.min && f.digits > 2 && f.uppers == 0 && strings.Trim(body, "0123456789abcdef") == ""
	case random:
		return f.run >= 16 && (f.runDigits > 0 || f.run >= 24)
	}
	return (f.digits > 0 || f.uppers > 0 || f.run >= 16) && !containsFold(body, "your")
}

// features are what tells a random text from words.
type features struct {
	digits, uppers, lowers int
	others                 int // neither letters nor digits
	run                    int // the longest run of letters and digits
	runDigits              int // the digits in it
	filler                 bool
}

func featuresOf(s string) features {
	var f features
	run, runDigits, runStart, best := 0, 0, 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case isDigit(c):
			f.digits++
			runDigits++
		case isUpper(c):
			f.uppers++
		case isLetter(c):
			f.lowers++
		default:
			f.others++
			run, runDigits, runStart = 0, 0, i+1
			continue
		}
		run++
		if run > f.run {
			f.run, f.runDigits, best = run, runDigits, runStart
		}
	}
	f.filler = f.run == 0 || f.run >= 3 && isFill(s[best:best+f.run])
	return f
}

// isFill reports whether s is one 'x' after the other.
func isFill(s string) bool {
	for i := range len(s) {
		if lower(s[i]) != 'x' {
			return false
		}
	}
	return true
}

// containsFold reports whether s contains word, whatever the case.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if foldAt(s, i, word) {
			return true
		}
	}
	return false
}

// run finds a key of runRules that begins at i.
func (sc *scanner) run(i int) match {
	s := sc.s
	for _, rule := range runsBy[s[i]&127] {
		if !strings.HasPrefix(s[i:], rule.prefix) || sc.wordBefore(i) {
			continue
		}
		end := span(s, i+len(rule.prefix), rule.chars)
		if body := s[i+len(rule.prefix) : end]; len(body) >= rule.min && rule.holds(body) && featuresOf(body).digits > 0 {
			return match{i, end, rule.kind}
		}
	}
	return match{}
}

// prefixedA finds the keys that begin with an A and have no separator.
func (sc *scanner) prefixedA(i int) match {
	s := sc.s
	if len(s)-i < 20 {
		return match{}
	}
	switch s[i : i+4] {
	case "AKIA", "ASIA", "ABIA", "ACCA":
		digits := 0
		end := i + 4
		for end < len(s) && (isUpper(s[end]) || isDigit(s[end])) {
			if isDigit(s[end]) {
				digits++
			}
			end++
		}
		if end-i != 20 || end < len(s) && isWord(s[end]) || digits == 0 && s[1+i] != 'K' {
			return match{}
		}
		if featuresOf(s[i+4 : end]).filler {
			return match{}
		}
		return match{i, end, aws}
	case "AIza":
		if end := span(s, i, urlClass); end-i >= 32 && !featuresOf(s[i+4:end]).filler {
			return match{i, end, google}
		}
	case "ATAT", "ATCT", "ATBB":
		end := span(s, i, base64Class)
		if f := featuresOf(s[i:end]); end-i >= 32 && f.digits > 0 && f.lowers > 0 && f.run >= 16 {
			return match{i, end, atlassian}
		}
	}
	return match{}
}

// jsonWebToken finds a JSON web token that begins at i: base64url parts with dots between them. Its end may be cut.
func (sc *scanner) jsonWebToken(i int) match {
	s := sc.s
	if sc.wordBefore(i) || i > sc.floor && s[i-1] == '-' {
		return match{}
	}
	end := span(s, i, urlClass)
	if end-i < 12 || end == len(s) || s[end] != '.' {
		return match{}
	}
	parts := 1
	last := end
	for parts < 5 && last < len(s) && s[last] == '.' {
		end := span(s, last+1, urlClass)
		if end == last+1 && parts != 1 {
			break // encrypted tokens may have an empty second part
		}
		if parts == 1 && end-last < 8 && end > last+1 && end < len(s) {
			break
		}
		last = end
		parts++
	}
	if parts < 2 || last-i < 30 || strings.HasSuffix(s[i:last], "..") {
		return match{}
	}
	return match{i, last, jwt}
}
