package redact

import "strings"

// verdict is what a rule says of a value.
type verdict uint8

const (
	undecided verdict = iota
	keep
	hide
)

// valueRule is one reason to keep a value or to hide it. Rules are asked in their order and the first
// that decides counts; a value that no rule decides stays. To add a rule, put it before the first that
// would decide otherwise, and add a row to testdata for what it must hide and one for what it must
// keep.
type valueRule struct {
	why  string
	says func(v *right) verdict
}

// maxJudged is how much of a value the rules look at: what the first bytes do not tell, the others
// will not, and a text of nothing but beginnings would be read again for each of them.
const maxJudged = 256

// decide asks rules about a value, which begins at start.
func (sc *scanner) decide(v *right, rules []valueRule, start int) match {
	v.text = v.text[:min(len(v.text), maxJudged)]
	if v.text == "" {
		return match{}
	}
	v.from = start
	v.counted = false
	v.env = isEnvName(v.name)
	v.ends = endsLine(sc.s, v.end)
	v.starts = v.ends && sc.startsLine(v.start)
	for i := range rules {
		switch rules[i].says(v) {
		case keep:
			return match{}
		case hide:
			return match{start, v.end, refine(sc.s, start, v.end, v.kind)}
		}
	}
	return match{}
}

// features counts the bytes of the value, once a rule asks.
func (v *right) features() *features {
	if !v.counted {
		v.f, v.counted = featuresOf(v.text), true
	}
	return &v.f
}

func keepIf(b bool) verdict {
	if b {
		return keep
	}
	return undecided
}

func hideIf(b bool) verdict {
	if b {
		return hide
	}
	return undecided
}

func verdictOf(hidden bool) verdict {
	if hidden {
		return hide
	}
	return keep
}

// standsFor reports whether the value stands for a secret without being one.
func (v *right) standsFor() bool {
	return isPlaceholder(v.text) || isWordy(v.text) || v.scanner.maskEnd(v.scanner.s, v.from) > 0
}

// quotedRules judge a value in quotes.
var quotedRules = []valueRule{
	{"a placeholder, a template or the name of a secret is none", func(v *right) verdict {
		return keepIf(v.standsFor() || interpolates(v.text))
	}},
	{"a sentence is a message about a secret, or code goes on after the quote", func(v *right) verdict {
		return keepIf(isProse(v.text) || v.scanner.closes(v.quote()))
	}},
	{"a name that other things have, too, needs a value that looks like a key", func(v *right) verdict {
		return keepIf(v.weak && !isRandom(v.text, 8))
	}},
	{"one or two letters are a shortcut: accesskey=\"n\"", func(v *right) verdict {
		return keepIf(v.kind != password && len(v.text) < 3 && !v.fielded)
	}},
	{"secretAccessKey = \"aws_secret_access_key\" says where it is", func(v *right) verdict {
		return keepIf(v.kind != password && isLike(v.text, v.name))
	}},
	{"credentials are a mode of fetch, or a file", func(v *right) verdict {
		return keepIf(v.kind == credential && (len(v.text) < 16 || strings.IndexByte(v.text, '/') >= 0))
	}},
	{"the file of a password is none", func(v *right) verdict {
		return keepIf(v.kind == password && v.isPath(v.text))
	}},
	{"a mnemonic has twelve words", func(v *right) verdict {
		return keepIf((foldSuffix(v.name, "mnemonic") || foldSuffix(v.name, "phrase") && v.kind == secret) &&
			strings.Count(v.text, " ") < 11)
	}},
	{"keys have no spaces, but for a scheme before them", func(v *right) verdict {
		if v.kind == password || v.kind == secret || v.kind == privateKey || v.fielded {
			return undecided
		}
		at := strings.LastIndexByte(v.text, ' ')
		return keepIf(at >= 0 && !isRandom(v.text[at+1:], 8) && !v.env)
	}},
	{"the name says that it is a secret", func(*right) verdict { return hide }},
}

// quote is where the quote of a quoted value stands.
func (v *right) quote() int { return v.at }

// bareRules judge a value without quotes. Without them it could be code or prose, so more must speak for it.
var bareRules = []valueRule{
	{"a comparison gives no value, and a quoted name has none but numbers without quotes", func(v *right) verdict {
		return keepIf(v.compares || v.quoted && v.colon)
	}},
	{"a call, an index, a literal or a type goes on with a bracket", func(v *right) verdict {
		s := v.scanner.s
		return keepIf(v.end < len(s) && (strings.IndexByte("([{", s[v.end]) >= 0 || s[v.end] == '<' && v.colon))
	}},
	{"a placeholder or the name of a secret is none", func(v *right) verdict {
		return keepIf(v.standsFor() || v.kind == credential ||
			len(v.text) <= 18 && foldAt(strings.TrimLeft(v.text, "-"), 0, "0x"))
	}},
	{"PWD is the shell's folder, but in a connection string", func(v *right) verdict {
		if v.name != "PWD" {
			return undecided
		}
		return verdictOf(byteBefore(v.scanner.s, v.scanner.floor, v.start) == ';')
	}},
	{"a variable of the environment has no code on its right side", func(v *right) verdict {
		return hideIf(v.env && v.tight && !v.colon && !v.weak && !v.isPath(v.text) && !isObject(v.text) &&
			!strings.Contains(v.text, "://"))
	}},
	{"in a header of HTTP the name decides alone", func(v *right) verdict {
		header := v.colon && !v.spaced && isUpper(v.name[0]) && strings.IndexByte(v.name, '-') > 0 &&
			(v.ends || v.quotedAround())
		return hideIf(header && len(v.text) >= 6 && !v.isPath(v.text) && !isObject(v.text) &&
			!strings.Contains(v.text, "://"))
	}},
	{"a whole argument: -var=\"db_password=x\"", func(v *right) verdict {
		return hideIf(v.tight && !v.colon && !v.weak && v.quotedAround() && len(v.text) >= 4 && !v.isPath(v.text) &&
			!isObject(v.text))
	}},
	{"helm --set NAME=VALUE,NAME=VALUE", func(v *right) verdict {
		set := v.after("--set") || v.after("--set-string") ||
			byteBefore(v.scanner.s, v.scanner.floor, v.start) == ',' && v.lineHas(" --set")
		return hideIf(set && v.tight && !v.colon && !v.weak && len(v.text) >= 4 && !v.isPath(v.text))
	}},
	{"an expression or a path is no secret", func(v *right) verdict {
		return keepIf(isCode(v.text) || v.isPath(v.text))
	}},
	{"private keys and credentials look like what they are", func(v *right) verdict {
		if v.kind != authorization && v.kind != bearer && v.kind != privateKey {
			return undecided
		}
		return verdictOf(isRandom(v.text, 12))
	}},
	{"a password with a name that other things have must be set as one, and look like one", func(v *right) verdict {
		if !v.weak || v.kind != password {
			return undecided
		}
		sure := v.features().digits > 0 && v.features().lowers+v.features().uppers > 0 || v.env
		if v.starts && !v.colon && len(v.text) >= 4 && v.isConfig() {
			return hide
		}
		if v.lineHas("user") && len(v.text) >= 4 && (v.colon && sure && strings.HasSuffix(v.scanner.s[:v.start], ", ") ||
			v.tight && !v.colon && byteBefore(v.scanner.s, v.scanner.floor, v.start) == ',') {
			return hide // user: jane, pass: x
		}
		return verdictOf((v.env || v.tight) && !v.colon && len(v.text) >= 4 && sure)
	}},
	{"a key with a name that other things have must look like one", func(v *right) verdict {
		switch {
		case !v.weak:
			return undecided
		case v.env && !v.colon:
			return verdictOf(isRandom(v.text, 8) || len(v.text) >= 8 && v.features().digits > 0)
		case v.tight && !v.colon:
			return verdictOf(isRandom(v.text, 8))
		}
		return verdictOf(isRandom(v.text, 12))
	}},
	{"in a query or a connection string the name decides alone", func(v *right) verdict {
		s := v.scanner.s
		around := v.query || byteBefore(s, v.scanner.floor, v.start) == ';' ||
			v.end < len(s) && (s[v.end] == '&' || s[v.end] == ';')
		if v.kind == secret || v.kind == password {
			return hideIf(around && v.tight && !v.colon && len(v.text) >= 4)
		}
		return hideIf(v.query && v.tight && len(v.text) >= 6)
	}},
	{"names and values in two fields leave no doubt", func(v *right) verdict {
		return hideIf(v.fielded)
	}},
	{"a type is what a member is declared with", func(v *right) verdict {
		return keepIf(isType(v.text))
	}},
	{"secret: my-tls names an object", func(v *right) verdict {
		object := len(v.name) == len("secret") || strings.IndexByte(v.text, '-') > 0
		return keepIf(v.kind == secret && v.colon && v.features().digits == 0 && object)
	}},
	{"npm: //registry/:_authToken=x", func(v *right) verdict {
		return hideIf(v.name[0] == '_' && v.tight && byteBefore(v.scanner.s, v.scanner.floor, v.start) == ':')
	}},
	{"a line of a properties file, or a variable before a command", func(v *right) verdict {
		s := v.scanner.s
		alone := v.ends || v.end < len(s) && s[v.end] == ' '
		compound := strings.ContainsAny(v.name, "._-") && !strings.HasPrefix(v.name, "self.") &&
			!strings.HasPrefix(v.name, "this.")
		return hideIf(v.tight && !v.colon && compound && alone && len(v.text) >= 4 && v.scanner.startsLine(v.start))
	}},
	{"--password=x gives the value of a flag", func(v *right) verdict {
		return hideIf(v.tight && !v.colon && byteBefore(v.scanner.s, v.scanner.floor, v.start) == '-' &&
			len(v.text) >= 4 && v.features().lowers+v.features().digits > 0)
	}},
	{"on a line of its own, as in YAML, the name decides alone", func(v *right) verdict {
		return hideIf(v.starts && v.colon && len(v.text) >= 4 && !v.spaced && !strings.ContainsAny(v.text, "%$"))
	}},
	{"on a line of its own, as in an ini file, the name decides alone where the line is no code", func(v *right) verdict {
		return hideIf(v.starts && !v.colon && len(v.text) >= 4 && v.isConfig())
	}},
	{"a password without quotes", func(v *right) verdict {
		if v.kind != password {
			return undecided
		}
		return verdictOf(v.barePassword())
	}},
	{"a key without quotes", func(v *right) verdict { return verdictOf(v.bareKey()) }},
}

// quotedAround reports whether name and value are all that stands between two quotes.
func (v *right) quotedAround() bool {
	s := v.scanner.s
	c := byteBefore(s, v.scanner.floor, v.start)
	return (c == '"' || c == '\'') && v.end < len(s) && s[v.end] == c
}

// bareKey judges text after api_key= or api_key:.
func (v *right) bareKey() bool {
	f := v.features()
	switch {
	case v.colon:
		return isRandom(v.text, 8)
	case len(v.text) >= 6 && f.digits > 0 && f.lowers+f.uppers > 0:
		return v.tight || v.ends
	}
	return v.tight && f.uppers > 0 && f.lowers > 0 && len(v.text) >= 16
}

// barePassword judges text after password= or password:.
func (v *right) barePassword() bool {
	f, s := v.features(), v.scanner.s
	mixed := f.digits > 0 && f.lowers+f.uppers > 0
	symbols := strings.ContainsAny(v.text[:len(v.text)-1], "!@#$%^*+~?=/") && f.lowers+f.uppers+f.digits >= 3
	switch {
	case mixed && len(v.text) >= 4:
		return v.tight || v.ends || v.colon && !isWords(v.text)
	case symbols && len(v.text) >= 6:
		return v.tight || v.ends
	case f.lowers+f.uppers == 0 && f.digits >= 4:
		return v.tight && !v.colon || v.ends
	case f.digits > 0 || len(v.text) < 4:
		return false
	case v.tight && !v.colon:
		return v.starts || v.end < len(s) && s[v.end] == ',' && byteBefore(s, v.scanner.floor, v.start) == ',' ||
			v.scanner.keywords(v.start, v.end)
	}
	return v.starts && f.uppers == 0 && f.others == 0 && v.colon
}

// keywords reports whether the assignment s[start:end] stands among others as in host=db user=app password=x.
func (sc *scanner) keywords(start, end int) bool {
	s := sc.s
	if byteBefore(s, sc.floor, start) != ' ' {
		return false
	}
	from := start - 1
	for from > sc.floor && s[from-1] > ' ' && start-from < maxName {
		from--
	}
	at := strings.IndexByte(s[from:start], '=')
	return at > 0 && span(s, from, nameClass) == from+at && (end == len(s) || strings.IndexByte(" \n\"'", s[end]) >= 0)
}

// isConfig reports whether the value is that of a line of a file of settings: what stands on the lines
// around it is no code, or the value itself could not be a name in it.
func (v *right) isConfig() bool {
	for _, self := range []string{"self.", "this.", "cls.", "@", "$"} {
		if strings.HasPrefix(v.name, self) {
			return false
		}
	}
	if isUpper(v.text[0]) && v.features().lowers == len(v.text)-1 && len(v.text) >= 6 {
		return true
	}
	if v.features().others > 0 && !isName(v.text) || strings.IndexByte(v.text, '-') > 0 && v.text[0] != '-' {
		return true
	}
	s := v.scanner.s
	begin := strings.LastIndexByte(s[max(v.scanner.floor, v.start-maxJudged):v.start], '\n')
	if begin > 0 {
		begin += max(v.scanner.floor, v.start-maxJudged)
		from := max(v.scanner.floor, begin-maxJudged)
		if isSetting(s[max(from, from+1+strings.LastIndexByte(s[from:begin], '\n')):begin]) {
			return true
		}
	}
	next := v.end
	for next < len(s) && s[next] != '\n' && next-v.end < maxJudged {
		next++
	}
	if next == len(s) {
		return false
	}
	line, _, _ := strings.Cut(s[next+1:min(len(s), next+1+maxJudged)], "\n")
	return isSetting(line)
}

// isSetting reports whether line is [section], or a name and a value that no code would have.
func isSetting(line string) bool {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
		return true
	}
	name, value, ok := strings.Cut(line, "=")
	value = strings.TrimSpace(value)
	if !ok || value == "" || !isName(strings.TrimSpace(name)) || strings.ContainsAny(value, "(){};,\"'`") {
		return false
	}
	return isNothing(value) || strings.ContainsAny(value, "0123456789/.:@") || !strings.Contains(line, " ")
}

// isPath reports whether s is a path where one is usual: PWD=/home, private_key: ./key.pem.
func (v *right) isPath(s string) bool {
	if s[0] == '/' || s[0] == '~' || s[0] == '.' {
		return v.kind != awsSecret && v.kind != apiKey &&
			(v.kind != password || foldSuffix(v.name, "pwd") || strings.Count(s, "/") > 1)
	}
	return hasExtension(s) || len(s) > 2 && s[1] == ':' && isLetter(s[0])
}

// argumentRules judge a word of a command line that a flag or a command gives.
var argumentRules = []valueRule{
	{"a placeholder, a template or another flag is no value", func(v *right) verdict {
		return keepIf(v.standsFor() || interpolates(v.text) || v.text[0] == '-' || isCommandWord(v.text))
	}},
	{"quotes leave no doubt about a password", func(v *right) verdict {
		return hideIf(v.isQuoted && v.kind == password)
	}},
	{"a bracket, a path or code is no value of a secret", func(v *right) verdict {
		if v.isQuoted {
			return undecided
		}
		return keepIf(strings.IndexByte("([{<>=:", v.text[0]) >= 0 || v.text[0] == '/' && v.kind != awsSecret ||
			!v.sure && isCode(v.text))
	}},
	{"the program has nothing else there", func(v *right) verdict { return hideIf(v.sure) }},
	{"a name that other things have, too, needs a value that looks like a key", func(v *right) verdict {
		return keepIf(v.weak && !isRandom(v.text, 8))
	}},
	{"a digit or a sign is in no word of a sentence", func(v *right) verdict {
		signs := v.features().digits > 0 && v.features().digits+v.features().others < len(v.text) ||
			v.features().digits > 5 || strings.ContainsAny(v.text, "!@#$%^*+~")
		return hideIf(v.isQuoted || signs && (v.kind == password || len(v.text) >= 8 && v.features().lowers > 0 ||
			isRandom(v.text, 8)))
	}},
	{"a word between flags or at the end of the line is a value, in upper case it stands for one", func(v *right) verdict {
		s := v.scanner.s
		flag := strings.HasPrefix(s[v.end:], " -") || strings.HasPrefix(s[v.end:], " \\\n")
		return hideIf((v.ends || flag) && v.features().lowers > 0 && v.features().digits+v.features().others == 0 &&
			(v.kind == password || len(v.text) >= 6))
	}},
}
