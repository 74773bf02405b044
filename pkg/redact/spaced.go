package redact

import "strings"

// spaced finds the secret whose name ends at the space at i: password is X, AUTH X, #define WIFI_PASSWORD "X".
func (sc *scanner) spaced(i int) match {
	s := sc.s
	start := i
	for start > sc.floor && i-start <= maxName && class[s[start-1]]&nameClass != 0 {
		start--
	}
	if i+1 >= len(s) || start == i || s[start] == '-' || byteBefore(s, sc.floor, start) == '/' {
		return match{}
	}
	name := s[start:i]
	if s[i+1] == '\n' {
		sc.lists(i + 1)
		return match{}
	}
	if m, ok := sc.positional(name, i); ok {
		return m
	}
	if len(name) == 2 && foldAt(name, 0, "by") {
		return sc.identifiedBy(i)
	}
	k, weak := nameKind(name)
	if k == none || weak && (k == token || k == apiKey) {
		if wide := sc.wider(target{name: name, start: start}); wide != "" {
			if w, weaker := nameKind(wide); w != none {
				k, weak = w, weaker
			}
		}
	}
	if k == none {
		return match{}
	}
	v := sc.judge(right{target: target{name: name, start: start}, kind: k, weak: weak, from: i + 1})
	switch {
	case k == password && !weak && sc.explains(v):
		return sc.said(v)
	case strings.HasPrefix(s[i+1:], "is ") || strings.HasPrefix(s[i+1:], "is: ") || strings.HasPrefix(s[i+1:], "was "):
		return sc.said(v)
	case name == "AUTH":
	case weak || k == cookie || k == signature || k == credential || k == authorization:
		return match{}
	}
	for i := range spacedRules {
		if spacedRules[i].holds(v) {
			return sc.word(v, spacedRules[i].sure)
		}
	}
	return match{}
}

// spacedRule is a place where a value stands after a name and a space.
type spacedRule struct {
	why   string
	holds func(v *right) bool
	sure  bool // nothing else could stand there
}

var spacedRules = []spacedRule{
	{"a command that sets a variable: ENV NAME VALUE, setx NAME VALUE, #define NAME \"VALUE\"", func(v *right) bool {
		if isDigit(v.scanner.s[v.from]) {
			return false // #define HAS_PASSWORD 1
		}
		return (isEnvName(v.name) || v.after("config", "set") || v.after("configure", "set")) && v.introduced()
	}, true},
	{"redis: AUTH PASSWORD", func(v *right) bool {
		if v.name != "AUTH" || !v.beginsLine() && !v.lineHas("redis") {
			return false
		}
		s := v.scanner.s
		second := lineWord(s, v.from) + 1 // AUTH USER PASSWORD, AUTH PLAIN PASSWORD
		if second < len(s) && s[second-1] == ' ' && s[second] > ' ' {
			v.from = second
			return endsLine(s, lineWord(s, second))
		}
		return !strings.HasPrefix(s[v.from:], "PLAIN") && !strings.HasPrefix(s[v.from:], "LOGIN")
	}, true},
	{"SQL and prose: PASSWORD 'x'", func(v *right) bool {
		c := v.scanner.s[v.from]
		return v.kind == password && (c == '"' || c == '\'' || c == '`')
	}, false},
	{"netrc: login jane password x", func(v *right) bool {
		s, floor := v.scanner.s, v.scanner.floor
		end := skipBack(s, floor, v.start, " \t\n")
		user := end
		for user > floor && end-user < maxJudged && s[user-1] > ' ' {
			user--
		}
		login := skipBack(s, floor, user, " ")
		return v.kind == password && user < end && login < user && login-floor >= len("login") &&
			s[login-len("login"):login] == "login"
	}, true},
	{"nmcli: password x, wifi-sec.psk x", func(v *right) bool {
		return v.kind == password && v.lineHas("nmcli ")
	}, true},
	{"npm config set //registry/:_authToken x", func(v *right) bool {
		return v.name[0] == '_' && byteBefore(v.scanner.s, v.scanner.floor, v.start) == ':'
	}, true},
	{"settings of servers, which nothing else is called: requirepass x", func(v *right) bool {
		return foldSuffix(v.name, "requirepass") || foldSuffix(v.name, "masterauth") ||
			v.beginsLine() && (foldSuffix(v.name, "_password") || foldSuffix(v.name, "bindpw") || foldSuffix(v.name, "rootpw"))
	}, true},
	{"network devices: a digit says how the password is hidden", func(v *right) bool {
		s := v.scanner.s
		word := s[v.from:span(s, v.from, alnumClass)]
		device := v.kind == secret && v.after("enable") && len(word) > 2 && strings.ContainsAny(word, "0123456789") ||
			v.kind == password && (v.after("enable") || v.lineHas("neighbor ") ||
				v.lineHas("username ") && isDigit(s[v.from]))
		if device && !isDigit(s[v.from]) {
			return endsLine(s, lineWord(s, v.from))
		}
		if !isDigit(s[v.from]) || len(s) <= v.from+2 || s[v.from+1] != ' ' || v.kind != password && v.kind != secret {
			return false
		}
		v.from += 2
		return device || s[v.from] == '$' || isDigit(s[v.from])
	}, true},
	{"columns: at least two spaces, and a key", func(v *right) bool {
		s := v.scanner.s
		from := v.from
		for from < len(s) && s[from] == ' ' && from-v.from < 40 {
			from++
		}
		end := from
		for end < len(s) && end-from < maxJudged && s[end] > ' ' {
			end++
		}
		ok := from > v.from && v.beginsLine() && isRandom(s[from:end], 8) && !isCode(s[from:end])
		if ok {
			v.from = from
		}
		return ok
	}, true},
	{"in prose a password has a digit or a sign", func(v *right) bool {
		s := v.scanner.s
		end := v.from
		for end < len(s) && end-v.from < maxName && class[s[end]]&bareClass != 0 {
			end++
		}
		text := strings.TrimRight(s[v.from:end], ".!?:")
		f := featuresOf(text)
		return v.kind == password && len(text) >= 6 && f.digits > 0 && f.lowers+f.uppers > 3 && isAlnum(text[0]) &&
			!isCode(text) &&
			!strings.ContainsAny(text, "=(/") && text[len(text)-1] != '2'
	}, false},
}

// lineWord returns the end of the word at i.
func lineWord(s string, i int) int {
	for i < len(s) && s[i] > ' ' {
		i++
	}
	return i
}

// introductions are the words before a name that sets variables.
var introductions = []string{"ENV", "setx", "#define", "define", "setenv", "-x", "-gx", "-Ux", "set", "put"}

// introduced reports whether a word stands before the name that sets variables.
func (v *right) introduced() bool {
	s, floor := v.scanner.s, v.scanner.floor
	end := skipBack(s, floor, v.start, " ")
	begin := end
	for begin > floor && end-begin < 8 && s[begin-1] > ' ' {
		begin--
	}
	if end == v.start {
		return false
	}
	for _, word := range introductions {
		if n := len(word); n <= end-begin && s[end-n:end] == word && (n == end-begin || !isWord(s[end-n-1])) {
			return true
		}
	}
	return false
}

// after reports whether these words stand right before the name.
func (v *right) after(words ...string) bool {
	s := v.scanner.s[v.scanner.floor:v.start]
	for i := len(words) - 1; i >= 0; i-- {
		if s == "" || s[len(s)-1] != ' ' {
			return false
		}
		rest, ok := strings.CutSuffix(strings.TrimRight(s, " "), words[i])
		if !ok {
			return false
		}
		s = rest
	}
	return s == "" || !isWord(s[len(s)-1])
}

// beginsLine reports whether the name begins its line, or what is typed at a prompt.
func (v *right) beginsLine() bool {
	i := v.start
	s := v.scanner.s
	for i > v.scanner.floor && (s[i-1] == ' ' || s[i-1] == '\t' || s[i-1] == '+') {
		i--
	}
	return i == 0 || s[i-1] == '\n' || s[i-1] == '>' || v.scanner.escapedBefore(i)
}

// lineHas reports whether word stands before the name on its line.
func (v *right) lineHas(word string) bool {
	line := v.scanner.s[max(v.scanner.floor, v.start-maxJudged):v.start]
	return strings.Contains(line[strings.LastIndexByte(line, '\n')+1:], word)
}

// word finds the secret that is the word at v.from.
func (sc *scanner) word(v *right, sure bool) match {
	s := sc.s
	start, end, quote := quoted(s, v.from)
	if quote {
		v.text, v.end, v.at = s[start:end], end, v.from
		return sc.decide(v, quotedRules, start)
	}
	start, end = v.from, v.from
	for end < len(s) && end-start < maxValue && (class[s[end]]&bareClass != 0 ||
		sure && s[end] != '"' && s[end] > ' ' && s[end] != '|' && s[end] != '\\') {
		end++
	}
	for !sure && end > start && strings.IndexByte(".!?:", s[end-1]) >= 0 {
		end--
	}
	v.text, v.end, v.sure = s[start:end], end, sure
	return sc.decide(v, argumentRules, start)
}

// said finds the secret in "password is X" and "the API key is now X".
func (sc *scanner) said(v *right) match {
	s := sc.s
	v.from += strings.IndexByte(s[v.from:], ' ') + 1
	for _, word := range []string{"now ", "set to ", "just ", "simply ", ": "} {
		if strings.HasPrefix(s[v.from:], word) {
			v.from += len(word)
		}
	}
	if v.from >= len(s) {
		return match{}
	}
	start, end, quote := quoted(s, v.from)
	if !quote {
		start, end = v.from, v.from
		for end < len(s) && end-start < maxValue && class[s[end]]&bareClass != 0 {
			end++
		}
		if word := lineWord(s[:min(len(s), start+maxName)], start); v.sure && endsLine(s, word) {
			end = word // a program prints it, with whatever signs
		}
		for end > start && (s[end-1] == '.' || s[end-1] == '!' || s[end-1] == '?') {
			end--
		}
	}
	text := s[start:end]
	if text == "" || isPlaceholder(text) || isWordy(text) || sc.maskEnd(s, start) > 0 || interpolates(text) ||
		isProse(text) || v.sure && strings.Contains(text, "://") {
		return match{}
	}
	f := featuresOf(text)
	letters := f.lowers + f.uppers
	switch {
	case v.kind != password && (!isRandom(text, 8) || isCode(text)):
		return match{}
	case quote:
	case len(text) < 5, f.digits == 0 && !strings.ContainsAny(text, "!@#$%^*+~"), letters == 0 && f.digits < 4:
		return match{} // the password is wrong
	}
	return match{start, end, refine(s, start, end, v.kind)}
}

// identifiedBy finds the password in IDENTIFIED BY 'x' and IDENTIFIED WITH plugin BY 'x'; BY ends at the space at i.
func (sc *scanner) identifiedBy(i int) match {
	s := sc.s
	c := s[i+1]
	if c != '\'' && c != '"' && c != '\\' {
		return match{}
	}
	from := max(sc.floor, i-80)
	if line := s[from:i]; !containsFold(line, "identified") ||
		!containsFold(line, "user ") && !containsFold(line, "grant ") && !containsFold(line, " to ") {
		return match{}
	}
	return sc.word(sc.judge(right{target: target{name: "password", start: i}, kind: password, from: i + 1}), true)
}
