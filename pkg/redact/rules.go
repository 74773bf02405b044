package redact

import (
	"fmt"
	"regexp"
	"slices"

	"ams/pkg/lax"
)

// Rule is a team's own pattern. What Pattern matches becomes [Name#n]; if Pattern has a group named secret, only what that
// group matches does.
type Rule struct {
	Name    string
	Pattern *regexp.Regexp
}

// maxRules bounds a rules file: each rule is a pass of regexp over every text, at some 50 MB/s.
const maxRules = 200

var ruleName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,39}$`)

// ParseRules reads a team's own patterns: {"rules":[{"name":"ticket","pattern":"RE2"}]}. Errors name the rule and what is wrong
// with it; a member that is not known is one, since a misspelt one would redact nothing.
func ParseRules(b []byte) ([]Rule, error) {
	var file map[string]lax.Raw
	if err := lax.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("parse redaction rules: %w", err)
	}
	if file == nil || lax.Raw(b).Kind() != '{' {
		return nil, fmt.Errorf(`parse redaction rules: want an object {"rules":[{"name":"...","pattern":"..."}]}`)
	}
	if unknown := strange(file, "rules"); unknown != "" {
		return nil, fmt.Errorf("parse redaction rules: unknown member %q, want rules", unknown)
	}
	list := file["rules"]
	if list.Kind() != '[' {
		return nil, fmt.Errorf("parse redaction rules: rules must be a list")
	}
	var entries []lax.Raw
	if err := lax.Unmarshal(list, &entries); err != nil {
		return nil, fmt.Errorf("parse redaction rules: %w", err)
	}
	if len(entries) > maxRules {
		return nil, fmt.Errorf("parse redaction rules: %d rules, at most %d are allowed", len(entries), maxRules)
	}
	rules := make([]Rule, 0, len(entries))
	for i, entry := range entries {
		rule, err := parseRule(entry)
		if err != nil {
			return nil, fmt.Errorf("parse redaction rule %d%s: %w", i+1, called(rule.Name), err)
		}
		if slices.ContainsFunc(rules, func(r Rule) bool { return r.Name == rule.Name }) {
			return nil, fmt.Errorf("parse redaction rule %d%s: the name is used twice", i+1, called(rule.Name))
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

func called(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}

func parseRule(entry lax.Raw) (Rule, error) {
	var members map[string]lax.Raw
	if entry.Kind() != '{' || lax.Unmarshal(entry, &members) != nil {
		return Rule{}, fmt.Errorf(`want an object {"name":"...","pattern":"..."}`)
	}
	rule := Rule{Name: lax.String(members["name"])}
	if unknown := strange(members, "name", "pattern"); unknown != "" {
		return rule, fmt.Errorf("unknown member %q, want name and pattern", unknown)
	}
	for _, name := range []string{"name", "pattern"} {
		if members[name].Kind() != '"' {
			return rule, fmt.Errorf("%s must be a text", name)
		}
	}
	if !ruleName.MatchString(rule.Name) {
		return rule, fmt.Errorf("the name must begin with a letter and hold at most 40 letters, digits, '_', '.' and '-'")
	}
	if rule.Name == "secret" || builtin[rule.Name] {
		return rule, fmt.Errorf("the name belongs to a built-in rule")
	}
	pattern, err := regexp.Compile(lax.String(members["pattern"]))
	if err != nil {
		return rule, fmt.Errorf("pattern: %w", err)
	}
	if pattern.MatchString("") {
		return rule, fmt.Errorf("the pattern matches the empty text")
	}
	rule.Pattern = pattern
	return rule, nil
}

// strange returns a member of m that is not in known, the first by name.
func strange(m map[string]lax.Raw, known ...string) string {
	first := ""
	for name := range m {
		if !slices.Contains(known, name) && (first == "" || name < first) {
			first = name
		}
	}
	return first
}

// applyCustom replaces what the custom rules match, rule by rule. A match that touches a mask is left alone.
func (r *Redactor) applyCustom(s string) (string, bool) {
	any := false
	for _, rule := range r.rules.Custom {
		group := max(rule.Pattern.SubexpIndex("secret"), 0)
		var out []byte
		copied := 0
		for _, m := range rule.Pattern.FindAllStringSubmatchIndex(s, -1) {
			start, end := m[2*group], m[2*group+1]
			if start < 0 || start == end || r.touchesMask(s, start, end) {
				continue
			}
			out = append(out, s[copied:start]...)
			out = append(out, r.mask(rule.Name, s[start:end], false)...)
			copied = end
		}
		if copied > 0 {
			s, any = string(append(out, s[copied:]...)), true
		}
	}
	return s, any
}

// touchesMask reports whether s[start:end] shares a byte with a mask.
func (r *Redactor) touchesMask(s string, start, end int) bool {
	const longest = maxLabel + maxNumber + 3
	for i := max(0, start-longest); i < end; i++ {
		if s[i] == '[' {
			if e := r.maskEnd(s, i); e > start {
				return true
			}
		}
	}
	return false
}
