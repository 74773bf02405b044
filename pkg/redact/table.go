package redact

import "strings"

// maxLine bounds the lines of tables that are looked at, maxRows the rows below one header, maxFields their fields.
const (
	maxLine   = 4096
	maxRows   = 1000
	maxFields = 64
)

// cell looks at the '|' at i, which may end a table's cell that holds the name of a secret: in a
// header the cells below it are secrets, else the next one in its row is.
func (sc *scanner) cell(i int) match {
	s := sc.s
	end := skipBack(s, sc.floor, i, " *`")
	if i-end > maxName || end < sc.floor+2 || !mayName(s, end) {
		return match{}
	}
	start := end
	for start > sc.floor && end-start <= maxName &&
		(class[s[start-1]]&nameClass != 0 || s[start-1] == ' ' && isWord(s[start-2+btoi(start < 2)])) {
		start--
	}
	v := right{target: target{name: s[start:end], start: start}}
	if v.kind, v.weak = nameKind(strings.TrimLeft(v.name, "-")); v.kind == none {
		return match{}
	}
	begin := skipBack(s, sc.floor, start, " *`")
	if first := byteBefore(s, sc.floor, begin); first != '|' && !sc.atLineStart(begin) || sc.tableHeader(i, '|') ||
		first != '|' || !sc.rowBegins(begin-1) {
		return match{}
	}
	return sc.nextCell(v, i)
}

// rowBegins reports whether the line that was looked at last begins with a '|', or what a listing puts before it.
func (sc *scanner) rowBegins(i int) bool {
	line := strings.TrimLeft(sc.s[min(sc.headerBegin, i):i+1], " \t0123456789→+>-")
	at := strings.IndexByte(line, '|')
	return at == 0 || at > 0 && line[at-1] == ':' && strings.IndexByte(line[:at], ' ') < 0
}

// nextCell finds the value in | NAME | VALUE |, with the second '|' at i.
func (sc *scanner) nextCell(v right, i int) match {
	s := sc.s
	from := i + 1
	for from < len(s) && s[from] == ' ' {
		from++
	}
	end := from
	for end < len(s) && end-from < maxLine && s[end] != '|' && s[end] != '\n' {
		end++
	}
	if end == len(s) || s[end] != '|' {
		return match{}
	}
	text := strings.TrimRight(s[from:end], " ")
	quoted := len(text) > 2 && text[0] == '`' && text[len(text)-1] == '`'
	if quoted {
		from, text = from+1, text[1:len(text)-1]
	}
	if text == "" || isPlaceholder(text) || isWordy(text) || isType(text) || isCode(text) ||
		sc.maskEnd(s, from) > 0 || strings.ContainsAny(text, " ()") {
		return match{}
	}
	f := featuresOf(text)
	if !quoted && f.digits == 0 && f.others == 0 && (f.uppers == 0 || f.lowers == 0) ||
		v.weak && !isRandom(text, 8) || f.lowers+f.uppers == 0 {
		return match{}
	}
	return match{from, from + len(text), refine(s, from, from+len(text), v.kind)}
}

// skipBack returns where the run of bytes of set before i begins.
func skipBack(s string, floor, i int, set string) int {
	for i > floor && strings.IndexByte(set, s[i-1]) >= 0 {
		i--
	}
	return i
}

// atLineStart reports whether a line begins at i.
func (sc *scanner) atLineStart(i int) bool {
	return i == 0 || i > sc.floor && sc.s[i-1] == '\n'
}

// column is a column of secrets.
type column struct {
	at   int
	kind kind
}

// tableHeader looks whether the line around i is the header of a table with columns of secrets, and if
// so notes the cells below them to be masked. sep stands between fields.
func (sc *scanner) tableHeader(i int, sep byte) bool {
	s := sc.s
	switch {
	case i < sc.tableSeen:
		return true
	case i < sc.headerSeen:
		return false
	}
	begin := max(sc.floor, i-maxLine)
	begin += strings.LastIndexByte(s[begin:i], '\n') + 1
	end := lineStop(s, i)
	sc.headerSeen, sc.headerBegin = end+1, begin
	if end == len(s) {
		return false
	}
	columns, n := sc.columns(s[begin:end], sep)
	if len(columns) == 0 {
		return false
	}
	rows := 0
	next := end + 1
	for ; next < len(s) && rows < maxRows; rows++ {
		to := lineStop(s, next)
		if !sc.row(next, to, sep, columns, n, rows == 0) {
			break
		}
		next = to + 1
	}
	if rows == 0 {
		return false
	}
	sc.tableSeen = min(next, len(s))
	return true
}

// lineStop returns the end of the line at i.
func lineStop(s string, i int) int {
	if end := strings.IndexByte(s[i:min(len(s), i+maxLine)], '\n'); end >= 0 {
		return i + end
	}
	return min(len(s), i+maxLine)
}

// codeWords begin lines of code that have commas and names.
var codeWords = []string{"import ", "from ", "return ", "const ", "let ", "var ", "def ", "//", "#"}

// columns returns the columns of secrets that a header names, and how many columns it has.
func (sc *scanner) columns(line string, sep byte) (columns []column, n int) {
	trimmed := strings.TrimLeft(line, " \t")
	for _, word := range codeWords {
		if strings.HasPrefix(trimmed, word) {
			return nil, 0 // code
		}
	}
	for field := range strings.SplitSeq(line, string(sep)) {
		name := strings.Trim(field, " \t\r\"'*`")
		if name == "" && sep != '|' || n == maxFields || len(name) > maxName || sep == ',' && strings.Count(name, " ") > 2 {
			return nil, 0
		}
		for i := range len(name) {
			if c := name[i]; class[c]&nameClass == 0 && c != ' ' && c != '/' && c < 0x80 {
				return nil, 0
			}
		}
		if k, weak := nameKind(name); k != none && k != cookie && k != signature && (!weak || k == token) {
			columns = append(columns, column{n, k})
		}
		n++
	}
	if n < 2 {
		return nil, 0
	}
	return columns, n
}

// row notes the secrets of the row s[from:to]. It reports false if that is no row of the table.
func (sc *scanner) row(from, to int, sep byte, columns []column, n int, first bool) bool {
	s := sc.s
	line := s[from:to]
	if strings.Trim(line, "|-+: \t\r") == "" && line != "" {
		return true // the line below a header
	}
	var starts [maxFields + 1]int
	fields, quote := 0, false
	starts[0] = from
	for i := from; i < to; i++ {
		switch {
		case s[i] == '"':
			quote = !quote
		case s[i] == sep && !quote:
			fields++
			if fields >= maxFields {
				return false
			}
			starts[fields] = i + 1
		}
	}
	starts[fields+1] = to + 1
	if fields+1 != n || first && sep == ',' && strings.ContainsAny(line, "(){};=") {
		return false
	}
	for _, c := range columns {
		a, b := starts[c.at], starts[c.at+1]-1
		for a < b && strings.IndexByte(" \t\"'`\r", s[a]) >= 0 {
			a++
		}
		for b > a && strings.IndexByte(" \t\"'`\r", s[b-1]) >= 0 {
			b--
		}
		text := s[a:b]
		if text == "" || isPlaceholder(text) || isWordy(text) || isType(text) || sc.maskEnd(s, a) > 0 || interpolates(text) ||
			strings.IndexByte(text, ' ') >= 0 && isProse(text) || c.kind == token && !isRandom(text, 8) {
			continue
		}
		sc.later = append(sc.later, match{a, b, refine(s, a, b, c.kind)})
	}
	return true
}

// lists looks at the ',', quote, tab or line break at i, before which the name of a secret may end
// that is in the header of a table.
func (sc *scanner) lists(i int) {
	s := sc.s
	end := i
	for end > sc.floor && i-end < 3 && strings.IndexByte("\"'\r ", s[end-1]) >= 0 {
		end--
	}
	if i < sc.headerSeen || !mayName(s, end) {
		return
	}
	start := end
	for start > sc.floor && end-start <= maxName && class[s[start-1]]&nameClass != 0 {
		start--
	}
	if k, _ := nameKind(s[start:end]); k == none && !foldAt(s, end-3, "key") {
		return
	}
	sep := s[i]
	if sep == '\n' {
		begin := max(sc.floor, i-maxLine)
		at := strings.IndexAny(s[begin+strings.LastIndexByte(s[begin:i], '\n')+1:i], ",|\t;")
		if at < 0 {
			return
		}
		sep = s[begin+strings.LastIndexByte(s[begin:i], '\n')+1+at]
	}
	sc.tableHeader(i, sep)
}

// pgpass finds the password in host:port:database:user:password, a line of its own, with the first ':' at i.
func (sc *scanner) pgpass(i int) match {
	s := sc.s
	port := i + 1
	for port < len(s) && isDigit(s[port]) && port-i < 7 {
		port++
	}
	if s[i+1] == '*' {
		port++
	}
	if port == len(s) || s[port] != ':' || port-i < 5 && s[i+1] != '*' {
		return match{}
	}
	begin := i
	for begin > sc.floor && i-begin < maxName && (class[s[begin-1]]&nameClass != 0 || s[begin-1] == '*') {
		begin--
	}
	end, colons := i, 0
	for end < len(s) && end-i < maxJudged && colons < 5 && s[end] > ' ' && s[end] != '"' && s[end] != '\\' {
		if s[end] == ':' {
			colons++
		}
		end++
	}
	if colons != 4 {
		return match{}
	}
	host, line := s[begin:i], s[i+1:end]
	if host == "" || hasExtension(host) || host != "*" && !isName(host) {
		return match{}
	}
	_, line, _ = strings.Cut(line, ":")
	db, line, _ := strings.Cut(line, ":")
	user, text, _ := strings.Cut(line, ":")
	if db == "" || user == "" || len(text) < 3 ||
		db != "*" && !isName(db) || user != "*" && !isName(user) || strings.IndexByte(text, '/') >= 0 ||
		isPlaceholder(text) || isWordy(text) ||
		sc.maskEnd(s, end-len(text)) > 0 {
		return match{}
	}
	return match{end - len(text), end, password}
}
