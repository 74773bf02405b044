package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ams/pkg/price"
	"ams/pkg/receipt"
	"ams/pkg/recorded"
	"ams/pkg/redact"
	"ams/pkg/ship"
	"ams/pkg/spool"
	"ams/pkg/upload"
)

// BenchmarkIdleRun is a run over 10,000 sessions that are all stored and have no news: what cron does every few minutes.
func BenchmarkIdleRun(b *testing.B) {
	const sessions = 10_000
	dir, claude := b.TempDir(), b.TempDir()
	prices, err := price.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	set := settings{spoolDir: dir, claudeDir: claude, localDir: b.TempDir(), now: true, idle: time.Hour, join: joinSettings(prices)}
	old := time.Now().Add(-time.Hour)
	raw := []byte(`{"session_id":"s00000","hook_event_name":"SessionEnd"}`)
	key := spool.KeyFor(old, raw, 0)
	if _, err := spool.Insert(dir, "s00000", []spool.Record{{Key: key, Raw: raw}}); err != nil {
		b.Fatal(err)
	}
	db, err := os.ReadFile(filepath.Join(dir, "s00000.db"))
	if err != nil {
		b.Fatal(err)
	}
	project := filepath.Join(claude, "projects", "p")
	if err := os.MkdirAll(project, 0o700); err != nil {
		b.Fatal(err)
	}
	for i := range sessions {
		name := fmt.Sprintf("s%05d", i)
		for path, body := range map[string][]byte{filepath.Join(dir, name+".db"): db, filepath.Join(project, name+".jsonl"): raw} {
			if err := os.WriteFile(path, body, 0o600); err != nil {
				b.Fatal(err)
			}
			if err := os.Chtimes(path, old, old); err != nil {
				b.Fatal(err)
			}
		}
	}
	writeReceipts(b, set, project)
	e := env{now: time.Now, stdout: io.Discard, stderr: io.Discard}
	b.ResetTimer()
	for b.Loop() {
		if err := runAll(context.Background(), e, set, runOptions{jobs: 2, keep: ship.Retention{After: 1 << 62, MaxBytes: 1 << 40}}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if stored, err := filepath.Glob(filepath.Join(set.localDir, "index", "*")); err != nil || len(stored) > 0 {
		b.Fatalf("the run was not idle: it stored %d sessions (%v)", len(stored), err)
	}
}

// writeReceipts notes every spool as stored, with the inputs that an assembly would have looked at.
func writeReceipts(b *testing.B, set settings, project string) {
	b.Helper()
	stats, err := spool.List(set.spoolDir)
	if err != nil {
		b.Fatal(err)
	}
	book, err := receipt.Open(set.receiptsPath())
	if err != nil {
		b.Fatal(err)
	}
	defer book.Close()
	var wg sync.WaitGroup
	limit := make(chan struct{}, 500) // bbolt batches what comes at once
	for _, s := range stats {
		wg.Add(1)
		limit <- struct{}{}
		go func() {
			defer func() { <-limit; wg.Done() }()
			main := filepath.Join(project, s.Name+".jsonl")
			agents := filepath.Join(project, s.Name, "subagents")
			r := receipt.Receipt{
				SessionID: s.Name, Inputs: receipt.Look([]string{main, agents, filepath.Join(agents, "workflows")}), Spool: recorded.SpoolStats(s),
				LookedAt: time.Now(), Final: true, Program: set.join.ProgramVersion, Settings: set.shipping(env{}).Fingerprint(),
				Key: "sessions/2026/11/22/" + s.Name + ".json", RecordCount: 1, LastEvent: time.Now(), Compacted: true,
			}
			if err := book.Put(s.Name, r); err != nil {
				b.Error(err)
			}
		}()
	}
	wg.Wait()
}

// BenchmarkShip is a run over 1,000 changed sessions of 200 kB each into an S3 server over TLS in this process.
// heap-MB is the most that was in use at once beside what the server holds: it must not grow with the number of
// sessions.
func BenchmarkShip(b *testing.B) {
	const sessions, payload = 1000, 200_000
	server := newBucketServer(b)
	prices, err := price.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("words of a long tool result, and more of them; ", payload/47)
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		set := settings{spoolDir: dir, claudeDir: "nowhere", now: true, idle: time.Hour, join: joinSettings(prices),
			redact: redact.Rules{Secrets: true},
			s3:     &upload.S3Options{Bucket: "traces", Prefix: fmt.Sprintf("run-%d", time.Now().UnixNano()), Endpoint: server.URL}}
		for i := range sessions {
			id := fmt.Sprintf("s%04d", i)
			raw := []byte(`{"session_id":"` + id + `","hook_event_name":"UserPromptSubmit","prompt":"` + body + `"}`)
			if _, err := spool.Insert(dir, id, []spool.Record{{Key: spool.KeyFor(time.Now(), raw, 0), Raw: raw}}); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		most, stop := uint64(0), make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					runtime.ReadMemStats(&now)
					most = max(most, now.HeapInuse)
				}
			}
		}()
		b.StartTimer()
		if err := runAll(context.Background(), env{now: time.Now, stdout: io.Discard, stderr: os.Stderr}, set, runOptions{jobs: 2}); err != nil {
			b.Fatal(err)
		}
		close(stop)
		stored := uint64(sessions * (payload + payload/2)) // the server keeps bodies in memory, with room to grow
		b.ReportMetric(float64(most-min(most, before.HeapInuse+stored))/1e6, "heap-MB")
		b.ReportMetric(float64(sessions), "sessions/op")
	}
}

// BenchmarkFind looks for a text that is nowhere in 2,000 stored sessions of 200 kB, which the file system has in memory.
func BenchmarkFind(b *testing.B) {
	const sessions = 2_000
	dir := b.TempDir()
	body := strings.Repeat("the quick brown fox jumps over the lazy dog, exit code 1, /usr/local/bin/tool_use ", 200_000/82)
	for i := range sessions {
		id := fmt.Sprintf("s%05d", i)
		for path, text := range map[string]string{
			"index/" + id + ".json": fmt.Sprintf(`{"schema_version":"1.1","session_id":%q,"start_time":"2026-01-01T00:00:00+00:00"}`, id),
			"sessions/2026/01/01/" + id + ".json": fmt.Sprintf(`{"schema_version":"1.1","session_id":%q,"start_time":"2026-01-01T00:00:00+00:00",`+
				`"events":[{"id":"a","seq":1,"type":"user_prompt","prompt":%q}]}`, id, body),
		} {
			path = filepath.Join(dir, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
	home := b.TempDir()
	for _, text := range []string{"connection refused", "zebra"} {
		b.Run(text, func(b *testing.B) {
			b.SetBytes(sessions * int64(len(body)))
			for b.Loop() {
				var talk strings.Builder
				code := run(context.Background(), env{args: []string{"find", text, "--local-dir", dir, "--spool-dir", dir + "/spool"}, stdout: io.Discard, stderr: &talk,
					now: time.Now, self: "ams-assemble", getenv: func(name string) string { return map[string]string{"HOME": home}[name] }})
				if code != exitDone || !strings.Contains(talk.String(), "nothing found in 2,000 sessions") {
					b.Fatal(talk.String())
				}
			}
		})
	}
}

// BenchmarkImportToABucket imports an archive into a bucket that is beside us and into one that is 40 ms away: what
// storing waits for. The archive is that of AMS_BENCH_ARCHIVE, as `go run ./bench/transcripts -generate DIR` makes
// it, else 117 sessions of 1 MB.
func BenchmarkImportToABucket(b *testing.B) {
	archive := os.Getenv("AMS_BENCH_ARCHIVE")
	if archive == "" {
		archive = b.TempDir()
		for i := range 117 {
			id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
			if err := os.WriteFile(filepath.Join(archive, id+".jsonl"), []byte(strings.Repeat(oddLine(id, strings.Repeat("word ", 2000)), 100)), 0o600); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, away := range []time.Duration{0, 40 * time.Millisecond} {
		b.Run(away.String(), func(b *testing.B) {
			server := newBucketServer(b)
			var requests atomic.Int64
			server.wrap = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					time.Sleep(away)
					next.ServeHTTP(w, r)
				})
			}
			for i := 0; b.Loop(); i++ {
				e := env{
					args:   append([]string{"import", "--s3-prefix", fmt.Sprint("p", i), archive}, server.flags(b.TempDir())...),
					stdout: io.Discard, stderr: os.Stderr, now: time.Now, getenv: func(string) string { return "" },
				}
				if code := run(context.Background(), e); code != exitDone {
					b.Fatalf("exit code %d", code)
				}
			}
			b.ReportMetric(float64(requests.Load())/float64(b.N), "requests/op")
		})
	}
}
