//go:build unix

package library

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ams/pkg/schema"
)

// TestOnlyACheckedBodyComesOutOfTheCache has everything that can be in the place of a kept body.
func TestOnlyACheckedBodyComesOutOfTheCache(t *testing.T) {
	dir := t.TempDir()
	b := &bodies{dir: dir}
	start := schema.Time{Time: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	r := Stored{Name: "s", Summary: &schema.Summary{StartTime: start}}
	body := []byte(strings.Repeat("a session ", 100))
	path := keptPath(dir, "s", "v1")
	b.keep(r, "v1", body)
	file := readFile(t, path)
	if got, ok := readKept(path, r.Key(), "v1"); !ok || string(got) != string(body) {
		t.Fatalf("as it was kept: %q, %v", got, ok)
	}
	for what, want := range map[string][2]string{"of another session": {"other", "v1"}, "of another version": {r.Key(), "v2"}} {
		if _, ok := readKept(path, want[0], want[1]); ok {
			t.Errorf("%s: it was believed", what)
		}
	}
	for n := range len(file) {
		writeFile(t, path, file[:n])
		if _, ok := readKept(path, r.Key(), "v1"); ok {
			t.Errorf("cut to %d bytes: it was believed", n)
		}
		for _, bits := range []byte{1, 0x80, 0xff} {
			writeFile(t, path, file[:n]+string([]byte{file[n] ^ bits})+file[n+1:])
			if _, ok := readKept(path, r.Key(), "v1"); ok {
				t.Errorf("byte %d ^ %#x: it was believed", n, bits)
			}
		}
	}
	for what, put := range map[string]func() error{
		"link":   func() error { return os.Symlink("good", path) },
		"FIFO":   func() error { return syscall.Mkfifo(path, 0o600) },
		"folder": func() error { return os.Mkdir(path, 0o700) },
	} {
		writeFile(t, filepath.Join(dir, "good"), file)
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if _, ok := readKept(path, r.Key(), "v1"); ok {
			t.Errorf("a %s: it was believed", what)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
