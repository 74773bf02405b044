package redact

// maxLocal bounds the part of an address before the '@' (RFC 5321).
const maxLocal = 64

// email finds the address whose '@' is at i.
func (sc *scanner) email(i int) match {
	s := sc.s
	start := i
	for start > sc.floor && i-start <= maxLocal && isLocal(s[start-1]) && !sc.escapedBefore(start) {
		start--
	}
	for start < i && !isAlnum(s[start]) {
		start++
	}
	if start == i || i-start > maxLocal || start > sc.floor && s[start-1] >= 0x80 && i-start < 2 {
		return match{}
	}
	end, ok := domainEnd(s, i+1)
	if !ok {
		return match{}
	}
	local, domain := s[start:i], s[i+1:end]
	switch {
	case start >= sc.floor+2 && s[start-1] == '/' && s[start-2] == '/': // ssh://git@host
		return match{}
	case byteBefore(s, sc.floor, start) == '$': // $USER@host.example
		return match{}
	case local == "git" && end < len(s) && (s[end] == ':' || s[end] == '/'): // git@host:owner/name
		return match{}
	case domain == "openssh.com" || domain == "libssh.org": // aes256-gcm@openssh.com is a cipher
		return match{}
	case end < len(s) && s[end] == '(': // obj@mod.method()
		return match{}
	case isDigit(domain[0]) && (domain[1] == 'x' || domain[1] == '.'): // icon@2x.png, pkg@1.0.beta
		return match{}
	}
	return match{start, end, email}
}

func isLocal(c byte) bool {
	return isWord(c) || c == '.' || c == '+' || c == '-' || c == '%' || c == '\''
}

// domainEnd returns the end of the domain name at i, which has a dot and ends in letters.
func domainEnd(s string, i int) (int, bool) {
	end, label, dots := i, i, 0
	for j := i; ; j++ {
		if j < len(s) && (isAlnum(s[j]) || s[j] == '-' || s[j] >= 0x80) {
			continue
		}
		if j == label || s[label] == '-' || s[j-1] == '-' {
			break
		}
		end = j
		if j == len(s) || s[j] != '.' || j-i > 253 {
			break
		}
		if j+1 == len(s) || !isAlnum(s[j+1]) {
			break
		}
		dots++
		label = j + 1
	}
	if dots == 0 || end <= label || end-label < 2 || end-label > 24 {
		return 0, false
	}
	for j := label; j < end; j++ {
		if !isLetter(s[j]) {
			return 0, false
		}
	}
	return end, end == len(s) || !isWord(s[end]) && s[end] != '-' && s[end] != '@'
}
