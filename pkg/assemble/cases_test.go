package assemble_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/hook"
	"ams/pkg/price"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/schema/schematest"
	"ams/pkg/transcript"
)

var update = flag.Bool("update", false, "rewrite the golden Sessions in testdata")

// caseSettings is the file settings.json of a case: what differs from a session that is over.
type caseSettings struct {
	SessionID    string          `json:"session_id"` // default: the first hook's, else the only main file's name
	Live         bool            `json:"live"`
	DropThinking bool            `json:"drop_thinking"`
	Status       schema.Status   `json:"status"`
	Prices       json.RawMessage `json:"prices"` // an override of the price table
}

// TestCases assembles every case of testdata and compares with the Session in it, which a person has read. A case is a txtar of
//
//	hooks.jsonl     {"received_at","raw","context"} lines, as spool dump prints them
//	settings.json   optional, see caseSettings
//	session.json    the golden Session; -update writes it
//	all others      files of the client's project folder
func TestCases(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			in, set := readCase(t, archive)
			got := encode(t, assemble.Session(in, set))
			schematest.Validate(t, got)
			checkSane(t, in, set)
			checkSameAgain(t, in, set, got)
			if *update {
				writeGolden(t, name, archive, got)
				return
			}
			if want := fileOf(archive, "session.json"); !bytes.Equal(got, want) {
				t.Errorf("the Session differs; run with -update and read the diff\ngot:\n%s", firstDifference(got, want))
			}
		})
	}
}

// readCase lays the case's files out as the client would and reads them back.
func readCase(t testing.TB, archive *txtar.Archive) (assemble.Input, assemble.Settings) {
	t.Helper()
	var cs caseSettings
	if b := fileOf(archive, "settings.json"); b != nil {
		if err := json.Unmarshal(b, &cs); err != nil {
			t.Fatalf("settings.json: %v", err)
		}
	}
	root := t.TempDir()
	project := filepath.Join(root, "projects", "-home-dev-proj")
	var mains []string
	for _, f := range archive.Files {
		if f.Name == "hooks.jsonl" || f.Name == "settings.json" || f.Name == "session.json" {
			continue
		}
		writeFile(t, filepath.Join(project, filepath.FromSlash(f.Name)), f.Data)
		if id, ok := strings.CutSuffix(f.Name, ".jsonl"); ok && !strings.Contains(id, "/") && !strings.HasPrefix(id, "agent-") {
			mains = append(mains, id)
		}
	}
	in := assemble.Input{SessionID: cs.SessionID}
	in.Records = readRecords(t, fileOf(archive, "hooks.jsonl"))
	if in.SessionID == "" && len(in.Records) > 0 {
		p, err := hook.Parse(in.Records[0].Raw)
		if err != nil {
			t.Fatalf("hooks.jsonl: %v", err)
		}
		in.SessionID = p.SessionID
	}
	if in.SessionID == "" && len(mains) == 1 {
		in.SessionID = mains[0]
	}
	readTranscript(t, root, &in)
	prices, err := price.Embedded()
	if err == nil && cs.Prices != nil {
		prices, err = prices.Override(cs.Prices)
	}
	if err != nil {
		t.Fatal(err)
	}
	return in, assemble.Settings{
		Final: !cs.Live, DropThinking: cs.DropThinking, Status: cs.Status, ProgramVersion: "test", Prices: prices,
	}
}

// readTranscript does what the program does: files, then the sessions that these may be copies of.
func readTranscript(t testing.TB, claudeDir string, in *assemble.Input) {
	t.Helper()
	finder := &transcript.Finder{ClaudeDir: claudeDir}
	files, err := finder.Find(in.SessionID, "", safefile.Owner{})
	if err != nil {
		return
	}
	if in.Files, err = transcript.ReadFiles(files); err != nil {
		t.Fatal(err)
	}
	if len(in.Files) == 0 || in.Files[0].Agent != nil {
		return
	}
	var parents []string
	for _, l := range in.Files[0].Lines {
		if id := l.RequestSessionID; id != "" && id != in.SessionID && !slices.Contains(parents, id) {
			parents = append(parents, id)
		}
	}
	paths := map[string]string{}
	in.Siblings, in.Standing = transcript.NewArchive(safefile.Owner{}).Siblings(files, in.Files)
	for _, s := range in.Siblings {
		paths[s.SessionID] = s.Path
		if !slices.Contains(parents, s.SessionID) {
			parents = append(parents, s.SessionID)
		}
	}
	in.Parents = map[string][]assemble.CostState{}
	for _, id := range parents {
		transcript.MainLines(files, id, paths[id], "cost-state", func(l *transcript.Line, before time.Time) {
			if l.SessionID == "" || l.SessionID == id {
				in.Parents[id] = append(in.Parents[id], assemble.CostState{Line: l, Before: before})
			}
		})
	}
}

func readRecords(t testing.TB, b []byte) []assemble.Record {
	t.Helper()
	var out []assemble.Record
	for line := range bytes.Lines(b) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var r struct {
			ReceivedAt time.Time       `json:"received_at"`
			Raw        string          `json:"raw"`
			Cut        bool            `json:"cut"`
			Context    json.RawMessage `json:"context"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("hooks.jsonl: %v in %s", err, line)
		}
		out = append(out, assemble.Record{At: r.ReceivedAt, Raw: []byte(r.Raw), Cut: r.Cut, Context: r.Context})
	}
	return out
}

func encode(t testing.TB, s *schema.Session) []byte {
	t.Helper()
	b, err := schema.Encode(s)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return b
}

func fileOf(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func writeGolden(t *testing.T, name string, a *txtar.Archive, got []byte) {
	t.Helper()
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == "session.json" })
	a.Files = append(a.Files, txtar.File{Name: "session.json", Data: got})
	if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// firstDifference shows the lines around the first one that differs.
func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	at := 0
	for at < len(g) && at < len(w) && g[at] == w[at] {
		at++
	}
	around := func(s []string) string {
		return strings.Join(s[min(max(at-5, 0), len(s)):min(at+8, len(s))], "\n")
	}
	return around(g) + "\nwant:\n" + around(w)
}
