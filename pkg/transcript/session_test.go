package transcript

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// find finds the session below dir; its files must be there.
func find(t testing.TB, dir string) Files {
	t.Helper()
	files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, "", anybody)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// summary is what tests compare of files read: name, agent and uuids.
func summary(files []File) []string {
	var out []string
	for _, f := range files {
		s := f.Name
		if f.Agent != nil {
			s += " of " + f.Agent.AgentID
			if f.Agent.Path == "" {
				s += " (no file)"
			}
		}
		for _, l := range f.Lines {
			s += " " + l.UUID
		}
		out = append(out, s)
	}
	return out
}

func TestReadFilesReadsTheMainFileFirst(t *testing.T) {
	agents := "projects/p/" + sessionID + "/subagents/"
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl":     user("a", 5) + "\n" + `{"type":"new"}` + "\n{",
		agents + "agent-a1.jsonl":                user("b", 5) + "\n",
		agents + "agent-a2.meta.json":            `{"toolUseId":"toolu_1"}`,
		agents + "workflows/wf_1/agent-a3.jsonl": "",
		"projects/p/agent-89d9f7c5.jsonl":        `{"type":"user","uuid":"c","sessionId":"` + sessionID + `"}`,
	})
	got, err := ReadFiles(find(t, dir))
	want := []string{
		sessionID + ".jsonl a",
		sessionID + "/subagents/agent-a1.jsonl of a1 b",
		" of a2 (no file)",
		sessionID + "/subagents/workflows/wf_1/agent-a3.jsonl of a3",
		"agent-89d9f7c5.jsonl of 89d9f7c5 c",
	}
	if err != nil || !reflect.DeepEqual(summary(got), want) {
		t.Fatalf("ReadFiles\n got %q, %v\nwant %q", summary(got), err, want)
	}
	wantReport := Report{Lines: 3, Bytes: int64(len(user("a", 5)) + 17), Unparsed: 1, Cut: true, Unknown: map[string]int{"new": 1}}
	if !reflect.DeepEqual(got[0].Report, wantReport) {
		t.Errorf("report of the main file %+v, want %+v", got[0].Report, wantReport)
	}
	if m := got[2].Agent.Meta; m == nil || m.ToolUseID != "toolu_1" {
		t.Errorf("meta of the agent without a file %+v, want its tool call", m)
	}
}

// TestReadFilesLeavesOutWhatWentAway has files that the client cleaned up between the look and the reading.
func TestReadFilesLeavesOutWhatWentAway(t *testing.T) {
	agents := "projects/p/" + sessionID + "/subagents/"
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl": user("a", 5),
		agents + "agent-a1.jsonl":            user("b", 5),
		agents + "agent-a2.jsonl":            user("c", 5),
		agents + "agent-a2.meta.json":        `{"toolUseId":"toolu_1"}`,
		agents + "agent-a3.jsonl":            user("d", 5),
	})
	files := find(t, dir)
	for _, name := range []string{"projects/p/" + sessionID + ".jsonl", agents + "agent-a1.jsonl", agents + "agent-a2.jsonl"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadFiles(files)
	want := []string{" of a2 (no file)", sessionID + "/subagents/agent-a3.jsonl of a3 d"}
	if err != nil || !reflect.DeepEqual(summary(got), want) {
		t.Errorf("ReadFiles\n got %q, %v\nwant %q", summary(got), err, want)
	}
	if files.Agents[1].Path == "" {
		t.Error("ReadFiles changed the Files that it was given")
	}
}

func TestReadFilesOfNothing(t *testing.T) {
	if got, err := ReadFiles(Files{}); err != nil || len(got) != 0 {
		t.Errorf("ReadFiles = %q, %v; want nothing", summary(got), err)
	}
}

func TestReadFilesSaysWhichFileFailed(t *testing.T) {
	dir := tree(t, map[string]string{"projects/p/" + sessionID + ".jsonl": "x"})
	files := find(t, dir)
	if err := os.Remove(files.Main); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(files.Main, 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFiles(files)
	if err == nil || !strings.Contains(err.Error(), files.Main) || got != nil {
		t.Errorf("ReadFiles = %q, %v; want an error that names %s", summary(got), err, files.Main)
	}
}
