package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestADeadStoreEndsImportAsItEndsRun: not every session is tried on a store that takes none.
func TestADeadStoreEndsImportAsItEndsRun(t *testing.T) {
	answer := func(status int, code string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
			})
		}
	}
	page := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>Welcome to the hotel</html>")
		})
	}
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"wrong key": answer(403, "InvalidAccessKeyId"), "no bucket": answer(404, "NoSuchBucket"), "no rights": answer(403, "AccessDenied"),
		"fails": answer(507, "InsufficientStorage"), "portal": page,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBucketServer(t)
			b.wrap = wrap
			dir, claude := t.TempDir(), t.TempDir()
			for i := range 30 {
				id := fmt.Sprintf("s%02d", i)
				fillSpool(t, dir, id, storyBegan)
				writeText(t, filepath.Join(claude, id+".jsonl"), `{"type":"user","uuid":"u","sessionId":"`+id+`","timestamp":"2026-11-22T10:00:00Z","message":{"role":"user","content":"hi"}}`+"\n")
			}
			for _, args := range [][]string{{"run"}, {"import", claude}} {
				code, _, talk := runIn(t, time.Now().Add(time.Minute), append(args, append(b.flags(dir), "--jobs", "2")...)...)
				if lines := strings.Count(talk, "\n"); code != exitNothing || lines > 15 {
					t.Errorf("%s: exit %d, %d lines\n%s", args[0], code, lines, talk)
				}
			}
		})
	}
}
