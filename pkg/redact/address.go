package redact

import (
	"strings"
)

// address finds the password in scheme://user:password@host and the key in webhook addresses. The ':' is at i.
func (sc *scanner) address(i int) match {
	s := sc.s
	from := i + 3
	end, at, slash := from, -1, -1
	for end < len(s) && end-from < maxValue {
		c := s[end]
		if c <= ' ' || strings.IndexByte("\"'`<>\\", c) >= 0 || c == ':' && strings.HasPrefix(s[end:], "://") {
			break
		}
		if c == '@' {
			if slash >= 0 && at >= 0 {
				break
			}
			at = end
		}
		if slash < 0 && (c == '/' || c == '?' || c == '#') {
			slash = end
			if at >= 0 {
				break
			}
		}
		end++
	}
	if at < 0 {
		return sc.webhook(from, end)
	}
	colon := -1
	for k := from; k < at && colon < 0; k++ {
		if s[k] == '[' && sc.maskEnd(s, k) > 0 {
			k = sc.maskEnd(s, k) - 1
		} else if s[k] == ':' {
			colon = k - from
		}
	}
	if colon < 0 {
		if slash < 0 || at < slash {
			if text := s[from:at]; isRandom(text, 20) && strings.IndexByte(text, '.') < 0 {
				return match{from, at, refine(s, from, at, token)}
			}
		}
		return sc.webhook(from, end)
	}
	start := from + colon + 1
	if slash >= 0 && slash < at { // a password with a slash, or a port and a path with an '@'
		if slash < start || span(s, start, alnumClass) == slash && digitsAt(s, start, slash-start) {
			return match{}
		}
	}
	text := s[start:at]
	if isPlaceholder(text) || sc.isMask(text) || interpolates(text) || text[0] == '$' || text[0] == '[' && sc.hasMask(text) {
		return match{}
	}
	return match{start, at, refine(s, start, at, urlPassword)}
}

// webhook finds the part of a webhook's address that is its key. The host begins at i.
func (sc *scanner) webhook(i, end int) match {
	text := sc.s[i:end]
	for _, host := range []string{"hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/",
		"discord.com/api/webhooks/", "discordapp.com/api/webhooks/"} {
		if strings.HasPrefix(text, host) {
			start := i + len(host)
			if to := start + span(sc.s[start:end], 0, base64Class); to-start >= 16 && !featuresOf(sc.s[start:to]).filler {
				return match{start, to, webhook}
			}
		}
	}
	return match{}
}

// telegramBot finds a bot's token, digits and a ':' and 35 more, with the ':' at i.
func (sc *scanner) telegramBot(i int) match {
	s := sc.s
	start := i
	for start > sc.floor && isDigit(s[start-1]) && i-start < 12 {
		start--
	}
	end := span(s, i+1, urlClass)
	if i-start < 8 || i-start > 10 || end-i < 31 || end-i > 37 || start > sc.floor && isAlnum(s[start-1]) && !foldAt(s, start-3, "bot") {
		return match{}
	}
	return match{start, end, telegram}
}
