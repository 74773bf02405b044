package redact

import "strings"

// dash looks at the '-' at i: the first separator of a prefix, a run of dashes before a private key, or a flag.
func (sc *scanner) dash(i int) (match, int) {
	s := sc.s
	end := i + 1
	for end < len(s) && s[end] == '-' {
		end++
	}
	switch n := end - i; {
	case n >= 5:
		if m := sc.dashes(end); m.kind != none {
			return m, 0
		}
		return match{}, end
	case n == 2 && end < len(s) && isLetter(s[end]) && !sc.wordBefore(i):
		if m := sc.flag(end); m.kind != none {
			return m, 0
		}
	case n == 1:
		if i > sc.floor {
			if m := sc.prefixed(i); m.kind != none {
				return m, 0
			}
		}
		if end < len(s) && isLetter(s[end]) && (i == sc.floor || strings.IndexByte(" \"'\n\t", s[i-1]) >= 0) {
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
	if end == len(s) || end-i > maxName || strings.IndexByte(" =\"'", s[end]) < 0 {
		return match{}
	}
	name := s[i:end]
	from := end + 1
	if s[end] != '=' {
		from = sc.argumentAt(end)
	}
	if from == 0 || from == len(s) {
		return match{}
	}
	v := sc.judge(right{target: target{name: name, start: i}, from: from})
	switch name {
	case "from-literal":
		if sc.commandWords(i).meets(configMap) {
			return match{}
		}
		v.kind = secret
		return sc.formed(v, afterEquals)
	case "user", "proxy-user", "auth":
		if sc.commandWords(i).meets(webClients) {
			v.kind = password
			return sc.formed(v, afterColon)
		}
		return match{}
	case "body", "value":
		if v.kind = sc.bodyOf(i, name); v.kind != none {
			return sc.word(v, true)
		}
		return match{}
	}
	if s[end] == '=' {
		return match{} // an assignment
	}
	if end := bootstrapEnd(s, from); end > 0 && name == "token" {
		return match{from, end, token}
	}
	v.kind, v.weak = nameKind(name)
	if v.kind == none || v.kind == cookie || foldSuffix(name, "from-literal") {
		return match{}
	}
	if v.kind == password && !v.weak && sc.commandWords(i) != (words{}) {
		return sc.word(v, true)
	}
	return sc.word(v, false)
}

// bootstrapEnd returns the end of the bootstrap token of Kubernetes at i, 0 if none begins there.
func bootstrapEnd(s string, i int) int {
	dot, end := i+6, i+23
	if end > len(s) || s[dot] != '.' || span(s, i, alnumClass) != dot || span(s, dot+1, alnumClass) != end {
		return 0
	}
	return end
}

// bodyOf returns the kind of what gh secret set --body and aws ssm put-parameter --value store.
func (sc *scanner) bodyOf(i int, flag string) kind {
	switch words := sc.commandWords(i); {
	case words.meets(secretWord):
		return secret
	case flag == "value" && words.meets(putParameter):
		s := sc.s
		before := s[max(sc.floor, i-maxPair):i]
		before = before[strings.LastIndexByte(before, '\n')+1:]
		rest := s[i:min(len(s), i+maxPair)]
		if line, _, ok := strings.Cut(rest, "\n"); ok {
			rest = line
		}
		if strings.Contains(before, "SecureString") || strings.Contains(rest, "SecureString") {
			return secret
		}
		k, _ := fieldName(before)
		return k
	}
	return none
}

// argumentAt returns where the word after a flag begins that ends at end, also in a list:
// ["--password", "x"]. It is 0 if there is none.
func (sc *scanner) argumentAt(end int) int {
	s := sc.s
	from := end
	if c := s[from]; c == '"' || c == '\'' {
		from++
		if from < len(s) && s[from] == ',' {
			from++
		}
		for from < len(s) && from-end < 8 && s[from] == ' ' {
			from++
		}
		if from >= len(s) || s[from] != c {
			return 0
		}
		return from
	}
	for from < len(s) && from-end < 8 && s[from] == ' ' {
		from++
	}
	if from == len(s) {
		return 0
	}
	from = block(s, from)
	if from == len(s) {
		return 0
	}
	return from
}
