package redact

import "strings"

// maxPair bounds how far from a value its name may stand that is in another field.
const maxPair = 400

// valueWord reports whether s[:end] ends in a name for values whose own name stands in another field:
// {"name":"DB_PASSWORD", "value":"x"}, ParameterValue=x, default = "x".
func (sc *scanner) valueWord(end int) bool {
	if end < sc.floor+5 {
		return false
	}
	switch s := sc.s; s[end-1] | 0x20 {
	case 'e':
		return foldAt(s, end-5, "value")
	case 't':
		return foldAt(s, end-7, "default")
	}
	return false
}

// partner returns the kind of the secret that is named beside the value that begins at after and whose
// field's name begins at start; none if no secret is.
func (sc *scanner) partner(start, after int) kind {
	s := sc.s
	from := max(sc.floor, start-maxPair)
	var open byte // what the fields stand in
	for j := start; j > from; j-- {
		if c := s[j-1]; c == '{' || c == '}' || c == '<' || c == '>' && j >= from+2 && s[j-2] != '=' && s[j-2] != '\n' {
			open, from = c, j
			break
		}
	}
	if k, ok := fieldName(s[from:start]); ok {
		return k
	}
	if open == '{' {
		if k := sc.parent(from - 1); k != none {
			return k
		}
	}
	if open != '{' && open != '<' {
		return none
	}
	to := min(len(s), after+maxPair)
	if end := strings.IndexAny(s[after:to], "{}<>\n"); end >= 0 {
		to = after + end
	}
	k, _ := fieldName(s[after:to])
	return k
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fieldName returns the kind that the last name="..." of fields names; ok reports whether there is a name at all.
func fieldName(fields string) (k kind, ok bool) {
	if strings.Contains(fields, "SecureString") {
		return secret, true
	}
	for i := len(fields) - 1; i > 0; i-- {
		left := i
		switch c := fields[i]; {
		case c == '>' && strings.HasPrefix(fields[max(0, strings.LastIndexByte(fields[:i], '<')):], "</"):
			continue // the end of an element
		case c == ':' || c == '=' || c == '>':
			for left > 0 && strings.IndexByte(" \t\"'\\", fields[left-1]) >= 0 {
				left--
			}
		case c != ' ' || !strings.HasSuffix(fields[:i], "--name"):
			continue
		}
		if isNameField(fields[:left]) {
			right := strings.TrimLeft(fields[i+1:], " \t\"'\\")
			return namedBy(right[:nameEnd(right)]), true
		}
	}
	return none, false
}

// isNameField reports whether s ends in the name of a field that holds a name.
func isNameField(s string) bool {
	for _, word := range []string{"name", "key", "variable"} {
		if foldSuffix(s, word) {
			return true
		}
	}
	return foldSuffix(s, "id") && isEnd(s, "id")
}

// nameEnd returns the end of the name at the begin of s, which may be a path.
func nameEnd(s string) int {
	end := 0
	for end < len(s) && end < 2*maxName && (class[s[end]]&nameClass != 0 || s[end] == '/') {
		end++
	}
	return end
}

// namedBy returns the kind of secret that name names beyond doubt. It may be a path: /prod/db/password.
func namedBy(name string) kind {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if k, weak := nameKind(name); !weak && k != authorization && k != cookie && k != signature {
		return k
	}
	return none
}

// parent returns the kind that the name of the object whose '{' is at i names: variable "db_password"
// {, "db_password": {
func (sc *scanner) parent(i int) kind {
	s := sc.s
	end := i
	for end > sc.floor && i-end < 8 && strings.IndexByte(" :=\"'\\", s[end-1]) >= 0 {
		end--
	}
	start := end
	for start > sc.floor && end-start <= maxName && class[s[start-1]]&nameClass != 0 {
		start--
	}
	return namedBy(s[start:end])
}

// element finds the text of <password>...</password> or <string name="password">...</string>, whose first '>' is at i.
func (sc *scanner) element(i int) match {
	s := sc.s
	k, weak, name := none, false, ""
	if c := s[i-1]; c == '"' || c == '\'' {
		from := max(sc.floor, i-maxPair)
		open := strings.LastIndexByte(s[from:i], '<')
		if open < 0 {
			return match{}
		}
		k, _ = fieldName(s[from+open : i])
	} else if foldAt(s, i-len("<string"), "<string") {
		k, _ = fieldName(s[max(sc.floor, i-maxPair) : i-len("<string")])
	} else if mayName(s, i) {
		j := i
		for j > sc.floor && i-j <= maxName && (class[s[j-1]]&nameClass != 0 || s[j-1] == ':') {
			j--
		}
		if j == i || j == sc.floor || s[j-1] != '<' {
			return match{}
		}
		name = s[j:i]
		k, weak = nameKind(name)
	} else if sc.valueWord(i) {
		begin := i
		for begin > sc.floor && i-begin <= maxName && (class[s[begin-1]]&nameClass != 0) {
			begin--
		}
		if byteBefore(s, sc.floor, begin) != '<' {
			return match{}
		}
		k, _ = fieldName(s[max(sc.floor, begin-maxPair):begin])
	}
	if k == none || k == cookie || k == signature {
		return match{}
	}
	end := i + 1
	for end < len(s) && end-i < maxPair && s[end] != '<' && s[end] != '\n' {
		end++
	}
	text := s[i+1 : end]
	if !strings.HasPrefix(s[end:], "</") || isPlaceholder(text) || isWordy(text) || sc.isMask(text) ||
		interpolates(text) ||
		isProse(text) || weak && !isRandom(text, 8) {
		return match{}
	}
	return match{i + 1, end, refine(s, i+1, end, k)}
}

// setters are the ends of functions that take a name and a value: setenv("API_KEY", "..."), and of
// those that take the value for when there is none.
var setters = []string{"setenv", "putenv", "setrequestheader", "setheader", "header", "set", "add", "append",
	"env", "define", "property",
	"setitem", "setdefault", "put", "environmentvariable", "secret", "parameter", "fill", "environ.get", "param", "with"}

// setter finds the second argument of a setter, whose comma is at i.
func (sc *scanner) setter(i int) match {
	s := sc.s
	end := i - 1
	for end > sc.floor && s[end-1] == '\\' {
		end--
	}
	if !mayName(s, end) {
		return match{}
	}
	start := end
	for start > sc.floor && end-start <= maxName && class[s[start-1]]&nameClass != 0 {
		start--
	}
	if start == end || start <= sc.floor+1 || s[start-1] != s[i-1] && s[start-1] != '#' {
		return match{}
	}
	k, weak := nameKind(s[start:end])
	if k == none {
		return match{}
	}
	j := start - 1
	for j > sc.floor && start-j < 8 && (s[j-1] == '\\' || s[j-1] == ' ' || s[j-1] == '"' || s[j-1] == '\'') {
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
	return sc.value(sc.judge(right{target: target{name: s[start:end], start: start}, kind: k, weak: weak, from: from}))
}

// callers are words before the name in functions that take a secret and nothing else:
// setPassword("..."), withApiKey("...").
var plainCallers = []string{"password", "passwd", "apikey", "secret", "accesstoken", "authtoken", "bearertoken",
	"secretkey", "passphrase",
	"secretaccesskey", "accesskey", "clientsecret"}

var callers = []string{"set", "with", "add", "using", "use"}

// called finds the secret in password("..."), whose parenthesis is at i.
func (sc *scanner) called(i int) match {
	s := sc.s
	start := i
	for start > sc.floor && i-start <= maxName && class[s[start-1]]&wordClass != 0 {
		start--
	}
	name := s[start:i]
	switch {
	case start == i: // auth=("jane", "x")
		return sc.argument(s[max(sc.floor, i-len("auth=")):i-1], i-1, i)
	case name == "tcp":
		return sc.dataSource(i)
	case name == "auth" || name == "login":
		if m := sc.loggedIn(name, start, i); m.kind != none {
			return m
		}
	}
	if m := sc.argument(name, start, i); m.kind != none || !mayName(s, i) {
		return m
	}
	k, _ := nameKind(name)
	if k == none || k == cookie || k == signature || k == authorization || i+2 >= len(s) ||
		s[i+1] != '"' && s[i+1] != '\'' && s[i+1] != '\\' {
		return match{}
	}
	setting := false
	for _, word := range plainCallers {
		setting = setting || len(word) == len(name) && foldAt(name, 0, word)
	}
	for _, word := range callers {
		setting = setting || foldAt(name, 0, word)
	}
	if !setting {
		return match{}
	}
	start2, end, ok := quoted(s, i+1)
	if !ok || end >= len(s) || strings.IndexByte(s[end:min(len(s), end+4)], ')') < 0 {
		return match{}
	}
	if text := s[start2:end]; k != password && (len(text) < 6 || strings.IndexByte(text, ' ') >= 0) {
		return match{}
	}
	return sc.value(sc.judge(right{target: target{name: name, start: start}, kind: k, from: i + 1}))
}
