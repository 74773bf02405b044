package redact

import "strings"

// callRule is a function that takes a secret with others beside it.
type callRule struct {
	name     string // in lower case
	receiver string // what it is a method of, "" for anything
	arg      int    // which argument is the secret, from 0
	kind     kind
}

// A name ends in a letter in which not too many others end, since each stops the scanner: jwt.encode is not worth it.
var callRules = []callRule{
	{"getconnection", "", 2, password}, {"pdo", "", 2, password}, {"mysqli", "", 2, password},
	{"mysqli_connect", "", 2, password}, {"mysql_connect", "", 2, password}, {"connect", "dbi", 2, password},
	{"ftp_login", "", 2, password}, {"ssh2_auth_password", "", 2, password},
	{"httpbasicauth", "", 1, password}, {"httpdigestauth", "", 1, password}, {"auth", "", 1, password},
	{"username_pw_set", "", 1, password}, {"usernamepasswordcredentials", "", 1, password},
	{"passwordauthentication", "", 1, password}, {"networkcredential", "", 1, password},
	{"setbasicauth", "", 1, password}, {"basic_auth", "", 1, password}, {"basicauth", "", 1, password},
	{"sign", "jwt", 1, secret}, {"verify", "jwt", 1, secret},
	{"new", "hmac", 0, secret}, {"createhmac", "", 1, secret}, {"fernet", "", 0, secret},
	{"load", "keystore", 1, password},
}

// callsOf has the rules by the length of the name: most names have none.
var callsOf = func() (t [32][]callRule) {
	for _, rule := range callRules {
		t[len(rule.name)] = append(t[len(rule.name)], rule)
	}
	return t
}()

// callEnds is ends3 with the ends of callRules, of login and of @tcp(, and callLast their last letters, in either case.
var callEnds, callLast = func() (ends [1024]uint32, last [256]bool) {
	ends = ends3
	add := func(name string) {
		n := len(name)
		ends[int(name[n-3]&31)<<5|int(name[n-2]&31)] |= 1 << (name[n-1] & 31)
		last[name[n-1]], last[name[n-1]&^0x20] = true, true
	}
	for _, rule := range callRules {
		add(rule.name)
	}
	add("login")
	add("tcp")
	return ends, last
}()

// endsCall reports whether the three bytes before i can end the name of a function that takes a secret, or an
// escape like \n ends there.
func endsCall(s string, i int) bool {
	return i >= 3 && (s[i-2] == '\\' || callEnds[int(s[i-3]&31)<<5|int(s[i-2]&31)]&(1<<(s[i-1]&31)) != 0)
}

// argument finds the secret among the arguments of the function called name, which begins at start; the parenthesis
// is at i.
func (sc *scanner) argument(name string, start, i int) match {
	if len(name) >= len(callsOf) {
		return match{}
	}
	for _, rule := range callsOf[len(name)] {
		if !foldAt(name, 0, rule.name) || !sc.receives(rule.receiver, start) {
			continue
		}
		return sc.literalAt(i+1, rule)
	}
	return match{}
}

// receives reports whether what the method that begins at start belongs to ends in name.
func (sc *scanner) receives(name string, start int) bool {
	if name == "" {
		return true
	}
	end := skipBack(sc.s, sc.floor, start, ".>-:")
	return end < start && end-len(name) >= sc.floor && foldAt(sc.s, end-len(name), name)
}

// literalAt finds the argument of rule, a text in quotes, in the list that begins at i.
func (sc *scanner) literalAt(i int, rule callRule) match {
	s := sc.s
	limit := min(len(s), i+maxPair)
	for n := 0; n < rule.arg; n++ {
		if i = nextArgument(s[:limit], i); i < 0 {
			return match{}
		}
	}
	i = skipSpaces(s, i)
	for _, wrap := range []string{"Some(", "b", "@", "password=", "key="} {
		if strings.HasPrefix(s[i:limit], wrap) {
			i += len(wrap)
		}
	}
	start, end, quote := quoted(s, min(i, len(s)-1))
	if !quote || end+1 >= len(s) || start != i+1 || !endsArgument(s[end+1:]) {
		return match{}
	}
	text := s[start:end]
	if isWordy(text) || isProse(text) && rule.kind == password || strings.ContainsAny(text, "/.") && hasExtension(text) ||
		rule.kind == secret && len(text) < 8 {
		return match{}
	}
	m := sc.given(start, end)
	if m.kind != none {
		m.kind = refine(s, start, end, rule.kind)
	}
	return m
}

// endsArgument reports whether s, what follows a text in quotes, ends the argument.
func endsArgument(s string) bool {
	for _, method := range []string{".toCharArray()", ".getBytes()"} {
		s = strings.TrimPrefix(s, method)
	}
	return s != "" && (s[0] == ')' || s[0] == ',')
}

// nextArgument returns where the argument after the one at i begins, -1 if none does.
func nextArgument(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch c := s[i]; c {
		case '"', '\'':
			end := strings.IndexByte(s[i+1:], c)
			if end < 0 {
				return -1
			}
			i += end + 1
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			if depth--; depth < 0 {
				return -1
			}
		case ',':
			if depth == 0 {
				return i + 1
			}
		case '\n':
			return -1
		}
		i++
	}
	return -1
}

// skipSpaces returns where the spaces at i end, at len(s)-1 at the latest.
func skipSpaces(s string, i int) int { return min(afterSpaces(s, i), max(len(s)-1, 0)) }

// dataSource finds the password in jane:PASSWORD@tcp(db:3306)/shop, whose parenthesis is at i.
func (sc *scanner) dataSource(i int) match {
	s := sc.s
	end := i - len("@tcp")
	if end <= sc.floor || s[end:i] != "@tcp" {
		return match{}
	}
	from := max(sc.floor, end-maxPair)
	begin := from + strings.LastIndexAny(s[from:end], " \"'`\n=") + 1
	colon := strings.IndexByte(s[begin:end], ':')
	if colon <= 0 || colon+1 == end-begin {
		return match{}
	}
	return sc.given(begin+colon+1, end)
}
