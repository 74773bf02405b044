package redact

import (
	"strings"
)

// maxValue bounds the value of an assignment and the part of an address that is looked at, so that a text of nothing but
// beginnings does not take the square of its length.
const maxValue = 4096

// separator looks at the ':' or '=' at i: an address with a password in it, or the value of a secret's name.
func (sc *scanner) separator(i int) (match, int) {
	s := sc.s
	if s[i] == ':' && i+2 < len(s) {
		if s[i+1] == '/' && s[i+2] == '/' {
			if m := sc.address(i); m.kind != none {
				return m, 0
			}
			return match{}, i + 3
		}
		if s[i+1] == 'A' && s[i+2] == 'A' {
			if m := sc.telegramBot(i); m.kind != none {
				return m, 0
			}
		}
	}
	if i == sc.floor || i == 0 {
		return match{}, i + 1
	}
	if c := s[i-1]; !nameEnds[c] && strings.IndexByte(" \"'*`]?\t!", c) < 0 {
		return match{}, i + 1
	}
	return sc.assignment(i), i + 1
}

// target is the left side of an assignment.
type target struct {
	name   string
	start  int
	quoted bool
	not    bool // the operator is !=
	spaced bool // a space stands before the operator
}

// target reads back from the operator at i.
func (sc *scanner) target(i int) (t target, ok bool) {
	s := sc.s
	j := i
	if j > sc.floor && (s[j-1] == '!' || s[j-1] == '?') {
		t.not = s[j-1] == '!'
		j--
	}
	for i-j < 24 && j > sc.floor && (s[j-1] == ' ' || s[j-1] == '\t') {
		j--
		t.spaced = true
	}
	if j > sc.floor && s[j-1] == ']' {
		j--
	}
	for k := 0; k < 2 && j > sc.floor && s[j-1] == '*'; k++ {
		j--
	}
	if j > sc.floor && (s[j-1] == '"' || s[j-1] == '\'' || s[j-1] == '`') {
		t.quoted = true
		j--
		for j > sc.floor && s[j-1] == '\\' {
			j--
		}
	}
	if j == sc.floor || !mayName(s, j) {
		return t, false
	}
	start := j
	for start > sc.floor && j-start <= maxName && class[s[start-1]]&nameClass != 0 {
		start--
	}
	if start > sc.floor && s[start-1] == '\\' && start < j && (s[start] == 'n' || s[start] == 't' || s[start] == 'r') {
		start++ // the end of an escape
	}
	t.name, t.start = s[start:j], start
	return t, true
}

// wider is the name with the word before it: API key.
func (sc *scanner) wider(t target) string {
	s := sc.s
	if t.quoted || t.start < sc.floor+2 || s[t.start-1] != ' ' || len(t.name) > 6 {
		return ""
	}
	j := t.start - 1
	for j > sc.floor && isLetter(s[j-1]) && t.start-j < 24 {
		j--
	}
	return s[j : t.start+len(t.name)]
}

// assignment finds the value of a secret whose name stands before the operator at i.
func (sc *scanner) assignment(i int) match {
	s := sc.s
	t, ok := sc.target(i)
	if !ok {
		return match{}
	}
	k, weak := nameKind(t.name)
	if k == none || k == token && weak {
		if wide := sc.wider(t); wide != "" {
			if w, weaker := nameKind(wide); w != none {
				k, weak = w, weaker
			}
		}
	}
	if k == none || k == signature && (t.start == sc.floor || s[t.start-1] != '&' && s[t.start-1] != '?') {
		return match{}
	}
	v := right{kind: k, weak: weak, target: t, colon: s[i] == ':', from: i + 1}
	if !sc.operator(&v, i) {
		return match{}
	}
	return sc.value(v)
}

// right is what is known of the right side of an assignment.
type right struct {
	target
	kind     kind
	weak     bool
	colon    bool
	compares bool // ==, !=
	from     int  // where the value begins, after spaces
	tight    bool // no spaces around the operator
}

// operator reads the rest of the operator at i and the spaces after it. It reports false if it is none.
func (sc *scanner) operator(v *right, i int) bool {
	s := sc.s
	v.compares = v.not
	p := i + 1
	switch {
	case v.colon && p < len(s) && s[p] == '=':
		v.colon = false
		p++
	case v.colon && p < len(s) && s[p] == ':':
		return false
	case !v.colon:
		for p < len(s) && s[p] == '=' {
			v.compares = true
			p++
		}
		if p < len(s) && s[p] == '>' {
			p++
		}
	}
	for k := 0; k < 2 && p < len(s) && s[p] == '*'; k++ {
		p++
	}
	from := p
	for p < len(s) && p-from < 24 && (s[p] == ' ' || s[p] == '\t') {
		p++
	}
	v.tight = p == from && !v.spaced
	v.from = p
	return p < len(s)
}

// value finds the value that begins at v.from.
func (sc *scanner) value(v right) match {
	s := sc.s
	if v.colon && !v.quoted {
		if p := annotated(s, v.from); p > 0 {
			v.from = p
		}
	}
	start, end, quote := quoted(s, v.from)
	if !quote {
		if v.kind == cookie || v.kind == authorization && !v.weak {
			if !v.colon {
				return match{}
			}
			return sc.header(v, v.from, lineOrQuote(s, v.from))
		}
		return sc.bare(v)
	}
	if v.kind == cookie || v.kind == authorization {
		return sc.header(v, start, end)
	}
	text := s[start:end]
	if isPlaceholder(text) || isWordy(text) || sc.isMask(text) || interpolates(text) || isProse(text) || sc.closes(v.from) {
		return match{}
	}
	if v.weak && !isRandom(text, 8) || v.kind != password && len(text) < 3 { // accesskey="n"
		return match{}
	}
	if v.kind != password && isLike(text, v.name) {
		return match{}
	}
	if v.kind == credential && (len(text) < 16 || strings.IndexByte(text, '/') >= 0) || v.kind == password && v.isPath(text) {
		return match{}
	}
	if v.kind != password && v.kind != secret && v.kind != privateKey && strings.IndexByte(text, ' ') >= 0 {
		return match{}
	}
	return match{start, end, refine(s, start, end, v.kind)}
}

// closes reports whether the quote at i ends a string that holds the name, as in "password: " + p.
func (sc *scanner) closes(i int) bool {
	s := sc.s
	if s[i] == '\\' || i+1 < len(s) && strings.IndexByte(" \t,;)]}+.:\r\n", s[i+1]) < 0 {
		return false
	}
	odd := false
	for j := i - 1; j >= sc.floor && i-j < 400 && s[j] != '\n'; j-- {
		if s[j] == s[i] && (j == 0 || s[j-1] != '\\') {
			odd = !odd
		}
	}
	return odd
}

// annotated returns where the quoted value of a declaration with a type begins, 0 without one: password: str = "..."
func annotated(s string, i int) int {
	j := i
	for j < len(s) && j-i < 48 && (isWord(s[j]) || strings.IndexByte(" .[]|<>?&", s[j]) >= 0) {
		j++
	}
	if j == i || j == len(s) || s[j] != '=' {
		return 0
	}
	j++
	for j < len(s) && s[j] == ' ' {
		j++
	}
	if j < len(s) && (s[j] == '"' || s[j] == '\'' || s[j] == '`') {
		return j
	}
	return 0
}

// quoted returns the text of the quoted value at i, which may have a prefix (f"", b”), may be escaped, and may lack its end.
func quoted(s string, i int) (start, end int, ok bool) {
	for k := 1; k <= 2 && i+k < len(s) && (isLetter(s[i+k-1]) || s[i+k-1] == '@'); k++ {
		if s[i+k] == '"' || s[i+k] == '\'' {
			i += k
			break
		}
	}
	escapes := 0
	for i < len(s) && s[i] == '\\' && escapes < 8 {
		escapes++
		i++
	}
	if i == len(s) || s[i] != '"' && s[i] != '\'' && s[i] != '`' {
		return 0, 0, false
	}
	quote := s[i]
	i++
	if i+1 < len(s) && s[i] == quote && s[i+1] == quote {
		i += 2 // """
	}
	backslashes := 0
	limit := min(len(s), i+maxValue)
	for j := i; j < limit; j++ {
		switch c := s[j]; {
		case c == '\\':
			backslashes++
			continue
		case c == quote && backslashes <= escapes && (escapes > 0 || backslashes == 0):
			return i, j - backslashes, true
		case c == '\n' && quote != '`':
			return i, j, true
		}
		backslashes = 0
	}
	return i, limit, true
}

// interpolates reports whether s is made at run time: "Bearer ${token}".
func interpolates(s string) bool {
	for i := 0; i+1 < len(s); i++ {
		switch s[i] {
		case '$', '#':
			if s[i+1] == '{' || s[i] == '$' && s[i+1] == '(' {
				return true
			}
		case '{':
			if s[i+1] == '{' || s[i+1] == '}' {
				return true
			}
			if end := span(s, i+1, dottedClass); end > i+1 && end < len(s) && s[end] == '}' {
				return true
			}
		}
	}
	return false
}

// proseWords are words of messages about secrets: "Password is required".
var proseWords = []string{"password", "required", "must", "invalid", "enter", "your", "please", "missing", "token", "secret", "key", "is",
	"the", "not", "for", "to", "at", "least", "incorrect", "forgot", "confirm", "new"}

// isProse reports whether s is a message and no secret: several words, one of them of proseWords.
func isProse(s string) bool {
	if strings.IndexByte(s, ' ') < 0 {
		return false
	}
	for from := 0; from < len(s); {
		end := from
		for end < len(s) && isLetter(s[end]) {
			end++
		}
		for _, word := range proseWords {
			if end-from == len(word) && foldAt(s, from, word) {
				return true
			}
		}
		from = end + 1
	}
	return false
}

// bare finds a value without quotes. Without them a value could be code or prose, so more must speak for it.
func (sc *scanner) bare(v right) match {
	s := sc.s
	if v.compares || v.quoted && v.colon {
		return match{}
	}
	start := v.from
	env := isEnvName(v.name) && !v.colon
	end := start
	for end < len(s) && end-start < maxValue && class[s[end]]&bareClass != 0 && s[end] != '(' && s[end] != '[' && s[end] != '{' {
		end++
	}
	for end > start && (s[end-1] == '.' || s[end-1] == ':' || s[end-1] == '*') {
		end--
	}
	text := s[start:end]
	if text == "" || end < len(s) && (s[end] == '(' || s[end] == '[' || s[end] == '{' || s[end] == '<' && v.colon) {
		return match{}
	}
	if isPlaceholder(text) || isWordy(text) || isCode(text) || v.isPath(text) {
		return match{}
	}
	if v.kind == credential || sc.maskEnd(s, start) > 0 || len(text) <= 18 && foldAt(text, 0, "0x") {
		return match{}
	}
	f := featuresOf(text)
	ok := false
	switch {
	case v.name == "PWD":
		ok = byteBefore(s, sc.floor, v.start) == ';'
	case v.kind == authorization || v.kind == bearer || v.kind == privateKey:
		ok = isRandom(text, 12)
	case v.weak && v.kind == password:
		ok = (env || v.tight) && !v.colon && len(text) >= 4 && (f.digits > 0 && f.lowers+f.uppers > 0 || env)
	case v.weak && env:
		ok = isRandom(text, 8) || len(text) >= 8 && f.digits > 0
	case v.weak && v.tight && !v.colon:
		ok = isRandom(text, 8)
	case v.weak:
		ok = isRandom(text, 12)
	case env && v.tight:
		ok = true
	case v.kind == password:
		ok = sc.barePassword(v, f, end)
	default:
		ok = v.bareKey(f, text, endsLine(s, end))
	}
	if !ok {
		return match{}
	}
	return match{start, end, refine(s, start, end, v.kind)}
}

// bareKey judges text after api_key= or api_key:.
func (v right) bareKey(f features, text string, line bool) bool {
	switch {
	case v.colon:
		return isRandom(text, 8)
	case len(text) >= 6 && f.digits > 0 && f.lowers+f.uppers > 0:
		return v.tight || line
	}
	return v.tight && f.uppers > 0 && f.lowers > 0 && len(text) >= 16
}

// barePassword judges s[v.from:end] after password= or password:.
func (sc *scanner) barePassword(v right, f features, end int) bool {
	s := sc.s
	text := s[v.from:end]
	line := endsLine(s, end)
	mixed := f.digits > 0 && f.lowers+f.uppers > 0
	symbols := strings.ContainsAny(text[:len(text)-1], "!@#$%^*+~?=/") && f.lowers+f.uppers+f.digits >= 3
	starts := sc.startsLine(v.start)
	switch {
	case mixed && len(text) >= 4:
		return v.tight || line || v.colon && !isWords(text)
	case symbols && len(text) >= 6:
		return v.tight || line
	case f.lowers+f.uppers == 0 && f.digits >= 4:
		return v.tight && !v.colon || line
	case f.digits > 0:
		return false
	case len(text) < 4:
		return false
	case v.tight && !v.colon:
		query := strings.IndexByte("?&;", byteBefore(s, sc.floor, v.start)) >= 0 || end < len(s) && (s[end] == '&' || s[end] == ';')
		return query || starts && line
	}
	return starts && line && f.uppers == 0 && f.others == 0
}

// byteBefore is the byte before i, 0 at the floor.
func byteBefore(s string, floor, i int) byte {
	if i <= floor {
		return 0
	}
	return s[i-1]
}

// startsLine reports whether only white space, a list mark or "export" stands before i on its line.
func (sc *scanner) startsLine(i int) bool {
	s := sc.s
	for i > sc.floor && (s[i-1] == ' ' || s[i-1] == '\t' || s[i-1] == '-') {
		i--
	}
	return i == 0 || i > sc.floor && s[i-1] == '\n' || sc.escapedBefore(i)
}

// endsLine reports whether nothing but a comment follows on the line.
func endsLine(s string, i int) bool {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i == len(s) || s[i] == '\n' || s[i] == '\r' || s[i] == '#' || s[i] == '\\' && i+1 < len(s) && (s[i+1] == 'n' || s[i+1] == 'r')
}

// isEnvName reports whether name is that of an environment variable: upper case with an underscore, or at least six letters.
func isEnvName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isUpper(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return len(name) >= 3
}

// isCode reports whether s is an expression: self.password, *p, a->b, x::y.
func isCode(s string) bool {
	return isDotted(s) || strings.Contains(s, "->") || strings.Contains(s, "::") || strings.Contains(s, "://") || s[0] == '*' || s[0] == '.'
}

// isPath reports whether s is a path where one is usual: PWD=/home, private_key: ./key.pem.
func (v right) isPath(s string) bool {
	if s[0] == '/' || s[0] == '~' || s[0] == '.' {
		return v.kind != awsSecret && v.kind != apiKey && (v.kind != password || foldSuffix(v.name, "pwd") || strings.Count(s, "/") > 1)
	}
	return hasExtension(s) || len(s) > 2 && s[1] == ':' && isLetter(s[0])
}

// refine returns the kind of the secret s[start:end]: that of its prefix if it is a whole key, else k.
func refine(s string, start, end int, k kind) kind {
	sub := scanner{Redactor: idle, s: s[start:end], cueAt: -1}
	text := sub.s
	for i := 1; i < len(text) && i < 20; i++ {
		switch text[i] {
		case '-', '_', '.':
			if m := sub.prefixed(i); m.kind != none && m.start == 0 {
				return m.kind
			}
		}
	}
	switch {
	case strings.HasPrefix(text, "eyJ"):
		if m := sub.jsonWebToken(0); m.kind != none {
			return jwt
		}
	case strings.HasPrefix(text, "A"):
		if m := sub.prefixedA(0); m.kind != none {
			return m.kind
		}
	case strings.HasPrefix(text, "-----BEGIN ") && strings.Contains(text, "PRIVATE KEY"):
		return privateKey
	}
	return k
}

// idle lets refine use a scanner's methods without a session.
var idle = New(Rules{})

// said finds the password in "password is X" and in a line of a netrc file. The word begins at i.
func (sc *scanner) said(i int) match {
	s := sc.s
	if !foldAt(s, i, "password ") || sc.wordBefore(i) {
		return match{}
	}
	start := i + len("password ")
	netrc := false
	if strings.HasPrefix(s[start:], "is ") || strings.HasPrefix(s[start:], "is: ") {
		start += strings.IndexByte(s[start:], ' ') + 1
		if strings.HasPrefix(s[start:], "now ") {
			start += len("now ")
		}
	} else if login := strings.LastIndex(s[max(sc.floor, i-120):i], "login "); login >= 0 {
		netrc = !strings.Contains(strings.TrimSpace(s[max(sc.floor, i-120)+login+6:i]), " ")
	}
	if !netrc && start == i+len("password ") {
		return match{}
	}
	from, end, quote := quoted(s, start)
	if !quote {
		from, end = start, start
		for end < len(s) && class[s[end]]&bareClass != 0 {
			end++
		}
		for end > from && (s[end-1] == '.' || s[end-1] == '!' || s[end-1] == '?') {
			end--
		}
	}
	text := s[from:end]
	if text == "" || isPlaceholder(text) || isWordy(text) || sc.maskEnd(s, from) > 0 || interpolates(text) || isProse(text) {
		return match{}
	}
	f := featuresOf(text)
	letters := f.lowers + f.uppers
	switch {
	case quote || netrc:
	case len(text) < 5, f.digits == 0 && !strings.ContainsAny(text, "!@#$%^*+~"), letters == 0 && f.digits < 4:
		return match{} // the password is wrong
	}
	return match{from, end, refine(s, from, end, password)}
}

// element finds the text of <password>...</password>, whose first '>' is at i.
func (sc *scanner) element(i int) match {
	s := sc.s
	j := i
	for j > sc.floor && i-j <= maxName && (class[s[j-1]]&nameClass != 0 || s[j-1] == ':') {
		j--
	}
	if j == i || j == sc.floor || s[j-1] != '<' {
		return match{}
	}
	k, weak := nameKind(s[j:i])
	if k == none || k == cookie || k == signature {
		return match{}
	}
	end := i + 1
	for end < len(s) && end-i < 512 && s[end] != '<' && s[end] != '\n' {
		end++
	}
	text := s[i+1 : end]
	if !strings.HasPrefix(s[end:], "</") || isPlaceholder(text) || isWordy(text) || sc.isMask(text) || interpolates(text) ||
		isProse(text) || weak && !isRandom(text, 8) {
		return match{}
	}
	return match{i + 1, end, refine(s, i+1, end, k)}
}

// setters are functions that take a name and a value: setenv("API_KEY", "...").
var setters = []string{"setenv", "putenv", "setrequestheader", "setheader", "header", "set", "add", "append", "env"}

// setter finds the second argument of a setter, whose comma is at i.
func (sc *scanner) setter(i int) match {
	s := sc.s
	end := i - 1
	for end > sc.floor && s[end-1] == '\\' {
		end--
	}
	start := end
	for start > sc.floor && end-start <= maxName && class[s[start-1]]&nameClass != 0 {
		start--
	}
	if start == end || !mayName(s, end) || start <= sc.floor+1 || s[start-1] != s[i-1] {
		return match{}
	}
	k, weak := nameKind(s[start:end])
	if k == none {
		return match{}
	}
	j := start - 1
	for j > sc.floor && s[j-1] == '\\' {
		j--
	}
	if j == sc.floor || s[j-1] != '(' {
		return match{}
	}
	called := false
	for _, f := range setters {
		called = called || j-1-len(f) >= sc.floor && foldAt(s, j-1-len(f), f)
	}
	from := i + 1
	for from < len(s) && s[from] == ' ' {
		from++
	}
	if !called || from == len(s) || s[from] != '"' && s[from] != '\'' && s[from] != '\\' {
		return match{}
	}
	return sc.value(right{target: target{name: s[start:end], start: start}, kind: k, weak: weak, from: from})
}
