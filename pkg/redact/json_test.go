package redact

import (
	"encoding/json"
	"strings"
	"testing"

	"ams/pkg/lax"
)

func TestJSON(t *testing.T) {
	for _, c := range [][2]string{
		// The key names a secret: whatever the text is, and nothing but text.
		{`{"password":"x"}`, `{"password":"[secret:password#1]"}`},
		{`{"password":"correct horse"}`, `{"password":"[secret:password#1]"}`},
		{`{"api_key":"openai"}`, `{"api_key":"[secret:api-key#1]"}`},
		{`{"apiKey":"\u0061b"}`, `{"apiKey":"[secret:api-key#1]"}`},
		{`{"client_secret":"a","refresh_token":"b"}`,
			`{"client_secret":"[secret:secret#1]","refresh_token":"[secret:token#1]"}`},
		{`{"passwor\u0064":"x"}`, `{"passwor\u0064":"[secret:password#1]"}`},
		{`{"password":12,"secret":null,"api_key":true,"token":[1,2]}`, ``},
		{`{"password":""}`, ``},
		{`{"password":"${DB_PASSWORD}"}`, ``},
		{`{"password":"***"}`, ``},
		{`{"password":"<password>"}`, ``},
		{`{"password":"[secret:password#4]"}`, ``},
		{`{"passwords":["a","b",{"c":"d"}]}`, `{"passwords":["[secret:password#1]","[secret:password#2]",{"c":"d"}]}`},
		{`{"password":{"type":"string","description":"x"}}`, ``},
		{`{"password":"x","user":"x"}`, `{"password":"[secret:password#1]","user":"x"}`},
		{`[{"password":"x"},"x"]`, `[{"password":"[secret:password#1]"},"x"]`},
		{`{"token":"the"}`, ``},
		{`{"token":"fake0000fake"}`, `{"token":"[secret:token#1]"}`},
		{`{"session_id":"3f2c1a00-0000-4000-8000-415555013200","signature":"EqQBCgIYAhIkFAKEfake0000"}`, ``},
		{`{"headers":{"Authorization":"Bearer fake0000"}}`, `{"headers":{"Authorization":"Bearer [secret:bearer#1]"}}`},
		{`{"headers":{"Authorization":"Bearer ${TOKEN}"}}`, ``},
		{`{"headers":{"Cookie":"sid=fake0000fake0000"}}`, `{"headers":{"Cookie":"[secret:cookie#1]"}}`},
		{`{"Cookie":"theme=dark","Set-Cookie":"yes"}`, ``},
		{`{"headers":[{"name":"X-Api-Key","value":"abc"}]}`,
			`{"headers":[{"name":"X-Api-Key","value":"[secret:api-key#1]"}]}`},
		{`{"env":[{"name":"DB_PASSWORD","value":"abc"},{"name":"PORT","value":"5432"}]}`,
			`{"env":[{"name":"DB_PASSWORD","value":"[secret:password#1]"},{"name":"PORT","value":"5432"}]}`},
		{`{"element":"Password input","ref":"e1","text":"abc"}`,
			`{"element":"Password input","ref":"e1","text":"[secret:password#1]"}`},
		{`{"value":"abc","name":"DB_PASSWORD"}`, `{"value":"[secret:password#1]","name":"DB_PASSWORD"}`},
		{`[{"value":"abc"},{"name":"DB_PASSWORD"}]`, ``},
		{`{"ParameterKey":"DbPassword","ParameterValue":"abc"}`,
			`{"ParameterKey":"DbPassword","ParameterValue":"[secret:password#1]"}`},
		{`{"Name":"/prod/db/password","Value":"abc"}`, `{"Name":"/prod/db/password","Value":"[secret:password#1]"}`},
		{`{"args":["run","--password","abc","--user","jane"]}`,
			`{"args":["run","--password","[secret:password#1]","--user","jane"]}`},
		{`{"args":["--password","--quiet","abc"]}`, ``},
		{`{"DB_PASS":"x"}`, `{"DB_PASS":"[secret:password#1]"}`},
		// Text in values.
		{`{"command":"export API_KEY=fake0000\n"}`, `{"command":"export API_KEY=[secret:api-key#1]\n"}`},
		{`{"command":"curl -H \"Authorization: Bearer fake0000fake\""}`,
			`{"command":"curl -H \"Authorization: Bearer [secret:bearer#1]\""}`},
		{`{"content":"{\"password\":\"x1\"}"}`, `{"content":"{\"password\":\"[secret:password#1]\"}"}`},
		{`{"k":"-----BEGIN PRIVATE KEY-----\nFAKEfakeFAKEfakeFAKE\n-----END PRIVATE KEY-----\n"}`,
			`{"k":"[secret:private-key#1]\n"}`},
		{`"jane@example.com"`, `"[email#1]"`},
		{`"jane\u0040example.com"`, `"[email#1]"`},
		{`"ghp\u005fFAKEfakeFAKEfake0000FAKE"`, `"[secret:github#1]"`},
		{` [ "a" , "jane@example.com" ] `, ` [ "a" , "[email#1]" ] `},
		{`{"a":"\ud83d\ude00 jane@example.com"}`, `{"a":"😀 [email#1]"}`},
		{`{"a":"\ud83d jane@example.com"}`, "{\"a\":\"\ufffd [email#1]\"}"},
		{"{\"a\":\"\xff jane@example.com\"}", "{\"a\":\"\ufffd [email#1]\"}"},
		{`{"a":"\ud83d"}`, ``},
		{"{\"a\":\"\xff\"}", ``},
		{`{"a":"\u003cjane@example.com\u003e \\ \/ \b\f\r\t"}`, `{"a":"<[email#1]> \\ / \b\f\r\t"}`},
		// Keys.
		{`{"jane@example.com":1,"joe@example.com":{"a":2}}`, `{"[email#1]":1,"[email#2]":{"a":2}}`},
		// Numbers and literals stay.
		{`{"a":4111111111111111,"b":-1.50e+10,"c":12345678901234567890,"d":[true,false,null]}`, ``},
		{`4111111111111111`, ``}, {`null`, ``}, {``, ``}, {`{}`, ``}, {`[]`, ``}, {`""`, ``},
		// Paths keep their structure.
		{`{"file_path":"/home/jane@example.com/a.txt"}`, `{"file_path":"/home/[email#1]/a.txt"}`},
		{`{"file_path":"/srv/password=hunter2/a.txt"}`, `{"file_path":"/srv/password=[secret:password#1]/a.txt"}`},
		{`{"cwd":"C:\\Users\\jane@example.com\\x"}`, `{"cwd":"C:\\Users\\[email#1]\\x"}`},
		{`{"file_path":"/home/jane/token:/fake0000fake0000/415-555-0132.txt"}`, ``},
		// What is no JSON.
		{`password = "hunter2"`, `"password = \"[secret:password#1]\""`},
		{`{"a":"b`, `"{\"a\":\"b"`},
		{`}`, `"}"`},
	} {
		in, want := c[0], c[1]
		if want == "" {
			want = in
		}
		if got := string(both().JSON(lax.Raw(in))); got != want {
			t.Errorf("JSON(%s)\n got %s\nwant %s", in, got, want)
		}
	}
}

// TestJSONFindsWhatTextFinds holds that a text is redacted the same in a JSON string, and in a JSON string in one.
func TestJSONFindsWhatTextFinds(t *testing.T) {
	ins, outs := replacements(t)
	for i, in := range ins {
		raw, err := lax.Line(map[string]string{"stdout": in})
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(both().JSON(raw), &got); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if got["stdout"] != outs[i] {
			t.Errorf("JSON(%s)\n got %q\nwant %q", raw, got["stdout"], outs[i])
		}
	}
	for _, in := range rows(t, "keep.txt") {
		raw, err := lax.Line([]string{in})
		if err != nil {
			t.Fatal(err)
		}
		if got := both().JSON(raw); string(got) != string(raw) {
			t.Errorf("JSON(%s)\n got %s", raw, got)
		}
	}
}

// TestUnquote moves each escape over all places in the words that are read at once.
func TestUnquote(t *testing.T) {
	r := both()
	for _, escape := range []string{`\n`, `\"`, `\\`, `\\\"`, `\u00e9`, `\ud83d\ude00`, `\/\t`, "é", "\x80\x01"} {
		for before := range 20 {
			for after := range 20 {
				in := `"` + strings.Repeat("a", before) + escape + strings.Repeat("b", after) + `"`
				got, end := r.unquote([]byte(in+`,"x"`), 1)
				var want string
				if json.Unmarshal([]byte(in), &want) != nil || strings.Contains(escape, "\x80") {
					want = in[1 : len(in)-1]
				}
				if got != want || end != len(in) {
					t.Errorf("unquote(%s)\n got %q, %d\nwant %q, %d", in, got, end, want, len(in))
				}
				for cut := 1; cut < len(in); cut++ {
					if got, end := r.unquote([]byte(in[:cut]), 1); end > cut {
						t.Errorf("unquote(%s): got %q, %d behind its end", in[:cut], got, end)
					}
				}
			}
		}
	}
}

func TestDeepJSON(t *testing.T) {
	const depth = 100_000
	raw := lax.Raw(strings.Repeat(`[{"a":`, depth) + `"jane@example.com"` + strings.Repeat(`}]`, depth))
	want := strings.Replace(string(raw), "jane@example.com", "[email#1]", 1)
	if got := string(both().JSON(raw)); got != want {
		t.Errorf("the address in %d arrays was not found", depth)
	}
}
