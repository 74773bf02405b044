package assemble_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// fuzzStart is when the hooks of a fuzzed session arrive, one every 300 ms.
var fuzzStart = time.Date(2026, 11, 22, 15, 9, 49, 0, time.UTC)

// FuzzSession assembles arbitrary hook payloads, one a line, and arbitrary transcript lines: the main file, and after
// a line "--" the file of an agent.
func FuzzSession(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var payloads, files []byte
		for _, r := range readRecords(f, fileOf(archive, "hooks.jsonl")) {
			payloads = append(append(payloads, bytes.TrimSpace(r.Raw)...), '\n')
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".jsonl") && file.Name != "hooks.jsonl" {
				files = append(append(files, file.Data...), "--\n"...)
			}
		}
		f.Add(payloads, files, len(payloads)%4 == 0)
	}
	prices, err := price.Embedded()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, payloads, files []byte, final bool) {
		in := assemble.Input{SessionID: "fuzz"}
		at := fuzzStart
		for line := range bytes.Lines(payloads) {
			in.Records = append(in.Records, assemble.Record{At: at, Raw: line})
			at = at.Add(300 * time.Millisecond)
		}
		in.Files = fuzzFiles(t, files)
		set := assemble.Settings{Final: final, ProgramVersion: "fuzz", Prices: prices}
		s := assemble.Session(in, set)
		first := encode(t, s)
		checkSane(t, in, set)
		if again := encode(t, assemble.Session(in, set)); !bytes.Equal(first, again) {
			t.Errorf("the second assembly differs:\n%s", firstDifference(again, first))
		}
		if _, err := schema.Decode(first); err != nil {
			t.Errorf("the Session cannot be read back: %v", err)
		}
	})
}

// fuzzFiles reads the main file and agents' files, each with a meta file that names a call of the fuzzer's choice.
func fuzzFiles(t *testing.T, b []byte) []transcript.File {
	t.Helper()
	var out []transcript.File
	for i, part := range bytes.Split(b, []byte("--\n")) {
		f := transcript.File{Name: "main.jsonl"}
		var err error
		f.Report, err = transcript.Read(bytes.NewReader(part), func(l *transcript.Line) { f.Lines = append(f.Lines, l) })
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			id := "a" + string(rune('0'+i%10))
			meta := &transcript.Meta{ParentAgentID: "a" + string(rune('0'+(i+1)%10))}
			for _, l := range f.Lines {
				if l.AgentID != "" {
					id = l.AgentID
				}
				if l.SourceToolUseID != "" {
					meta.ToolUseID = l.SourceToolUseID
				}
			}
			f.Agent = &transcript.AgentFile{AgentID: id, Path: "agent", Meta: meta}
		}
		out = append(out, f)
	}
	return out
}
