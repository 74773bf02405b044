package library_test

import (
	"fmt"
	"strings"
	"testing"

	"ams/pkg/library"
	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// busy is a session that edited more files than its index record has room for.
func busy(id string) *schema.Session {
	s := session(id, "go")
	s.User = "ann"
	for i := range 300 {
		path := fmt.Sprintf("/home/ann/shop/%s/%03d.go", strings.Repeat("deep/", 10), i)
		s.Events = append(s.Events, schema.Event{Type: schema.ToolCall, Tool: &schema.Tool{
			Name: "Write", Input: schema.Raw(fmt.Sprintf(`{"file_path":%q,"content":"x"}`, path)), Outcome: schema.ToolOK,
		}})
	}
	return s
}

// TestAFilterOnWhatWasCutReadsTheSession: a list must not say that nobody touched a file whose name had no room.
func TestAFilterOnWhatWasCutReadsTheSession(t *testing.T) {
	store := filled(t, busy("busy"), session("idle", "x"), session("older", "x"))
	const old = `{"schema_version":"1.1","session_id":"older","trace_id":"t","start_time":"%s","status":"ok"}`
	start := listAll(t, library.Open(store, library.Options{})).Sessions[0].StartTime.Format("2006-01-02T15:04:05Z07:00")
	if _, err := store.Put(t.Context(), "index/older.json", fmt.Appendf(nil, old, start), upload.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	lib := library.Open(store, library.Options{})
	for _, row := range []struct {
		name string
		q    query.Query
		want string
	}{
		{"the first file", query.Query{Files: []string{"000.go"}}, "busy"},
		{"the last file", query.Query{Files: []string{"299.go"}}, "busy"},
		{"no such file", query.Query{Files: []string{"300.go"}}, ""},
		{"another filter says no", query.Query{Files: []string{"000.go"}, Users: []string{"bob"}}, ""},
		{"an older record", query.Query{Repos: []string{"work"}}, "older"},
		{"all", query.Query{}, "older idle busy"},
	} {
		if row.name == "an older record" {
			s := session("older", "x")
			s.Cwd = "/home/ann/work"
			s.StartTime = listAll(t, lib).Sessions[0].StartTime
			body, err := schema.Encode(s)
			if err == nil {
				_, err = store.Put(t.Context(), upload.SessionKey("older", s.StartTime.Time), body, upload.PutOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		list, err := lib.List(t.Context(), row.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range list.Sessions {
			got = append(got, s.Name)
		}
		if strings.Join(got, " ") != row.want || len(list.Unreadable) > 0 {
			t.Errorf("%s: got %q, want %q (unreadable: %v)", row.name, got, row.want, list.Unreadable)
		}
	}
	key := upload.SessionKey("busy", listAll(t, lib).Sessions[2].StartTime.Time)
	if err := store.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	list, err := lib.List(t.Context(), query.Query{Files: []string{"000.go"}})
	if err != nil || len(list.Sessions) != 0 || len(list.Unreadable) != 1 || list.Unreadable[0].Key != key {
		t.Errorf("a session that is gone: got %v, %+v, want it named", err, list)
	}
}
