package web

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"ams/pkg/lax"
	"ams/pkg/library"
	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/upload"
	"ams/pkg/view"
)

// evil is what an agent may have written anywhere: markup, a script, a link that is one, a picture that is, letters
// that turn the line around, and sequences of a terminal.
const evil = `<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)><a href="javascript:alert(1)">x</a>` + "\u202e\x1b]0;t\x07\x1b[31m\x00"

// pixel is the smallest PNG.
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

func raw(t testing.TB, v any) schema.Raw {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Raw(b)
}

// hostile is a session in which every text is evil, with an id that is no file name.
func hostile(t testing.TB, id string) *schema.Session {
	at := func(s int) schema.Time { return schema.Time{Time: time.Date(2026, 11, 20, 10, 0, s, 0, time.UTC)} }
	ms := int64(1000)
	cost := 1.5
	image := func(media, data string) any {
		return map[string]any{"content": []any{map[string]any{"type": "image", "source": map[string]any{"media_type": media, "data": data}}}}
	}
	tool := func(seq int, name string, input, result any) schema.Event {
		return schema.Event{ID: "tool" + name, Seq: seq, Type: schema.ToolCall, Name: "tool:" + name, StartTime: at(seq), EndTime: at(seq + 1), DurationMS: &ms,
			Status: schema.OK, Tool: &schema.Tool{Name: name, Input: raw(t, input), Result: raw(t, result), Outcome: schema.ToolOK}}
	}
	s := &schema.Session{
		SchemaVersion: schema.Version, SessionID: id, TraceID: "t", Title: evil, Agent: schema.Agent{Name: evil}, Tags: []string{evil}, Metadata: map[string]schema.Raw{"k": raw(t, evil)},
		StartTime: at(0), EndTime: at(30), DurationMS: &ms, Status: schema.OK, Outcome: schema.Completed, Cwd: "/home/dev/" + evil, Models: []string{"m"},
		Totals: schema.Totals{CostUSD: &cost, ToolCalls: 5, LLMCalls: 1, Subagents: 1},
		Events: []schema.Event{
			{ID: "p", Seq: 1, Type: schema.UserPrompt, Name: "user_prompt", StartTime: at(1), EndTime: at(1), Status: schema.OK, Prompt: evil},
			{ID: "m", Seq: 2, Type: schema.LLMMessage, Name: "assistant", StartTime: at(1), EndTime: at(2), DurationMS: &ms, Status: schema.OK,
				LLM: &schema.LLM{Model: "m", Text: evil + strings.Repeat("ü", 30_000), Thinking: evil, CostUSD: &cost}},
			tool(3, "Bash", map[string]any{"command": evil, "description": evil}, map[string]any{"stdout": evil, "stderr": evil}),
			tool(4, "Edit", map[string]any{"file_path": evil, "old_string": evil, "new_string": evil}, evil),
			tool(5, evil, map[string]any{evil: evil}, map[string]any{evil: evil}),
			tool(6, "Pictures", map[string]any{}, image("image/png", pixel)),
			tool(7, "Vector", map[string]any{}, image("image/svg+xml", base64.StdEncoding.EncodeToString([]byte("<svg onload=alert(1)/>")))),
			tool(8, "Liar", map[string]any{}, image("image/png", base64.StdEncoding.EncodeToString([]byte("<script>alert(1)</script>")))),
			{ID: "a", Seq: 9, Type: schema.Subagent, Name: "subagent", StartTime: at(9), EndTime: at(12), DurationMS: &ms, Status: schema.OK, AgentID: "a1",
				Subagent: &schema.SubagentInfo{AgentID: "a1", AgentType: evil, Description: evil, InvocationPrompt: evil, InvocationReasoning: evil, InvocationEventID: "toolBash", CostUSD: &cost}},
			{ID: "am", Seq: 10, ParentID: "a", Type: schema.LLMMessage, Name: "assistant", StartTime: at(10), EndTime: at(11), DurationMS: &ms, Status: schema.OK,
				AgentID: "a1", LLM: &schema.LLM{Model: "m", Text: "the answer", CostUSD: &cost}},
			{ID: "e", Seq: 11, Type: schema.ErrorEvent, Name: "error", StartTime: at(13), EndTime: at(13), Status: schema.Failed, Error: &schema.Error{Type: evil, Message: evil}},
		},
	}
	return s
}

// shop holds a server over a store of its own.
type shop struct {
	*testing.T
	store  *upload.Local
	server *Server
}

func open(t *testing.T, o Options, sessions ...*schema.Session) *shop {
	t.Helper()
	s := &shop{T: t, store: upload.NewLocal(t.TempDir())}
	for _, one := range sessions {
		s.put(one)
	}
	o.Library = library.Open(s.store, library.Options{CacheDir: t.TempDir()})
	o.StoreName = "the store"
	o.Now = func() time.Time { return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) }
	s.server = New(o)
	return s
}

func (s *shop) put(one *schema.Session) {
	s.Helper()
	body, err := schema.Encode(one)
	if err != nil {
		s.Fatal(err)
	}
	name := spool.FileName(one.SessionID)
	record, err := lax.Encode(schema.Summarize(one))
	if err != nil {
		s.Fatal(err)
	}
	for key, b := range map[string][]byte{upload.SessionKey(name, one.StartTime.Time): body, upload.IndexKey(name): record} {
		if _, err := s.store.Put(s.Context(), key, b, upload.PutOptions{}); err != nil {
			s.Fatal(err)
		}
	}
}

// ask sends a request through the whole of the page.
func (s *shop) ask(path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodGet, path, nil)
	r.Host = "127.0.0.1:8000"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v: %.300s", err, w.Body.Bytes())
	}
	return v
}

// TestWhatAnAgentWroteIsData holds every answer to forms in which no browser runs anything: JSON, plain text, raster images.
func TestWhatAnAgentWroteIsData(t *testing.T) {
	const id = "../weird/ID with \"quotes\""
	s := open(t, Options{Access: Access{Loopback: true}}, hostile(t, id))
	name := spool.FileName(id)
	paths := []string{"/", "/s/" + name, "/s/" + url.PathEscape(id), "/report", "/api/list", "/api/list?q=" + url.QueryEscape("alert"), "/api/list?q=" + url.QueryEscape(phrase(evil)),
		"/api/report?by=agent", "/api/report?by=tool", "/api/s/" + name, "/api/s/" + url.PathEscape(id), "/api/s/" + name + "/spans", "/api/s/" + name + "/events", "/api/s/" + name + "/find?q=alert",
		"/export/" + name + ".md", "/export/" + name + ".json"}
	for i := range hostile(t, id).Events {
		paths = append(paths, "/api/s/"+name+"/events/"+string(rune('0'+i%10)))
	}
	for event := range 9 {
		for part := range 3 {
			paths = append(paths, "/api/s/"+name+"/events/"+string(rune('0'+event))+"/"+string(rune('0'+part)))
		}
	}
	allowed := map[string]bool{"application/json": true, "text/plain; charset=utf-8": true, "image/png": true, "application/octet-stream": true, "text/markdown; charset=utf-8": true}
	images := 0
	for _, path := range paths {
		w := s.ask(path)
		media := w.Header().Get("Content-Type")
		page := !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/export/")
		if page != (media == "text/html; charset=utf-8") || !page && !allowed[media] {
			t.Errorf("%s: %d %s", path, w.Code, media)
		}
		if page && strings.Contains(w.Body.String(), "alert") {
			t.Errorf("%s holds a recorded text: %.300s", path, w.Body)
		}
		if media == "image/png" {
			images++
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", path, w.Header())
		}
		if strings.HasPrefix(path, "/export/") && !strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="x`) {
			t.Errorf("%s: %s", path, w.Header().Get("Content-Disposition"))
		}
	}
	if images != 1 {
		t.Errorf("%d images were sent, want the one that is one", images)
	}
}

// phrase is a text as a search for it.
func phrase(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.TrimSpace(text)) + `"`
}

func TestThePolicyAllowsOwnFilesAlone(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}})
	csp := s.ask("/").Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "trusted-types 'none'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("%s lacks %s", csp, part)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") || strings.Contains(csp, "*") {
		t.Errorf("%s is too wide", csp)
	}
}

func TestSlicesAreCutAndTheWholeIsThere(t *testing.T) {
	one := hostile(t, "aaaa1111")
	s := open(t, Options{Access: Access{Loopback: true}}, one)
	type events struct {
		Version string       `json:"version"`
		Events  []view.Event `json:"events"`
	}
	got := decode[events](t, s.ask("/api/s/aaaa1111/events?from=1&n=1"))
	if len(got.Events) != 1 || got.Events[0].Index != 1 || got.Version == "" {
		t.Fatalf("%+v", got)
	}
	said := got.Events[0].Parts[1]
	if whole := one.Events[1].LLM.Text; !said.Cut || said.Bytes != len(whole) || len(said.Text) > view.SliceText || !strings.HasPrefix(whole, said.Text) {
		t.Errorf("slice: %d of %d bytes, cut %v", len(said.Text), said.Bytes, said.Cut)
	}
	said = decode[events](t, s.ask("/api/s/aaaa1111/events/1")).Events[0].Parts[1]
	if n := len(said.Text); n <= view.SliceText || n > view.EventText {
		t.Errorf("event: %d bytes", n)
	}
	if w := s.ask("/api/s/aaaa1111/events/1/1"); w.Body.String() != one.Events[1].LLM.Text || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("whole: %d bytes of %s", w.Body.Len(), w.Header().Get("Content-Type"))
	}
	if n := s.ask("/api/s/aaaa1111/spans").Body.Len(); n != len(one.Events)*view.SpanBytes {
		t.Errorf("spans: %d bytes", n)
	}
	for path, status := range map[string]int{"/api/s/aaaa1111/events?from=-1": 400, "/api/s/aaaa1111/events?n=x": 400, "/api/s/aaaa1111/events/99": 404,
		"/api/s/aaaa1111/events/1/9": 404, "/api/s/aaaa1111/events/x": 400, "/api/s/aaaa1111/find": 400, "/export/aaaa1111.exe": 404, "/static/nothing.js": 404, "/static/..%2fview.go": 404} {
		if w := s.ask(path); w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
}

func TestAnswersOfOneVersionAreSentOnce(t *testing.T) {
	one := hostile(t, "aaaa1111")
	s := open(t, Options{Access: Access{Loopback: true}}, one)
	for _, path := range []string{"/api/s/aaaa1111", "/api/s/aaaa1111/spans", "/api/s/aaaa1111/events", "/api/list", "/static/main.js"} {
		tag := s.ask(path).Header().Get("ETag")
		if w := s.ask(path, header("If-None-Match", tag)); tag == "" || w.Code != http.StatusNotModified || w.Body.Len() > 0 {
			t.Errorf("%s: ETag %s, then %d", path, tag, w.Code)
		}
	}
	page := s.ask("/").Body.String()
	_, version := assets()
	for _, file := range []string{"main.js", "page.css", "session.js"} {
		path := "/static/" + version + "/" + file
		if w := s.ask(path); !strings.Contains(page, `="`+path+`"`) || w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if w := s.ask("/static/of-another-program/main.js"); w.Code != http.StatusOK || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	tag := s.ask("/api/s/aaaa1111").Header().Get("ETag")
	one.Title = "another"
	s.put(one)
	s.server.shelf.kept[0].checked = time.Time{} // as some seconds later
	w := s.ask("/api/s/aaaa1111", header("If-None-Match", tag))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"another"`) {
		t.Errorf("a session that changed: %d %.200s", w.Code, w.Body)
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	s := open(t, Options{Access: Access{Loopback: true}}, hostile(t, "aaaa1111"))
	plain := s.ask("/api/s/aaaa1111/events").Body.String()
	w := s.ask("/api/s/aaaa1111/events", header("Accept-Encoding", "gzip"))
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != plain || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%v: %.100s", err, b)
	}
}
