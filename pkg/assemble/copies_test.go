package assemble_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ams/pkg/assemble"
	"ams/pkg/price"
	"ams/pkg/safefile"
	"ams/pkg/schema"
	"ams/pkg/transcript"
)

// relation makes main files that share lines in the ways that archives were seen to.
type relation struct {
	*rand.Rand
	lines int // made so far
	files []relative
}

type relative struct {
	project, id string
	lines       []map[string]any
}

// line is a new line of a session: an answer every second time.
func (r *relation) line(session string, sidechain bool) map[string]any {
	r.lines++
	n := r.lines
	l := map[string]any{
		"uuid": fmt.Sprintf("%08x-0000-4000-8000-00000000000a", n), "sessionId": session, "version": "2.1.110", "isSidechain": sidechain,
		"timestamp": fmt.Sprintf("2026-02-05T%02d:%02d:%02d.000Z", n/3600, n/60%60, n%60),
	}
	switch n % 4 {
	case 0:
		l["type"], l["attachment"] = "attachment", map[string]any{"type": "hook_success"}
	case 1:
		l["type"], l["message"] = "user", map[string]any{"role": "user", "content": fmt.Sprint("ask ", n)}
	default:
		l["type"], l["message"] = "assistant", map[string]any{
			"id": fmt.Sprintf("msg_01%022d", n), "role": "assistant", "model": "claude-opus-4-6", "stop_reason": "end_turn",
			"content": []any{map[string]any{"type": "text", "text": fmt.Sprint("answer ", n)}}, "usage": map[string]any{"output_tokens": n, "input_tokens": 1},
		}
	}
	return l
}

// add makes a file of copied lines, which bear the file's session id unless as is set, and goes on with some of its own.
func (r *relation) add(copied []map[string]any, asIs bool, own int) {
	f := relative{project: fmt.Sprint("-p", r.IntN(3)), id: fmt.Sprintf("%08x-1111-4000-8000-%012x", r.Uint32(), len(r.files))}
	if r.IntN(4) == 0 && len(copied) > 0 { // a warm-up of its own
		f.lines = append(f.lines, r.line(f.id, true), r.line(f.id, true), r.line(f.id, true))
	}
	for _, l := range copied {
		l = maps.Clone(l)
		if !asIs {
			l["sessionId"] = f.id
		}
		f.lines = append(f.lines, l)
		if !asIs && r.IntN(12) == 0 {
			f.lines = append(f.lines, r.line(f.id, true)) // among the copies
		}
	}
	for range own {
		f.lines = append(f.lines, r.line(f.id, false))
	}
	r.files = append(r.files, f)
}

// spell writes a line in one of the ways in which tools write JSON.
func (r *relation) spell(l map[string]any) string {
	b, _ := json.Marshal(l) // sorted keys
	switch r.IntN(3) {
	case 0:
		return strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(string(b))
	case 1: // the uuid first, as some clients have it
		rest := maps.Clone(l)
		delete(rest, "uuid")
		b, _ := json.Marshal(rest)
		return fmt.Sprintf(`{"uuid":%q,%s`, l["uuid"], b[1:])
	}
	return string(b)
}

func (r *relation) write(t *testing.T, dir string) {
	t.Helper()
	for _, f := range r.files {
		var b strings.Builder
		for _, l := range f.lines {
			b.WriteString(r.spell(l) + "\n")
		}
		path := filepath.Join(dir, "projects", f.project, f.id+".jsonl")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryCallCountsOnceAmongRelatives makes forks, forks of forks, resumes without their first lines, files with
// warm-ups of their own and copies under other names, in several project folders: whatever they share, each call of
// the model counts in one session, each line that only one file has stays there, and neither the order of the work
// nor a second archive changes a byte.
func TestEveryCallCountsOnceAmongRelatives(t *testing.T) {
	prices, err := price.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(60) {
		r := &relation{Rand: rand.New(rand.NewPCG(seed, 1))}
		r.add(nil, false, 3+r.IntN(8))
		for range 1 + r.IntN(6) {
			of := r.files[r.IntN(len(r.files))].lines
			from, to := min(r.IntN(3), len(of)-1), len(of)-r.IntN(3)
			switch {
			case r.IntN(5) == 0:
				r.add(of, true, 0)
			default:
				r.add(of[from:max(to, from+1)], false, r.IntN(6))
			}
		}
		dir := t.TempDir()
		r.write(t, dir)
		sessions := r.assemble(t, dir, prices, r.files)
		again := slices.Clone(r.files)
		slices.Reverse(again)
		for id, b := range r.assemble(t, dir, prices, again) {
			if !bytes.Equal(b, sessions[id]) {
				t.Errorf("seed %d: session %s differs when the others are assembled before it", seed, id)
			}
		}
		r.check(t, seed, sessions)
	}
}

func (r *relation) assemble(t *testing.T, dir string, prices *price.Table, files []relative) map[string][]byte {
	t.Helper()
	archive := transcript.NewArchive(safefile.Owner{})
	out := map[string][]byte{}
	for _, f := range files {
		found, err := (&transcript.Finder{ClaudeDir: dir}).Find(f.id, "", safefile.Owner{})
		if err != nil {
			t.Fatal(err)
		}
		in := assemble.Input{SessionID: f.id}
		if in.Files, err = transcript.ReadFiles(found); err != nil {
			t.Fatal(err)
		}
		in.Siblings, in.Standing = archive.Siblings(found, in.Files)
		out[f.id] = encode(t, assemble.Session(in, assemble.Settings{Final: true, ProgramVersion: "test", Prices: prices}))
	}
	return out
}

func (r *relation) check(t *testing.T, seed uint64, sessions map[string][]byte) {
	t.Helper()
	counted := map[string][]string{} // message -> sessions
	for id, b := range sessions {
		s, err := schema.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range s.Events {
			if e.LLM != nil {
				counted[e.LLM.MessageID] = append(counted[e.LLM.MessageID], id)
			}
		}
	}
	holders := map[string][]string{}
	for _, f := range r.files {
		for _, l := range f.lines {
			if m, ok := l["message"].(map[string]any); ok && l["type"] == "assistant" {
				holders[m["id"].(string)] = append(holders[m["id"].(string)], f.id)
			}
		}
	}
	for message, in := range holders {
		switch got := counted[message]; {
		case len(got) != 1:
			t.Errorf("seed %d: %s stands in %q and counts in %q", seed, message, in, got)
		case len(in) == 1 && got[0] != in[0]:
			t.Errorf("seed %d: %s stands in %q alone and counts in %s", seed, message, in, got[0])
		}
	}
}
