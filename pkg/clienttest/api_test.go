package clienttest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// wireMessage is a message as a client reads it.
type wireMessage struct {
	ID         string      `json:"id"`
	Model      string      `json:"model"`
	StopReason string      `json:"stop_reason"`
	Content    []wireBlock `json:"content"`
	Usage      wireUsage   `json:"usage"`
}

type wireBlock struct {
	Type, Text, Thinking, Signature, ID, Name string
	Input                                     map[string]any
}

type wireUsage struct {
	Input         int `json:"input_tokens"`
	Output        int `json:"output_tokens"`
	CacheRead     int `json:"cache_read_input_tokens"`
	CacheCreation int `json:"cache_creation_input_tokens"`
	Split         struct {
		M5 int `json:"ephemeral_5m_input_tokens"`
		H1 int `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
}

// wireEvent is one server-sent event of a streamed message.
type wireEvent struct {
	Type         string
	Index        int
	Message      *wireMessage
	ContentBlock *wireBlock `json:"content_block"`
	Usage        *wireUsage
	Delta        struct {
		Text, Thinking, Signature string
		PartialJSON               string `json:"partial_json"`
		StopReason                string `json:"stop_reason"`
	}
}

func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("decode %s: %v", b, err)
	}
}

// readStream puts a message together from its events, as a client does, and returns the kinds of events in order.
func readStream(t *testing.T, body []byte) (wireMessage, string) {
	t.Helper()
	var msg wireMessage
	var input string
	var kinds []string
	for _, line := range strings.Split(string(body), "\n") {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var ev wireEvent
		decode(t, []byte(data), &ev)
		kinds = append(kinds, strings.TrimPrefix(ev.Type, "content_"))
		switch ev.Type {
		case "message_start":
			msg = *ev.Message
			if got := msg.Usage.Output; got != 1 {
				t.Errorf("message_start: got %d output tokens, want 1", got)
			}
		case "content_block_start":
			msg.Content = append(msg.Content, *ev.ContentBlock)
			input = ""
		case "content_block_delta":
			b := &msg.Content[ev.Index]
			b.Text += ev.Delta.Text
			b.Thinking += ev.Delta.Thinking
			b.Signature += ev.Delta.Signature
			input += ev.Delta.PartialJSON
		case "content_block_stop":
			if input != "" {
				decode(t, []byte(input), &msg.Content[ev.Index].Input)
			}
		case "message_delta":
			msg.StopReason, msg.Usage = ev.Delta.StopReason, *ev.Usage
		}
	}
	return msg, strings.Join(kinds, " ")
}

// post sends one request and returns the status and the body.
func post(t *testing.T, url, path, body string) (int, []byte) {
	t.Helper()
	resp, err := http.Post(url+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, got
}

func serve(t *testing.T, script Script) (*API, string) {
	t.Helper()
	api := NewAPI(script)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, server.URL
}

// ask builds a request to model m-1.
func ask(stream bool, messages ...object) string {
	b, err := json.Marshal(object{"model": "m-1", "stream": stream, "messages": messages})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func user(content any) object      { return object{"role": "user", "content": content} }
func assistant(content any) object { return object{"role": "assistant", "content": content} }

func TestReplyIsTheSameStreamedOrNot(t *testing.T) {
	reply := Reply{
		Blocks: []Block{
			Thinking("Ça alors"),
			Text("x"),
			Text(""),
			ToolUse("Bash", object{"command": "ls", "timeout": 7.0}),
		},
		Usage: Usage{Input: 1, Output: 2, CacheRead: 3, CacheWrite5m: 4, CacheWrite1h: 5},
	}
	want := wireMessage{ID: "msg_01main001", Model: "m-1", StopReason: "tool_use", Content: []wireBlock{
		{Type: "thinking", Thinking: "Ça alors", Signature: "c2NyaXB0ZWQ="},
		{Type: "text", Text: "x"},
		{Type: "text"},
		{Type: "tool_use", ID: "toolu_01main00103", Name: "Bash", Input: map[string]any{"command": "ls", "timeout": 7.0}},
	}}
	want.Usage = wireUsage{Input: 1, Output: 2, CacheRead: 3, CacheCreation: 9}
	want.Usage.Split.M5, want.Usage.Split.H1 = 4, 5

	for _, stream := range []bool{false, true} {
		api, url := serve(t, Script{"main": {{}, reply}})
		post(t, url, "/v1/messages", ask(stream, user("[[lane:main]]")))
		status, body := post(t, url, "/v1/messages", ask(stream, user("[[lane:main]]")))
		if status != http.StatusOK {
			t.Fatalf("stream %v: got status %d, want 200; body %s", stream, status, body)
		}
		var got wireMessage
		if stream {
			var kinds string
			got, kinds = readStream(t, body)
			block := " block_start block_delta block_delta block_stop"
			wantKinds := "message_start ping" + strings.Replace(block, " block_stop", " block_delta block_stop", 1) +
				strings.Repeat(block, 3) + " message_delta message_stop"
			if kinds != wantKinds {
				t.Errorf("got events  %s\nwant events %s", kinds, wantKinds)
			}
		} else {
			decode(t, body, &got)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("stream %v\ngot  %+v\nwant %+v", stream, got, want)
		}
		if err := api.Err(); err != nil {
			t.Errorf("stream %v: %v", stream, err)
		}
	}
}

func TestRequestsOfALaneGetItsRepliesInOrder(t *testing.T) {
	_, url := serve(t, Script{
		"a": {{Blocks: []Block{Text("a0")}}, {Blocks: []Block{Text("a1")}}},
		"b": {{Blocks: []Block{Text("b0")}}, {Blocks: []Block{Text("b1")}, StopReason: "max_tokens"}},
	})
	blocks := func(text string) []object { return []object{{"type": "text", "text": text}} }
	for _, c := range []struct {
		name     string
		messages []object
		text, id string
		stop     string
	}{
		{"string content", []object{user("[[lane:a]]")}, "a0", "msg_01a000", "end_turn"},
		{"block content", []object{user(blocks("do it [[lane:b]]"))}, "b0", "msg_01b000", "end_turn"},
		{"the last marker", []object{user("quoted [[lane:b]]"), user("[[lane:a]]")}, "a1", "msg_01a001", "end_turn"},
		{"not after an answer", []object{user("[[lane:b]]"), assistant("x"), user("[[lane:a]]")}, "b1", "msg_01b001", "max_tokens"},
		{"no marker", []object{user("warm up")}, "ok", "msg_01nolane000", "end_turn"},
	} {
		_, body := post(t, url, "/v1/messages?beta=true", ask(false, c.messages...))
		var got wireMessage
		decode(t, body, &got)
		if len(got.Content) != 1 || got.Content[0].Text != c.text || got.ID != c.id || got.StopReason != c.stop {
			t.Errorf("%s: got %s, want text %q, id %s, stop reason %s", c.name, body, c.text, c.id, c.stop)
		}
	}
}

func TestScriptedErrorIsOneReply(t *testing.T) {
	api, url := serve(t, Script{"main": {{Status: 529, ErrorType: "overloaded_error"}, {Blocks: []Block{Text("back")}}}})
	status, body := post(t, url, "/v1/messages", ask(true, user("[[lane:main]]")))
	if status != 529 || !bytes.Contains(body, []byte(`"type":"overloaded_error"`)) {
		t.Errorf("got %d %s, want 529 and overloaded_error", status, body)
	}
	status, body = post(t, url, "/v1/messages", ask(true, user("[[lane:main]]")))
	if msg, _ := readStream(t, body); status != http.StatusOK || msg.Content[0].Text != "back" {
		t.Errorf("second request: got %d %s, want 200 and the second reply", status, body)
	}
	if err := api.Err(); err != nil {
		t.Error(err)
	}
}

func TestErrTellsWhereRequestsAndScriptDisagree(t *testing.T) {
	api, url := serve(t, Script{"a": {{}}, "b": {{}, {}}})
	if err := api.Err(); err == nil || !strings.Contains(err.Error(), "lane a: 0 of 1") {
		t.Errorf("before any request: got %v, want lane a: 0 of 1", err)
	}
	for _, c := range []struct {
		marker string
		status int
	}{{"a", 200}, {"a", 400}, {"b", 200}, {"c", 400}} {
		if status, body := post(t, url, "/v1/messages", ask(true, user("[[lane:"+c.marker+"]]"))); status != c.status {
			t.Errorf("lane %s: got %d %s, want %d", c.marker, status, body, c.status)
		}
	}
	want := "lane a: asked for reply 2 of 1\nlane c: asked for reply 1 of 0\nlane b: 1 of 2 replies were asked for"
	if got := api.Err(); got == nil || got.Error() != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
}

func TestOtherPaths(t *testing.T) {
	api, url := serve(t, nil)
	for _, c := range []struct {
		path, body string
		status     int
		answer     string
	}{
		{"/v1/messages/count_tokens", strings.Repeat("x", 40), 200, `{"input_tokens":10}`},
		{"/v1/messages", "not json", 400, "invalid_request_error"},
		{"/v1/models", "", 404, "not_found_error"},
	} {
		status, body := post(t, url, c.path, c.body)
		if status != c.status || !bytes.Contains(body, []byte(c.answer)) {
			t.Errorf("POST %s %q: got %d %s, want %d and %s", c.path, c.body, status, body, c.status, c.answer)
		}
	}
	resp, err := http.Get(url + "/v1/messages")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("GET /v1/messages: got %d, want 404", resp.StatusCode)
	}
	if got, want := len(api.Requests()), 4; got != want {
		t.Errorf("got %d requests noted, want %d: %+v", got, want, api.Requests())
	}
}

func TestReplyWaitsItsDelays(t *testing.T) {
	_, url := serve(t, Script{"main": {{Blocks: []Block{Text("x"), Text("y")}, Delay: 20 * time.Millisecond, BlockDelay: 10 * time.Millisecond}}})
	start := time.Now()
	post(t, url, "/v1/messages", ask(true, user("[[lane:main]]")))
	if got, want := time.Since(start), 40*time.Millisecond; got < want {
		t.Errorf("got the reply after %v, want at least %v", got, want)
	}
}
