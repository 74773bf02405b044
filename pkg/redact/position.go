package redact

import "strings"

// positionalRule is a command whose n-th word after it is a secret.
type positionalRule struct {
	command string // its last word
	with    string // one of these words stands before it on the line
	n       int
	kind    kind
}

var positionalRules = []positionalRule{
	{"_user", "rabbitmqctl", 2, password}, {"change_password", "rabbitmqctl", 2, password}, // add_user, authenticate_user
	{"smbclient", "smbclient", 2, password},
	{"login", "vault", 1, token}, {"login", "bw", 2, password},
	{"community", "snmp-server", 1, password},
	{"key", "isakmp tacacs-server radius-server", 1, password},
}

// positionalSets are the words that rules want, in their order.
var positionalSets = func() []words {
	var sets []words
	for _, rule := range positionalRules {
		sets = append(sets, setOf(rule.with))
	}
	return sets
}()

// positional finds the secret that stands some words after the command, which ends at the space at i;
// ok reports whether it is a command that has one.
func (sc *scanner) positional(command string, i int) (m match, ok bool) {
	for k := range positionalRules {
		rule := &positionalRules[k]
		if command != rule.command || command != rule.with && !sc.commandWords(i).meets(positionalSets[k]) {
			continue
		}
		return sc.wordAfter(i, rule.n, rule.kind), true
	}
	return match{}, false
}

// wordAfter finds the secret that is the n-th word after i.
func (sc *scanner) wordAfter(i, n int, k kind) match {
	s := sc.s
	from := i
	for ; ; n-- {
		for from < len(s) && s[from] == ' ' {
			from++
		}
		if n == 1 || from == len(s) || from-i > maxPair {
			break
		}
		if _, end, quote := quoted(s, from); quote && end-i < maxPair {
			from = min(end+1, len(s)) // the quote may lack its end
		}
		for from < len(s) && s[from] > ' ' && from-i < maxPair {
			from++
		}
	}
	if n > 1 || from == len(s) || s[from] == '-' || s[from] == '\n' {
		return match{}
	}
	if k == urlPassword {
		return sc.slashAt(from)
	}
	return sc.word(sc.judge(right{target: target{name: "password", start: i}, kind: k, from: from}), true)
}

// readers are commands that read a secret from the pipe before them.
var readers = []string{"sudo -S", "sudo -kS", "--password-stdin", "chpasswd", "gh secret set",
	"--with-token", "secret create", "secret put", "secret:set", "vault kv put",
	"cryptsetup", "--passphrase-fd 0", "secrets versions add", "secrets add"}

// readsSecret reports whether command has one of readers.
func readsSecret(command string) bool {
	for _, reader := range readers {
		if strings.Contains(command, reader) {
			return true
		}
	}
	return false
}

// piped finds the secret in echo SECRET | sudo -S, with the '|' at i.
func (sc *scanner) piped(i int) match {
	s := sc.s
	end := skipBack(s, sc.floor, i, " ")
	from := max(sc.floor, end-maxJudged)
	from += strings.LastIndexByte(s[from:end], '\n') + 1
	before := s[from:end]
	if !strings.Contains(before, "echo ") && !strings.Contains(before, "printf ") {
		return match{} // most lines, and soon
	}
	at := max(strings.LastIndex(before, "echo "), strings.LastIndex(before, "printf "))
	after := s[i+1 : min(lineStop(s, i), i+maxJudged)]
	if at := strings.IndexByte(after, '|'); at >= 0 {
		after = after[:at]
	}
	if !readsSecret(after) {
		return match{}
	}
	start := from + at + strings.IndexByte(s[from+at:], ' ') + 1
	for _, option := range []string{"-n ", "-e ", "'%s' ", "%s ", "\"%s\" ", "'%s\\n' "} {
		if strings.HasPrefix(s[start:end], option) {
			start += len(option)
		}
	}
	if a, b, quote := quoted(s, start); quote && b < end {
		start, end = a, b
	}
	if strings.Contains(after, "chpasswd") {
		start += strings.IndexByte(s[start:end], ':') + 1
	}
	return sc.given(start, end)
}
