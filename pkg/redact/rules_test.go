package redact

import (
	"strings"
	"testing"
)

func TestParseRules(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{``, "parse redaction rules"},
		{`[]`, "parse redaction rules"},
		{`null`, "want an object"},
		{`{}`, "rules must be a list"},
		{`{"rules":{}}`, "rules must be a list"},
		{`{"rules":[],"rule":1}`, `unknown member "rule"`},
		{`{"rules":["a"]}`, "rule 1: want an object"},
		{`{"rules":[{"name":"a"}]}`, `rule 1 "a": pattern must be a text`},
		{`{"rules":[{"pattern":"a"}]}`, "rule 1: name must be a text"},
		{`{"rules":[{"name":"a","pattern":1}]}`, `rule 1 "a": pattern must be a text`},
		{`{"rules":[{"name":"a","patern":"x"}]}`, `rule 1 "a": unknown member "patern"`},
		{`{"rules":[{"name":"a b","pattern":"x"}]}`, `rule 1 "a b": the name must begin`},
		{`{"rules":[{"name":"","pattern":"x"}]}`, "rule 1: the name must begin"},
		{`{"rules":[{"name":"email","pattern":"x"}]}`, `rule 1 "email": the name belongs`},
		{`{"rules":[{"name":"secret","pattern":"x"}]}`, `rule 1 "secret": the name belongs`},
		{`{"rules":[{"name":"ok","pattern":"x"},{"name":"bad","pattern":"("}]}`,
			`rule 2 "bad": pattern: error parsing regexp`},
		{`{"rules":[{"name":"a","pattern":"x*"}]}`, `rule 1 "a": the pattern matches the empty text`},
		{`{"rules":[{"name":"a","pattern":"x"},{"name":"a","pattern":"y"}]}`, `rule 2 "a": the name is used twice`},
		{`{"rules":[` + strings.Repeat(`{},`, maxRules) + `{}]}`, "201 rules, at most 200"},
	} {
		rules, err := ParseRules([]byte(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) || rules != nil {
			t.Errorf("ParseRules(%.80s): got %v, %v; want error %q", c.in, rules, err, c.want)
		}
	}
	if rules, err := ParseRules([]byte(`{"rules":[]}`)); err != nil || len(rules) != 0 {
		t.Errorf("no rules: got %v, %v", rules, err)
	}
}

func TestCustomRulesAreBounded(t *testing.T) {
	rules, err := ParseRules([]byte(`{"rules":[{"name":"far","pattern":"(?s)a[^b]*b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := New(Rules{Custom: rules})
	large := strings.Repeat("ab", 1<<14) // any match could look at all that follows
	if got := r.Text(large); got != "[text-too-large#1]" || r.Counts()["text-too-large"] != 1 {
		t.Errorf("%d bytes of matches that span lines: got %.40q, counts %v", len(large), got, r.Counts())
	}
	if got := r.Text("[text-too-large#1]"); got != "[text-too-large#1]" {
		t.Errorf("again: got %q", got)
	}
	for _, pattern := range []string{`(a{1000}){3}`, `(\\pL{90}){30}`} {
		_, err := ParseRules([]byte(`{"rules":[{"name":"huge","pattern":"` + pattern + `"}]}`))
		if err == nil || !strings.Contains(err.Error(), `rule 1 "huge"`) {
			t.Errorf("%s: got error %v, want it refused", pattern, err)
		}
	}
	rules, err = ParseRules([]byte(`{"rules":[{"name":"line","pattern":"c.*d"},{"name":"all","pattern":"x[^y]*y"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("c d\n", 1<<15) + "x\ny"
	want := strings.Repeat("[line#1]\n", 1<<15) + "[all#1]"
	if got := New(Rules{Custom: rules}).Text(text); got != want {
		t.Errorf("many short matches: got %.60q ... %.20q", got, got[len(got)-20:])
	}
}

func TestCustomRules(t *testing.T) {
	rules, err := ParseRules([]byte(`{"rules":[
		{"name":"ticket","pattern":"\\bACME-[0-9]+\\b"},
		{"name":"staff","pattern":"[a-z]+@corp\\.example"},
		{"name":"room","pattern":"room (?P<secret>[0-9]+)"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := New(Rules{Secrets: true, Personal: true, Custom: rules})
	for _, c := range [][2]string{
		{"see ACME-12, ACME-13 and ACME-12", "see [ticket#1], [ticket#2] and [ticket#1]"},
		{"jane@corp.example, jane@other.example", "[staff#1], [email#1]"}, // a team's rule comes first
		{"in room 415, room 416", "in room [room#1], room [room#2]"},
		{`password = "ACME-12"`, `password = "[ticket#1]"`},
		{"[ticket#1] [room#1] [staff#1]", "[ticket#1] [room#1] [staff#1]"},
		{"ACME12", "ACME12"},
	} {
		if got := r.Text(c[0]); got != c[1] {
			t.Errorf("Text(%q)\n got %q\nwant %q", c[0], got, c[1])
		}
	}
	if got := string(r.JSON([]byte(`{"a":"ACME-14","ACME-12":14}`))); got != `{"a":"[ticket#3]","[ticket#1]":14}` {
		t.Errorf("JSON: got %s", got)
	}

	greedy, err := ParseRules([]byte(`{"rules":[{"name":"any","pattern":".+"},{"name":"digit","pattern":"[0-9]"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r = New(Rules{Custom: greedy})
	if got := r.Text(r.Text("a 1\n2")); got != "[any#1]\n[any#2]" {
		t.Errorf("a rule that matches masks: got %q", got)
	}
}
