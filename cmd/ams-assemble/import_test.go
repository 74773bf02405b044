package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// oddLine is a person's prompt in a session.
func oddLine(session, prompt string) string {
	return fmt.Sprintf(`{"type":"user","uuid":"%s-1","sessionId":"%s","timestamp":"2026-11-22T10:00:00.000Z","version":"2.1.330",`+
		`"message":{"role":"user","content":"%s"}}`+"\n", session, session, prompt)
}

// oddFiles are files as an archive that nobody looked after holds them, by name.
func oddFiles(tiny int) map[string]string {
	const long = 4 << 20 // more than any buffer
	noise := make([]byte, 100_000)
	rng := rand.NewChaCha8([32]byte{1})
	files := map[string]string{
		"long.jsonl":        oddLine("long", strings.Repeat("x", long)),
		"cut.jsonl":         oddLine("cut", "hi") + strings.Repeat("x", long),
		"deep.jsonl":        oddLine("deep", "hi") + `{"type":"user","sessionId":"deep","message":` + strings.Repeat("[", long),
		"wide.jsonl":        oddLine("wide", "hi") + `{"type":"user","sessionId":"wide","toolUseResult":[` + strings.Repeat("1,", long/2) + "1]}\n",
		"unnamed.jsonl":     `{"type":"summary","summary":"` + strings.Repeat("x", long) + "\"}\n",
		"notes.txt":         "no transcript",
		"agent-a1b2.jsonl":  oddLine("long", "from an agent"),
		"folder.jsonl/a.md": "a folder with a transcript's name",
	}
	for i := range 3 {
		rng.Read(noise)
		files[fmt.Sprintf("noise%d.jsonl", i)] = string(noise)
		files[fmt.Sprintf("empty%d.jsonl", i)] = ""
		files[fmt.Sprintf("three%d.jsonl", i)] = "{\"\n"
		files[fmt.Sprintf("unknown%d.jsonl", i)] = strings.Repeat(fmt.Sprintf(`{"type":"from-tomorrow","sessionId":"unknown%d"}`+"\n", i), 20)
	}
	for i := range tiny {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		files[id+".jsonl"] = oddLine(id, "hi")
	}
	return files
}

func TestImportOfOddFiles(t *testing.T) {
	const tiny = 1500
	dir := t.TempDir()
	for name, body := range oddFiles(tiny) {
		path := filepath.Join(dir, "projects", "p", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		// Three of the long ones have a second line; those of unknown types have 20 and no event; the agent's file
		// has a line and is an event beside its prompt.
		fmt.Sprintf("read %d sessions %d events of %d lines", tiny+4+3, tiny+4+1, tiny+4+3+60+1),
		"skipped 2 lines not JSON",
		"skipped 60 lines of a type that this version does not know",
		"skipped 10 files no line of a session in it",
	}
	if os.Symlink("long.jsonl", filepath.Join(dir, "projects", "p", "link.jsonl")) == nil {
		want = append(want, "skipped 1 file no regular file")
	}
	for _, jobs := range []string{"1", "8"} {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), env{
			args:   []string{"import", "--dry-run", "--now", "--jobs", jobs, "--claude-dir", dir, "--spool-dir", t.TempDir()},
			stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now,
		})
		var got []string
		unused := 0
		for line := range strings.Lines(stdout.String()) {
			if strings.HasPrefix(line, "not used: ") {
				unused++
				continue
			}
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		if code != exitDone || stderr.Len() > 0 || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("import --jobs %s: exit code %d, stderr %q\n got %q\nwant %q", jobs, code, stderr.String(), got, want)
		}
		if unused != 10 && unused != 11 {
			t.Errorf("import --jobs %s names %d files that it did not use, want 10 and the link", jobs, unused)
		}
	}
}
