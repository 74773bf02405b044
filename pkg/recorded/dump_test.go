package recorded

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"ams/pkg/spool"
)

// TestDumpIsTheRecordsInTheirOrder holds the dump of a spool against its records as they are read at once: of a database
// and an inbox, among them empty, large and binary payloads.
func TestDumpIsTheRecordsInTheirOrder(t *testing.T) {
	dir := t.TempDir()
	var all []spool.Record
	for i, raw := range []string{`{"session_id":"one","n":0}`, "", strings.Repeat("large ", 200_000), "\xff\xfe", `{"session_id":"one","n":4}`} {
		key := spool.KeyFor(time.Date(2026, 11, 20, 10, 0, 9-i, 0, time.UTC), []byte(raw), i)
		all = append(all, spool.Record{Key: key, Raw: []byte(raw), Cut: i == 3, Context: fmt.Appendf(nil, `{"user":"u%d"}`, i%2)})
	}
	if _, err := spool.Insert(dir, "one", all); err != nil {
		t.Fatal(err)
	}
	contents, err := spool.Read(dir, "one")
	if err != nil || len(contents.Records) != len(all) {
		t.Fatalf("Read: %d records, %v", len(contents.Records), err)
	}
	var want, got bytes.Buffer
	if err := WriteRecords(&want, contents.Records, nil); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	dumped, err := Dump(&got, func(keep spool.Shorten) (spool.Contents, error) { return spool.ReadWithin(dir, "one", keep) })
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != want.String() {
		t.Errorf("got %d bytes, want %d:\n%.300s\n%.300s", got.Len(), want.Len(), got.String(), want.String())
	}
	for _, r := range dumped.Records {
		if len(r.Raw) != ticketSize {
			t.Errorf("a record holds %d bytes of its payload in memory", len(r.Raw))
		}
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDumpSaysThatNothingCanBeKept(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere")
	_, err := Dump(new(bytes.Buffer), func(spool.Shorten) (spool.Contents, error) { return spool.Contents{}, nil })
	if err == nil || !strings.HasPrefix(err.Error(), "keep payloads: ") {
		t.Errorf("got %v, want the reason", err)
	}
}
