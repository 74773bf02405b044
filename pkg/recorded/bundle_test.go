package recorded

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"ams/pkg/bundle"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// TestRawMaterialThatIsTooLargeIsNotRead has files without blocks on the disk: reading them would show.
func TestRawMaterialThatIsTooLargeIsNotRead(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, size int64) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	main := file("s.jsonl", 100)
	for _, c := range []struct {
		name   string
		agents []string
		want   int64
	}{
		{"the main file alone", nil, 100},
		{"with agents", []string{file("agent-a.jsonl", 20), file("agent-b.jsonl", 3)}, 123},
		{"an agent of whom the meta file is left", []string{""}, 100},
		{"a file that went away", []string{filepath.Join(dir, "gone.jsonl")}, 100},
		{"as large as none may be", []string{file("agent-c.jsonl", bundle.MaxBytes)}, bundle.MaxBytes + 100},
	} {
		files := transcript.Files{SessionID: "s", Project: dir, Main: main}
		for _, path := range c.agents {
			files.Agents = append(files.Agents, transcript.AgentFile{AgentID: "a", Path: path})
		}
		if got := rawSize(files); got != c.want {
			t.Errorf("%s: got %d bytes, want %d", c.name, got, c.want)
		}
		if c.want > bundle.MaxBytes {
			w := &Session{files: files, Session: &schema.Session{SessionID: "s"}}
			if _, err := w.Bundle(nil); !errors.Is(err, bundle.ErrTooLarge) {
				t.Errorf("%s: got %v, want ErrTooLarge", c.name, err)
			}
		}
	}
}
