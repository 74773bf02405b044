package redact

import "strings"

// form says which part of a word is the secret.
type form uint8

const (
	wholeWord    form = iota
	afterColon        // jane:SECRET
	afterPercent      // jane%SECRET
	afterComma        // jane,SECRET
	afterPass         // pass:SECRET
	afterEquals       // name=SECRET, the name stays
	cookies           // name=SECRET
)

// flagRule is a short flag whose value is a secret in some programs alone.
type flagRule struct {
	programs string // any of them stands on the command line
	with     string // this word, too
	flag     string
	glued    bool // the value follows without a space
	form     form
}

// flagRules are the flags for secrets whose names do not say so, by what the manuals of the programs say.
var flagRules = []flagRule{
	{programs: "curl wget http https xh curlie", flag: "u", form: afterColon},
	{programs: "curl", flag: "u", glued: true, form: afterColon},
	{programs: "http https xh curlie", flag: "a", form: afterColon},
	{programs: "curl", flag: "U", form: afterColon},
	{programs: "curl", flag: "b", form: cookies},
	{programs: "smbclient rpcclient winexe smbget net", flag: "U", form: afterPercent},
	{programs: "lftp", flag: "u", form: afterComma},
	{programs: "sshpass", flag: "p"}, {programs: "sshpass", flag: "p", glued: true},
	{programs: "login", flag: "p"},
	{programs: "redis-cli valkey-cli", flag: "a"},
	{programs: "mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mysqlsh " +
		"mariadb mariadb-dump mariadb-admin", flag: "p", glued: true},
	{programs: "mongo mongosh mongodump mongorestore mongoexport mongoimport", flag: "p"},
	{programs: "cqlsh", flag: "p"}, {programs: "nodetool", flag: "pw"},
	{programs: "beeline evil-winrm rdesktop twine ansible impacket crackmapexec nxc", flag: "p"},
	{programs: "sqlcmd bcp tsql", flag: "P"},
	{programs: "openssl", with: "enc", flag: "k"}, {programs: "openssl", with: "aes-256-cbc", flag: "k"},
	{programs: "openssl", flag: "passin", form: afterPass}, {programs: "openssl", flag: "passout", form: afterPass},
	{programs: "openssl", flag: "pass", form: afterPass}, {programs: "openssl", flag: "password", form: afterPass},
	{programs: "ldapsearch ldapmodify ldapadd ldapdelete ldappasswd ldapwhoami ldapcompare ldapmodrdn", flag: "w"},
	{programs: "ldappasswd", flag: "s"},
	{programs: "zip unzip zipcloak", flag: "P"},
	{programs: "7z 7za 7zz 7zr rar unrar", flag: "p", glued: true},
	{programs: "ipmitool", flag: "P"}, {programs: "mosquitto_pub mosquitto_sub", flag: "P"},
	{programs: "ssh-keygen", flag: "N"}, {programs: "ssh-keygen", flag: "P"},
	{programs: "plink pscp psftp putty", flag: "pw"},
	{programs: "gh", with: "secret", flag: "b"}, {programs: "gh", with: "secret", flag: "b", glued: true},
	{programs: "snmpget snmpwalk snmpset snmpbulkwalk", flag: "c"},
	{programs: "snmpget snmpwalk snmpset snmpbulkwalk", flag: "A"},
	{programs: "snmpget snmpwalk snmpset snmpbulkwalk", flag: "X"},
	{programs: "keytool jarsigner", flag: "storepass"}, {programs: "keytool jarsigner", flag: "keypass"},
	{programs: "useradd usermod", flag: "p"},
	{programs: "doctl", with: "auth", flag: "t"}, {programs: "influx", flag: "t"},
}

// words is a set of the words of flagRules and positionalRules.
type words [2]uint64

func (w words) meets(o words) bool { return w[0]&o[0]|w[1]&o[1] != 0 }

// wordIDs numbers the words that make a difference on a command line.
var wordIDs = map[string]int{}

// setOf is the set of the words in text, which it numbers.
func setOf(text string) (w words) {
	for word := range strings.FieldsSeq(text) {
		id, ok := wordIDs[word]
		if !ok {
			id = len(wordIDs)
			wordIDs[word] = id
		}
		w[id/64] |= 1 << (id % 64)
	}
	return w
}

var (
	webClients   = setOf("curl wget http https xh")
	secretWord   = setOf("secret")
	putParameter = setOf("put-parameter")
	configMap    = setOf("configmap")
	htpasswd     = setOf("htpasswd")
	windows      = setOf("xfreerdp xfreerdp3 wlfreerdp rdesktop net cmdkey psexec wmic")
	anything     = words{^uint64(0), ^uint64(0)}
)

// compiledFlag is a flagRule with its words as sets.
type compiledFlag struct {
	*flagRule
	programs, with words
}

// flagsBy has the rules by the first letter of their flag.
var flagsBy = func() (t [128][]compiledFlag) {
	for i := range flagRules {
		rule := &flagRules[i]
		c := compiledFlag{rule, setOf(rule.programs), anything}
		if rule.with != "" {
			c.with = setOf(rule.with)
		}
		t[rule.flag[0]] = append(t[rule.flag[0]], c)
	}
	return t
}()

// maxCommand is how far before its flag the name of a program may stand.
const maxCommand = 400

// commandWords returns which words stand before i on its command line, with the lines that it
// continues. Each byte is read once.
func (sc *scanner) commandWords(i int) words {
	s := sc.s
	j := max(sc.lineSeen, i-maxCommand, sc.floor)
	if j == i-maxCommand {
		sc.line = words{}
	}
	for j < i {
		switch c := s[j]; {
		case c == '\n' && (j == 0 || s[j-1] != '\\'), c == '|', c == ';', c == '&':
			sc.line = words{}
			j++
		case c == '\\' && j+1 < i && s[j+1] == 'n':
			sc.line = words{}
			j += 2
		case isAlnum(c):
			end := min(i, span(s, j, dottedClass))
			if id, ok := wordIDs[s[j:end]]; ok {
				sc.line[id/64] |= 1 << (id % 64)
			}
			j = end
		default:
			j++
		}
	}
	sc.lineSeen = max(sc.lineSeen, i)
	return sc.line
}

// shortFlag finds the secret after a flag with one dash, whose name begins at i.
func (sc *scanner) shortFlag(i int) match {
	s := sc.s
	end := span(s, i, alnumClass)
	if end-i >= 3 && end < len(s) && (s[end] == ' ' || s[end] == '"' || s[end] == '\'') && mayName(s, end) {
		if k, weak := nameKind(s[i:end]); k != none && !weak {
			if m := sc.flag(i); m.kind != none {
				return m
			}
		}
	}
	if m := sc.asPlainText(i); m.kind != none {
		return m
	}
	if end < len(s) && s[end] == ' ' && strings.IndexByte(s[i:end], 'b') >= 0 && sc.commandWords(i).meets(htpasswd) {
		return sc.wordAfter(end, 3, password)
	}
	for _, rule := range flagsBy[s[i]&127] {
		n := i + len(rule.flag)
		if n >= len(s) || s[i:n] != rule.flag {
			continue
		}
		from := n
		if !rule.glued {
			switch s[n] {
			case '=':
				from = n + 1
			case ' ', '"', '\'':
				from = sc.argumentAt(n)
			default:
				continue
			}
			if from == 0 || from == len(s) {
				continue
			}
		} else if s[n] == ' ' || s[n] == '\n' {
			continue
		}
		line := sc.commandWords(i)
		if !line.meets(rule.programs) || !line.meets(rule.with) {
			continue
		}
		v := sc.judge(right{target: target{name: rule.flag, start: i}, kind: password, from: from})
		if m := sc.formed(v, rule.form); m.kind != none {
			return m
		}
	}
	return match{}
}

// formed finds the secret that is a part of the word at v.from.
func (sc *scanner) formed(v *right, f form) match {
	if f == wholeWord {
		return sc.word(v, true)
	}
	s := sc.s
	start, end, quote := quoted(s, v.from)
	if !quote {
		start, end = v.from, v.from
		for end < len(s) && end-start < maxValue && (class[s[end]]&bareClass != 0 || s[end] == ',') {
			end++
		}
	}
	text := s[start:end]
	at := -1
	switch f {
	case afterColon:
		at = strings.IndexByte(text, ':')
	case afterPercent:
		at = strings.IndexByte(text, '%')
	case afterEquals:
		at = strings.IndexByte(text, '=')
	case afterComma:
		at = strings.IndexByte(text, ',')
	case afterPass:
		if strings.HasPrefix(text, "pass:") {
			at = len("pass:") - 1
		}
	case cookies:
		if strings.IndexByte(text, '=') > 0 && featuresOf(text).looksRandom() && !interpolates(text) && !sc.hasMask(text) {
			return match{start, end, cookie}
		}
	}
	if at < 0 {
		return match{}
	}
	start += at + 1
	text = s[start:end]
	if isPlaceholder(text) || interpolates(text) || sc.maskEnd(s, start) > 0 || text[0] == '$' ||
		strings.HasPrefix(text, "//") {
		return match{}
	}
	return match{start, end, refine(s, start, end, password)}
}

// slashAt finds the password in user/password@host, which begins at i.
func (sc *scanner) slashAt(i int) match {
	s := sc.s
	end := i
	for end < len(s) && end-i < maxJudged && s[end] > ' ' && s[end] != '"' && s[end] != '\'' {
		end++
	}
	text := s[i:end]
	slash := strings.IndexByte(text, '/')
	at := strings.LastIndexByte(text, '@')
	if slash <= 0 || at <= slash+1 || !isName(text[:slash]) {
		return match{}
	}
	start := i + slash + 1
	if secret := s[start : i+at]; isPlaceholder(secret) || interpolates(secret) || sc.maskEnd(s, start) > 0 ||
		secret[0] == '/' {
		return match{}
	}
	return match{start, i + at, urlPassword}
}

// slashPassword finds the password in xfreerdp /p:PASSWORD; the ':' is at i.
func (sc *scanner) slashPassword(i int) match {
	if i < sc.floor+3 || sc.s[i-3] != ' ' && sc.s[i-1] == 'p' || !sc.commandWords(i).meets(windows) {
		return match{}
	}
	return sc.word(sc.judge(right{target: target{name: "p", start: i - 1}, kind: password, from: i + 1}), true)
}

// afterUser finds the password in net use PATH /user:NAME PASSWORD, or PATH PASSWORD /user:NAME; the ':' is at i.
func (sc *scanner) afterUser(i int) match {
	s := sc.s
	from := max(sc.floor, i-maxJudged)
	line := s[from+strings.LastIndexByte(s[from:i], '\n')+1 : i-len("/user")]
	if _, args, ok := strings.Cut(line, "net use "); ok {
		if words := strings.Fields(args); len(words) > 1 && strings.Contains(words[len(words)-2], "\\\\") {
			last := words[len(words)-1]
			start := i - len("/user") - len(line) + strings.LastIndex(line, last)
			return sc.word(sc.judge(right{target: target{name: "user", start: start}, kind: password, from: start}), true)
		}
	}
	for i < len(s) && s[i] > ' ' {
		i++
	}
	if i+1 >= len(s) || s[i] != ' ' || s[i+1] == '/' {
		return match{}
	}
	return sc.word(sc.judge(right{target: target{name: "user", start: i}, kind: password, from: i + 1}), true)
}

// asPlainText finds the password in ConvertTo-SecureString "x" -AsPlainText, whose flag begins at i.
func (sc *scanner) asPlainText(i int) match {
	s := sc.s
	if !foldAt(s, i, "asplaintext") || i < sc.floor+5 || s[i-1] != '-' || s[i-2] != ' ' {
		return match{}
	}
	end := i - 3
	if s[end] != '"' && s[end] != '\'' {
		return match{}
	}
	from := max(sc.floor, end-maxJudged)
	at := strings.LastIndexByte(s[from:end], s[end])
	if at < 0 {
		return match{}
	}
	start := from + at + 1
	text := s[start:end]
	if isPlaceholder(text) || isWordy(text) || interpolates(text) || sc.maskEnd(s, start) > 0 {
		return match{}
	}
	return match{start, end, refine(s, start, end, password)}
}
