package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ams/pkg/receipt"
	"ams/pkg/schema"
	"ams/pkg/upload"
)

// archive is a folder of transcripts that was copied to this machine.
type archive struct {
	*testing.T
	dir string
	now time.Time
}

func newArchive(t *testing.T) *archive {
	return &archive{t, t.TempDir(), time.Now().UTC().Truncate(time.Second)} // folders get the times of their making
}

// timeless is the age of a session whose lines have no time.
const timeless time.Duration = -1

// write makes a session of one prompt and its answer that ended so long ago, in a file that is so old.
func (a *archive) write(id string, ended, fileAge time.Duration) string {
	a.Helper()
	at := func(before time.Duration) string { return a.now.Add(-ended - before).Format(time.RFC3339Nano) }
	path := filepath.Join(a.dir, "projects", "p", id+".jsonl")
	body := fmt.Sprintf(`{"type":"user","uuid":"%[1]s-1","sessionId":%[1]q,"timestamp":%[2]q,"message":{"role":"user","content":"hi"}}
{"type":"assistant","uuid":"%[1]s-2","sessionId":%[1]q,"timestamp":%[3]q,"message":{"id":"msg_01%[1]s","model":"claude-opus-5-5","stop_reason":"end_turn","content":[{"type":"text","text":"ok"}]}}
`, id, at(time.Second), at(0))
	if ended == timeless {
		body = strings.ReplaceAll(body, `"timestamp"`, `"time"`)
	}
	a.put(path, body, fileAge)
	return path
}

func (a *archive) put(path, body string, age time.Duration) {
	a.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		a.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		a.Fatal(err)
	}
	if err := os.Chtimes(path, a.now.Add(-age), a.now.Add(-age)); err != nil {
		a.Fatal(err)
	}
}

// do runs a command line over the archive and returns its words, one line a line.
func (a *archive) do(command string, more ...string) string {
	a.Helper()
	code, said := a.try(command, more...)
	if code != exitDone {
		a.Fatalf("%s: exit %d\n%s", command, code, said)
	}
	return said
}

func (a *archive) try(command string, more ...string) (code int, said string) {
	a.Helper()
	var out, talk bytes.Buffer
	args := append([]string{command, "--claude-dir", a.dir, "--spool-dir", filepath.Join(a.dir, "spool"), "--local-dir", filepath.Join(a.dir, "store")}, more...)
	code = run(context.Background(), env{
		args: args, stdout: &out, stderr: &talk, getenv: func(string) string { return "" }, now: func() time.Time { return a.now },
	})
	var lines []string
	for line := range strings.Lines(out.String() + talk.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return code, strings.Join(lines, "\n")
}

// outcome is what is stored of a session, "" for nothing.
func (a *archive) outcome(id string) schema.Outcome {
	a.Helper()
	b, err := os.ReadFile(filepath.Join(a.dir, "store", upload.IndexKey(id)))
	if err != nil {
		return ""
	}
	sum, err := schema.DecodeSummary(b)
	if err != nil {
		a.Fatal(err)
	}
	return schema.OrZero(sum.Outcome)
}

func TestTheTimesInsideDecideWhetherASessionIsOver(t *testing.T) {
	const hour, minute = time.Hour, time.Minute
	for _, c := range []struct {
		name           string
		ended, fileAge time.Duration
		want           schema.Outcome
	}{
		{"copied today", 200 * 24 * hour, 0, schema.Completed},
		{"copied with its times", 200 * 24 * hour, 200 * 24 * hour, schema.Completed},
		{"live", minute, minute, schema.StillOpen},
		{"live, its file's time was set back", minute, 200 * 24 * hour, schema.StillOpen},
		{"no time inside, new file", timeless, minute, schema.StillOpen},
		{"no time inside, old file", timeless, hour, schema.Completed},
		{"a time that has not come, old file", -30 * 24 * hour, hour, schema.Completed},
	} {
		a := newArchive(t)
		a.write("one", c.ended, c.fileAge)
		a.do("import")
		if got := a.outcome("one"); got != c.want {
			t.Errorf("%s: outcome %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAnArchiveWithoutNewsIsNotReadAgain(t *testing.T) {
	a := newArchive(t)
	one := a.write("one", 48*time.Hour, time.Hour)
	a.write("two", 48*time.Hour, time.Hour)
	copied := filepath.Join(filepath.Dir(one), "copy", "one.jsonl")
	body, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	a.put(copied, string(body), time.Hour)
	expect := func(what, want string) {
		t.Helper()
		if got, _, _ := strings.Cut(a.do("import"), "\nnot used: "); got != want {
			t.Errorf("%s:\n got %q\nwant %q", what, got, want)
		}
	}
	const nothing = "stored 0 sessions 0 events of 0 lines\nkept 3 files unchanged since they were stored"
	expect("the first time", "stored 2 sessions 4 events of 4 lines\nskipped 1 file a second copy")
	expect("again", nothing)

	agent := filepath.Join(strings.TrimSuffix(one, ".jsonl"), "subagents", "agent-a1.jsonl")
	a.put(agent, `{"type":"user","uuid":"3","sessionId":"one","agentId":"a1","timestamp":"`+a.now.Add(-48*time.Hour).Format(time.RFC3339)+
		`","message":{"role":"user","content":"go"}}`+"\n", time.Hour)
	if got := a.do("import"); !strings.Contains(got, "kept 1 file unchanged since they were stored\n") {
		t.Errorf("with an agent that came later: %q", got)
	}
	a.now = a.now.Add(time.Minute) // the agent's folder is new
	a.do("import")
	expect("and again", nothing)

	if got := a.do("import", "--dry-run"); !strings.HasPrefix(got, "read 2 sessions") {
		t.Errorf("a dry run: %q", got)
	}
	if err := os.Remove(filepath.Join(a.dir, "store", upload.IndexKey("two"))); err != nil {
		t.Fatal(err)
	}
	if a.do("import"); a.outcome("two") != schema.Completed {
		t.Error("what the store lost was not imported again")
	}
	book, err := receipt.Open(settings{spoolDir: filepath.Join(a.dir, "spool"), localDir: filepath.Join(a.dir, "store")}.receiptsPath())
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if got := a.do("import"); !strings.HasPrefix(got, "stored 2 sessions") || !strings.Contains(got, "another run is at work") {
		t.Errorf("beside a run: %q", got)
	}
}

func TestARunEndsWhatAnImportFoundAtWork(t *testing.T) {
	a := newArchive(t)
	path := a.write("one", time.Minute, time.Minute)
	a.do("import")
	if a.do("run"); a.outcome("one") != schema.StillOpen {
		t.Fatalf("outcome %q of a session at work", a.outcome("one"))
	}
	a.now = a.now.Add(time.Hour)
	if a.do("run"); a.outcome("one") != schema.Completed {
		t.Errorf("outcome %q an hour later, want completed", a.outcome("one"))
	}
	if got := a.do("run"); got != "" {
		t.Errorf("once more: %q", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := a.do("run"); got != "" {
		t.Errorf("without the file: %q", got)
	}
}

func TestImportSaysThatASessionWasTooLargeAndDoesNotTryAgain(t *testing.T) {
	a := newArchive(t)
	path := a.write("one", time.Hour, time.Hour)
	a.do("import")
	key := upload.SessionKey("one", a.now.Add(-time.Hour-time.Second))
	large := filepath.Join(a.dir, "store", key)
	if err := os.Truncate(large, upload.MaxObject+1); err != nil { // a hole takes no room on the disk
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a.put(path, string(body)+"\n", time.Minute)
	if code, said := a.try("import"); code != exitNothing || !strings.Contains(said, "is not tried again before it has changed") {
		t.Errorf("exit %d: %s", code, said)
	}
	if got := a.do("import"); !strings.Contains(got, "not stored 1 file too large for the store; not tried again before it changes") {
		t.Errorf("once more: %q", got)
	}
	if err := os.Remove(large); err != nil {
		t.Fatal(err)
	}
	a.put(path, string(body), time.Second)
	if got := a.do("import"); !strings.HasPrefix(got, "stored 1 session") {
		t.Errorf("after a change: %q", got)
	}
}
