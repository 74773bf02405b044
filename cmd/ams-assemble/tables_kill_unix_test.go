//go:build unix

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/schema"
	"ams/pkg/spool"
	"ams/pkg/table"
	"ams/pkg/upload"
)

// TestKilledProgramsLeaveTablesThatTheNextRunMends kills run, import and tables compact at random moments while
// sessions grow. What the next ones leave is what was recorded: each session once, its rows as its body, and of the
// killed nothing but parts of events that count nowhere.
func TestKilledProgramsLeaveTablesThatTheNextRunMends(t *testing.T) {
	const rounds = 15
	w := newKilledWorld(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	commands := [][]string{{"run", "--now"}, {"import"}, {"tables", "compact"}}
	takes := make([]time.Duration, len(commands)) // as long as each took when it was left alone
	w.grow()
	for i, command := range commands {
		began := time.Now()
		w.mustDo(command...)
		takes[i] = time.Since(began)
	}
	killed := 0
	for round := range rounds {
		w.grow()
		i := round % len(commands)
		after := time.Duration(r.Int64N(int64(takes[i])))
		if w.kill(after, commands[i]...) {
			killed++
		}
	}
	w.grow()
	w.mustDo(commands[0]...)
	w.mustDo(commands[1]...)
	w.check()
	t.Logf("%d of %d were killed; they take %v", killed, rounds, takes)
	if killed == 0 {
		t.Error("all of them ended before they were killed")
	}
}

// killedWorld is a machine with sessions that hooks recorded, and others of which there are only transcripts.
type killedWorld struct {
	*testing.T
	program, dir string
	began        time.Time
	calls        int // that each session has
}

// killedSessions is how many there are of either kind, each on a day of its own: a part is written for each.
const killedSessions = 6

func newKilledWorld(t *testing.T) *killedWorld {
	w := &killedWorld{T: t, program: buildProgram(t), dir: t.TempDir(), began: time.Now().UTC().Truncate(time.Hour)}
	if err := os.MkdirAll(filepath.Join(w.dir, "claude", "projects", "p"), 0o700); err != nil {
		t.Fatal(err)
	}
	return w
}

// id is the id of a session: the first ones have a spool, the others a transcript.
func (w *killedWorld) id(i int) string { return fmt.Sprintf("session-%02d", i) }

// grow gives each session one call more.
func (w *killedWorld) grow() {
	w.Helper()
	w.calls++
	for i := range 2 * killedSessions {
		at := w.began.AddDate(0, 0, -3-i%killedSessions).Add(time.Duration(w.calls) * time.Minute)
		call := fmt.Sprintf("call-%d", w.calls)
		if i < killedSessions {
			w.record(w.id(i), call, at)
		} else {
			w.transcribe(w.id(i), call, at)
		}
	}
}

func (w *killedWorld) record(id, call string, at time.Time) {
	w.Helper()
	var records []spool.Record
	events := []string{`"PreToolUse","tool_input":{"command":"x"}`, `"PostToolUse","tool_response":{"stdout":"y"}`, `"SessionEnd"`}
	for i, event := range events {
		raw := fmt.Appendf(nil, `{"session_id":%q,"cwd":"/p","tool_name":"Bash","tool_use_id":%q,"hook_event_name":%s}`,
			id, call, event)
		records = append(records, spool.Record{Key: spool.KeyFor(at.Add(time.Duration(i)*time.Second), raw, 0), Raw: raw})
	}
	if _, err := spool.Insert(filepath.Join(w.dir, "spool"), id, records); err != nil {
		w.Fatal(err)
	}
}

func (w *killedWorld) transcribe(id, call string, at time.Time) {
	w.Helper()
	path := filepath.Join(w.dir, "claude", "projects", "p", id+".jsonl")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	const use = `{"type":"assistant","sessionId":%[1]q,"uuid":"%[1]s-%[2]s-1","timestamp":%[3]q,"message":{"role":"assistant",` +
		`"id":"msg_%[2]s","model":"claude-opus-5-5","stop_reason":"tool_use",` +
		`"content":[{"type":"tool_use","id":%[2]q,"name":"Bash","input":{"command":"x"}}]}}`
	const result = `{"type":"user","sessionId":%[1]q,"uuid":"%[1]s-%[2]s-2","timestamp":%[3]q,"message":{"role":"user",` +
		`"content":[{"type":"tool_result","tool_use_id":%[2]q,"content":"y"}]}}`
	_, err = fmt.Fprintf(f, use+"\n"+result+"\n", id, call, at.Format(time.RFC3339))
	if err != nil {
		w.Fatal(err)
	}
}

func (w *killedWorld) command(args ...string) (cmd *exec.Cmd, said *bytes.Buffer) {
	cmd, said = exec.Command(w.program, args...), new(bytes.Buffer)
	at := func(name string) string { return filepath.Join(w.dir, name) }
	cmd.Env = append(os.Environ(),
		"HOME="+at("home"), "AMS_SPOOL_DIR="+at("spool"), "AMS_LOCAL_DIR="+at("store"), "CLAUDE_CONFIG_DIR="+at("claude"))
	cmd.Stdout, cmd.Stderr = said, said
	return cmd, said
}

func (w *killedWorld) mustDo(args ...string) {
	w.Helper()
	if cmd, said := w.command(args...); cmd.Run() != nil {
		w.Fatalf("%v: %v\n%s", args, cmd.ProcessState, said)
	}
}

// kill starts a command and kills it after a while, unless it ended before: then it must not have failed.
func (w *killedWorld) kill(after time.Duration, args ...string) (killed bool) {
	w.Helper()
	cmd, said := w.command(args...)
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	// A day that a killed compaction had claimed is left for an hour, and said.
	if err != nil && cmd.ProcessState.ExitCode() >= 0 && args[0] != "tables" {
		w.Errorf("%v ended by itself: %v\n%s", args, err, said)
	}
	return err != nil && cmd.ProcessState.ExitCode() < 0
}

// check holds the store to what was recorded.
func (w *killedWorld) check() {
	w.Helper()
	store := upload.NewLocal(filepath.Join(w.dir, "store"))
	seen, err := table.New(table.Options{Store: store, Now: time.Now}).Verify(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, finding := range seen.Findings {
		if !strings.HasSuffix(finding, "no sessions part names it") {
			w.Error(finding)
		}
	}
	w.Logf("%d parts, %d findings", seen.Parts, len(seen.Findings))
	rows, events := w.newest(store), 0
	for i := range 2 * killedSessions {
		id := w.id(i)
		_, etag, err := store.Get(w.Context(), upload.IndexKey(id))
		if row, ok := rows[id]; err != nil || !ok || row.Deleted || row.IndexETag != etag {
			w.Errorf("session %s: its row is %+v, of ETag %s, %v", id, row, etag, err)
		}
		events += w.body(store, id)
	}
	if len(rows) != 2*killedSessions || seen.Sessions != len(rows) || seen.Events != events {
		w.Errorf("%d sessions have rows, %d are verified with %d events, want %d and %d",
			len(rows), seen.Sessions, seen.Events, 2*killedSessions, events)
	}
}

// newest are the rows that count, by session, as the rules for readers say.
func (w *killedWorld) newest(store upload.Store) map[string]table.Entry {
	w.Helper()
	rows := map[string]table.Entry{}
	err := store.List(w.Context(), table.SessionsPrefix, func(o upload.Object) error {
		body, _, err := store.Get(w.Context(), o.Key)
		if err != nil {
			return err
		}
		for row, err := range table.ReadSessions(bytes.NewReader(body), int64(len(body))) {
			if err != nil {
				return fmt.Errorf("%s: %w", o.Key, err)
			}
			there := rows[row.SessionID]
			if cmp.Or(cmp.Compare(row.Rev, there.Rev), cmp.Compare(row.Part, there.Part)) > 0 {
				rows[row.SessionID] = *row
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return rows
}

// body holds that the only body of a session has all of its calls, once, and returns how many events it has.
func (w *killedWorld) body(store upload.Store, id string) int {
	w.Helper()
	var bodies [][]byte
	err := store.List(w.Context(), "sessions/", func(o upload.Object) error {
		if !strings.HasSuffix(o.Key, "/"+id+".json") {
			return nil
		}
		body, _, err := store.Get(w.Context(), o.Key)
		bodies = append(bodies, body)
		return err
	})
	if err == nil && len(bodies) != 1 {
		err = errors.New("it is not stored once")
	}
	if err != nil {
		w.Fatalf("session %s: %v", id, err)
	}
	s, err := schema.Decode(bodies[0])
	if err != nil {
		w.Fatalf("session %s: %v", id, err)
	}
	calls := map[string]int{}
	for _, e := range s.Events {
		if e.Tool != nil {
			calls[e.Tool.ToolUseID]++
		}
	}
	for n := 1; n <= w.calls; n++ {
		if call := fmt.Sprintf("call-%d", n); calls[call] != 1 {
			w.Errorf("session %s has %s %d times", id, call, calls[call])
		}
	}
	return len(s.Events)
}
