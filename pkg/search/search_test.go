package search

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"ams/pkg/schema"
)

func compile(t testing.TB, text string, o Options) *Pattern {
	t.Helper()
	p, err := Compile(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func session() *schema.Session {
	return &schema.Session{Title: "The needle in a title", Events: []schema.Event{
		{Seq: 1, Type: schema.UserPrompt, Prompt: "find the Needle,\n then the NEEDLE again"},
		{Seq: 2, LLM: &schema.LLM{Thinking: "a needle, perhaps", Text: "no such thing", ServerTools: []schema.ServerToolCall{{Name: "web_search", Input: schema.Raw(`{"query":"needle"}`)}}}},
		{Seq: 3, Tool: &schema.Tool{Name: "Bash", Input: schema.Raw(`{"needle":1,"command":"grep -n \"needle\" \\\\srv"}`), Result: schema.Raw(`{"stdout":["x",{"deep":"a\u006eeedle"}]}`)},
			Error: &schema.Error{Type: "tool_error", Message: "needle not found"}},
		{Seq: 4, AgentID: "a1", Subagent: &schema.SubagentInfo{AgentType: "needle-finder", InvocationPrompt: "Needle!", InvocationReasoning: "needle?"}},
		{Seq: 5, Compaction: &schema.Compacted{Summary: "it was about a needle"}, Note: "needle noted"},
	}}
}

func TestFindLooksIntoEveryText(t *testing.T) {
	var got []string
	for _, h := range compile(t, "needle", Options{}).Find(session()) {
		got = append(got, fmt.Sprintf("%d %s %s", h.Seq, h.Part, h.What))
	}
	want := []string{"0 messages title", "1 prompts prompt", "2 thinking thinks", "2 inputs web_search input", "3 inputs Bash input", "3 results Bash result",
		"3 errors Bash error", "4 prompts subagent", "4 thinking subagent why", "4 prompts subagent asked", "5 messages compaction", "5 messages note"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	hits := compile(t, "the  needle", Options{In: []Part{Prompts}}).Find(session())
	if len(hits) != 1 || hits[0].More != 1 || hits[0].Before != "find " || hits[0].Match != "the Needle" || hits[0].After != ", then the NEEDLE again" {
		t.Errorf("got %+v", hits)
	}
	for text, o := range map[string]Options{"NEEDLE again": {Case: true}, `n.+le again`: {Regexp: true}, `grep -n "needle" \\srv`: {}} {
		if hits := compile(t, text, o).Find(session()); len(hits) != 1 {
			t.Errorf("%q: got %+v", text, hits)
		}
	}
	for text, o := range map[string]Options{"Needle noted": {Case: true}, "command": {}, "needle stdout": {}} {
		if hits := compile(t, text, o).Find(session()); len(hits) != 0 {
			t.Errorf("%q: got %+v", text, hits)
		}
	}
}

// TestWhatIsFoundIsNotOverlooked holds the look at bytes to the search itself, over a Session as it is stored.
func TestWhatIsFoundIsNotOverlooked(t *testing.T) {
	s := session()
	s.SchemaVersion, s.SessionID, s.Title = schema.Version, "s", "foo\u00a0bar"
	s.Events = append(s.Events, schema.Event{Seq: 6, Error: &schema.Error{Type: "rate_limit", Message: "slow"}})
	body, err := schema.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"rate_limit slow": true, "rate_limit": true, "foo bar": true, "foo\u00a0bar": true, "needle": true,
		"tool_error needle not": true, "rate_limit:": false, "nowhere": false} {
		p := compile(t, text, Options{})
		found := len(p.Find(s)) > 0
		if found != want || found && !p.MayMatch(body) {
			t.Errorf("%q: found %v, want %v; the look at the bytes says %v", text, found, want, p.MayMatch(body))
		}
	}
}

func TestExcerptsStayShortAndWhole(t *testing.T) {
	s := &schema.Session{Events: []schema.Event{{Seq: 1, Prompt: strings.Repeat("中文 ", 1000) + "needle" + strings.Repeat(" 字符", 1000)}}}
	h := compile(t, "needle", Options{}).Find(s)[0]
	if n := len([]rune(h.Before)); n > around+1 || !strings.HasPrefix(h.Before, "…") || !strings.HasSuffix(h.After, "…") || h.Match != "needle" {
		t.Errorf("got %+v", h)
	}
	h = compile(t, "n.*", Options{Regexp: true}).Find(s)[0]
	if n := len([]rune(h.Match)); n > matchMost+1 {
		t.Errorf("a match of %d characters", n)
	}
}

func TestNothingToSearchForIsSaid(t *testing.T) {
	for text, o := range map[string]Options{"": {}, " \n": {}, "(": {Regexp: true}} {
		if _, err := Compile(text, o); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// encode writes a text as a JSON string, some characters as they are and some as escapes, as any encoder may.
func encode(r *rand.Rand, text string) string {
	var b strings.Builder
	for _, c := range text {
		switch n := r.Intn(40); {
		case n == 0 && c < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, c)
		case n == 0:
			hi, lo := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04X\u%04x`, hi, lo)
		case c == '/' && n < 20:
			b.WriteString(`\/`)
		case c < ' ' || c == '"' || c == '\\':
			quoted, _ := json.Marshal(string(c))
			b.Write(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(c)
		}
	}
	return `{"prompt": "` + b.String() + `"}`
}

// oracle is the regular expression that finds what a phrase does.
func oracle(needle string, exact bool) *regexp.Regexp {
	words := strings.Fields(needle)
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	expr := strings.Join(words, `[\s\v\x{85}\p{Z}]+`) // what strings.Fields splits at
	if !exact {
		expr = "(?i)" + expr
	}
	return regexp.MustCompile(expr)
}

const letters = "abkKsSſK zZ09/\\\"\n\tßéÉпП中🛠<>&-_"

func someText(r *rand.Rand, n int) string {
	all := []rune(letters)
	out := make([]rune, n)
	for i := range out {
		out[i] = all[r.Intn(len(all))]
	}
	return string(out)
}

// TestQuickLookNeverMisses compares the look at bytes with a search in the decoded text.
func TestQuickLookNeverMisses(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	matched := 0
	for range 60_000 {
		text := someText(r, 30)
		needle := someText(r, 1+r.Intn(4))
		exact := r.Intn(2) == 0
		p, err := Compile(needle, Options{Case: exact})
		if err != nil {
			continue
		}
		body := encode(r, text)
		if oracle(needle, exact).MatchString(text) {
			matched++
			if !p.MayMatch([]byte(body)) {
				t.Fatalf("%q is in %q, and not seen in %s", needle, text, body)
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches were tried", matched)
	}
}

// TestPhrasesAreFoundWhereTheirExpressionIs compares all matches of phrases with those of regular expressions.
func TestPhrasesAreFoundWhereTheirExpressionIs(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	matched := 0
	for range 60_000 {
		text, needle, exact := someText(r, 40), someText(r, 1+r.Intn(4)), r.Intn(2) == 0
		if r.Intn(3) == 0 {
			text = strings.ReplaceAll(text, "k", "\u2029 \u0085")
		}
		words := strings.Fields(needle)
		if len(words) == 0 {
			continue
		}
		want := oracle(needle, exact).FindAllStringIndex(text, 3)
		from, to, count := newPhrase(words, exact).find(text, 3)
		if matched += len(want); count != len(want) || count > 0 && (from != want[0][0] || to != want[0][1]) {
			t.Fatalf("%q in %q: got %d at %d to %d, want %v", needle, text, count, from, to, want)
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches were tried", matched)
	}
}

// TestFindInFindsWhatFindDoes compares the search in undecoded events with that in decoded ones.
func TestFindInFindsWhatFindDoes(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	matched := 0
	for range 3000 {
		s := &schema.Session{SchemaVersion: schema.Version, SessionID: "s", Title: someText(r, 20)}
		for seq := range r.Intn(6) {
			input, err := json.Marshal(map[string]any{"n": r.Intn(100), "text": []string{someText(r, 10), someText(r, 10)}})
			if err != nil {
				t.Fatal(err)
			}
			s.Events = append(s.Events, schema.Event{Seq: seq + 1, Prompt: someText(r, 20),
				Tool: &schema.Tool{Name: "Bash", Input: input}, Error: &schema.Error{Type: "odd", Message: someText(r, 10)}})
		}
		body, err := schema.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		if r.Intn(10) == 0 { // another encoder: on one line, and with escapes
			if body, err = json.Marshal(schema.Raw(body)); err != nil {
				t.Fatal(err)
			}
		}
		needle := someText(r, 1+r.Intn(3))
		for _, o := range []Options{{}, {Case: true}, {Regexp: true}, {Regexp: true, Case: true}} {
			text := needle
			if o.Regexp {
				text = regexp.QuoteMeta(needle) + []string{"", "+", "|ab", "[a-z]*", "{0,2}"}[r.Intn(5)]
			}
			p, err := Compile(text, o)
			if err != nil {
				continue
			}
			shell, events, err := schema.Peel(body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.FindIn(shell, events)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := schema.Decode(body)
			if err != nil {
				t.Fatal(err)
			}
			want := p.Find(whole)
			if matched += len(want); !slices.Equal(got, want) || len(want) > 0 && !p.MayMatch(body) {
				t.Fatalf("%q %+v: got %+v\nwant %+v\nin %s", text, o, got, want, body)
			}
			o.Most = 1 + r.Intn(4)
			if p, err = Compile(text, o); err != nil {
				t.Fatal(err)
			}
			want = want[:min(len(want), o.Most+1)]
			if got, err = p.FindIn(shell, events); err != nil || !slices.Equal(got, want) || !slices.Equal(p.Find(whole), want) {
				t.Fatalf("%q %+v: got %+v, %v\nwant %+v\nin %s", text, o, got, err, want, body)
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches were tried", matched)
	}
}

func TestLiteralsOfExpressions(t *testing.T) {
	for expr, want := range map[string]string{
		`conn\w+ refused`: "refused", `(?i)Task[12]`: "task", `foo(bar)+`: "foo", `a(bcd){2,}`: "bcd", `a(bcd)*e`: "a", `\d+-\d+`: "-",
		`error|warning`: "error warning", `error|\d`: "", `.*`: "", `(?i)straße`: "stra", `[Ss]ession`: "ession", "x?": "", `\bword\b`: "word",
		`a1|b2|c3|d4|e5|f6|g7|h8|i9`: "",
	} {
		tree, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range literals(tree) {
			got = append(got, s.run)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
}

func TestQuickLookRejects(t *testing.T) {
	body := []byte(`{"prompt": "a text without it, of \u4e2d\u6587 and \u000a"}`)
	for _, needle := range []string{"needle", "TEXTURE with", "2026"} {
		if compile(t, needle, Options{}).MayMatch(body) {
			t.Errorf("%q is not rejected", needle)
		}
	}
}

func FuzzQuickLook(f *testing.F) {
	f.Add("some text", "TEXT", false)
	f.Fuzz(func(t *testing.T, text, needle string, exact bool) {
		p, err := Compile(needle, Options{Case: exact})
		if err != nil {
			return
		}
		body, err := json.Marshal(map[string]string{"prompt": text})
		if err != nil {
			return
		}
		var back map[string]string
		if json.Unmarshal(body, &back) == nil && oracle(needle, exact).MatchString(back["prompt"]) && !p.MayMatch(body) {
			t.Errorf("%q is in %q, and not seen in %s", needle, text, body)
		}
	})
}

func BenchmarkMayMatch(b *testing.B) {
	r := rand.New(rand.NewSource(1))
	words := strings.Fields("the of and to in is that for it as was with be by on not he his but at are this have from or one had word all were session_id tool_use command Exit code /usr/local/bin file_path content error message")
	var body strings.Builder
	for body.Len() < 200_000 {
		fmt.Fprintf(&body, "%s ", words[r.Intn(len(words))])
	}
	for _, needle := range []string{"connection refused", "zebra", "Internal Server Error"} {
		p := compile(b, needle, Options{})
		b.Run(needle, func(b *testing.B) {
			b.SetBytes(int64(body.Len()))
			text := []byte(body.String())
			for b.Loop() {
				if p.MayMatch(text) {
					b.Fatal("it is not there")
				}
			}
		})
	}
}
