package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ams/pkg/clienttest"
	"ams/pkg/lax"
	"ams/pkg/schema"
)

// TestAnAgentReadsRecordsByTheRealClient installs both plugins, records a session, and lets a second
// one read it through the server: the client finds it healthy, the model's calls are answered, and
// what they were answered is not stored again.
func TestAnAgentReadsRecordsByTheRealClient(t *testing.T) {
	client := clienttest.Available(t, pluginClient)
	dir := t.TempDir()
	program := buildProgram(t)
	link := filepath.Join(dir, "bin", "ams-assemble")
	if err := os.MkdirAll(filepath.Join(dir, "home", ".config", "ams"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(link), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	spoolDir, storeDir := filepath.Join(dir, "spool"), filepath.Join(dir, "store")
	writeText(t, filepath.Join(dir, "home", ".config", "ams", "env"), "AMS_LOCAL_DIR="+storeDir+"\nAMS_SPOOL_DIR="+spoolDir+"\n")
	setup := clienttest.Setup{Dir: dir, Env: []string{
		"AMS_SPOOL_DIR=" + spoolDir, "PATH=" + filepath.Dir(link) + ":" + os.Getenv("PATH"),
		"AMS_LOCAL_DIR=" + filepath.Join(dir, "not-this-one"), // as a project may set it
	}}
	claude(t, client, setup, 0, "plugin", "marketplace", "add", marketplace(t))
	claude(t, client, setup, 0, "plugin", "install", "ams@ams")
	claude(t, client, setup, 0, "plugin", "install", "ams-read@ams")
	if said := claude(t, client, setup, 0, "mcp", "list"); !strings.Contains(said, "ams-assemble mcp") || !strings.Contains(said, "Connected") {
		t.Errorf("claude mcp list says %s", said)
	}

	first, err := client.Run(t.Context(), clienttest.Story("Agent"), setup)
	if err != nil {
		t.Fatal(err)
	}
	store := func(ran *clienttest.Run) {
		assembleBy(t, "", "run", "--now", "--spool-dir", spoolDir, "--local-dir", storeDir, "--claude-dir", ran.ConfigDir)
	}
	store(first)
	const server = "mcp__plugin_ams-read_ams__"
	reads := func(tool string, in map[string]any) clienttest.Reply {
		return clienttest.Reply{Blocks: []clienttest.Block{clienttest.ToolUse(server+tool, in)}, Usage: clienttest.Usage{Input: 10, Output: 10}}
	}
	setup.Args = []string{"--allowedTools", server + "list_sessions," + server + "session_events," + server + "session_outline"}
	second, err := client.Run(t.Context(), clienttest.Scenario{Prompt: "What happened before? [[lane:main]]", Script: clienttest.Script{"main": {
		reads("list_sessions", map[string]any{}),
		reads("session_events", map[string]any{"id": first.SessionID, "only": []string{"errors"}}),
		reads("session_outline", map[string]any{"id": "ffffffff"}),
		{Blocks: []clienttest.Block{clienttest.Text("A command failed.")}, Usage: clienttest.Usage{Input: 10, Output: 10}},
	}}}, setup)
	if err != nil {
		t.Fatal(err)
	}
	transcripts, err := filepath.Glob(filepath.Join(second.ProjectsDir, "*", second.SessionID+".jsonl"))
	if err != nil || len(transcripts) != 1 {
		t.Fatalf("transcripts %v, %v", transcripts, err)
	}
	sent := readText(t, transcripts[0])
	for _, want := range []string{schema.QuoteMark, first.SessionID, "Exit code 3", "no session of this repository has the id ffffffff"} {
		if !strings.Contains(sent, want) {
			t.Errorf("the model was not told %q", want)
		}
	}
	store(second)
	checkReferences(t, storedSession(t, storeDir, second.SessionID))
}

// checkReferences holds that answers of the server are stored as references.
func checkReferences(t *testing.T, s *schema.Session) {
	t.Helper()
	b, err := schema.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(b); strings.Contains(text, schema.QuoteMark) || strings.Contains(text, "Exit code 3") {
		t.Errorf("what was read is stored again:\n%s", text)
	}
	references := 0
	for _, e := range s.Events {
		var q schema.Quoted
		if e.Tool != nil && lax.Unmarshal(e.Tool.Result, &q) == nil && q.Bytes > 0 && len(q.SHA256) == 64 {
			references++
		}
	}
	if references != 2 {
		t.Errorf("%d references, want those of two answers", references)
	}
}
