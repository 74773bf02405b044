package transcript

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
)

func TestFromFileTakesTheSessionFromNameOrLines(t *testing.T) {
	line := `{"type":"user","uuid":"a","sessionId":"from-lines"}` + "\n"
	for _, test := range []struct {
		path, content string
		session       string
		agents        int
	}{
		{sessionID + ".jsonl", line, sessionID, 1},
		{"chat.jsonl", line, "from-lines", 2},
		{"chat[1].jsonl", "{broken\n" + `{"type":"summary"}` + "\n" + line, "from-lines", 1},
		{"session.log", line, "from-lines", 1},
		{"...jsonl", line, "from-lines", 1},
		{"..jsonl", line, "from-lines", 1},
	} {
		dir := tree(t, map[string]string{
			"any/" + test.path:                              test.content,
			"any/agent-89d9f7c5.jsonl":                      line,
			"any/" + sessionID + "/subagents/agent-a.jsonl": line,
			"any/chat/subagents/agent-b.jsonl":              line,
			"subagents/agent-outside.jsonl":                 line,
			"any/subagents/agent-outside.jsonl":             line,
		})
		files, err := (&Finder{Anywhere: true}).FromFile(filepath.Join(dir, "any", test.path), anybody)
		if err != nil || files.SessionID != test.session || files.Main == "" || len(files.Agents) != test.agents {
			t.Errorf("FromFile(%s) = session %q, %q, %v; want session %q with %d agents", test.path, files.SessionID, found(dir, files), err, test.session, test.agents)
		}
	}
}

func TestFromFileTakesARelativePath(t *testing.T) {
	dir := tree(t, map[string]string{"any/chat.jsonl": `{"sessionId":"s"}`, "any/chat/subagents/agent-a.jsonl": user("a", 5)})
	t.Chdir(dir)
	files, err := (&Finder{Anywhere: true}).FromFile(filepath.Join("any", "chat.jsonl"), anybody)
	if err != nil || len(files.Paths()) != 2 {
		t.Fatalf("FromFile = %q, %v; want the main file and an agent", files.Paths(), err)
	}
	if got, err := ReadFiles(files); err != nil || len(got) != 2 || got[1].Name != "chat/subagents/agent-a.jsonl" {
		t.Errorf("ReadFiles = %q, %v; want both", summary(got), err)
	}
}

func TestFromFileSaysWhyNot(t *testing.T) {
	dir := tree(t, map[string]string{"none.jsonl": "{}\n[]\nx", "empty.jsonl": "", "folder/x": ""})
	f := &Finder{Anywhere: true}
	for name, want := range map[string]error{"none.jsonl": ErrNoSession, "empty.jsonl": ErrNoSession, "folder": ErrUnsafe, "gone.jsonl": fs.ErrNotExist} {
		if files, err := f.FromFile(filepath.Join(dir, name), anybody); !errors.Is(err, want) || !reflect.DeepEqual(files, Files{}) {
			t.Errorf("FromFile(%s) = %+v, %v; want %v", name, files, err, want)
		}
	}
}
