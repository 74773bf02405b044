package redact

import "strings"

// maxKeyText bounds a private key: an RSA key of 16,384 bits has 13 kB.
const maxKeyText = 64 << 10

// pem finds a private key whose "-----BEGIN " begins at i. Its end may be missing, and line breaks may
// be written as \n.
func (sc *scanner) pem(i int) match {
	s := sc.s
	label := i + len("-----BEGIN ")
	end := label
	for end < len(s) && end-label < 64 && (isAlnum(s[end]) || s[end] == ' ') {
		end++
	}
	if !strings.HasPrefix(s[end:], "-----") || !isSecretLabel(s[label:end]) {
		return match{}
	}
	from := end + len("-----")
	rest := s[from:min(len(s), from+maxKeyText)]
	if e := sc.nextEnd(from) - from; e < len(rest) && !strings.Contains(rest[:e], "-----BEGIN ") &&
		keyChars(rest[:e]) >= 16 {
		if f := strings.Index(rest[e+9:], "-----"); f >= 0 && f < 64 {
			return match{i, from + e + 9 + f + 5, privateKey}
		}
		e += from + len("-----END ")
		for e < len(s) && (isUpper(s[e]) || s[e] == ' ' || s[e] == '-') {
			e++
		}
		return match{i, e, privateKey}
	}
	if n := keyLines(rest); n > 0 {
		return match{i, from + n, privateKey}
	}
	return match{}
}

// puttyKey finds the lines of a key after "Private-Lines: N", whose ':' is at i.
func (sc *scanner) puttyKey(i int) match {
	s := sc.s
	_, from := lineEnd(s, i)
	if n := keyLines(s[from:min(len(s), from+maxKeyText)]); n > 0 {
		return match{from, from + n, privateKey}
	}
	return match{}
}

// nextEnd returns where the next "-----END " stands after i, or the end of the text. Each byte is searched once.
func (sc *scanner) nextEnd(i int) int {
	if sc.endAt < i {
		sc.endAt = len(sc.s)
		if at := strings.Index(sc.s[i:], "-----END "); at >= 0 {
			sc.endAt = i + at
		}
	}
	return sc.endAt
}

// isSecretLabel reports whether what stands between -----BEGIN and ----- says that a secret follows.
func isSecretLabel(label string) bool {
	return strings.Contains(label, "PRIVATE KEY") || strings.Contains(label, "Static key")
}

// dashes looks at the text after five dashes that end at i: the begin of a private key, or the end of
// one whose begin is missing.
func (sc *scanner) dashes(i int) match {
	s := sc.s
	switch {
	case strings.HasPrefix(s[i:], "BEGIN "):
		return sc.pem(i - len("-----"))
	case strings.HasPrefix(s[i:], "END "):
		return sc.pemEnd(i - len("-----"))
	}
	return match{}
}

// pemEnd finds the lines of a private key before its "-----END ", which stands at i.
func (sc *scanner) pemEnd(i int) match {
	s := sc.s
	label, _, ok := strings.Cut(s[i+len("-----END "):min(len(s), i+96)], "-----")
	if !ok || !isSecretLabel(label) {
		return match{}
	}
	start := i
	for lines := 0; start > sc.floor && i-start < maxKeyText; lines++ {
		end := start
		if s[end-1] == '\n' {
			end--
		} else if end >= sc.floor+2 && s[end-1] == 'n' && s[end-2] == '\\' {
			for end--; end > sc.floor && s[end-1] == '\\'; {
				end--
			}
		} else if lines == 0 {
			// a line number or a mark may stand before the dashes
			begin := skipBack(s, sc.floor, end, " 0123456789\t+→\xe2\x86\x92")
			if begin == end || begin == sc.floor || s[begin-1] != '\n' {
				break
			}
			end = begin - 1
		}
		from := end
		for from > sc.floor && end-from < 4*maxName && class[s[from-1]]&base64Class != 0 && !sc.escapedBefore(from) {
			from--
		}
		if end-from < 16 && (lines > 0 || end-from < 4) {
			break
		}
		start = from
		mark := skipBack(s, sc.floor, start, " 0123456789\t+→\xe2\x86\x92")
		if mark < start && mark > sc.floor && s[mark-1] == '\n' {
			start = mark
			continue
		}
	}
	if start == i {
		return match{}
	}
	for start < i && strings.IndexByte(" \t+\xe2\x86\x92", s[start]) >= 0 {
		start++
	}
	return match{start, i + len("-----END ") + len(label) + len("-----"), privateKey}
}

// keyChars counts the base64 characters of s.
func keyChars(s string) int {
	n := 0
	for i := range len(s) {
		if class[s[i]]&base64Class != 0 {
			n++
		}
	}
	return n
}

// keyLines returns how much of s is lines of base64, which may be numbered, quoted or indented, or headers of a key.
func keyLines(s string) int {
	kept, any := 0, false
	for at := 0; at < len(s); {
		end, next := lineEnd(s, at)
		line := strings.Trim(s[at:end], " \t\"'+,;`>|")
		if i := strings.IndexAny(line, "\t"); i >= 0 && i < 8 {
			line = line[i+1:] // a line number
		} else if i := strings.Index(line, "→"); i >= 0 && i < 8 {
			line = line[i+len("→"):]
		}
		run := span(line, 0, base64Class)
		whole := run == len(line)
		switch {
		case line == "" || strings.HasPrefix(line, "Proc-Type:") || strings.HasPrefix(line, "DEK-Info:") ||
			strings.HasPrefix(line, "Version:") || strings.HasPrefix(line, "Comment:"):
		case whole && (run >= 16 || end == len(s) && (any || run >= 12) || any && run > 0 && line[run-1] == '='):
			kept, any = end, true
		case whole && any && run >= 4 && run%4 == 0: // the last line
			return end
		case run >= 32:
			return at + strings.Index(s[at:end], line) + run
		default:
			return kept
		}
		at = next
	}
	return kept
}

// lineEnd returns the end of the line at i and the begin of the next one. A written \n ends a line too.
func lineEnd(s string, i int) (end, next int) {
	limit := min(len(s), i+maxLine)
	for j := i; j < limit; j++ {
		if s[j] == '\n' {
			return j, j + 1
		}
		if s[j] == '\\' {
			k := j
			for k < len(s) && s[k] == '\\' {
				k++
			}
			if k < len(s) && (s[k] == 'n' || s[k] == 'r') {
				return j, k + 1
			}
			return j, k
		}
	}
	return limit, limit
}
