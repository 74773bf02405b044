package library

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ams/pkg/query"
	"ams/pkg/schema"
	"ams/pkg/table"
	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

// BenchmarkColdBucket lists 100,000 sessions of a bucket that is 40 ms away, with tables and an empty cache. The store is in
// this process: what a network of some speed takes for 40 MB comes on top.
func BenchmarkColdBucket(b *testing.B) {
	const sessions, days, away = 100_000, 60, 40 * time.Millisecond
	store := storetest.NewMemory()
	keep := table.New(table.Options{Store: store, Owner: "bench", Now: time.Now})
	if err := keep.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	w, err := keep.Writer()
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range sessions {
		s := plainSession(i, start.Add(time.Duration(i)*days*24*time.Hour/sessions))
		record, err := schema.EncodeSummary(schema.Summarize(s))
		if err != nil {
			b.Fatal(err)
		}
		put(b, store, upload.SessionKey(s.SessionID, s.StartTime.Time), []byte("{}"))
		etag, err := store.Put(b.Context(), upload.IndexKey(s.SessionID), record, upload.PutOptions{})
		if err != nil {
			b.Fatal(err)
		}
		s.Events = nil
		if err := w.Add(s, s.SessionID, etag, record); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := w.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	store.Before = func(string, string) error { time.Sleep(away); return nil }
	for name, list := range map[string]func(*Library) (*List, error){
		"as list":   func(l *Library) (*List, error) { return l.ListOnly(b.Context(), query.Query{}, []string{"signals"}) },
		"as report": func(l *Library) (*List, error) { return l.EachOnly(b.Context(), query.Query{}, nil, func(Stored) {}) },
		"whole":     func(l *Library) (*List, error) { return l.List(b.Context(), query.Query{}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				list, err := list(Open(store, Options{CacheDir: b.TempDir()}))
				if err != nil || list.Total != sessions || list.read > 0 {
					b.Fatalf("%d sessions, %d read one by one, %v", list.Total, list.read, err)
				}
			}
		})
	}
}

// plainSession has as many tools, files and agents as most.
func plainSession(i int, start time.Time) *schema.Session {
	s := &schema.Session{SchemaVersion: schema.Version, SessionID: fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i)*2654435761, i), Status: schema.OK,
		StartTime: schema.At(start), EndTime: schema.At(start.Add(time.Minute)), Title: fmt.Sprintf("Mend what is wrong with number %d", i),
		Cwd: fmt.Sprintf("/home/dev/project-%d", i%40), GitBranch: "main", User: "ann", Stored: &schema.Stored{Rev: 1}}
	for e := range 12 {
		at := schema.At(start.Add(time.Duration(e) * time.Second))
		event := schema.Event{ID: fmt.Sprint("e", e), StartTime: at, EndTime: at}
		switch e % 3 {
		case 0:
			event.Type, event.LLM = "llm_call", &schema.LLM{Model: "claude-opus-5-5", Usage: &schema.Usage{InputTokens: 9, CacheReadInputTokens: 40_000}}
		case 1:
			event.Type, event.Tool = "tool_call", &schema.Tool{Name: "Edit", Input: schema.Raw(fmt.Sprintf(
				`{"file_path":"/home/dev/project-%d/pkg/part%d/file%d.go","old_string":"a","new_string":"b"}`, i%40, e, i%500))}
		default:
			event.Type, event.Tool = "tool_call", &schema.Tool{Name: "Bash", Input: schema.Raw(`{"command":"go test ` + strings.Repeat("x", e) + `"}`)}
		}
		s.Events = append(s.Events, event)
	}
	return s
}
