package redact

import "strings"

// isCommandWord reports whether s is an operator of the shell.
func isCommandWord(s string) bool { return s == "<<<" || s == "<" || s == ">" || s == "\\" }

// isObject reports whether s is a member of what code is called by: os.environ, self.password.
func isObject(s string) bool {
	first, rest, ok := strings.Cut(s, ".")
	if !ok || rest == "" {
		return false
	}
	switch first {
	case "os", "process", "self", "this", "cls", "settings", "config", "conf", "cfg", "args", "opts", "options",
		"env", "ctx", "app", "secrets", "vault":
		return !strings.Contains(rest, ".") && span(rest, 0, wordClass) == len(rest)
	}
	return false
}

// typeWords end the names of types.
var typeWords = []string{"string", "str", "type", "model", "field", "input", "schema", "option", "provider",
	"handler", "manager", "config",
	"service", "bytes", "buffer", "value", "info", "response", "request", "hash", "encoder", "auth", "policy",
	"component", "props", "dto"}

// isType reports whether s could be the name of a type: several words written together, one of them a type's.
func isType(s string) bool {
	if len(s) > maxName || span(s, 0, wordClass) != len(s) {
		return false
	}
	humps := 0
	for i := range len(s) {
		if isDigit(s[i]) {
			return false
		}
		if i > 0 && isUpper(s[i]) && !isUpper(s[i-1]) {
			humps++
		}
	}
	if humps == 0 {
		return false
	}
	for _, w := range typeWords {
		if foldSuffix(s, w) {
			return true
		}
	}
	return containsFold(s, "password") || containsFold(s, "secret") || containsFold(s, "token") ||
		containsFold(s, "credential")
}

// isCode reports whether s is an expression: self.password, *p, a->b, x::y.
func isCode(s string) bool {
	s = strings.TrimRight(s, "!?")
	return s == "" || isDotted(s) || strings.Contains(s, "->") || strings.Contains(s, "::") ||
		strings.Contains(s, "://") || s[0] == '*' || s[0] == '.'
}

// isDotted reports whether s is identifiers with dots between them: config.db2.token.
func isDotted(s string) bool {
	dots := 0
	for i := 0; i < len(s); {
		if isDigit(s[i]) && dots < 4 && i > 0 {
			return false
		}
		end := span(s, i, wordClass)
		if end == i || end-i > 24 && strings.IndexByte(s[i:end], '_') < 0 {
			return false
		}
		if end == len(s) {
			return dots > 0
		}
		if s[end] != '.' {
			return false
		}
		dots++
		i = end + 1
	}
	return false
}

// maxExtension is the length of the longest extension, with its dot.
const maxExtension = 5

// hasExtension reports whether s ends like the name of a file.
func hasExtension(s string) bool {
	if strings.IndexByte(s[max(0, len(s)-maxExtension):], '.') < 0 {
		return false
	}
	for _, ext := range []string{".go", ".js", ".ts", ".py", ".rb", ".rs", ".md", ".txt", ".json", ".yml", ".yaml",
		".pem", ".key", ".crt", ".env",
		".html", ".css", ".svg", ".png", ".jpg", ".log", ".toml", ".xml", ".sh"} {
		if strings.HasSuffix(s, ext) {
			return true
		}
	}
	return false
}
