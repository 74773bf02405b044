package redact

import (
	"strings"
)

// dash looks at the '-' at i: the first separator of a prefix, a run of dashes before a private key, or a flag.
func (sc *scanner) dash(i int) (match, int) {
	s := sc.s
	end := i + 1
	for end < len(s) && s[end] == '-' {
		end++
	}
	switch n := end - i; {
	case n >= 5:
		if strings.HasPrefix(s[end:], "BEGIN ") {
			if m := sc.pem(end - 5); m.kind != none {
				return m, 0
			}
		}
		return match{}, end
	case n == 2 && end < len(s) && isLetter(s[end]) && !sc.wordBefore(i):
		if m := sc.flag(end); m.kind != none {
			return m, 0
		}
	case n == 1 && i > sc.floor:
		if m := sc.prefixed(i); m.kind != none {
			return m, 0
		}
		if s[i-1] == ' ' && end < len(s) && (s[end] == 'u' || s[end] == 'p' || s[end] == 'a') {
			if m := sc.shortFlag(end); m.kind != none {
				return m, 0
			}
		}
	}
	return match{}, end
}

// flag finds the value of --NAME VALUE. The name begins at i; --NAME=VALUE is an assignment.
func (sc *scanner) flag(i int) match {
	s := sc.s
	end := span(s, i, urlClass)
	if end == len(s) || end-i > maxName || s[end] != ' ' && s[end] != '"' {
		return match{}
	}
	name := s[i:end]
	if name == "user" && s[end] == ' ' {
		return sc.userPassword(i, end+1)
	}
	k, weak := nameKind(name)
	if k == none {
		return match{}
	}
	from := end
	if s[end] == '"' { // ["--password", "x"]
		from++
		if from < len(s) && s[from] == ',' {
			from++
		}
	}
	for from < len(s) && from-end < 8 && s[from] == ' ' {
		from++
	}
	if s[end] == '"' && (from == len(s) || s[from] != '"') {
		return match{}
	}
	return sc.argument(from, k, weak)
}

// argument finds the secret that is the word of a command line at i.
func (sc *scanner) argument(i int, k kind, weak bool) match {
	s := sc.s
	start, end, quote := quoted(s, i)
	if !quote {
		start, end = i, i
		for end < len(s) && class[s[end]]&bareClass != 0 {
			end++
		}
		if end > start && s[end-1] == '.' {
			end--
		}
	}
	text := s[start:end]
	if text == "" || isPlaceholder(text) || isWordy(text) || interpolates(text) || text[0] == '-' || sc.maskEnd(s, start) > 0 {
		return match{}
	}
	if !quote {
		if text[0] == '(' || text[0] == '[' || text[0] == '{' || text[0] == '/' && k != awsSecret || isCode(text) {
			return match{}
		}
		f := featuresOf(text)
		if f.digits == 0 && !strings.ContainsAny(text, "!@#$%^*+~") && (!endsLine(s, end) && k != password || k != password && f.run < 16) {
			return match{}
		}
	}
	if k != password && (weak || !quote) && !isRandom(text, 8) {
		return match{}
	}
	return match{start, end, refine(s, start, end, k)}
}

// shortFlag finds the password in curl -u USER:PASSWORD, sshpass -p PASSWORD, docker login -p PASSWORD, redis-cli -a PASSWORD
// and mysql -pPASSWORD. The flag's letter stands at i.
func (sc *scanner) shortFlag(i int) match {
	s := sc.s
	if i+1 >= len(s) {
		return match{}
	}
	switch spaced := s[i+1] == ' '; {
	case s[i] == 'u' && spaced:
		return sc.userPassword(i, i+2)
	case s[i] == 'p' && spaced && (sc.command(i, "sshpass ") || sc.command(i, " login ")),
		s[i] == 'a' && spaced && sc.command(i, "redis-cli "):
		return sc.argument(i+2, password, false)
	case s[i] == 'p' && !spaced && (sc.command(i, "mysql") || sc.command(i, "mariadb")):
		return sc.argument(i+1, password, false)
	}
	return match{}
}

// maxCommand is how far before its flag the name of a program may stand.
const maxCommand = 400

// command reports whether word stands before i, on the same line or one that it continues.
func (sc *scanner) command(i int, word string) bool {
	before := sc.s[max(sc.floor, i-maxCommand):i]
	at := strings.LastIndex(before, word)
	return at >= 0 && strings.Count(before[at:], "\n") == strings.Count(before[at:], "\\\n")
}

// userPassword finds the password of USER:PASSWORD at i, if the command is one that takes it so.
func (sc *scanner) userPassword(flag, i int) match {
	s := sc.s
	if !sc.command(flag, "curl") && !sc.command(flag, "wget") && !sc.command(flag, "http") {
		return match{}
	}
	start, end, quote := quoted(s, i)
	if !quote {
		start, end = i, i
		for end < len(s) && class[s[end]]&bareClass != 0 {
			end++
		}
	}
	colon := strings.IndexByte(s[start:end], ':')
	if colon < 0 {
		return match{}
	}
	start += colon + 1
	text := s[start:end]
	if isPlaceholder(text) || interpolates(text) || sc.maskEnd(s, start) > 0 || text[0] == '$' || strings.HasPrefix(text, "//") {
		return match{}
	}
	return match{start, end, refine(s, start, end, password)}
}
