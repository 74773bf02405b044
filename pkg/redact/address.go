package redact

import (
	"strings"
)

// endsAddress has the signs that end an address.
var endsAddress = func() (t [256]bool) {
	for _, c := range []byte("\"'`<>\\") {
		t[c] = true
	}
	return t
}()

// address finds the password in scheme://user:password@host and the key in webhook addresses. The ':' is at i.
func (sc *scanner) address(i int) match {
	s := sc.s
	from := i + 3
	end, at, slash := from, -1, -1
	for end < len(s) && end-from < maxValue {
		c := s[end]
		if c <= ' ' || endsAddress[c] || c == ':' && strings.HasPrefix(s[end:], "://") {
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
	if at < 0 || slash >= 0 && slash < at {
		if m := sc.webhook(from, end); at < 0 || m.kind != none {
			return m
		}
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
	if isPlaceholder(text) || sc.isMask(text) || interpolates(text) || text[0] == '$' ||
		text[0] == '[' && sc.hasMask(text) {
		return match{}
	}
	return match{start, at, refine(s, start, at, urlPassword)}
}

// webhooks are the addresses whose path is a key. A host that begins with a dot has any name before it.
var webhooks = []struct{ host, path string }{
	{"hooks.slack.com", "/services/"}, {"hooks.slack.com", "/workflows/"}, {"hooks.slack.com", "/triggers/"},
	{"discord.com", "/api/webhooks/"}, {"discordapp.com", "/api/webhooks/"}, {".discord.com", "/api/webhooks/"},
	{".webhook.office.com", "/webhookb2/"}, {"outlook.office.com", "/webhook/"}, {"outlook.office365.com", "/webhook/"},
	{"maker.ifttt.com", "/trigger/"}, {"hooks.zapier.com", "/hooks/catch/"}, {".hook.make.com", "/"}, {".make.com", "/"},
	{"hook.eu1.make.com", "/"}, {"open.feishu.cn", "/open-apis/bot/v2/hook/"},
	{"open.larksuite.com", "/open-apis/bot/v2/hook/"},
	{"healthchecks.io", "/ping/"}, {"hc-ping.com", "/"}, {"hooks.airtable.com", "/workflows/"},
	{"mattermost.com", "/hooks/"},
	{".logic.azure.com", "/workflows/"}, {"rooms.google.com", "/v1/"}, {"hooks.chime.aws", "/incomingwebhooks/"},
	{"webhooks.fivetran.com", "/webhooks/"},
}

// webhooksBy has the webhooks by hostHash: most addresses are none.
var webhooksBy = func() (t [64][]int) {
	for i, hook := range webhooks {
		t[hostHash(hook.host)] = append(t[hostHash(hook.host)], i)
	}
	return t
}()

// hostHash tells hosts apart by two letters before their last dot.
func hostHash(host string) uint8 {
	if len(host) < 6 {
		return 0
	}
	return (host[len(host)-5] + host[len(host)-6]<<2) & 63
}

// webhook finds the part of a webhook's address that is its key. The host begins at i.
func (sc *scanner) webhook(i, end int) match {
	text := sc.s[i:end]
	slash := strings.IndexByte(text, '/')
	if slash < 0 {
		return match{}
	}
	host := text[:slash]
	for _, k := range webhooksBy[hostHash(host)] {
		hook := &webhooks[k]
		if host != hook.host && (hook.host[0] != '.' || !strings.HasSuffix(host, hook.host)) ||
			!strings.HasPrefix(text[slash:], hook.path) {
			continue
		}
		start := i + slash + len(hook.path)
		if at := strings.Index(sc.s[start:end], "/with/key/"); at >= 0 {
			start += at + len("/with/key/")
		}
		to := start
		for to < end && (class[sc.s[to]]&base64Class != 0 || sc.s[to] == '@') {
			to++
		}
		if f := featuresOf(sc.s[start:to]); to-start >= 12 && !f.filler && (f.run >= 12 || f.digits >= 6) {
			return match{start, to, webhook}
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
	if i-start < 8 || i-start > 10 || end-i < 31 || end-i > 37 ||
		start > sc.floor && isAlnum(s[start-1]) && !foldAt(s, start-3, "bot") {
		return match{}
	}
	return match{start, end, telegram}
}
