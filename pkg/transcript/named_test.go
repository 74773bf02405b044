package transcript

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestFromFileNamesTheSession(t *testing.T) {
	const uuid = "0a1b2c3d-0000-4000-8000-00000000000A"
	line := `{"type":"user","uuid":"u","sessionId":"inside","message":{"content":"hi"}}` + "\n"
	dir := t.TempDir()
	for _, c := range []struct {
		name, content, want string
		err                 error
	}{
		{uuid + ".jsonl", line, uuid, nil},
		{"full.jsonl", line, "inside", nil},
		{"late.jsonl", `{"type":"file-history-snapshot"}` + "\n" + line, "inside", nil},
		{"none.jsonl", `{"type":"file-history-snapshot"}` + "\n", "", ErrNoSession},
		{"empty.jsonl", "", "", ErrNoSession},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := (&Finder{Owner: -1, Anywhere: true}).FromFile(path)
		if files.SessionID != c.want || !errors.Is(err, c.err) {
			t.Errorf("FromFile(%s) = session %q, %v; want %q, %v", c.name, files.SessionID, err, c.want, c.err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "full.jsonl"), filepath.Join(dir, "link.jsonl")); err == nil {
		if _, err := (&Finder{Owner: -1, Anywhere: true}).FromFile(filepath.Join(dir, "link.jsonl")); !errors.Is(err, ErrUnsafe) {
			t.Errorf("FromFile of a symlink = %v, want ErrUnsafe", err)
		}
	}
}

func TestFromFileFindsAgentsAnywhere(t *testing.T) {
	dir := t.TempDir()
	agents := filepath.Join(dir, "chat", "subagents")
	if err := os.MkdirAll(agents, 0o700); err != nil {
		t.Fatal(err)
	}
	line := `{"type":"user","uuid":"u","sessionId":"inside","message":{"content":"hi"}}` + "\n"
	for _, path := range []string{filepath.Join(dir, "chat.jsonl"), filepath.Join(agents, "agent-a1.jsonl"), filepath.Join(dir, "agent-b2.jsonl")} {
		if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := (&Finder{Owner: -1, Anywhere: true}).FromFile(filepath.Join(dir, "chat.jsonl"))
	if err != nil || len(files.Agents) != 2 {
		t.Errorf("FromFile = %+v, %v; want the two agents", files, err)
	}
}
