package redact

import "strings"

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
		if m := sc.colon(i); m.kind != none {
			return m, 0
		}
	}
	if i == sc.floor || i == 0 {
		return match{}, i + 1
	}
	if !targetEnds[s[i-1]] {
		return match{}, i + 1
	}
	if isDigit(s[i-1]) && i >= 2 && !isLetter(s[i-2]) && s[i-2] != '_' {
		return match{}, i + 1 // 10:02:15
	}
	if m := sc.assignment(i); m.kind != none {
		return m, 0
	}
	return match{}, i + 1
}

// targetEnds has the bytes that end the left side of an assignment: those of names, and what may stand behind a name.
var targetEnds = func() (t [256]bool) {
	t = nameEnds
	for _, c := range []byte(" \"'*`]?\t!") {
		t[c] = true
	}
	return t
}()

// skipQuote returns where a value begins at i, behind spaces and a quote.
func skipQuote(s string, i int) int {
	for k := 0; k < 3 && i < len(s) && (s[i] == ' ' || s[i] == '"' || s[i] == '\''); k++ {
		i++
	}
	return i
}

// colon looks at what has colons and no name before the secret.
func (sc *scanner) colon(i int) match {
	s := sc.s
	switch c := s[i+1]; {
	case c == 'A' && s[i+2] == 'A':
		return sc.telegramBot(i)
	case (c == '*' || digitsAt(s, i+1, 4)) && i > sc.floor && s[i-1] != ' ':
		if m := sc.pgpass(i); m.kind != none {
			return m
		}
	case c == '$':
		if m := sc.hash(i + 1); m.kind != none {
			return m
		}
	}
	if i < sc.floor+2 {
		return match{}
	}
	return sc.colonAfter(s[i-1], i)
}

// colonAfter looks at the ':' at i by the byte before it.
func (sc *scanner) colonAfter(before byte, i int) match {
	s := sc.s
	switch before {
	case 'P':
		if s[i-2] == ';' && strings.Contains(s[max(sc.floor, i-maxName):i], "WIFI:") {
			return sc.wifi(i)
		}
	case 'p':
		if s[i-2] == '/' {
			return sc.slashPassword(i)
		}
	case '"':
		switch {
		case i >= sc.floor+3 && isLetter(s[i-2]) && s[i-3] == '"':
			return sc.webKey(i)
		case i >= sc.floor+6 && (s[i-6:i-1] == `"data` || s[i-6:i-1] == "gData"):
			sc.kubernetesJSON(i)
		}
	case 's':
		switch {
		case i >= sc.floor+13 && s[i-13:i] == "Private-Lines":
			return sc.puttyKey(i)
		case i >= sc.floor+6 && s[i-6:i] == " /pass":
			return sc.slashPassword(i)
		}
	case 'a':
		if i >= sc.floor+4 && foldAt(s, i-4, "data") {
			sc.kubernetes(i)
		}
	case 'r':
		if i >= sc.floor+5 && s[i-5:i] == "/user" && sc.commandWords(i).meets(windows) {
			return sc.afterUser(i)
		}
	case 'd':
		if (s[i+1] == '"' || s[i+1] == '?') && i >= sc.floor+7 && foldAt(s, i-7, "assword") {
			return sc.sent(i)
		}
	case 'n':
		if i >= sc.floor+4 && s[i-4:i] == "thin" {
			return sc.slashAt(i + 1)
		}
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if s[i-2] == ' ' && strings.HasSuffix(s[sc.floor:i-2], " Key") {
			return sc.unsealKey(i)
		}
	}
	return match{}
}

// wifi finds the password in WIFI:T:WPA;S:home;P:PASSWORD;; whose ':' is at i.
func (sc *scanner) wifi(i int) match {
	end := i + 1
	for end < len(sc.s) && end-i < maxName && sc.s[end] != ';' && sc.s[end] != '\n' {
		end++
	}
	if text := sc.s[i+1 : end]; isPlaceholder(text) || isWordy(text) || sc.isMask(text) {
		return match{}
	}
	return match{i + 1, end, password}
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
	if j == sc.floor || !mayName(s, j) && !sc.valueWord(j) {
		return t, false
	}
	start := j
	for start > sc.floor && j-start <= maxName && class[s[start-1]]&nameClass != 0 {
		start--
	}
	if start > sc.floor && s[start-1] == '\\' && start < j && (s[start] == 'n' || s[start] == 't' || s[start] == 'r') {
		start++ // the end of an escape
	}
	for k := 0; k < 2 && start < j && s[start] == '-'; k++ {
		start++ // of a flag, or of a line that a diff takes away
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
	if k == none || weak && (k == token || k == apiKey) {
		if wide := sc.wider(t); wide != "" {
			if w, weaker := nameKind(wide); w != none {
				k, weak = w, weaker
			}
		}
	}
	before := byteBefore(s, sc.floor, t.start)
	fielded := false
	query := before == '&' || before == '?'
	switch {
	case k == signature && !query:
		return match{}
	case k == none && query && s[i] == '=' && len(t.name) == 3 && foldSuffix(t.name, "key"):
		k, weak = apiKey, true // ?key=
	case k == none && sc.valueWord(t.start+len(t.name)):
		if k = sc.partner(t.start, i+1); k == none {
			return match{}
		}
		fielded = true
	case k == none:
		return match{}
	}
	v := sc.judge(right{kind: k, weak: weak, target: t, colon: s[i] == ':', from: i + 1, query: query, fielded: fielded})
	if !sc.operator(v, i) {
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
	query    bool // ?NAME= or &NAME=

	// What the rules for values look at.
	text     string
	at       int // where the value begins with its quote
	end      int // of text
	isQuoted bool
	sure     bool // a program that has nothing else at this place
	fielded  bool // name and value stand in two fields
	env      bool
	starts   bool     // the name begins its line
	ends     bool     // the value ends its line
	f        features // of text, if counted
	counted  bool
	scanner  *scanner
}

// judge makes given what rules are asked about. It is in the scanner since they get a pointer, which
// needs no new memory there.
func (sc *scanner) judge(given right) *right {
	sc.judged = given
	sc.judged.scanner = sc
	return &sc.judged
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
	case v.colon && p+1 < len(s) && s[p] == ':' && s[p+1] == ' ': // LDIF: a value in base64
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
func (sc *scanner) value(v *right) match {
	s := sc.s
	if v.colon && !v.quoted {
		if p := annotated(s, v.from); p > 0 {
			v.from = p
		}
	}
	from := block(s, v.from)
	if from == v.from && v.colon && s[v.from] == '\n' && v.kind != authorization && v.kind != cookie {
		return sc.nextLine(v)
	}
	v.from = from
	if v.from == len(s) {
		return match{}
	}
	v.at = v.from
	start, end, quote := quoted(s, v.from)
	if v.kind == cookie || v.kind == authorization && (quote || !v.weak) {
		switch {
		case quote:
			return sc.header(v, start, end)
		case v.colon:
			end = sc.lineOrQuote(v.from)
			if sc.headers > maxNested {
				return match{}
			}
			return sc.header(v, v.from, end)
		}
		return match{}
	}
	if quote {
		v.text, v.end = s[start:end], end
		return sc.decide(v, quotedRules, start)
	}
	if foldSuffix(v.name, "mnemonic") || foldSuffix(v.name, "phrase") && v.kind == secret {
		if end := mnemonic(s, v.from); end > 0 {
			return match{v.from, end, secret}
		}
	}
	end = sc.bareEnd(v.from + hashScheme(s[v.from:]))
	if sc.nested > maxNested {
		return match{}
	}
	for end > v.from && (s[end-1] == '.' || s[end-1] == ':' || s[end-1] == '*') {
		end--
	}
	if n := sc.literal(v.name, v.from, end); n > 0 {
		v.from += n
		v.fielded = !sc.commandWords(v.start).meets(configMap)
	}
	v.text, v.end = s[v.from:end], end
	return sc.decide(v, bareRules, v.from)
}

// literal returns the length of NAME= in --from-literal=NAME=VALUE.
func (sc *scanner) literal(name string, from, end int) int {
	if !foldSuffix(name, "from-literal") {
		return 0
	}
	return strings.IndexByte(sc.s[from:end], '=') + 1
}

// nextLine finds a key that stands on the line after its name: "API key:".
func (sc *scanner) nextLine(v *right) match {
	s := sc.s
	from := v.from
	for from < len(s) && from-v.from < 48 && (s[from] == '\n' || s[from] == ' ' || s[from] == '`') {
		from++
	}
	end := sc.bareEnd(from)
	if v.quoted || !isRandom(s[from:end], 12) || end < len(s) && s[end] != '\n' && s[end] != '`' || sc.nested > maxNested {
		return match{}
	}
	return match{from, end, refine(s, from, end, v.kind)}
}

// byteBefore is the byte before i, 0 at the floor.
func byteBefore(s string, floor, i int) byte {
	if i <= floor {
		return 0
	}
	return s[i-1]
}

// startsLine reports whether only what files, lists and listings begin a line with stands before i:
// white space, a list mark, the sign of a diff, a line number, or "export".
func (sc *scanner) startsLine(i int) bool {
	s := sc.s
	if c := byteBefore(s, sc.floor, i); c == ' ' || c == '=' {
		for _, word := range []string{"export ", "set ", "ENV ", "ARG ", "Environment="} {
			if i-len(word) >= sc.floor && s[i-len(word):i] == word {
				i -= len(word)
				break
			}
		}
	}
	for i > sc.floor && strings.IndexByte(" \t-+*>", s[i-1]) >= 0 {
		i--
	}
	if i >= sc.floor+4 && (strings.HasSuffix(s[:i], "→") || s[i-1] == '|' || s[i-1] == ':') {
		i--
		for i > sc.floor && (s[i-1] >= 0x80 || isDigit(s[i-1]) || s[i-1] == ' ') {
			i--
		}
		if i > sc.floor && s[i-1] == ':' { // grep -n
			for k := i; i > sc.floor && k-i < maxName && s[i-1] > ' '; {
				i--
			}
		}
	} else if i < len(s) && (s[i] == '\t' || s[i] == ' ') {
		for i > sc.floor && (isDigit(s[i-1]) || s[i-1] == ' ') { // cat -n
			i--
		}
	}
	return i == 0 || i > sc.floor && s[i-1] == '\n' || sc.escapedBefore(i)
}

// endsLine reports whether nothing but a comment follows on the line.
func endsLine(s string, i int) bool {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i == len(s) || s[i] == '\n' || s[i] == '\r' || s[i] == '#' ||
		s[i] == '\\' && i+1 < len(s) && (s[i+1] == 'n' || s[i+1] == 'r')
}

// isEnvName reports whether name is that of an environment variable: upper case with an underscore, or
// at least three letters.
func isEnvName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isUpper(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return len(name) >= 3
}
