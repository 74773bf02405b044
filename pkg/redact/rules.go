package redact

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"ams/pkg/lax"
)

// Rule is a team's own pattern. What Pattern matches becomes [Name#n]; if Pattern has a group named
// secret, only what that group matches does.
type Rule struct {
	Name    string
	Pattern *regexp.Regexp
}

// maxRules bounds a rules file: each rule is a pass of regexp over every text, at some 50 MB/s.
const maxRules = 200

// The bounds of a team's patterns. Time is none of them: what a session becomes must not depend on the
// machine. A text beyond maxSteps or maxLooks is masked whole, as [text-too-large#n], and counted as
// that.
const (
	maxProgram = 2000          // instructions of a compiled pattern; a larger one is refused at the start
	maxSteps   = 2_000_000_000 // instructions times bytes of a text: 1 MB for the largest pattern, 40 MB for one of 50
	// matches times bytes, of a line where no match spans lines: each may look at all that follows
	maxLooks = 100_000_000
)

var ruleName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,39}$`)

// ParseRules reads a team's own patterns: {"rules":[{"name":"ticket","pattern":"RE2"}]}. Errors name
// the rule and what is wrong with it; a member that is not known is one, since a misspelt one would
// redact nothing.
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
	if size := compileRule(Rule{Pattern: pattern}).size; size > maxProgram {
		return rule, fmt.Errorf("the pattern is too large: %d steps, at most %d are allowed; "+
			"repetitions like {1000} count that often", size, maxProgram)
	}
	if pattern.MatchString("") {
		return rule, fmt.Errorf("the pattern matches the empty text")
	}
	rule.Pattern = pattern
	return rule, nil
}

// customRule is a Rule and what its compiled form tells of it.
type customRule struct {
	Rule
	size   int  // instructions
	byLine bool // no match spans lines or depends on more than its own: lines can be looked at one by one
	group  int  // what is masked
}

func compileRule(rule Rule) customRule {
	c := customRule{Rule: rule, byLine: true, group: max(rule.Pattern.SubexpIndex("secret"), 0)}
	tree, err := syntax.Parse(rule.Pattern.String(), syntax.Perl)
	if err != nil {
		return customRule{Rule: rule} // not of ParseRules, which uses that syntax
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return customRule{Rule: rule}
	}
	c.size = len(program.Inst)
	for i := range program.Inst {
		switch inst := &program.Inst[i]; inst.Op {
		case syntax.InstRune, syntax.InstRune1:
			c.byLine = c.byLine && !inst.MatchRune('\n')
		case syntax.InstRuneAny:
			c.byLine = false
		case syntax.InstEmptyWidth:
			c.byLine = c.byLine && syntax.EmptyOp(inst.Arg)&(syntax.EmptyBeginText|syntax.EmptyEndText) == 0
		}
	}
	return c
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

// applyCustom replaces what the custom rules match, rule by rule. A match that touches a mask is left
// alone. What is too much work is masked whole: what was not looked at must not be stored.
func (r *Redactor) applyCustom(s string) (string, bool) {
	any := false
	for i := range r.rules.Custom {
		if r.isMask(s) {
			break
		}
		out, ok := r.applyRule(&r.custom[i], s)
		if !ok {
			return r.mask(labels[tooLarge], s, false), true
		}
		if out != nil {
			s, any = string(out), true
		}
	}
	return s, any
}

// applyRule returns s with masks for what rule matches, nil if that is nothing. ok is false if it is too much work.
func (r *Redactor) applyRule(rule *customRule, s string) (out []byte, ok bool) {
	if len(s) > maxSteps/max(rule.size, 1) {
		return nil, false
	}
	if !rule.Pattern.MatchString(s) {
		return nil, true
	}
	copied := 0
	for from := 0; from < len(s); {
		to := len(s)
		if rule.byLine {
			if end := strings.IndexByte(s[from:], '\n'); end >= 0 {
				to = from + end + 1
			}
		}
		text := s[from:to]
		most := maxLooks / len(text)
		found := rule.Pattern.FindAllStringSubmatchIndex(text, most+1)
		if len(found) > most {
			return nil, false
		}
		for _, m := range found {
			start, end := m[2*rule.group], m[2*rule.group+1]
			if start < 0 || start == end || r.touchesMask(s, from+start, from+end) {
				continue
			}
			out = append(out, s[copied:from+start]...)
			out = append(out, r.mask(rule.Name, text[start:end], false)...)
			copied = from + end
		}
		from = to
	}
	if copied == 0 {
		return nil, true
	}
	return append(out, s[copied:]...), true
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
