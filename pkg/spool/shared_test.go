package spool

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSharedFolder does what happens on a file system that is shared between
// machines: everything stays in the inbox, and nobody takes a lock.
func TestSharedFolder(t *testing.T) {
	dir := t.TempDir()
	var want []Record
	for i := range 5 {
		rec := record(i, payload("s-1", "x"))
		if err := putInbox(dir, "s-1", nil, rec.Key.String()+hostSuffix(), rec, Options{}); err != nil {
			t.Fatal(err)
		}
		want = append(want, rec)
	}
	files, err := os.ReadDir(filepath.Join(dir, "s-1.inbox"))
	if err != nil || len(files) != len(want) {
		t.Fatalf("got %v, %v", files, err)
	}
	if host, _ := os.Hostname(); !strings.HasPrefix(files[0].Name()[40:], "-") || len(host) == 0 {
		t.Errorf("got %s, want the host at the end", files[0].Name())
	}
	var nobody *lockFile
	c, err := nobody.collect(dir, "s-1", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, c.Records, want)
	news := record(10, "news")
	if err := putInbox(dir, "s-1", nil, news.Key.String()+"-elsewhere", news, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := nobody.removeFiles(dir, c); err != nil {
		t.Fatal(err)
	}
	c, err = nobody.collect(dir, "s-1", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	mustEqual(t, c.Records, []Record{news})
	if err := nobody.removeFiles(dir, c); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v behind", entries)
	}
}

// TestFilesOfASharedFolderAreDrained copies such an inbox to a folder of one
// machine.
func TestFilesOfASharedFolderAreDrained(t *testing.T) {
	dir := t.TempDir()
	rec := record(0, payload("s-1", "x"))
	if err := putInbox(dir, "s-1", nil, rec.Key.String()+hostSuffix(), rec, Options{}); err != nil {
		t.Fatal(err)
	}
	last := record(1, "last")
	mustAppend(t, dir, "s-1", last)
	if st, _ := StatOf(dir, "s-1"); st.InboxCount != 0 {
		t.Errorf("got %d in the inbox", st.InboxCount)
	}
	mustEqual(t, mustRead(t, dir, "s-1").Records, []Record{rec, last})
}
