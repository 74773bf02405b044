package demo_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ams/pkg/demo"
)

// TestReplayMovesPathsAndTimes replays with a clock that runs fast: every event comes in order with paths of here,
// and the transcript's times lie within the replay.
func TestReplayMovesPathsAndTimes(t *testing.T) {
	claude := t.TempDir()
	d, err := demo.Open(claude)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	at := begin
	now := func() time.Time { at = at.Add(10 * time.Second); return at } // whatever is due is due already
	var names []string
	event := regexp.MustCompile(`"hook_event_name":"(\w+)"`)
	err = d.Replay(t.Context(), now, func(raw []byte) error {
		names = append(names, event.FindStringSubmatch(string(raw))[1])
		if strings.Contains(string(raw), "/home/dev/demo/config") || !strings.Contains(string(raw), filepath.ToSlash(claude)) {
			t.Errorf("a path of the recording: %.200s", raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != d.Events() || names[0] != "SessionStart" || names[len(names)-1] != "SessionEnd" {
		t.Errorf("replayed %d of %d: %v", len(names), d.Events(), names)
	}
	times := 0
	err = filepath.WalkDir(filepath.Join(claude, "projects"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`"timestamp":"([^"]+)"`).FindAllSubmatch(b, -1) {
			stamp, err := time.Parse(time.RFC3339Nano, string(m[1]))
			if times++; err != nil || stamp.Before(begin) || stamp.After(at.Add(time.Minute)) {
				t.Errorf("%s: %s, %v", path, m[1], err)
			}
		}
		return err
	})
	if err != nil || times < 5 {
		t.Errorf("%d times in the transcript, %v", times, err)
	}
}

func TestReplayEndsWhenToldTo(t *testing.T) {
	d, err := demo.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	calls := 0
	err = d.Replay(ctx, time.Now, func([]byte) error { calls++; stop(); return nil })
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("%d calls, %v; want 1 and that it was stopped", calls, err)
	}
}
