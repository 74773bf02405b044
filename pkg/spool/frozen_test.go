package spool

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var freeze = flag.Bool("freeze", false, "write the frozen files of the present format version")

// frozenRecords are what the frozen files of version 1 hold.
func frozenRecords() []Record {
	var recs []Record
	for i, raw := range []string{
		`{"session_id":"5f1a3c52-8d0e-4b7e-9a52-3f1c6f0a7b11","hook_event_name":"SessionStart","source":"startup"}` + "\n",
		`{"session_id":"5f1a3c52-8d0e-4b7e-9a52-3f1c6f0a7b11","hook_event_name":"PostToolUse","tool_response":"` + strings.Repeat("0123456789", 300) + `"}` + "\n",
		"",
		"{\"session_id\":\"5f1a3c52-8d0e-4b7e-9a52-3f1c6f0a7b11\",\"cut\":\"\xff",
	} {
		key := KeyFor(time.Date(2026, 11, 22, 10, 0, i, 123456789, time.UTC), []byte(raw), i)
		key[11] = byte(i + 1)
		rec := Record{Key: key, Raw: []byte(raw), Cut: i == 3}
		if i < 2 {
			rec.Context = fmt.Appendf(nil, `{"agent_name":"frozen","host":"h","user":"dev","n":%d}`, i)
		}
		recs = append(recs, rec)
	}
	return recs
}

const frozenSession = "5f1a3c52-8d0e-4b7e-9a52-3f1c6f0a7b11"

// TestFrozenVersion1 reads files that version 1 wrote. They are never made anew:
// what they hold must stay readable for ever.
func TestFrozenVersion1(t *testing.T) {
	if *freeze {
		writeFrozen(t)
	}
	recs := frozenRecords()
	db, err := os.ReadFile("testdata/v1.db")
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := os.ReadFile("testdata/v1.inboxfile")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, frozenSession+".db")
	if err := os.WriteFile(path, db, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadFile(path)
	if err != nil || c.SessionID != frozenSession || len(c.Damaged) > 0 {
		t.Fatalf("got %q, damaged %v, %v", c.SessionID, c.Damaged, err)
	}
	mustEqual(t, c.Records, recs[:3])
	if after, _ := os.ReadFile(path); !bytes.Equal(after, db) {
		t.Error("ReadFile changed the file")
	}

	// And goes on with them.
	folder := filepath.Join(dir, frozenSession+".inbox")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, recs[3].Key.String()), inbox, 0o600); err != nil {
		t.Fatal(err)
	}
	last := record(1_000_000, "last")
	mustAppend(t, dir, frozenSession, last)
	c = mustRead(t, dir, frozenSession)
	mustEqual(t, c.Records, append(recs, last))
	check(t, path)
}

func writeFrozen(t *testing.T) {
	if FormatVersion != 1 {
		t.Fatal("version 1 is frozen")
	}
	dir := t.TempDir()
	recs := frozenRecords()
	for _, rec := range recs[:3] {
		mustAppend(t, dir, frozenSession, rec)
	}
	if err := Compact(dir, frozenSession); err != nil {
		t.Fatal(err)
	}
	db, err := os.ReadFile(filepath.Join(dir, frozenSession+".db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/v1.db", db, 0o644); err != nil {
		t.Fatal(err)
	}
	inboxed(t, dir, frozenSession, recs[3])
	b, err := os.ReadFile(filepath.Join(dir, frozenSession+".inbox", recs[3].Key.String()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/v1.inboxfile", b, 0o644); err != nil {
		t.Fatal(err)
	}
}
