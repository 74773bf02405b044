package redact

import (
	"encoding/base64"
	"strings"
)

// The keys of services whose form is more than a prefix and what follows.

// isHex reports whether s is digits of hex in lower case, some of them digits.
func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == "" && strings.ContainsAny(s, "0123456789") && !featuresOf(s).filler
}

// mailchimp finds 32 digits of hex before "-us" and the number of a data centre, with the '-' at i.
func (sc *scanner) mailchimp(i int) match {
	s := sc.s
	start := i - 32
	if start < sc.floor || i+4 > len(s) || s[i+2] != 's' || !isDigit(s[i+3]) || sc.wordBefore(start) ||
		!isHex(s[start:i]) {
		return match{}
	}
	end := span(s, i+3, alnumClass)
	if end-i > len("-us99") {
		return match{}
	}
	return match{start, end, apiKey}
}

// airtable finds pat, 14 letters and digits, a dot and 64 digits of hex.
func (sc *scanner) airtable(i int) match {
	s := sc.s
	const dot = len("pat") + 14
	end := i + dot + 1 + 64
	if s[i+2] != 't' || end > len(s) || s[i+dot] != '.' || span(s, i, alnumClass) != i+dot {
		return match{}
	}
	if end < len(s) && isWord(s[end]) || !isHex(s[i+dot+1:end]) {
		return match{}
	}
	return match{i, end, apiKey}
}

// terraform finds 14 letters and digits, ".atlasv1." and 60 more, with the first dot at i.
func (sc *scanner) terraform(i int) match {
	s := sc.s
	const mark = ".atlasv1."
	start := i - 14
	if start < sc.floor || !strings.HasPrefix(s[i:], mark) || span(s, start, alnumClass) != i || sc.wordBefore(start) {
		return match{}
	}
	end := span(s, i+len(mark), urlClass)
	if end-i-len(mark) < 40 {
		return match{}
	}
	return match{start, end, apiKey}
}

// discordBot finds a bot's token at i: its id, a number in base64, the time, and a signature.
func (sc *scanner) discordBot(i int) match {
	s := sc.s
	id := span(s, i, alnumClass)
	if id-i < 23 || id-i > 28 || id == len(s) || s[id] != '.' {
		return match{}
	}
	time := span(s, id+1, urlClass)
	if time-id-1 < 6 || time-id-1 > 7 || time == len(s) || s[time] != '.' {
		return match{}
	}
	end := span(s, time+1, urlClass)
	if end-time-1 < 25 || end-time-1 > 40 {
		return match{}
	}
	var b [21]byte
	n, err := base64.RawStdEncoding.Decode(b[:], []byte(s[i:id]))
	if err != nil || !digitsAt(string(b[:n]), 0, n) {
		return match{}
	}
	return match{i, end, token}
}
