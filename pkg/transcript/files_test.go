package transcript

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ams/pkg/safefile"
)

const sessionID = "a1e08680-ebcd-4127-8dab-665e33d54c7e"

// anybody lets files belong to any user.
var anybody safefile.Owner

// tree is a client's folder with the files given, by their paths below it.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "claude")
	for name, content := range files {
		write(t, filepath.Join(dir, name), content)
	}
	return dir
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// found are the paths of f below dir, with the agents' ids, and what is left of agents without a file.
func found(dir string, f Files) []string {
	var out []string
	add := func(path, note string) {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			rel = path
		}
		out = append(out, filepath.ToSlash(rel)+note)
	}
	if f.Main != "" {
		add(f.Main, "")
	}
	for _, a := range f.Agents {
		note := " = " + a.AgentID
		if a.Meta != nil {
			note += " by " + a.Meta.ToolUseID
		}
		if a.Run != "" {
			note += " in " + a.Run
		}
		if a.Path == "" {
			out = append(out, strings.TrimPrefix(note, " "))
			continue
		}
		add(a.Path, note)
	}
	return out
}

func TestFindCollectsTheFilesOfASession(t *testing.T) {
	const main, agents = "projects/p/" + sessionID + ".jsonl", "projects/p/" + sessionID + "/subagents/"
	line := user("a", 5) + "\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"main file alone", map[string]string{main: line}, []string{main}},
		{"empty main file", map[string]string{main: ""}, []string{main}},
		{"agents with and without meta files", map[string]string{
			main:                            line,
			agents + "agent-a2.jsonl":       line,
			agents + "agent-a1.jsonl":       line,
			agents + "agent-a1.meta.json":   `{"agentType":"Explore","toolUseId":"toolu_1","new":[1]}`,
			agents + "agent-gone.meta.json": `{"toolUseId":"toolu_2"}`,
		}, []string{main, agents + "agent-a1.jsonl = a1 by toolu_1", agents + "agent-a2.jsonl = a2", "= gone by toolu_2"}},
		{"agents of workflow runs", map[string]string{
			main:                                                line,
			agents + "agent-a1.jsonl":                           line,
			agents + "workflows/wf_2/agent-c.jsonl":             line,
			agents + "workflows/wf_1/agent-b.jsonl":             line,
			agents + "workflows/wf_1/agent-b.meta.json":         `{"inWorkflowRun":true}`,
			agents + "workflows/wf_1/journal.jsonl":             line,
			agents + "workflows/wf_1/workflows/x/agent-d.jsonl": line,
			agents + "workflows/agent-e.jsonl":                  line,
		}, []string{main, agents + "agent-a1.jsonl = a1", agents + "workflows/wf_1/agent-b.jsonl = b by  in wf_1", agents + "workflows/wf_2/agent-c.jsonl = c in wf_2"}},
		{"main file gone", map[string]string{agents + "agent-a1.jsonl": line}, []string{agents + "agent-a1.jsonl = a1"}},
		{"meta files that say nothing", map[string]string{
			main:                              line,
			agents + "agent-a1.jsonl":         line,
			agents + "agent-a1.meta.json":     `{"toolUseId":"toolu`,
			agents + "agent-a2.jsonl":         line,
			agents + "agent-a2.meta.json":     "",
			agents + "agent-a3.jsonl":         line,
			agents + "agent-a3.meta.json":     `{"toolUseId":"` + strings.Repeat("x", maxMeta) + `"}`,
			agents + "agent-broken.meta.json": "{",
		}, []string{main, agents + "agent-a1.jsonl = a1", agents + "agent-a2.jsonl = a2", agents + "agent-a3.jsonl = a3"}},
		{"meta file with a field of a wrong type", map[string]string{
			main:                          line,
			agents + "agent-a1.jsonl":     line,
			agents + "agent-a1.meta.json": `{"toolUseId":"toolu_1","spawnDepth":"two","finished":1,"agentType":null}`,
		}, []string{main, agents + "agent-a1.jsonl = a1 by toolu_1"}},
		{"names that are no agent's", map[string]string{
			main:                               line,
			agents + "agent-.jsonl":            line,
			agents + "agent-a1.jsonl.tmp":      line,
			agents + "a1.jsonl":                line,
			agents + "agent-a1.json":           line,
			agents + "agent-a2.jsonl/x":        line,
			agents + "deeper/agent-a3.jsonl":   line,
			"projects/p/agent-zz.meta.json":    `{}`,
			"projects/p/" + sessionID + ".txt": line,
		}, []string{main}},
		{"flat agents of clients 2.0.x", map[string]string{
			main:                              line,
			"projects/p/agent-89d9f7c5.jsonl": `{"sessionId":"` + sessionID + `","type":"user"}` + "\n" + `{"sessionId":"other"}`,
			"projects/p/agent-8bbe797b.jsonl": `{"sessionId":"other","type":"user"}` + "\n",
			"projects/p/agent-9a000000.jsonl": "\n{broken\n" + `{"type":"summary"}` + "\n" + `{"sessionId":"` + sessionID + `"}`,
			"projects/p/agent-9b000000.jsonl": "",
			"projects/p/agent-9c000000.jsonl": `{"type":"user"}`,
			"projects/p/agent-9d000000.jsonl": strings.Repeat("x", 100),
			"projects/q/agent-9e000000.jsonl": `{"sessionId":"` + sessionID + `"}`,
		}, []string{main, "projects/p/agent-89d9f7c5.jsonl = 89d9f7c5", "projects/p/agent-9a000000.jsonl = 9a000000"}},
		{"flat agents without a main file", map[string]string{
			"projects/p/agent-89d9f7c5.jsonl": `{"sessionId":"` + sessionID + `","type":"user"}`,
		}, []string{"projects/p/agent-89d9f7c5.jsonl = 89d9f7c5"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, test.files)
			recorded := filepath.Join(dir, filepath.FromSlash(main))
			files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, anybody)
			if got := found(dir, files); err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("Find\n got %q, %v\nwant %q", got, err, test.want)
			}
			if files.SessionID != sessionID || files.Project != filepath.Dir(recorded) {
				t.Errorf("session %q in %q, want %q in %q", files.SessionID, files.Project, sessionID, filepath.Dir(recorded))
			}
		})
	}
}

func TestFindSearchesWhereTheRecordedPathIsGone(t *testing.T) {
	file := sessionID + ".jsonl"
	for _, test := range []struct {
		name     string
		files    map[string]string
		recorded string
		want     []string
	}{
		{"no recorded path", map[string]string{"projects/p/" + file: "x"}, "", []string{"projects/p/" + file}},
		{"recorded path is there", map[string]string{"projects/p/" + file: "x", "projects/q/" + file: "longer"}, "projects/p/" + file, []string{"projects/p/" + file}},
		{"project was renamed", map[string]string{"projects/q/" + file: "x"}, "projects/p/" + file, []string{"projects/q/" + file}},
		{"two projects have it", map[string]string{"projects/p/" + file: "x", "projects/q/" + file: "longer", "projects/r/" + file: "x"}, "", []string{"projects/q/" + file}},
		{"two of one size", map[string]string{"projects/r/" + file: "same", "projects/q/" + file: "same"}, "", []string{"projects/q/" + file}},
		{"one has only agents", map[string]string{
			"projects/p/" + sessionID + "/subagents/agent-a.jsonl": "longer than the main file",
			"projects/q/" + file: "",
		}, "", []string{"projects/q/" + file}},
		{"only agents are left", map[string]string{
			"projects/p/other.jsonl":                               "x",
			"projects/q/" + sessionID + "/subagents/agent-a.jsonl": "x",
		}, "projects/p/" + file, []string{"projects/q/" + sessionID + "/subagents/agent-a.jsonl = a"}},
		{"recorded project has only the agents left", map[string]string{
			"projects/p/" + sessionID + "/subagents/agent-a.jsonl": "x",
			"projects/q/" + file: "",
		}, "projects/p/" + file, []string{"projects/q/" + file}},
		{"recorded path goes through a file", map[string]string{"projects/p": "x", "projects/q/" + file: "x"}, "projects/p/" + file, []string{"projects/q/" + file}},
		{"a file among the projects", map[string]string{"projects/a-file": "x", "projects/q/" + file: "x"}, "", []string{"projects/q/" + file}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, test.files)
			recorded := test.recorded
			if recorded != "" {
				recorded = filepath.Join(dir, recorded)
			}
			files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, anybody)
			if got := found(dir, files); err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("Find\n got %q, %v\nwant %q", got, err, test.want)
			}
		})
	}
}

func TestFindFindsNothing(t *testing.T) {
	dir := tree(t, map[string]string{"projects/p/other.jsonl": "x", "projects/q/" + sessionID + "/tool-results/x.txt": "x"})
	for _, f := range []Finder{
		{ClaudeDir: dir}, {ClaudeDir: ""}, {ClaudeDir: filepath.Join(dir, "none")}, {ClaudeDir: filepath.Join(dir, "projects/p/other.jsonl")},
	} {
		for _, recorded := range []string{"", filepath.Join(dir, "projects/p", sessionID+".jsonl"), filepath.Join(dir, "projects/none", sessionID+".jsonl")} {
			files, err := f.Find(sessionID, recorded, anybody)
			if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnsafe) || !reflect.DeepEqual(files, Files{}) {
				t.Errorf("Find below %q, recorded %q = %+v, %v; want no files and fs.ErrNotExist", f.ClaudeDir, recorded, files, err)
			}
		}
	}
}

func TestFindRefusesPathsThatAreNoTranscripts(t *testing.T) {
	file := sessionID + ".jsonl"
	dir := tree(t, map[string]string{
		"projects/p/other.jsonl":        "x",
		"projects/p/" + sessionID:       "x",
		"elsewhere/" + file:             "x",
		"projects-old/p/" + file:        "x",
		"projects/d/" + file + "/inner": "x",
	})
	for name, recorded := range map[string]string{
		"wrong name":                      "projects/p/other.jsonl",
		"no suffix":                       "projects/p/" + sessionID,
		"not below a projects folder":     "elsewhere/" + file,
		"folder with a name like it":      "projects-old/p/" + file,
		"out of projects with dots":       "projects/../elsewhere/" + file,
		"a folder with the file's name":   "projects/d/" + file,
		"another session's file by name":  "projects/p/../p/other.jsonl",
		"its name as that of a directory": "projects/d/" + file + "/inner",
	} {
		f := &Finder{ClaudeDir: filepath.Join(dir, "none")}
		files, err := f.Find(sessionID, filepath.ToSlash(dir)+"/"+recorded, anybody)
		if !errors.Is(err, ErrUnsafe) || !reflect.DeepEqual(files, Files{}) {
			t.Errorf("%s: Find(%s) = %+v, %v; want ErrUnsafe", name, recorded, files, err)
		}
	}
	write(t, filepath.Join(dir, "projects/good", file), "x")
	files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, filepath.Join(dir, "elsewhere", file), anybody)
	if want := []string{"projects/good/" + file}; err != nil || !reflect.DeepEqual(found(dir, files), want) {
		t.Errorf("Find = %q, %v; want the good file that the search finds, %q", found(dir, files), err, want)
	}
}

// TestFindRefusesARelativePath has a path that would lead below the folder that the program happens to run in.
func TestFindRefusesARelativePath(t *testing.T) {
	dir := tree(t, map[string]string{"projects/p/" + sessionID + ".jsonl": "x"})
	t.Chdir(dir)
	files, err := (&Finder{}).Find(sessionID, filepath.Join("projects", "p", sessionID+".jsonl"), anybody)
	if !errors.Is(err, ErrUnsafe) || len(files.Paths()) != 0 {
		t.Errorf("Find = %q, %v; want ErrUnsafe", files.Paths(), err)
	}
}

func TestFindTakesARecordedPathThatNamesNothingAsGone(t *testing.T) {
	dir := tree(t, map[string]string{"projects/p/" + sessionID + ".jsonl": "x", "projects/file": "x"})
	for name, recorded := range map[string]string{
		"folder is a file": "projects/file/" + sessionID + ".jsonl",
		"too long a name":  "projects/" + strings.Repeat("x", 300) + "/" + sessionID + ".jsonl",
		"too long a path":  "projects/" + strings.Repeat("x/", 5000) + sessionID + ".jsonl",
		"NUL inside":       "projects/\x00/" + sessionID + ".jsonl",
	} {
		recorded = filepath.Join(dir, recorded)
		if files, err := (&Finder{}).Find(sessionID, recorded, anybody); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: Find = %q, %.200v; want fs.ErrNotExist", name, found(dir, files), err)
		}
		if files, err := (&Finder{ClaudeDir: dir}).Find(sessionID, recorded, anybody); err != nil || files.Main == "" {
			t.Errorf("%s: Find = %q, %.200v; want the file that the search finds", name, found(dir, files), err)
		}
	}
}

// hostileIDs are session ids that name other files, or none.
var hostileIDs = []string{
	"", ".", "..", "../../etc/passwd", "../p/" + sessionID, "a/b", `a\b`, "/etc/passwd", "*", "?", "[a-z]*", sessionID + "\x00", "\x00", strings.Repeat("x", 5000),
}

func TestFindReadsNothingForAnIDThatIsAPath(t *testing.T) {
	line := `{"type":"user","sessionId":"x"}`
	dir := tree(t, map[string]string{
		"projects/p/" + sessionID + ".jsonl":                   line,
		"projects/p/" + sessionID + "/subagents/agent-a.jsonl": line,
		"projects/p/.jsonl":                                    line,
		"projects/p/..jsonl":                                   line,
		"projects/p/...jsonl":                                  line,
		"projects/p/*.jsonl":                                   line,
		"projects/p/?.jsonl":                                   line,
		"projects/p/[a-z]*.jsonl":                              line,
		`projects/p/a\b.jsonl`:                                 line,
		"projects/p/a/b.jsonl":                                 line,
		"projects/p/subagents/agent-x.jsonl":                   line,
		"projects/subagents/agent-x.jsonl":                     line,
		"etc/passwd.jsonl":                                     line,
	})
	for _, id := range hostileIDs {
		for _, recorded := range []string{"", dir + "/projects/p/" + id + ".jsonl", filepath.Join(dir, "projects/p", sessionID+".jsonl"), id} {
			files, err := (&Finder{ClaudeDir: dir}).Find(id, recorded, anybody)
			if err == nil || len(files.Paths()) != 0 {
				t.Errorf("Find(%.40q, %.80q) = %q, %v; want no files", id, recorded, files.Paths(), err)
			}
		}
	}
}

func TestFindLooksAtFlatAgentsOnce(t *testing.T) {
	const sessions, agents = 40, 400
	files := map[string]string{}
	for i := range sessions {
		files[fmt.Sprintf("projects/p/session-%d.jsonl", i)] = user("a", 5)
	}
	for i := range agents {
		files[fmt.Sprintf("projects/p/agent-%08x.jsonl", i)] = fmt.Sprintf(`{"sessionId":"session-%d","type":"user"}`+"\n", i%sessions)
	}
	dir := tree(t, files)
	f := &Finder{ClaudeDir: dir}
	if _, err := f.Find("session-0", filepath.Join(dir, "projects/p/session-0.jsonl"), anybody); err != nil {
		t.Fatal(err)
	}
	for i := range agents {
		write(t, filepath.Join(dir, fmt.Sprintf("projects/p/agent-%08x.jsonl", i)), "")
	}
	for i := range sessions {
		id := fmt.Sprintf("session-%d", i)
		got, err := f.Find(id, filepath.Join(dir, "projects/p", id+".jsonl"), anybody)
		if err != nil || len(got.Agents) != agents/sessions {
			t.Errorf("session %s: %d agents, %v; want the %d that the first look found", id, len(got.Agents), err, agents/sessions)
		}
	}
}

func TestFindKnowsAFlatAgentByALongFirstLine(t *testing.T) {
	main := "projects/p/" + sessionID + ".jsonl"
	for _, size := range []int{60 << 10, 64 << 10, 200 << 10, 2 << 20} {
		dir := tree(t, map[string]string{
			main:                              user("a", 5),
			"projects/p/agent-89d9f7c5.jsonl": `{"message":{"content":"` + strings.Repeat("x", size) + `"},"sessionId":"` + sessionID + `"}` + "\n",
		})
		files, err := (&Finder{}).Find(sessionID, filepath.Join(dir, main), anybody)
		if err != nil || len(files.Agents) != 1 {
			t.Errorf("first line of %d bytes: %d agents, %v; want 1", size, len(files.Agents), err)
		}
	}
}

func TestPathsListsWhatIsRead(t *testing.T) {
	files := Files{Main: "m", Agents: []AgentFile{{AgentID: "a", Path: "x"}, {AgentID: "b", Meta: &Meta{}}, {AgentID: "c", Path: "y"}}}
	if got, want := files.Paths(), []string{"m", "x", "y"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Paths %q, want %q", got, want)
	}
}
